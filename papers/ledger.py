"""The ledger of a date: what arXiv printed, what we stored, how far each paper has come.

Nothing is kept for it: it is a query on Poll, Announcement, Paper, Summary and Job. Its denominator is
the count that arXiv printed, so a row that we lost turns the day red.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from django.db.models import Count, Max, Min

from digest_site import clock

from . import batches
from .models import Announcement, Job, Poll, Summary

LISTINGS = (Poll.Source.LIST, Poll.Source.CATCHUP, Poll.Source.OAI)
ANSWERED = (Poll.State.OK, Poll.State.EMPTY)
# A second look this much after the first, or one this long after the announcement, settles a date.
SECOND_LOOK = dt.timedelta(hours=3)
SETTLED = dt.timedelta(hours=20)


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
    """One date for a set of categories. Numbers are of distinct papers, cross-lists counted once."""

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
    settled: bool
    asked_at: dt.datetime | None
    troubles: list[str] = field(default_factory=list)

    @property
    def listed(self) -> bool:
        """Whether every category's own listing was read and nothing of it is lost."""
        return bool(self.categories) and all(line.matches for line in self.categories)

    @property
    def colour(self) -> str:
        """red: something is missing; yellow: work or the second look is left; green: all is done."""
        if not self.listed or self.stored < self.announced:
            return "red"
        return "green" if self.settled and not self.waiting else "yellow"

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"listed": self.listed, "colour": self.colour}


def of_day(day: dt.date, categories: Sequence[str]) -> DayLedger:
    """The ledger of one date, in a constant number of queries."""
    rows = list(Announcement.objects.filter(date=day, category__in=categories))
    ids = {row.arxiv_id for row in rows if row.kind != Announcement.Kind.REPLACE}
    polls = list(Poll.objects.filter(date=day).order_by("asked_at", "id"))
    lines = [_line(code, rows, polls) for code in categories]
    summaries = Summary.objects.filter(paper__arxiv_id__in=ids)
    states = dict(summaries.order_by().values_list("status").annotate(Count("pk")))
    open_jobs = Job.objects.filter(subject__in=ids).exclude(state__in=[Job.State.DONE, Job.State.DEAD])
    given_up = Job.objects.filter(subject__in=ids, state=Job.State.DEAD).order_by()
    mine = [poll for poll in polls if set(poll.category.split("+")) & set(categories)]
    return DayLedger(
        date=day,
        categories=lines,
        announced=len(ids) + sum(line.missing for line in lines),
        stored=sum(states.values()),
        translated=summaries.exclude(current=None).count(),
        analysed=summaries.exclude(current=None).exclude(current__reading="").count(),
        approved=states.get(Summary.Status.APPROVED, 0),
        rejected=states.get(Summary.Status.REJECTED, 0),
        manual=states.get(Summary.Status.MANUAL, 0),
        waiting=open_jobs.count(),
        dead=dict(given_up.values_list("error_class").annotate(Count("pk"))),
        settled=_settled(day, mine, categories),
        asked_at=max((poll.asked_at for poll in mine), default=None),
        troubles=[f"{poll.get_source_display()} {poll.category}：{poll.note}" for poll in _failing(mine)],
    )


def _line(code: str, rows: Iterable[Announcement], polls: Iterable[Poll]) -> CategoryLine:
    mine = [row for row in rows if row.category == code]
    announced = [row for row in mine if row.kind in (Announcement.Kind.NEW, Announcement.Kind.CROSS)]
    listings = [poll for poll in polls if poll.category == code and poll.source in LISTINGS]
    printed = [poll.total for poll in listings if poll.total is not None]
    read = [poll.found for poll in listings if poll.state in ANSWERED and poll.found is not None]
    sources = {source for row in announced for source in row.sources}
    last = listings[-1] if listings else None
    return CategoryLine(
        code=code,
        # A source that prints no count (OAI-PMH) is believed on its number of records.
        printed=max(printed) if printed else (max(read) if read else None),
        stored=len(announced),
        by_source={source: sum(source in row.sources for row in announced) for source in sorted(sources)},
        late=sum(row.kind == Announcement.Kind.LATE for row in mine),
        replaced=sum(row.kind == Announcement.Kind.REPLACE for row in mine),
        trouble="" if last is None or last.state in ANSWERED else last.get_state_display(),
    )


def _failing(polls: Iterable[Poll]) -> list[Poll]:
    """The sources whose newest answer is an error."""
    newest = {(poll.source, poll.category): poll for poll in polls}
    return [poll for poll in newest.values() if poll.state not in ANSWERED]


def _settled(day: dt.date, polls: Sequence[Poll], categories: Sequence[str]) -> bool:
    """Whether a second look hours later, or one long after the announcement, found nothing new."""
    for code in categories:
        looks = [
            poll
            for poll in polls
            if poll.category == code and poll.source in LISTINGS and poll.state in ANSWERED
        ]
        if not looks:
            return False
        first, last = looks[0], looks[-1]
        late_enough = last.asked_at >= batches.announced_at(day) + SETTLED
        looked_twice = last.asked_at - first.asked_at >= SECOND_LOOK and not last.fresh
        if not (late_enough or looked_twice):
            return False
    return True


def open_days(until: dt.date, categories: Sequence[str]) -> list[dt.date]:
    """Announcement dates up to `until` that are not settled yet, oldest first.

    The first date that was ever asked about is where our responsibility begins.
    """
    first = Poll.objects.filter(category__in=categories, source__in=LISTINGS).aggregate(Min("date"))[
        "date__min"
    ]
    if first is None or first > until:
        return [until]
    return [
        day
        for day in batches.between(first, until)
        if not _is_closed(day, categories) and batches.announced_at(day) <= clock.now()
    ]


def _is_closed(day: dt.date, categories: Sequence[str]) -> bool:
    ledger = of_day(day, categories)
    return ledger.listed and ledger.settled


def last_good_day(categories: Sequence[str]) -> dt.date | None:
    """The newest date whose listing is complete."""
    newest = Poll.objects.filter(category__in=categories, state__in=ANSWERED).aggregate(Max("date"))[
        "date__max"
    ]
    while newest and newest >= dt.date(1991, 8, 1):
        if of_day(newest, categories).listed:
            return newest
        earlier = Poll.objects.filter(category__in=categories, state__in=ANSWERED, date__lt=newest).aggregate(
            Max("date")
        )["date__max"]
        newest = earlier
    return None


def work_left(subjects: Iterable[str]) -> int:
    """Jobs on these subjects that are neither done nor given up."""
    return (
        Job.objects.filter(subject__in=list(subjects))
        .exclude(state__in=[Job.State.DONE, Job.State.DEAD])
        .count()
    )
