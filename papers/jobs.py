"""The Job table's verbs: enqueue, claim, finish, postpone, give up, sweep.

A job is claimed by one conditional update that counts the attempt before the work, and ended by an
update that is conditional on the same lease: a worker that lost its lease can change nothing. The
lease is short and renewed while its process lives, so what a killed process held is free again within
LEASE; on the same machine at once, because a process that is gone cannot hold anything.

When a process dies nobody knows which of its jobs did it, or whether any did: that is no job's failure. A job
that was there twice running is suspected, and done with nothing beside it until it ends; a death then is its own.
"""

import datetime as dt
import secrets
from collections.abc import Iterable, Mapping, Sequence

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet

from digest_site import clock, logs

from . import holders
from .models import Fault, Halt, Job, Slot

LEASE = dt.timedelta(seconds=settings.LEASE_SECONDS)
MAX_STRIKES = 6
# Waits between attempts, with the last one repeated; jitter is added by `backoff`.
WAITS = [dt.timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 180, 360)]
# How far the clocks of two machines may be apart, and the longest that a job is ever made to wait.
SLACK = dt.timedelta(minutes=10)
LONGEST_WAIT = dt.timedelta(days=3)
LLM_KINDS = (Job.Kind.TRANSLATE, Job.Kind.ANALYSE)

State = Job.State
Kind = Job.Kind


class LostLease(Exception):
    """The job was taken away from this worker, because its lease ran out."""


def enqueue(kind: str, subjects: Iterable[str], *, priority: int = 0, again: bool = False) -> None:
    """Make sure that there is a job for each subject.

    `again` starts a finished or given-up job over, in a new round: paid replies of earlier rounds are
    not used again. A job that is queued, waiting or running is left alone.
    """
    subjects = [str(subject) for subject in subjects]
    _create(Job(kind=kind, subject=subject, priority=priority) for subject in subjects)
    if again:
        Job.objects.filter(
            kind=kind, subject__in=subjects, state__in=[State.DONE, State.DEAD, State.WAITING]
        ).update(
            state=State.QUEUED,
            round=F("round") + 1,
            attempts=0,
            strikes=0,
            next_try_at=None,
            error_class="",
            reason="",
            changed_at=clock.machine_now(),
        )


def enqueue_all(subjects: Mapping[str, Iterable[str]]) -> None:
    """Make sure that there is a job for each subject of each kind, in one statement."""
    _create(Job(kind=kind, subject=str(one)) for kind, names in subjects.items() for one in names)


def _create(wanted: Iterable[Job]) -> None:
    Job.objects.bulk_create(wanted, ignore_conflicts=True, batch_size=500)


def start_over(wanted: QuerySet[Job]) -> int:
    """Do finished, given-up and waiting jobs once more; how many. What is queued or running is left alone."""
    subjects: dict[str, list[str]] = {}
    ended = wanted.filter(state__in=[State.DONE, State.DEAD, State.WAITING]).order_by()
    for kind, subject in ended.values_list("kind", "subject"):
        subjects.setdefault(kind, []).append(subject)
    for kind, names in subjects.items():
        enqueue(kind, names, again=True)
    return sum(map(len, subjects.values()))


def take_over(kind: str, reasons: Mapping[str, str], error_class: str) -> int:
    """Steps that failed before our time (subject -> why), due again at the next run; how many were new to us."""
    known = Job.objects.filter(kind=kind, subject__in=list(reasons)).values_list("subject", flat=True)
    fresh = sorted(reasons.keys() - set(known))
    failed = {"state": State.WAITING, "attempts": 1, "strikes": 1, "error_class": error_class}
    Job.objects.bulk_create(
        [
            Job(
                kind=kind,
                subject=subject,
                next_try_at=clock.machine_now(),
                reason=_reason(reasons[subject]),
                **failed,
            )
            for subject in fresh
        ],
        ignore_conflicts=True,
        batch_size=500,
    )
    return len(fresh)


def settle(kind: str, subjects: Iterable[str]) -> None:
    """What these jobs were to do has been done elsewhere; one that runs is left to itself."""
    open_jobs = Job.objects.filter(
        kind=kind, subject__in=list(subjects), state__in=[State.QUEUED, State.WAITING]
    )
    open_jobs.update(
        state=State.DONE, error_class="", reason="", next_try_at=None, changed_at=clock.machine_now()
    )


def due(kinds: Iterable[str], *, waiting_too: bool = False) -> Q:
    """Jobs that can be claimed now; a command in the foreground counts waiting jobs as due."""
    waiting = Q(state=State.WAITING)
    if not waiting_too:
        waiting &= Q(next_try_at__lte=clock.machine_now())
    return Q(kind__in=list(kinds)) & (Q(state=State.QUEUED) | waiting)


def claim(
    kinds: Sequence[str],
    limit: int = 1,
    *,
    waiting_too: bool = False,
    subjects: Iterable[str] | None = None,
    not_these: Iterable[int] = (),
    company: bool = False,
) -> list[Job]:
    """Take up to `limit` due jobs; model work only while its concurrency and no halt allow it.

    A suspect comes alone, and not at all to a caller in `company`: one whose process has other jobs in flight.
    """
    with transaction.atomic():
        if set(kinds) & set(LLM_KINDS):
            limit = min(limit, _room_at_the_model())
        if limit <= 0:
            return []
        wanted = Job.objects.filter(due(kinds, waiting_too=waiting_too)).exclude(pk__in=list(not_these))
        if subjects is not None:
            wanted = wanted.filter(subject__in=list(subjects))
        if company:
            wanted = wanted.exclude(error_class=Fault.KILLER)
        ids = _side_by_side(wanted.order_by("-priority", "id")[:limit])
        if not ids:
            return []
        lease = holders.holder()
        Job.objects.filter(pk__in=ids, state__in=[State.QUEUED, State.WAITING]).update(
            state=State.RUNNING,
            attempts=F("attempts") + 1,
            lease=lease,
            worker=holders.process(),
            lease_until=clock.machine_now() + LEASE,
            changed_at=clock.machine_now(),
        )
        return list(Job.objects.filter(lease=lease, state=State.RUNNING).order_by("-priority", "id"))


def _side_by_side(found: QuerySet[Job]) -> list[int]:
    """Which of these may be done at the same time: the first suspect alone, or all."""
    found = list(found.only("pk", "error_class"))
    suspect = next(filter(is_suspect, found), None)
    return [suspect.pk] if suspect else [job.pk for job in found]


def is_suspect(job: Job) -> bool:
    """Whether its process has died twice running, or while it was alone."""
    return job.error_class == Fault.KILLER


def _room_at_the_model() -> int:
    """How many more model calls may start anywhere; serialised by a lock on one row."""
    if Halt.objects.filter(cleared_at=None).exists():
        return 0
    Slot.lock("llm")
    busy = Job.objects.filter(state=State.RUNNING, kind__in=LLM_KINDS).count()
    return settings.LLM_CONCURRENCY - busy


def renew(jobs: Iterable[Job]) -> None:
    """Say that the process which claimed these jobs is alive."""
    Job.objects.filter(lease__in={job.lease for job in jobs}, state=State.RUNNING).update(
        lease_until=clock.machine_now() + LEASE
    )


def finish(job: Job) -> None:
    _end(job, state=State.DONE, error_class="", reason="", next_try_at=None)


def postpone(job: Job, until: dt.datetime, error_class: str, reason: str, *, strike: bool = False) -> None:
    """Try again at `until`. A strike is the job's own failure; what fails elsewhere costs it none."""
    _end(
        job,
        state=State.WAITING,
        next_try_at=until,
        strikes=job.strikes + strike,
        error_class=error_class,
        reason=_reason(reason),
    )


def give_up(job: Job, error_class: str, reason: str) -> None:
    _end(job, state=State.DEAD, error_class=error_class, reason=_reason(reason), next_try_at=None)


def _reason(text: str) -> str:
    return logs.clean(text)[:500]


def is_last_strike(job: Job) -> bool:
    return job.strikes + 1 >= MAX_STRIKES


def retry_or_give_up(job: Job, error_class: str, reason: str, *, wait: float | None = None) -> None:
    """One failure of the job's own: wait longer each time, give up at the last strike."""
    if is_last_strike(job):
        return give_up(job, error_class, reason)
    postpone(job, clock.machine_now() + backoff(job.attempts, wait), error_class, reason, strike=True)


def backoff(attempts: int, wait: float | None = None) -> dt.timedelta:
    """The wait before the next attempt: what the server asked for, or our schedule with jitter."""
    planned = WAITS[min(max(attempts, 1), len(WAITS)) - 1]
    jitter = 1 + secrets.randbelow(200) / 1000
    asked = min(wait or 0, LONGEST_WAIT.total_seconds())
    return max(planned * jitter, dt.timedelta(seconds=asked))


def _end(job: Job, **change: object) -> None:
    mine = Job.objects.filter(pk=job.pk, lease=job.lease, state=State.RUNNING)
    hit = mine.update(lease="", lease_until=None, changed_at=clock.machine_now(), **change)
    if hit != 1:
        raise LostLease(f"{job} was taken over")
    job.refresh_from_db()


def sweep() -> int:
    """Free the jobs whose worker is gone; how many. A job that keeps killing its workers is given up."""
    now = clock.machine_now()
    gone = Q(lease_until__lt=now)
    running = Job.objects.filter(state=State.RUNNING).exclude(lease="")
    for lease in running.order_by().values_list("lease", flat=True).distinct():
        if not holders.is_alive(lease):
            gone |= Q(lease=lease)
    return _free(Job.objects.filter(gone, state=State.RUNNING), now)


def _free(lost: QuerySet[Job], now: dt.datetime) -> int:
    """Each update leaves to the next what is still running."""
    free = {"state": State.QUEUED, "lease": "", "lease_until": None, "changed_at": now}
    strike = {"strikes": F("strikes") + 1}
    given_up = free | strike | {"state": State.DEAD, "reason": "处理它的进程一再中断"}
    alone = lost.filter(error_class=Fault.KILLER)
    return (
        alone.filter(strikes__gte=MAX_STRIKES - 1).update(**given_up)
        + alone.update(**free | strike)
        + lost.filter(error_class=Fault.LOST).update(**free, error_class=Fault.KILLER)
        + lost.update(**free, error_class=Fault.LOST)
    )


def mend_clock() -> int:
    """Bring back leases, waits and turns that a clock which was ahead has put further off than they can be.

    A lease runs from now, so that its holder, if it lives, still renews it in time.
    """
    now = clock.machine_now()
    far = now + LONGEST_WAIT
    leased = Job.objects.filter(state=State.RUNNING, lease_until__gt=now + LEASE + SLACK)
    return (
        leased.update(lease_until=now + LEASE)
        + _forget_the_future()
        + Job.objects.filter(state=State.WAITING, next_try_at__gt=far).update(next_try_at=now)
        + Slot.objects.filter(next_at__gt=far).update(next_at=None)
        + Slot.objects.filter(held_until__gt=far).update(holder="", held_until=None)
    )


def _forget_the_future() -> int:
    """Delete the listings of dates that are still to come: asked for again and again, they would be in vain."""
    tomorrow = clock.now().date() + dt.timedelta(days=1)
    listings = Job.objects.filter(kind__in=[Kind.LIST, Kind.METADATA]).exclude(state=State.RUNNING)
    return listings.filter(subject__gt=f"{tomorrow:%F};").delete()[0]


def open_work(kinds: Iterable[str] | None = None) -> int:
    """How many jobs are neither done nor given up."""
    jobs = Job.objects.exclude(state__in=[State.DONE, State.DEAD])
    return (jobs.filter(kind__in=list(kinds)) if kinds else jobs).count()
