"""The Job table's verbs: who has a job, what ends it, and what happens when somebody dies."""

import datetime as dt
import os
import subprocess
import sys
import threading
from typing import Any

import pytest
from django.db import connection

from digest_site import clock
from papers import holders, jobs
from papers.models import Halt, Job
from papers.pipeline.halts import halt

pytestmark = pytest.mark.django_db
State, Kind = Job.State, Job.Kind


def make_job(kind: str = Kind.TRANSLATE, subject: str = "2601.00001", **fields: Any) -> Job:
    return Job.objects.create(kind=kind, subject=subject, **fields)


def claim(*kinds: str, **options: Any) -> Job:
    [job] = jobs.claim(kinds or [Kind.TRANSLATE], **options)
    return job


def test_a_subject_has_one_job_a_kind_however_often_it_is_asked_for() -> None:
    jobs.enqueue(Kind.TRANSLATE, ["2601.00001", "2601.00002"])
    jobs.enqueue(Kind.TRANSLATE, ["2601.00001"])
    jobs.enqueue(Kind.FULLTEXT, ["2601.00001"])
    assert Job.objects.count() == 3


def test_a_claim_counts_the_attempt_before_the_work() -> None:
    make_job()
    job = claim()
    stored = Job.objects.get()
    assert (stored.state, stored.attempts, stored.lease) == (State.RUNNING, 1, job.lease)
    assert stored.lease_until and stored.lease_until > clock.machine_now()
    assert stored.worker == f"{holders.HOST}:{os.getpid()}"


def test_a_claimed_job_is_nobody_else_s() -> None:
    make_job()
    claim()
    assert jobs.claim([Kind.TRANSLATE]) == []


def test_the_important_come_first_then_the_oldest() -> None:
    for number, priority in enumerate([0, 5, 0, 9]):
        make_job(subject=f"{number}", priority=priority)
    assert [job.subject for job in jobs.claim([Kind.TRANSLATE], 9)] == ["3", "1", "0", "2"]


def test_a_waiting_job_is_due_at_its_time_and_in_the_foreground_at_once() -> None:
    make_job(state=State.WAITING, next_try_at=clock.machine_now() + dt.timedelta(hours=1))
    assert jobs.claim([Kind.TRANSLATE]) == []
    assert claim(waiting_too=True).attempts == 1
    Job.objects.update(state=State.WAITING, next_try_at=clock.machine_now() - dt.timedelta(seconds=1))
    assert claim().attempts == 2


def test_only_the_holder_of_the_lease_can_end_a_job() -> None:
    make_job()
    job = claim()
    Job.objects.update(lease="another:1:worker")
    for end in (
        lambda: jobs.finish(job),
        lambda: jobs.give_up(job, "x", "y"),
        lambda: jobs.postpone(job, clock.machine_now(), "x", "y"),
    ):
        with pytest.raises(jobs.LostLease):
            end()
    assert Job.objects.get().state == State.RUNNING


def test_a_failure_elsewhere_is_no_strike_and_the_last_strike_ends_a_job() -> None:
    make_job()
    for _ in range(20):
        jobs.postpone(claim(waiting_too=True), clock.machine_now(), "busy", "")
    assert Job.objects.get().strikes == 0
    for strike in range(jobs.MAX_STRIKES):
        assert Job.objects.get().strikes == strike
        jobs.retry_or_give_up(claim(waiting_too=True), "empty", "")
    assert Job.objects.get().state == State.DEAD


def test_waits_rise_and_never_undercut_what_the_server_asked_for() -> None:
    waits = [jobs.backoff(attempt) for attempt in range(1, 9)]
    assert dt.timedelta(minutes=1) <= waits[0] < dt.timedelta(minutes=2)
    assert waits[:6] == sorted(waits[:6]) and waits[-1] >= dt.timedelta(hours=6)
    assert jobs.backoff(1, 7200) == dt.timedelta(hours=2)
    assert jobs.backoff(1, float("inf")) == jobs.LONGEST_WAIT, "whatever a server asks for"


def test_again_starts_what_has_ended_over_and_leaves_the_rest_alone() -> None:
    for number, state in enumerate(State):
        make_job(subject=str(number), state=state, attempts=3, strikes=2, error_class="x", reason="y")
    jobs.enqueue(Kind.TRANSLATE, [str(number) for number in range(len(State))], again=True)
    rounds = {job.state: job.round for job in Job.objects.all()}
    assert Job.objects.filter(state=State.QUEUED, round=1, attempts=0, strikes=0, reason="").count() == 3
    assert rounds[State.RUNNING] == 0 and Job.objects.filter(state=State.QUEUED, round=0).exists()


# Concurrency


def test_no_more_model_work_is_given_out_than_the_whole_house_may_do(settings: Any) -> None:
    settings.LLM_CONCURRENCY = 3
    for number in range(5):
        make_job(subject=str(number))
    make_job(kind=Kind.ANALYSE)
    assert len(jobs.claim([Kind.TRANSLATE], 2)) == 2
    assert len(jobs.claim([Kind.TRANSLATE, Kind.ANALYSE], 9)) == 1
    assert jobs.claim([Kind.ANALYSE], 9) == []
    make_job(kind=Kind.FULLTEXT)
    assert claim(Kind.FULLTEXT)


def test_a_halt_holds_model_work_and_nothing_else() -> None:
    make_job()
    make_job(kind=Kind.FULLTEXT)
    halt("bad_key", "HTTP 401")
    assert jobs.claim([Kind.TRANSLATE]) == []
    assert claim(Kind.FULLTEXT)


@pytest.mark.django_db(transaction=True)
def test_many_threads_claim_each_job_once(settings: Any) -> None:
    settings.LLM_CONCURRENCY = 100
    for number in range(40):
        make_job(subject=str(number))
    got: list[int] = []

    def take() -> None:
        while claimed := jobs.claim([Kind.TRANSLATE], 3):
            got.extend(job.pk for job in claimed)
        connection.close()

    in_threads(8, take)
    assert sorted(got) == sorted(Job.objects.values_list("pk", flat=True))
    assert set(Job.objects.values_list("attempts", flat=True)) == {1}


@pytest.mark.django_db(transaction=True)
def test_thirty_two_threads_at_the_same_wall_raise_one_alarm() -> None:
    gate = threading.Barrier(32)

    def run_into_it() -> None:
        gate.wait()
        halt("no_balance", "Insufficient Balance")
        connection.close()

    in_threads(32, run_into_it)
    assert Halt.objects.count() == 1


def in_threads(number: int, work: Any) -> None:
    threads = [threading.Thread(target=work) for _ in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)


# Deaths


def dead_pid() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def running(lease: str, seconds: float = 60, **fields: Any) -> Job:
    until = clock.machine_now() + dt.timedelta(seconds=seconds)
    return make_job(state=State.RUNNING, lease=lease, lease_until=until, attempts=1, **fields)


def test_what_a_dead_process_of_this_machine_held_is_free_at_once() -> None:
    running(f"{holders.HOST}:{dead_pid()}:abc")
    assert jobs.sweep() == 1
    job = Job.objects.get()
    assert (job.state, job.strikes, job.lease) == (State.QUEUED, 0, "")


def test_a_living_process_keeps_its_job_and_so_does_another_machine_s() -> None:
    running(f"{holders.HOST}:{os.getpid()}:abc")
    running("elsewhere:1:abc", subject="2")
    assert jobs.sweep() == 0


def test_an_expired_lease_frees_the_job_of_another_machine() -> None:
    running("elsewhere:1:abc", seconds=-1)
    assert jobs.sweep() == 1


def test_a_renewed_lease_lasts() -> None:
    make_job()
    job = claim()
    Job.objects.update(lease_until=clock.machine_now() + dt.timedelta(seconds=1))
    jobs.renew([job])
    assert Job.objects.get().lease_until > clock.machine_now() + jobs.LEASE / 2


def died(*subjects: str) -> None:
    """One process of this machine is gone, and these jobs were in its hands."""
    mine = Job.objects.filter(subject__in=subjects)
    mine.update(
        state=State.RUNNING, lease=f"{holders.HOST}:{dead_pid()}:abc", lease_until=clock.machine_now()
    )
    assert jobs.sweep() == len(subjects)


def test_what_died_twice_running_is_done_alone_from_then_on() -> None:
    for subject in "abc":
        make_job(subject=subject)
    died("a", "b")
    assert len(jobs.claim([Kind.TRANSLATE], 9, company=True)) == 3
    died("b", "c")
    assert [job.subject for job in jobs.claim([Kind.TRANSLATE], 9, company=True)] == ["c"]
    assert [job.subject for job in jobs.claim([Kind.TRANSLATE], 9)] == ["b"]
    assert set(Job.objects.values_list("strikes", flat=True)) == {0}


def test_a_suspect_that_ends_is_none_any_more() -> None:
    make_job(subject="a", error_class="killer")
    jobs.finish(claim())
    died("a")
    assert Job.objects.get().error_class == "lost"


def test_a_job_that_keeps_killing_its_workers_is_given_up() -> None:
    make_job(subject="a")
    for _ in range(2 + jobs.MAX_STRIKES):
        died("a")
    job = Job.objects.get()
    assert (job.state, job.error_class) == (State.DEAD, "killer")
