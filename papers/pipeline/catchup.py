"""Which dates to list now, and listing them: oldest first, each through its job; how far that is, and how long it takes."""

import datetime as dt
import math
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from django.conf import settings
from django.utils import timezone

from digest_site import clock
from papers import batches, jobs, ledger
from papers.models import Job, Poll

from .listing import ingest_subject, parse_subject, without_metadata
from .metadata import IDS_A_CALL, UNANNOUNCED
from .sources import is_in_reach, is_out_of_sight
from .turns import kept_away
from .work import work_off

# Of a date that the API's last ten days do not reach, every paper is asked for by its id.
PAPERS_A_DAY = 20
# A full text takes its HTML, or that and its PDF.
REQUESTS_A_TEXT = 2
# After so many dates in a row without a connection the others are not even tried.
GIVE_UP_AFTER = 2


class NotYet(Exception):
    """arXiv has not announced this date yet, or never will: it is no announcement day."""


@dataclass(frozen=True)
class Step:
    """How far a run is with its listings or, at the end, their metadata: done of all, and the seconds that the rest needs."""

    kind: str
    done: int
    total: int
    seconds: float


def require_announced(day: dt.date) -> None:
    """:raises NotYet: the date has no announcement, or not yet."""
    if not batches.is_announcement_day(day) and not ledger.has_listing(day):
        raise NotYet(f"{day:%F} 不是 arXiv 的公布日")
    if clock.now() < batches.announced_at(day):
        at = batches.announced_at(day).astimezone(timezone.get_default_timezone())
        raise NotYet(f"{day:%F} 的论文 arXiv 还没有公布（{at:%F %H:%M} 公布）")


def enlist(day: dt.date, categories: Sequence[str]) -> str:
    """Ask for a date to be listed (again); the subject of the job that will do it.

    :raises NotYet: the date has no announcement, or not yet.
    """
    require_announced(day)
    return _enqueue(day, categories)


def _enqueue(day: dt.date, categories: Sequence[str]) -> str:
    subject = ingest_subject(day, categories)
    jobs.enqueue(Job.Kind.LIST, [subject], again=True, priority=10)
    return subject


def due_days(categories: Sequence[str]) -> list[dt.date]:
    """Open dates that are worth asking about now, oldest first; weekdays of holidays are looked at, too."""
    if ledger.is_quiet(categories):
        return []
    looks, now = ledger.begun_looks(ledger.newest_day(), categories), clock.now()
    if looks is None:
        return [batches.latest(now)]
    due = [look.date for look in looks if look.due_at and look.due_at <= now]
    if not due:
        ledger.keep_quiet(categories, looks)
        return []
    waiting = _waiting(categories)
    return [day for day in due if day not in waiting]


def _waiting(categories: Sequence[str]) -> set[dt.date]:
    """Dates whose job waits for its next try, or was given up a short while ago."""
    ours = ":" + "+".join(sorted(ledger.codes(categories)))
    stopped = Job.objects.filter(kind=Job.Kind.LIST, state__in=[Job.State.WAITING, Job.State.DEAD]).order_by()
    now = clock.machine_now()
    return {
        parse_subject(subject)[0]
        for subject, state, next_try_at, changed_at in stopped.values_list(
            "subject", "state", "next_try_at", "changed_at"
        )
        if subject.endswith(ours)
        and (changed_at > now - ledger.SECOND_LOOK if state == Job.State.DEAD else (next_try_at or now) > now)
    }


def list_days(
    days: Iterable[dt.date],
    categories: Sequence[str],
    *,
    foreground: bool = False,
    again: bool = True,
    tell: Callable[[Step], None] = lambda step: None,
    stop: Callable[[], bool] = lambda: False,
) -> None:
    """List these dates, in the order given, then ask for the metadata of all of them together, and of the
    papers that no listing announced.

    Each goes through its job, so that no two runs do one date at once. Whether a date is one that people
    may ask for is `require_announced`'s business: here weekday holidays are looked at, too. Without `again`
    what was just listed is not asked for once more: a run that was cut off goes on where it was. When arXiv
    wants us to stay away for long, or cannot be reached, the rest is left to a later run.
    """
    days = [day for day in days if batches.is_weekday(day)]
    wanted = days if again else without_just_listed(days, categories)
    tour = _Tour(categories, foreground, tell, stop)
    if days and tour.list(wanted) and tour.list(tour.put_off(wanted)):
        tour.complete(days)


def without_just_listed(days: Sequence[dt.date], categories: Sequence[str]) -> list[dt.date]:
    """These dates less those whose listing was read whole so lately that arXiv has nothing to add."""
    subjects = [ingest_subject(day, categories) for day in days]
    lately = clock.machine_now() - ledger.SECOND_LOOK
    done = Job.objects.filter(kind=Job.Kind.LIST, state=Job.State.DONE, changed_at__gt=lately)
    ended = set(done.filter(subject__in=subjects).values_list("subject", flat=True))
    past = [
        day
        for day, subject in zip(days, subjects, strict=True)
        if subject in ended and day < batches.latest(clock.now())
    ]
    known = {look.date for look in ledger.looks_at(past, categories) if _is_just_read(look)}
    return [day for day in days if day not in known]


def _is_just_read(look: ledger.Look) -> bool:
    since = clock.now() - ledger.SECOND_LOOK
    return look.is_listed and all(listing.answers[-1].asked_at >= since for listing in look.listings)


@dataclass
class _Tour:
    """One run over dates, and how long each of them took."""

    categories: Sequence[str]
    foreground: bool
    tell: Callable[[Step], None]
    stop: Callable[[], bool]
    took: list[float] = field(default_factory=list)
    # The dates in a row of which no source could be reached.
    unreached: int = 0

    def list(self, days: Sequence[dt.date]) -> bool:
        """Whether we came to the end: nobody stopped us, and arXiv was there and did not send us away for long."""
        for number, day in enumerate(days):
            if self._must_end():
                return False
            rest, done, began, at = days[number:], len(self.took), time.monotonic(), clock.now()
            step = Step(Job.Kind.LIST, done, done + len(rest), self._seconds(rest))
            self._work([_enqueue(day, self.categories)], step)
            self.took.append(time.monotonic() - began)
            self.unreached = self.unreached + 1 if _is_nobody_there(at) else 0
        self.tell(Step(Job.Kind.LIST, len(self.took), len(self.took), 0))
        return not self._must_end()

    def _must_end(self) -> bool:
        away = kept_away()
        return self.stop() or self.unreached >= GIVE_UP_AFTER or (away is not None and away.is_long)

    def _seconds(self, rest: Sequence[dt.date]) -> float:
        """What the rest needs at arXiv's pace, or as long a date as most of those before it took."""
        measured = statistics.median(self.took) * len(rest) if self.took else 0
        return max(measured, estimate(rest, self.categories))

    def put_off(self, days: Sequence[dt.date]) -> Sequence[dt.date]:
        """Dates that arXiv had no time for, while somebody waits for them: once more at the end."""
        if not self.foreground:
            return []
        waiting = Job.objects.filter(kind=Job.Kind.LIST, state=Job.State.WAITING, error_class="throttled")
        subjects = set(waiting.values_list("subject", flat=True))
        return [day for day in days if ingest_subject(day, self.categories) in subjects]

    def complete(self, days: Sequence[dt.date]) -> None:
        """The metadata of all of them, and of papers that no listing announced."""
        wanted = len(without_metadata(days, self.categories)) if self.foreground else 0
        seconds = math.ceil(wanted / IDS_A_CALL) * settings.ARXIV_DELAY_SECONDS
        subjects = [*(ingest_subject(day, self.categories) for day in days), UNANNOUNCED]
        self._work(subjects, Step(Job.Kind.METADATA, 0, 1, seconds))
        self.tell(Step(Job.Kind.METADATA, 1, 1, 0))

    def _work(self, subjects: Sequence[str], step: Step) -> None:
        self.tell(step)
        work_off(
            [step.kind],
            subjects=lambda: subjects,
            foreground=self.foreground,
            tell=lambda progress: self.tell(step),
            stop=self.stop,
        )


def _is_nobody_there(since: dt.datetime) -> bool:
    """Whether whoever was asked since then could not be reached."""
    states = set(Poll.objects.filter(asked_at__gte=since).order_by().values_list("state", flat=True))
    return states == {Poll.State.UNREACHABLE}


def estimate(days: Sequence[dt.date], categories: Sequence[str]) -> float:
    """The seconds that listing these dates takes at arXiv's pace, its own time to answer not counted.

    A page a date and category, but one harvest of the archive for all dates out of reach; for the newest date
    RSS and API; what changed, a harvest a category; and the metadata of dates that nothing else confirms.
    """
    days = [day for day in days if batches.is_weekday(day)]
    if not days:
        return 0
    reached = [day for day in days if is_in_reach(day)]
    is_newest = max(days) >= batches.latest(clock.now())
    by_id = sum(is_out_of_sight(day) for day in days) * PAPERS_A_DAY
    harvests = 1 + (len(reached) < len(days))
    requests = len(categories) * (len(reached) + harvests) + 2 * is_newest + math.ceil(by_id / IDS_A_CALL)
    return requests * settings.ARXIV_DELAY_SECONDS


@dataclass(frozen=True)
class Backlog:
    """What is behind: announcement dates whose listing was not read whole, full texts to be fetched."""

    days: Sequence[dt.date]
    texts: int
    seconds: float


def backlog(categories: Sequence[str]) -> Backlog:
    """What there is to catch up with, and how long that takes at arXiv's pace while somebody works at it."""
    looks = ledger.begun_looks(ledger.newest_day(), categories) or []
    days = [look.date for look in looks if look.is_expected and not (look.is_listed or look.nothing_came)]
    texts = Job.objects.filter(kind=Job.Kind.FULLTEXT, state=Job.State.QUEUED).count()
    fetching = texts * REQUESTS_A_TEXT * settings.ARXIV_DELAY_SECONDS
    return Backlog(days, texts, estimate(days, categories) + fetching)
