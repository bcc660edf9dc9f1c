"""Working off the Job table: one lane to arXiv, LLM_CONCURRENCY lanes to the model, in threads.

Model calls are waiting, not computing, so threads do; one paper's failure touches no other. The same
function serves the worker's task and the command in the foreground, and any number of processes may
run it at once: jobs are claimed, and the number of model calls in flight is counted in the table.
"""

import logging
import time
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass, field

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection

from digest_site import logs
from papers import jobs
from papers.models import Job

from . import failures, fulltexts, listing, termbase, texts
from .baton import Baton
from .halts import current_halt

log = logging.getLogger("papers.work")

ARXIV_KINDS = (Job.Kind.LIST, Job.Kind.METADATA, Job.Kind.FULLTEXT)
WORK: dict[str, Callable[[Job], None]] = {
    Job.Kind.LIST: listing.list_batch,
    Job.Kind.METADATA: listing.complete_metadata,
    Job.Kind.FULLTEXT: fulltexts.read_fulltext,
    Job.Kind.TRANSLATE: texts.translate,
    Job.Kind.ANALYSE: texts.analyse,
}
RENEW_SECONDS = jobs.LEASE.total_seconds() / 4
# While lanes are free, how long until the table is looked at again for what other processes left.
LOOK_SECONDS = 0.5


@dataclass
class Progress:
    """How a run goes: jobs ended by kind and state, and what still runs. `seconds`: what the rest needs, where known."""

    ended: dict[tuple[str, str], int] = field(default_factory=dict)
    running: int = 0
    queued: int = 0
    seconds: float | None = None

    @property
    def done(self) -> int:
        return sum(self.ended.values())

    @property
    def expected(self) -> int:
        return self.done + self.running + self.queued

    def count(self, job: Job) -> None:
        key = (job.kind, job.state)
        self.ended[key] = self.ended.get(key, 0) + 1

    def total(self, state: str) -> int:
        return sum(number for (_, ended), number in self.ended.items() if ended == state)


def work_off(
    kinds: Iterable[str] = tuple(WORK),
    *,
    subjects: Callable[[], Iterable[str]] | None = None,
    seconds: float | None = None,
    foreground: bool = False,
    tell: Callable[[Progress], None] = lambda progress: None,
    stop: Callable[[], bool] = lambda: False,
    relay: Callable[[], None] | None = None,
) -> Progress:
    """Do what is due until nothing is left, `seconds` are over or `stop` says so (what has begun is finished).

    `foreground` counts waiting jobs as due, each once. `subjects` limits the work to these subjects and
    is asked again before each claim, because jobs bring new ones. With `relay` only one process of this
    machine takes work at a time; `relay` has another one called when the shift is over. Both wait for the
    model's concurrency where other processes still have all of it.
    """
    baton = Baton(relay) if relay else None
    if baton and not baton.take():
        return Progress()
    run = _Run(tuple(kinds), subjects, foreground, tell, is_patient=foreground or baton is not None)
    until = time.monotonic() + seconds if seconds is not None else None
    jobs.sweep()
    failures.take_up()

    def may_begin() -> bool:
        over = until is not None and time.monotonic() >= until
        return not over and not stop() and (baton is None or baton.keep())

    try:
        with (
            termbase.kept(),
            ThreadPoolExecutor(settings.LLM_CONCURRENCY + 1, thread_name_prefix="work") as pool,
        ):
            while run.step(pool, may_begin):
                pass
    finally:
        if baton:
            baton.drop()
    return run.progress


class _Run:
    """One run's lanes: what is in flight, what was tried, and how it went."""

    def __init__(
        self,
        kinds: tuple[str, ...],
        subjects: Callable[[], Iterable[str]] | None,
        foreground: bool,
        tell: Callable[[Progress], None],
        is_patient: bool,
    ) -> None:
        self.lanes = [
            ([kind for kind in kinds if kind in ARXIV_KINDS], 1),
            ([kind for kind in kinds if kind not in ARXIV_KINDS], settings.LLM_CONCURRENCY),
        ]
        self.subjects = subjects
        self.foreground = foreground
        self.tell = tell
        self.is_patient = is_patient
        self.futures: dict[Future[None], Job] = {}
        self.tried: set[int] = set()
        self.progress = Progress()
        self.renewed = time.monotonic()

    def step(self, pool: ThreadPoolExecutor, may_begin: Callable[[], bool]) -> bool:
        """Begin what there is room for, and wait for something to end; whether there is more to do.

        While the database is away, what has begun goes on: calls that are paid for end, leases are renewed after.
        """
        try:
            return self._step(pool, may_begin())
        except (OperationalError, InterfaceError) as error:
            if not self.futures:
                raise
            log.warning("the database is away: %s", error)
            connection.close()
            time.sleep(LOOK_SECONDS)
            return True

    def _step(self, pool: ThreadPoolExecutor, may_begin: bool) -> bool:
        if may_begin:
            self._start(pool)
        if self.futures:
            self._wait()
            return True
        if may_begin and self.is_patient and self._is_crowded_out():
            time.sleep(LOOK_SECONDS)
            jobs.sweep()  # what crowds us out may be a dead worker's
            self._report()
            return True
        return False

    def _is_crowded_out(self) -> bool:
        """Whether due work is left only because other processes have the model's whole concurrency."""
        return self._queued() > 0 and current_halt() is None

    def _queued(self) -> int:
        due = Job.objects.filter(
            jobs.due([*self.lanes[0][0], *self.lanes[1][0]], waiting_too=self.foreground)
        )
        if self.subjects:
            due = due.filter(subject__in=list(self.subjects()))
        return due.exclude(pk__in=list(self.tried)).count()

    def _start(self, pool: ThreadPoolExecutor) -> None:
        """Fill the lanes that have room."""
        for kinds, width in self.lanes:
            busy = sum(job.kind in kinds for job in self.futures.values())
            if not kinds or busy >= width or any(map(jobs.is_suspect, self.futures.values())):
                continue
            claimed = jobs.claim(
                kinds,
                width - busy,
                waiting_too=self.foreground,
                subjects=self.subjects() if self.subjects else None,
                not_these=self.tried if self.foreground else (),
                company=bool(self.futures),
            )
            for job in claimed:
                if self.foreground:
                    self.tried.add(job.pk)
                self.futures[pool.submit(_do, job)] = job
        self._report()

    def _wait(self) -> None:
        """Until a job ends; meanwhile the leases of all are renewed."""
        done, _ = wait(self.futures, timeout=LOOK_SECONDS, return_when=FIRST_COMPLETED)
        for future in done:
            job = self.futures.pop(future)
            if error := future.exception():
                log.error("%s failed: %r", job, error, exc_info=error)
            job.refresh_from_db()
            self.progress.count(job)
        if time.monotonic() - self.renewed > RENEW_SECONDS and self.futures:
            jobs.renew(self.futures.values())
            jobs.sweep()
            self.renewed = time.monotonic()
            if self.foreground:
                self.progress.queued = self._queued()
        self._report()

    def _report(self) -> None:
        self.progress.running = len(self.futures)
        self.tell(self.progress)


def _do(job: Job) -> None:
    """One job in its thread. An error of ours is stored with the job, and does not stop the others."""
    try:
        with logs.about(f"{job.kind} {job.subject}"):
            _try(job)
    finally:
        if not connection.in_atomic_block:
            connection.close()


def _try(job: Job) -> None:
    try:
        failures.run(job, WORK[job.kind])
        log.info("%s, attempt %d%s", job.state, job.attempts, f": {job.reason}" if job.reason else "")
    except Exception as error:  # noqa: BLE001 - the last line of defence: recorded, logged, retried
        log.exception("failed")
        with suppress(jobs.LostLease):
            failures.failed(job, error)
