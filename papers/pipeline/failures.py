"""What can go wrong with a job, and whom it concerns: the job alone, all of them, or a person."""

from collections.abc import Callable

from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import QuerySet

from digest_site import clock
from papers import jobs, llm, prompts
from papers.harvest import SourceError
from papers.models import Fault, Job, Summary

from . import money
from .halts import Halted, halt

# The model's server has no time for us: no fault of the job's.
ELSEWHERE = {"busy", "unreachable"}


def run(job: Job, work: Callable[[Job], None]) -> None:
    """Do one claimed job and end it, whatever happens; nothing but its own state changes by failing."""
    try:
        work(job)
    except jobs.LostLease:
        return
    except llm.ModelError as error:
        _model_failed(job, error)
    except prompts.BadReply as error:
        _reply_failed(job, error)
    except money.OverBudget as error:
        jobs.postpone(job, error.until, "budget", str(error))
    except Halted as error:
        jobs.postpone(job, clock.machine_now(), "halted", str(error))
    except SourceError as error:
        wait = jobs.backoff(job.attempts, error.retry_after)
        jobs.postpone(job, clock.machine_now() + wait, error.state, str(error))


def failed(job: Job, error: Exception) -> None:
    """An error of ours: recorded, retried, and at last a person's. That the database was away is no fault of the job's."""
    if isinstance(error, OperationalError | InterfaceError):
        if not connection.in_atomic_block:
            connection.close()
        wait = jobs.backoff(job.attempts)
        return jobs.postpone(job, clock.machine_now() + wait, "database", f"{type(error).__name__}: {error}")
    try_later(job, "bug", f"{type(error).__name__}: {error}")


def _model_failed(job: Job, error: llm.ModelError) -> None:
    if error.halts:
        halt(error.kind, str(error))
        jobs.postpone(job, clock.machine_now(), error.kind, str(error))
    elif error.kind in ELSEWHERE:
        wait = jobs.backoff(job.attempts, error.retry_after)
        jobs.postpone(job, clock.machine_now() + wait, error.kind, str(error))
    elif error.retryable:
        try_later(job, error.kind, str(error), error.retry_after)
    else:
        to_a_person(job, error.kind, str(error))


def _reply_failed(job: Job, error: prompts.BadReply) -> None:
    """Paid for, but no text: marked in the same transaction, so that a killed process asks nothing twice."""
    with transaction.atomic():
        money.unusable(job, error.reason)
        if error.reason == "refused":
            to_a_person(job, error.reason, str(error))
        else:
            try_later(job, error.reason, str(error))


def try_later(job: Job, error_class: str, reason: str, wait: float | None = None) -> None:
    if jobs.is_last_strike(job):
        to_a_person(job, error_class, reason)
    else:
        jobs.retry_or_give_up(job, error_class, reason, wait=wait)


def to_a_person(job: Job, error_class: str, reason: str) -> None:
    """What the machine cannot do is a person's work: a paper is never dropped."""
    with transaction.atomic():
        jobs.give_up(job, error_class, reason)
        if job.kind == Job.Kind.TRANSLATE:
            summary = Summary.objects.select_for_update().get(paper__arxiv_id=job.subject)
            if summary.status == Summary.Status.WAITING:
                summary.refused(f"{Fault.name_of(error_class)}：{reason}")


def take_up() -> None:
    """Nothing rests unseen: what a killed process left to a person, and what came back from the rejected."""
    dead = Job.objects.filter(state=Job.State.DEAD)
    waiting = _ids(Summary.objects.filter(status=Summary.Status.WAITING))
    for job in dead.filter(kind=Job.Kind.TRANSLATE, subject__in=waiting).exclude(error_class="rejected"):
        with transaction.atomic():
            summary = Summary.objects.select_for_update().get(paper__arxiv_id=job.subject)
            if summary.status == Summary.Status.WAITING:
                summary.refused(f"{Fault.name_of(job.error_class)}：{job.reason}")
    rejected = _ids(Summary.objects.filter(status=Summary.Status.REJECTED))
    back = dead.filter(error_class="rejected").exclude(subject__in=rejected)
    for kind, subject in back.values_list("kind", "subject"):
        jobs.enqueue(kind, [subject], again=True)


def _ids(summaries: QuerySet[Summary]) -> QuerySet[Summary, str]:
    return summaries.values_list("paper__arxiv_id", flat=True)
