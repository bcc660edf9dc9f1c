"""What arXiv would say at an instant: papers with their histories, and the calendar that announces them.

A `World` is pure bookkeeping, no HTTP. Its calendar is written down here a second time on purpose: the
project has its own in papers/batches.py, and a mistake there must not be repeated by the fake.

Announcement rules: https://info.arxiv.org/help/availability.html . A listing dated D is public from 20:00
US Eastern of the evening before. The holiday of a Monday to Thursday removes that evening's announcement,
the holiday of a Friday removes Sunday evening's.
"""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from tests.fakes import arxiv_taxonomy as taxonomy

EASTERN = ZoneInfo("America/New_York")
NONEXCLUSIVE = "http://arxiv.org/licenses/nonexclusive-distrib/1.0/"
CC_BY = "http://creativecommons.org/licenses/by/4.0/"
LAST_LISTED_VERSION = 5  # listings and feeds leave out replacements from v6 on
ONE_DAY = timedelta(days=1)

# 2026 as arXiv announced them; 2025 by the listings that did not appear.
HOLIDAYS = frozenset(
    date.fromisoformat(day)
    for day in [
        "2025-06-19",
        "2025-07-04",
        "2025-09-01",
        "2025-12-25",
        "2025-12-30",
        "2025-12-31",
        "2026-01-01",
        "2026-01-19",
        "2026-06-19",
        "2026-07-03",
        "2026-09-07",
        "2026-11-26",
        "2026-12-25",
        "2026-12-29",
        "2026-12-31",
    ]
)

# The bytes, a file with them, a function from version number to either, an HTTP status, or None: 404 for ever.
Content = bytes | Path | int | Callable[[int], "bytes | Path | int | None"] | None
Clock = Callable[[], datetime]


@dataclass(frozen=True)
class Version:
    """One version: `submitted` aware UTC, `announced` the date of the listing that shows it.

    What is None is as in the paper. `api_lag` (hours) overrides the paper's.
    """

    number: int
    submitted: datetime
    announced: date
    title: str | None = None
    abstract: str | None = None
    comment: str | None = None
    authors: tuple[str, ...] | None = None
    licence: str | None = None
    withdrawn: bool = False
    api_lag: float | None = None


@dataclass
class FakePaper:
    """A paper with its whole future. `categories`: primary first; `cross_listed`: those added later, and when.

    `pdf` and `html` are a `Content`; `pdf_from`, `html_from`, `api_lag`
    are hours after the public announcement of a version.
    """

    arxiv_id: str
    title: str
    abstract: str
    authors: Sequence[str]
    categories: Sequence[str]
    comment: str | None = None
    doi: str | None = None
    journal: str | None = None
    licence: str = NONEXCLUSIVE
    versions: list[Version] = field(default_factory=list)
    cross_listed: dict[str, date] = field(default_factory=dict)
    html: Content = None
    pdf: Content = None
    pdf_from: float = 0
    html_from: float = 0
    api_lag: float = 0
    affiliations: dict[str, str] = field(default_factory=dict)

    @property
    def primary(self) -> str:
        return self.categories[0]

    def version(self, number: int) -> Version | None:
        return next((one for one in self.versions if one.number == number), None)

    def text(self, version: Version, name: str) -> str | None:
        """A field (`title`, `abstract`, `comment`, `licence`) as that version has it."""
        own = getattr(version, name)
        return getattr(self, name) if own is None else own

    def authors_of(self, version: Version) -> Sequence[str]:
        return version.authors or self.authors

    def categories_on(self, day: date) -> list[str]:
        """Codes as arXiv's listing of that day has them, without alias names."""
        return [*self.categories, *(code for code, when in self.cross_listed.items() if when <= day)]


@dataclass(frozen=True)
class Event:
    """One line of arXiv's mailing log: `action` new, cross or replace; `added`: the categories it concerns."""

    paper: FakePaper
    version: Version
    action: str
    added: tuple[str, ...]


@dataclass(frozen=True)
class Listed:
    """One entry of a listing or feed. `kind`: new, cross, replace or replace-cross."""

    paper: FakePaper
    version: Version
    kind: str


class Calendar:
    """When arXiv announces. `holidays` as arXiv publishes them: days whose announcement does not take place."""

    def __init__(self, holidays: Iterable[date] = HOLIDAYS) -> None:
        self.holidays = frozenset(holidays)

    def is_listing_day(self, day: date) -> bool:
        return day.weekday() < 5 and _closing_day(day) not in self.holidays

    def listing_day_after(self, day: date) -> date:
        return self._step(day, ONE_DAY)

    def listing_day_before(self, day: date) -> date:
        return self._step(day, -ONE_DAY)

    def _step(self, day: date, by: timedelta) -> date:
        day += by
        while not self.is_listing_day(day):
            day += by
        return day

    def deadline(self, day: date) -> datetime:
        """The end (exclusive, UTC) of the submissions that the listing of `day` announces."""
        return eastern(_closing_day(day), 14)

    def window(self, day: date) -> tuple[datetime, datetime]:
        """Half-open, UTC: submissions that the listing of `day` announces when nobody holds them."""
        return self.deadline(self.listing_day_before(day)), self.deadline(day)

    def batch_of(self, submitted: datetime) -> date:
        """The listing day of a submission that passes at once."""
        day = submitted.astimezone(EASTERN).date()
        day = day if self.is_listing_day(day) else self.listing_day_after(day)
        while self.deadline(day) <= submitted:
            day = self.listing_day_after(day)
        return day

    def latest_public(self, at: datetime) -> date:
        """The listing day that `/list/<cat>/new` shows at `at`."""
        day = at.astimezone(EASTERN).date() + ONE_DAY
        while not (self.is_listing_day(day) and public_at(day) <= at):
            day -= ONE_DAY
        return day


class World:
    """All papers, and what each of arXiv's doors would say `now`.

    `weather(instant, path)` names faults that are in force by themselves (a simulated year's bad days);
    `now` is a callable returning an aware instant, or an aware instant that stands still.
    """

    def __init__(
        self,
        papers: Iterable[FakePaper],
        now: Clock | datetime | None = None,
        holidays: Iterable[date] = HOLIDAYS,
        weather: Callable[[datetime, str], Iterable[str]] = lambda instant, path: (),
    ) -> None:
        self.papers = {paper.arxiv_id: paper for paper in papers}
        self.calendar = Calendar(holidays)
        self.weather = weather
        self.set_now(now)
        self._events = _events_by_day(self.papers.values())
        self._by_submission = sorted(self.papers.values(), key=lambda paper: paper.versions[0].submitted)
        self._submitted = [paper.versions[0].submitted for paper in self._by_submission]

    def set_now(self, now: Clock | datetime | None) -> None:
        """Stand still at an instant, follow a clock, or (None) follow the machine's."""
        if isinstance(now, datetime):
            self.now: Clock = lambda: now
        else:
            self.now = now or (lambda: datetime.now(UTC))

    def today(self) -> date:
        return self.now().astimezone(EASTERN).date()

    def latest_batch(self) -> date:
        return self.calendar.latest_public(self.now())

    def events(self, day: date) -> list[Event]:
        """Everything that arXiv announced in the listing of `day`, by id."""
        return self._events.get(day, [])

    def days(self) -> list[date]:
        """Every date with an announcement, past and future."""
        return sorted(self._events)

    def listing(self, category: str, day: date) -> list[Listed]:
        """`/list/<category>/new` of `day`: new, cross-lists, replacements, each by id. KeyError: no such category."""
        return [entry for entry in self._chosen([category], day) if _is_listed(entry)]

    def feed(self, categories: Sequence[str], day: date) -> list[Listed]:
        """The RSS day of a union. The kind depends on the whole union; one entry per paper. KeyError as above."""
        return [entry for entry in self._chosen(categories, day) if _is_listed(entry)]

    def batch(self, categories: Sequence[str], day: date) -> list[Listed]:
        """The truth of that day, v6 and later included."""
        return self._chosen(categories, day)

    def _chosen(self, categories: Sequence[str], day: date) -> list[Listed]:
        wanted = set().union(*(taxonomy.members(name) for name in categories))
        best: dict[str, Event] = {}
        for event in self.events(day):
            if wanted.isdisjoint(event.added):
                continue
            kept = best.get(event.paper.arxiv_id)
            if kept is None or _order(event) < _order(kept):
                best[event.paper.arxiv_id] = event
        entries = [_entry(event, wanted) for event in best.values()]
        return sorted(entries, key=lambda entry: (_RANK[entry.kind], entry.paper.arxiv_id))

    def paper(self, arxiv_id: str) -> FakePaper | None:
        return self.papers.get(arxiv_id)

    def public_versions(self, paper: FakePaper) -> list[Version]:
        """Versions whose announcement is over."""
        now = self.now()
        return [version for version in paper.versions if public_at(version.announced) <= now]

    def indexed_version(self, paper: FakePaper, extra_lag: float = 0) -> Version | None:
        """The newest version the API's index holds now; hours of lag count from the announcement."""
        now = self.now()
        held = [one for one in paper.versions if self._indexed_at(paper, one, extra_lag) <= now]
        return held[-1] if held else None

    def _indexed_at(self, paper: FakePaper, version: Version, extra_lag: float) -> datetime:
        lag = paper.api_lag if version.api_lag is None else version.api_lag
        return public_at(version.announced) + timedelta(hours=max(lag, extra_lag))

    def submitted_between(self, first: datetime | None, last: datetime | None) -> list[FakePaper]:
        """Papers whose v1 was submitted in [first, last], oldest first, announced or not."""
        low = bisect_left(self._submitted, first) if first else 0
        high = bisect_right(self._submitted, last) if last else len(self._submitted)
        return self._by_submission[low:high]

    def modified(self, paper: FakePaper) -> date | None:
        """The OAI datestamp now: the day of the last announced change; None while nothing is harvestable."""
        now = self.now()
        days = [one.announced for one in paper.versions] + list(paper.cross_listed.values())
        past = [day for day in days if harvestable_at(day) <= now]
        return max(past) if past else None


_RANK = {"new": 0, "cross": 1, "replace": 2, "replace-cross": 3}


def _closing_day(day: date) -> date:
    """The day whose 14:00 Eastern closes the submissions of a listing: Friday for Monday's."""
    return day - (3 if day.weekday() == 0 else 1) * ONE_DAY


def eastern(day: date, hour: int) -> datetime:
    """That hour of that day in New York, as UTC."""
    return datetime.combine(day, time(hour), EASTERN).astimezone(UTC)


@cache
def public_at(day: date) -> datetime:
    """When the listing dated `day` becomes public: 20:00 Eastern of the evening before."""
    return eastern(day - ONE_DAY, 20)


def harvestable_at(day: date) -> datetime:
    """When OAI-PMH shows that listing's changes: about 22:30 Eastern of the same evening."""
    return public_at(day) + timedelta(hours=2, minutes=30)


def first_version(announced: date, calendar: Calendar | None = None, hours_before: float = 5) -> Version:
    """v1 of a paper that was submitted `hours_before` its deadline and passed at once."""
    deadline = (calendar or Calendar()).deadline(announced)
    return Version(1, deadline - timedelta(hours=hours_before), announced)


def next_version(paper: FakePaper, announced: date, **changes: object) -> Version:
    """The paper with one more version, submitted five hours before its deadline; returns that version."""
    number = paper.versions[-1].number + 1
    version = replace(first_version(announced), number=number, **changes)  # type: ignore[arg-type]
    paper.versions.append(version)
    return version


def _events_by_day(papers: Iterable[FakePaper]) -> dict[date, list[Event]]:
    days: dict[date, list[Event]] = defaultdict(list)
    for paper in sorted(papers, key=lambda paper: paper.arxiv_id):
        for version in paper.versions:
            action = "new" if version.number == 1 else "replace"
            added = _with_aliases(paper.categories_on(version.announced))
            days[version.announced].append(Event(paper, version, action, added))
        for code, day in paper.cross_listed.items():
            current = [one for one in paper.versions if one.announced <= day] or paper.versions[:1]
            days[day].append(Event(paper, current[-1], "cross", _with_aliases([code])))
    return dict(days)


def _with_aliases(codes: Iterable[str]) -> tuple[str, ...]:
    return tuple(name for code in codes for name in taxonomy.both_names(code))


def _order(event: Event) -> tuple[int, int]:
    """Of several events of a paper on one day arXiv lists the weightiest; of two replacements the later."""
    return _RANK[event.action], -event.version.number


def _entry(event: Event, wanted: set[str]) -> Listed:
    is_primary = event.paper.primary in wanted
    if event.action == "new":
        kind = "new" if is_primary else "cross"
    elif event.action == "cross":
        kind = "cross"
    else:
        kind = "replace" if is_primary else "replace-cross"
    return Listed(event.paper, event.version, kind)


def _is_listed(entry: Listed) -> bool:
    return not (entry.kind.startswith("replace") and entry.version.number > LAST_LISTED_VERSION)
