"""Bar charts as plain coordinates; `posts/_chart.html` draws them as SVG, without a script."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, floor, log10

# In the units of the drawing, which is as wide as the column. Labels stand left of LEFT and below BASE.
WIDTH, HEIGHT = 640, 200
LEFT, TOP, BASE = 44, 12, 172
WIDEST_BAR = 20
LEVELS = 4
# So far apart labels stay legible on a phone, whose drawing is half as large.
APART = 60


@dataclass(frozen=True)
class Value:
    """What one bar says: `rest` stands on top of `main`; `text` says both in words."""

    date: dt.date
    text: str
    main: float
    rest: float = 0


@dataclass(frozen=True)
class Bar:
    """Rectangles from the ground up: (y, height) of the main part and of the rest."""

    x: float
    width: float
    main: tuple[float, float]
    rest: tuple[float, float]
    text: str


@dataclass(frozen=True)
class Mark:
    """A label beside an axis, at `at` along it."""

    at: float
    label: str


@dataclass(frozen=True)
class Chart:
    bars: list[Bar]
    levels: list[Mark]
    months: list[Mark]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    base: int = BASE


def chart(values: Sequence[Value]) -> Chart:
    """Bars in the order of `values`, which are those of one or more digests by date."""
    levels = _levels(max((value.main + value.rest for value in values), default=0))
    scale = (BASE - TOP) / levels[-1]
    step = (WIDTH - LEFT) / max(1, len(values))
    width = min(step * 0.75, WIDEST_BAR)
    marks = [Mark(round(BASE - level * scale, 1), f"{level:g}") for level in levels]
    bars = [_bar(LEFT + at * step, width, value, scale) for at, value in enumerate(values)]
    return Chart(bars, marks, _months(values, step))


def _bar(x: float, width: float, value: Value, scale: float) -> Bar:
    main, rest = value.main * scale, value.rest * scale
    return Bar(
        round(x, 1),
        round(width, 1),
        (round(BASE - main, 1), round(main, 1)),
        (round(BASE - main - rest, 1), round(rest, 1)),
        value.text,
    )


def _levels(top: float) -> list[float]:
    """Round numbers from 0 to at least `top`, a handful of them."""
    if top < 0.1:
        return [0, 1]
    rough = top / LEVELS
    power = 10.0 ** floor(log10(rough))
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough)
    return [round(step * n, 6) for n in range(ceil(top / step) + 1)]


def _months(values: Sequence[Value], step: float) -> list[Mark]:
    """The first bar of each month; a January says its year."""
    firsts = [
        (at + 1, later.date)
        for at, (earlier, later) in enumerate(pairwise(values))
        if later.date.month != earlier.date.month
    ]
    if not firsts:
        firsts = [(0, value.date) for value in values[:1]]
    marks: list[Mark] = []
    for at, date in firsts:
        x = round(LEFT + at * step, 1)
        if not marks or x - marks[-1].at >= APART:
            marks.append(Mark(x, str(date.year) if date.month == 1 else f"{date.month}月"))
    return marks
