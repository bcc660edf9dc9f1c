"""Which dates to list now, and listing them: oldest first, each through its job."""

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from django.conf import settings
from django.utils import timezone

from digest_site import clock
from papers import batches, jobs, ledger
from papers.models import Job

from .listing import ingest_subject
from .metadata import UNANNOUNCED
from .work import work_off

# What a listing and its second opinions take, in requests: one a category, and RSS, API, metadata.
REQUESTS_A_DAY = 3


class NotYet(Exception):
    """arXiv has not announced this date yet, or never will: it is no announcement day."""


@dataclass(frozen=True)
class Step:
    """How far a run of listings is: dates done of all, and the seconds that the rest needs at least."""

    day: dt.date
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
    looks = ledger.begun_looks(ledger.newest_day(), categories)
    if looks is None:
        return [batches.latest(clock.now())]
    due = [look.date for look in looks if look.is_due(clock.now())]
    waiting = _waiting(categories) if due else set()
    return [day for day in due if day not in waiting]


def _waiting(categories: Sequence[str]) -> set[dt.date]:
    """Dates whose job waits for its next try, or was given up a short while ago."""
    mine = Job.objects.filter(
        kind=Job.Kind.LIST, subject__endswith=":" + "+".join(sorted(ledger.codes(categories)))
    )
    now = clock.machine_now()
    waiting = mine.filter(state=Job.State.WAITING, next_try_at__gt=now)
    dead = mine.filter(state=Job.State.DEAD, changed_at__gt=now - ledger.SECOND_LOOK)
    subjects = (waiting | dead).values_list("subject", flat=True)
    return {dt.date.fromisoformat(subject.partition(":")[0]) for subject in subjects}


def list_days(
    days: Iterable[dt.date],
    categories: Sequence[str],
    *,
    foreground: bool = False,
    tell: Callable[[Step], None] = lambda step: None,
    stop: Callable[[], bool] = lambda: False,
) -> None:
    """List these dates, in the order given, then ask for the metadata of all of them together, and of the
    papers that no listing announced.

    Each goes through its job, so that no two runs do one date at once. Whether a date is one that people
    may ask for is `require_announced`'s business: here weekday holidays are looked at, too.
    """
    days = [day for day in days if batches.is_weekday(day)]
    subjects: list[str] = []
    for done, day in enumerate(days):
        if stop():
            return
        step = Step(day, done, len(days), estimate(len(days) - done, categories))
        subjects.append(_enqueue(day, categories))
        _work(Job.Kind.LIST, subjects[-1:], foreground, step, tell, stop)
    if days:
        end = Step(days[-1], len(days), len(days), 0)
        _work(Job.Kind.METADATA, [*subjects, UNANNOUNCED], foreground, end, tell, stop)


def _work(
    kind: str,
    subjects: Sequence[str],
    foreground: bool,
    step: Step,
    tell: Callable[[Step], None],
    stop: Callable[[], bool],
) -> None:
    tell(step)
    work_off(
        [kind],
        subjects=lambda: subjects,
        foreground=foreground,
        tell=lambda progress: tell(step),
        stop=stop,
    )


def estimate(days: int, categories: Sequence[str]) -> float:
    """The seconds that listing so many dates takes at least, at arXiv's pace."""
    return days * (len(categories) + REQUESTS_A_DAY) * settings.ARXIV_DELAY_SECONDS
