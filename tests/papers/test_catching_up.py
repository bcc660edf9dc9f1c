"""Listing many dates: how long it takes, going on after a cut, and waiting when arXiv asks for it."""

import datetime as dt
from collections.abc import Iterator
from typing import Any, get_args

import pytest

from papers import batches, pipeline
from papers.harvest import values
from papers.models import Announcement, Fault, Job, Poll
from tests.fakes.arxiv import FakeArxiv
from tests.papers.ingesting import (
    CATEGORIES,
    FRI,
    MON,
    THU,
    TUE,
    WED,
    at,
    ids,
    papers_of,
    serve,
    targets,
    week,
)

pytestmark = pytest.mark.django_db(transaction=True)
DAYS = [MON, TUE, WED, THU, FRI]
DELAY = 0.01


@pytest.fixture
def arxiv(settings: Any) -> Iterator[FakeArxiv]:
    settings.NOW = at(FRI, 9)
    with serve(settings, week()) as server:
        settings.ARXIV_DELAY_SECONDS = DELAY
        yield server


def list_all(days: list[dt.date] = DAYS, **options: Any) -> list[pipeline.Step]:
    steps: list[pipeline.Step] = []
    pipeline.list_days(days, CATEGORIES, foreground=True, tell=steps.append, **options)
    return steps


def test_the_estimate_is_what_the_requests_take(arxiv: FakeArxiv) -> None:
    said = pipeline.estimate(DAYS, CATEGORIES) / DELAY
    list_all()
    assert said - 2 <= len(arxiv.requests) <= said + 2


def test_the_estimate_of_three_weeks_counts_the_metadata_that_nothing_else_brings(settings: Any) -> None:
    settings.NOW = at(FRI, 9)
    days = list(batches.weekdays(FRI - dt.timedelta(days=24), FRI))
    with serve(settings, [one for day in days for one in papers_of(day, 20)]) as server:
        settings.ARXIV_DELAY_SECONDS = DELAY
        said = pipeline.estimate(days, CATEGORIES) / DELAY
        list_all(days)
    assert 0.8 * said <= len(server.requests) <= 1.2 * said


def test_each_step_says_what_is_left_and_the_last_one_nothing(arxiv: FakeArxiv) -> None:
    steps = list_all()
    assert {step.kind for step in steps} == {"list", "metadata"}
    assert steps[0].seconds == pipeline.estimate(DAYS, CATEGORIES) > 0
    assert (steps[-1].done, steps[-1].seconds) == (steps[-1].total, 0)


def test_where_nobody_is_there_two_dates_are_tried_and_the_others_left(arxiv: FakeArxiv) -> None:
    arxiv.fault("reset")
    list_all()
    asked = set(Poll.objects.values_list("date", flat=True))
    assert asked == {MON, TUE}
    arxiv.clear()
    list_all()
    assert [len(ids(day, "new", "cross")) for day in DAYS] == [3] * 5


def test_a_run_that_was_cut_off_goes_on_where_it_was(arxiv: FakeArxiv) -> None:
    list_all(again=False, stop=lambda: len(targets(arxiv, "/catchup")) >= 4)
    done = len(targets(arxiv, "/catchup"))
    assert 4 <= done < 8
    list_all(again=False)
    asked = targets(arxiv, "/catchup")
    assert len(asked) == len(set(asked)) == 8  # four past dates, two categories
    assert [len(ids(day, "new", "cross")) for day in DAYS] == [3] * 5
    assert not Job.objects.filter(kind__in=["list", "metadata"]).exclude(state="done").exists()


def test_a_date_that_lost_a_row_is_asked_for_again_however_lately_it_was_listed(arxiv: FakeArxiv) -> None:
    list_all()
    Announcement.objects.filter(date=TUE).first().delete()
    assert pipeline.without_just_listed(DAYS, CATEGORIES) == [TUE, FRI]  # and the newest one always
    list_all(again=False)
    assert len(ids(TUE, "new", "cross")) == 3


def test_a_listing_of_hours_ago_is_asked_for_again(arxiv: FakeArxiv, settings: Any) -> None:
    list_all()
    settings.NOW += dt.timedelta(hours=4)
    assert pipeline.without_just_listed(DAYS, CATEGORIES) == DAYS


def test_a_date_that_arxiv_had_no_time_for_is_done_at_the_end_of_the_same_run(arxiv: FakeArxiv) -> None:
    arxiv.fault("rate-429", times=1, path=f"/catchup/cs.SD/{TUE}")
    list_all()
    assert arxiv.fired["rate-429"] == 1
    assert [len(ids(day, "new", "cross")) for day in DAYS] == [3] * 5
    assert list(dict.fromkeys(path.split("?")[0][-10:] for path in targets(arxiv, "/catchup/cs.SD"))) == [
        f"{day}" for day in DAYS[:-1]
    ]


def test_sent_away_for_an_hour_nothing_more_is_asked_or_written_down(arxiv: FakeArxiv) -> None:
    arxiv.fault("rate-429-retry-after", times=1, value=3600, path=f"/catchup/eess.AS/{TUE}")
    list_all()
    assert not targets(arxiv, "/list") and Poll.objects.filter(date__gt=TUE).count() == 0
    away = pipeline.kept_away()
    assert away and away.is_long and 3500 < away.seconds <= 3600
    assert "Asia/Shanghai" in str(away)


def test_nobody_is_kept_away_after_a_good_answer(arxiv: FakeArxiv) -> None:
    arxiv.fault("rate-200", times=1)
    list_all([WED])
    assert pipeline.kept_away() is None


def test_what_is_behind_is_counted_with_how_long_it_takes(arxiv: FakeArxiv, settings: Any) -> None:
    assert pipeline.backlog(CATEGORIES).days == []  # nobody has begun
    settings.NOW = at(MON, 9)
    list_all([MON])
    settings.NOW = at(FRI, 9)
    behind = pipeline.backlog(CATEGORIES)
    assert (behind.days, behind.texts) == ([TUE, WED, THU, FRI], 3)
    fetching = 3 * pipeline.REQUESTS_A_TEXT * DELAY
    assert behind.seconds == pytest.approx(pipeline.estimate(DAYS[1:], CATEGORIES) + fetching)


def test_every_way_in_which_a_source_fails_has_a_name_that_people_read() -> None:
    assert set(get_args(values.State)) <= set(Fault.values)
