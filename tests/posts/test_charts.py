"""Bar charts as coordinates."""

import datetime as dt

from hypothesis import given
from hypothesis import strategies as st

from posts.charts import BASE, TOP, WIDTH, Value, chart

DAY = dt.date(2026, 1, 28)


def values(*numbers: float, apart: int = 1) -> list[Value]:
    return [Value(DAY + dt.timedelta(days=apart * at), "", number) for at, number in enumerate(numbers)]


@given(st.lists(st.tuples(st.floats(0, 1e6), st.floats(0, 1e6)), max_size=90))
def test_every_bar_stays_inside_the_drawing(pairs: list[tuple[float, float]]) -> None:
    drawn = chart([Value(DAY, "", main, rest) for main, rest in pairs])
    for bar in drawn.bars:
        assert bar.x + bar.width <= WIDTH
        for y, height in (bar.main, bar.rest):
            assert y >= TOP - 0.2 and y + height <= BASE + 0.2


def test_levels_are_round_numbers_from_zero_to_above_the_highest() -> None:
    assert [mark.label for mark in chart(values(3, 17)).levels] == ["0", "5", "10", "15", "20"]
    assert [mark.label for mark in chart(values(0.7)).levels] == ["0", "0.2", "0.4", "0.6", "0.8"]
    assert [mark.label for mark in chart([]).levels] == ["0", "1"]


def test_a_month_is_named_once_and_a_january_says_its_year() -> None:
    labels = [mark.label for mark in chart(values(*[1] * 8, apart=-15)[::-1]).months]
    assert labels == ["11月", "12月", "2026"]


def test_labels_keep_their_distance() -> None:
    marks = chart(values(*[1] * 90, apart=10)).months
    assert all(later.at - earlier.at >= 60 for earlier, later in zip(marks, marks[1:], strict=False))
