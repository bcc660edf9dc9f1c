"""The ledger of a date: what arXiv printed, what we stored, how far each paper has come.

Nothing is kept for it: it is a query on Poll, Announcement, Paper, Summary and Job. Its denominator is
the count that arXiv printed, so a row that we lost turns the day red.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from django.db.models import Count

from digest_site import clock
from papers import batches
from papers.models import Announcement, Fault, Job, Poll, Summary

from .looks import ANSWERED, Listing, Look, codes, looks_at, opinions, side

Kind = Announcement.Kind
# From this long after an announcement on, an unread listing is an alarm.
PATIENCE = dt.timedelta(hours=6)
SHOWN_IDS = 8


@dataclass(frozen=True)
class CategoryLine:
    """One category on one date. `printed` is None until a listing was read, `stored` leaves out late ones."""

    code: str
    printed: int | None
    stored: int
    by_source: dict[str, int]
    late: int
    replaced: int
    trouble: str

    @property
    def missing(self) -> int:
        return max(0, (self.printed or 0) - self.stored)

    @property
    def matches(self) -> bool:
        return self.printed is not None and self.missing == 0


@dataclass(frozen=True)
class DayLedger:
    """One date for a set of categories. Numbers are of distinct papers, cross-lists counted once.

    `differences` names by source the papers that only this source knows. `silent`: arXiv announced
    nothing on this date and has gone on. `alarm` says what a person should look at, empty for nothing.
    """

    date: dt.date
    categories: list[CategoryLine]
    announced: int
    stored: int
    translated: int
    analysed: int
    approved: int
    rejected: int
    manual: int
    waiting: int
    dead: dict[str, int]
    listed: bool
    settled: bool
    silent: bool
    alarm: str
    asked_at: dt.datetime | None
    differences: dict[str, list[str]] = field(default_factory=dict)
    troubles: list[str] = field(default_factory=list)

    @property
    def is_unread(self) -> bool:
        """Whether arXiv's own count is not known of any category: `announced` then says nothing."""
        return not self.announced and all(line.printed is None for line in self.categories)

    @property
    def colour(self) -> str:
        """red: something is missing; yellow: work or the second look is left; green: all is done."""
        if not self.listed or self.stored < self.announced:
            return "red"
        return "green" if self.settled and not self.waiting else "yellow"

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"colour": self.colour, "unread": self.is_unread}


def of_day(day: dt.date, categories: Sequence[str]) -> DayLedger:
    """The ledger of one date."""
    return of_days([day], categories)[0]


def of_days(days: Sequence[dt.date], categories: Sequence[str]) -> list[DayLedger]:
    """The ledgers of these dates, in a constant number of queries."""
    categories = codes(categories)
    rows: dict[dt.date, list[Announcement]] = {day: [] for day in days}
    for row in Announcement.objects.filter(date__in=days, category__in=categories):
        rows[row.date].append(row)
    polls: dict[dt.date, list[Poll]] = {day: [] for day in days}
    for poll in Poll.objects.filter(date__in=days).order_by("asked_at", "id"):
        if set(poll.category.split("+")) & set(categories):
            polls[poll.date].append(poll)
    far = _Progress({row.arxiv_id for own in rows.values() for row in own if row.kind != Kind.REPLACE})
    return [_ledger(look, rows[look.date], polls[look.date], far) for look in looks_at(days, categories)]


class _Progress:
    """How far these papers have come: one row each from Summary and Job."""

    def __init__(self, ids: set[str]) -> None:
        summaries = Summary.objects.filter(paper__arxiv_id__in=ids).order_by()
        fields = ("paper__arxiv_id", "status", "current", "current__reading")
        self.texts = {
            arxiv_id: (status, bool(current), bool(reading))
            for arxiv_id, status, current, reading in summaries.values_list(*fields)
        }
        work = Job.objects.filter(subject__in=ids).exclude(state=Job.State.DONE).order_by()
        self.jobs: dict[str, list[tuple[str, str]]] = {}
        for subject, state, error_class in work.values_list("subject", "state", "error_class"):
            self.jobs.setdefault(subject, []).append((state, error_class))

    def of(self, ids: Iterable[str]) -> dict[str, Any]:
        """The numbers of a ledger for some of the papers."""
        ids = list(ids)
        texts = [self.texts[arxiv_id] for arxiv_id in ids if arxiv_id in self.texts]
        jobs = [job for arxiv_id in ids for job in self.jobs.get(arxiv_id, [])]
        states = [status for status, _, _ in texts]
        dead: dict[str, int] = {}
        for _, error_class in (job for job in jobs if job[0] == Job.State.DEAD):
            dead[error_class] = dead.get(error_class, 0) + 1
        return {
            "stored": len(texts),
            "translated": sum(current for _, current, _ in texts),
            "analysed": sum(reading for _, _, reading in texts),
            "approved": states.count(Summary.Status.APPROVED),
            "rejected": states.count(Summary.Status.REJECTED),
            "manual": states.count(Summary.Status.MANUAL),
            "waiting": sum(state != Job.State.DEAD for state, _ in jobs),
            "dead": dead,
        }


def _ledger(look: Look, rows: Sequence[Announcement], polls: Sequence[Poll], far: _Progress) -> DayLedger:
    ids = {row.arxiv_id for row in rows if row.kind != Kind.REPLACE}
    differences = _differences(rows)
    return DayLedger(
        date=look.date,
        categories=[_line(listing, rows) for listing in look.listings],
        announced=len(ids) + sum(listing.missing for listing in look.listings),
        listed=look.is_listed,
        settled=look.is_settled,
        silent=look.is_silent,
        alarm=alarm_of(look),
        asked_at=max((poll.asked_at for poll in polls), default=None),
        differences=differences,
        troubles=[*_troubles(look, polls), *_spoken(differences, polls)],
        **far.of(ids),
    )


def _line(listing: Listing, rows: Iterable[Announcement]) -> CategoryLine:
    mine = [row for row in rows if row.category == listing.code]
    announced = [row for row in mine if row.kind in (Kind.NEW, Kind.CROSS)]
    sources = {source for row in announced for source in row.sources}
    last = listing.polls[-1] if listing.polls else None
    return CategoryLine(
        code=listing.code,
        printed=listing.printed,
        stored=listing.stored,
        by_source={source: sum(source in row.sources for row in announced) for source in sorted(sources)},
        late=sum(row.kind == Kind.LATE for row in mine),
        replaced=sum(row.kind == Kind.REPLACE for row in mine),
        trouble="" if last is None or last.state in ANSWERED else str(Poll.State(last.state).label),
    )


def _differences(rows: Iterable[Announcement]) -> dict[str, list[str]]:
    """source -> ids that it alone announced as new or cross-listed on this date."""
    sources: dict[str, set[str]] = {}
    for row in rows:
        if row.kind in (Kind.NEW, Kind.CROSS):
            sources.setdefault(row.arxiv_id, set()).update(opinions(row.sources))
    alone: dict[str, list[str]] = {}
    for arxiv_id, names in sorted(sources.items()):
        if len(names) == 1:
            alone.setdefault(next(iter(names)), []).append(arxiv_id)
    return alone


def _spoken(differences: dict[str, list[str]], polls: Sequence[Poll]) -> list[str]:
    """The differences as lines to read, once a second source has spoken at all."""
    spoke = {poll.source for poll in polls if poll.state == Poll.State.OK}
    return [
        f"只有{side(source)}有 {len(ids)} 篇，等待其他来源证实：{_few(ids)}"
        for source, ids in differences.items()
        if spoke - {source}
    ]


def _few(ids: Sequence[str]) -> str:
    return "、".join(ids[:SHOWN_IDS]) + ("……" if len(ids) > SHOWN_IDS else "")


def _troubles(look: Look, polls: Iterable[Poll]) -> list[str]:
    """Whatever alarms, and the sources whose newest answer is an error."""
    newest = {(poll.source, poll.category): poll for poll in polls}
    failing = [poll for poll in newest.values() if poll.state not in ANSWERED]
    alarm = alarm_of(look)
    return [
        *([alarm] if alarm else []),
        *(
            f"{look.date:%F} {poll.get_source_display()} {poll.category}：{poll.get_state_display()} {poll.note}".rstrip()
            for poll in failing
        ),
    ]


def alarm_of(look: Look) -> str:
    """What a person should look at on this date; empty for nothing."""
    if not look.is_expected:
        return ""
    if look.nothing_came:
        return f"{look.date:%F} 是公布日，arXiv 的列表却是空的"
    overdue = clock.now() - batches.announced_at(look.date) > PATIENCE
    unread = [listing.code for listing in look.listings if not listing.answers]
    if unread and overdue:
        return f"{look.date:%F} 的列表仍未读到：{'、'.join(unread)}"
    if missing := sum(listing.missing for listing in look.listings if listing.answers):
        return f"{look.date:%F} 少了 {missing} 篇：arXiv 公布的与存下的不符"
    return ""


def last_good_day(categories: Sequence[str]) -> dt.date | None:
    """The newest date whose listing is complete."""
    answered = Poll.objects.filter(category__in=codes(categories), state__in=ANSWERED).order_by("-date")
    days = list(dict.fromkeys(answered.values_list("date", flat=True)[:500]))
    return next((look.date for look in looks_at(days, categories) if look.is_listed), None)


def work_left(subjects: Iterable[str]) -> int:
    """Jobs on these subjects that are neither done nor given up."""
    return sum(work_left_by_kind(subjects).values())


def reasons_left(subjects: Iterable[str]) -> dict[str, int]:
    """Why those jobs are not done, in words, and how many each: 全文（还没有文件）."""
    jobs = Job.objects.filter(subject__in=list(subjects)).exclude(state__in=[Job.State.DONE, Job.State.DEAD])
    counted = jobs.order_by("kind", "error_class").values_list("kind", "error_class").annotate(Count("pk"))
    return {
        f"{Job.Kind(kind).label}{f'（{Fault.name_of(fault)}）' if fault else ''}": number
        for kind, fault, number in counted
    }


def work_left_by_kind(subjects: Iterable[str]) -> dict[str, int]:
    """The same number for each kind of job that has any."""
    jobs = Job.objects.filter(subject__in=list(subjects)).exclude(state__in=[Job.State.DONE, Job.State.DEAD])
    return dict(jobs.order_by().values_list("kind").annotate(Count("pk")))
