"""Working the table off: lanes in threads, one paper's failure touching no other, any number of processes."""

import datetime as dt
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.db import InterfaceError, OperationalError, connection

from digest_site import clock
from papers import checks, holders, jobs, pipeline, tasks
from papers.models import Beat, Halt, Job, LLMCall, Slot, Summary
from papers.pipeline import baton as batons
from papers.pipeline.baton import Baton
from tests.fakes.model import FakeModel
from tests.papers.machine_tools import environment_of, make_full_text, make_waiting

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("model")]
State, Kind, Status = Job.State, Job.Kind, Summary.Status


def backlog(number: int, kind: str = Kind.TRANSLATE, **fields: Any) -> list[Summary]:
    found = [make_waiting(title=f"Paper {count}", **fields) for count in range(number)]
    jobs.enqueue(kind, [summary.paper.arxiv_id for summary in found])
    return found


def states() -> dict[str, int]:
    found = list(Job.objects.values_list("state", flat=True))
    return {state: found.count(state) for state in set(found)}


def test_all_lanes_are_full_while_there_is_work(model: FakeModel, settings: Any) -> None:
    settings.LLM_CONCURRENCY = 16
    model.set_delay(0.3)
    backlog(32)
    progress = pipeline.work_off()
    assert progress.total(State.DONE) == 32
    assert model.most_at_once == 16


def test_one_paper_s_failure_touches_no_other(model: FakeModel) -> None:
    model.fault_title("Paper 1", "content-exists-risk")
    model.fault_title("Paper 2", "error-500")
    model.fault_title("Paper 3", "half-json")
    found = backlog(8)
    pipeline.work_off()
    assert states() == {State.DONE: 5, State.DEAD: 1, State.WAITING: 2}
    for summary in found:
        summary.refresh_from_db()
    assert [summary.status for summary in found].count(Status.NEEDS_REVIEW) == 5
    assert found[1].status == Status.MANUAL


def test_a_bug_in_one_job_is_recorded_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    backlog(3)
    broken = Job.objects.first()

    def work(job: Job) -> None:
        if job == broken:
            raise ZeroDivisionError("a bug of ours")
        jobs.finish(job)

    monkeypatch.setitem(pipeline.work.WORK, Kind.TRANSLATE, work)
    pipeline.work_off([Kind.TRANSLATE])
    broken.refresh_from_db()
    assert (broken.state, broken.error_class) == (State.WAITING, "bug") and "a bug of ours" in broken.reason
    assert states()[State.DONE] == 2


@pytest.mark.parametrize("error", [OperationalError, InterfaceError])
def test_that_the_database_was_away_is_no_strike(
    monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    backlog(1)

    def work(job: Job) -> None:
        raise error("the connection is closed")

    monkeypatch.setitem(pipeline.work.WORK, Kind.TRANSLATE, work)
    pipeline.work_off([Kind.TRANSLATE])
    job = Job.objects.get()
    assert (job.state, job.error_class, job.strikes) == (State.WAITING, "database", 0)


def test_work_that_has_begun_goes_on_while_the_database_is_away(
    model: FakeModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    model.set_delay(0.3)
    backlog(2)
    monkeypatch.setattr(pipeline.work, "LOOK_SECONDS", 0.05)
    claim, away = jobs.claim, iter([OperationalError("the database system is starting up")] * 3)

    def claim_or_fail(*kinds: Any, **options: Any) -> list[Job]:
        if Job.objects.filter(state=State.RUNNING).exists() and (error := next(away, None)):
            raise error
        return claim(*kinds, **options)

    monkeypatch.setattr(jobs, "claim", claim_or_fail)
    assert pipeline.work_off([Kind.TRANSLATE]).total(State.DONE) == 2
    assert next(away, None) is None and model.hits == 2


def test_a_chain_goes_on_in_one_run(model: FakeModel) -> None:
    [summary] = backlog(1)
    make_full_text(summary.paper)
    jobs.enqueue(Kind.FULLTEXT, [summary.paper.arxiv_id])
    pipeline.work_off()
    summary.refresh_from_db()
    assert summary.current and summary.current.title and summary.current.reading


def test_a_command_counts_waiting_jobs_as_due_each_once(model: FakeModel) -> None:
    [summary] = backlog(1)
    model.enqueue("error-500", "error-500", "ok")
    pipeline.work_off()
    pipeline.work_off()
    assert model.hits == 1, "its time has not come"
    pipeline.work_off(foreground=True)
    assert model.hits == 2
    pipeline.work_off(foreground=True)
    assert Job.objects.get().state == State.DONE


def test_a_run_limited_to_some_papers_leaves_the_others(model: FakeModel) -> None:
    first, second = backlog(2)
    pipeline.work_off(subjects=lambda: [first.paper.arxiv_id], foreground=True)
    assert Job.objects.get(subject=second.paper.arxiv_id).state == State.QUEUED


def test_a_run_that_is_over_ends_what_it_began_and_begins_nothing(model: FakeModel, settings: Any) -> None:
    settings.LLM_CONCURRENCY = 2
    model.set_delay(0.2)
    backlog(6)
    progress = pipeline.work_off(seconds=0.1)
    assert progress.done == 2 and states() == {State.DONE: 2, State.QUEUED: 4}


def test_a_stopping_cluster_begins_nothing(model: FakeModel) -> None:
    backlog(2)
    pipeline.work_off(stop=lambda: True)
    assert states() == {State.QUEUED: 2} and model.hits == 0


def test_a_command_waits_for_room_that_other_processes_have(model: FakeModel, settings: Any) -> None:
    settings.LLM_CONCURRENCY = 1
    first, second = backlog(2)
    [held] = jobs.claim([Kind.TRANSLATE])
    release = threading.Timer(0.5, in_thread(lambda: jobs.finish(held)))
    release.start()
    pipeline.work_off(foreground=True)
    release.join()
    assert states() == {State.DONE: 2}


def in_thread(work: Callable[[], object]) -> Callable[[], None]:
    def run() -> None:
        work()
        connection.close()

    return run


def test_thirty_two_lanes_meet_an_empty_balance_with_one_alarm(model: FakeModel, settings: Any) -> None:
    settings.LLM_CONCURRENCY = 32
    model.every(1, "no-balance-402")
    backlog(40)
    pipeline.work_off()
    assert Halt.objects.count() == 1 and model.hits <= 32
    assert State.DEAD not in states() and State.DONE not in states()
    assert not Summary.objects.exclude(status=Status.WAITING).exists()
    model.forget()
    out = StringIO()
    call_command("resume", stdout=out)
    assert out.getvalue().strip() == "resumed=1"
    pipeline.work_off()
    assert states() == {State.DONE: 40}


# The baton


def hold(slot: Slot, **fields: Any) -> None:
    Slot.objects.filter(pk=slot.pk).update(**fields)


def test_of_two_workers_one_takes_new_work(model: FakeModel) -> None:
    first, second = Baton(lambda: None), Baton(lambda: None)
    assert first.take() and not second.take()
    backlog(1)
    assert pipeline.work_off(relay=lambda: None).done == 0, "somebody else is at it"
    first.drop()
    assert pipeline.work_off(relay=lambda: None).done == 1
    assert second.take()


def test_after_a_shift_another_may_take_over_and_the_first_sees_it(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []
    monkeypatch.setattr(batons, "SHIFT", dt.timedelta(0))
    monkeypatch.setattr(batons, "LOOK_SECONDS", 0)
    first, second = Baton(lambda: calls.append(1)), Baton(lambda: None)
    assert first.take() and first.keep() and first.keep()
    assert calls == [1], "relief is called for once"
    assert second.take() and not first.keep()
    first.drop()
    assert Slot.objects.get(name=second.name).holder == second.me


def test_relief_waits_for_the_room_that_the_one_before_still_has(
    monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.LLM_CONCURRENCY = 2
    monkeypatch.setattr(pipeline.work, "LOOK_SECONDS", 0.01)
    backlog(2)
    theirs = jobs.claim(jobs.LLM_KINDS, 2)
    backlog(3)

    def their_call_ends(progress: pipeline.Progress) -> None:
        if theirs:
            jobs.finish(theirs.pop())

    assert pipeline.work_off(relay=lambda: None, tell=their_call_ends).done == 3
    assert states() == {State.DONE: 5}


def test_a_dead_holder_and_an_expired_lease_block_nobody() -> None:
    first = Baton(lambda: None)
    first.take()
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    Slot.objects.filter(name=first.name).update(holder=f"{holders.HOST}:{gone.pid}:x")
    assert Baton(lambda: None).take()
    Slot.objects.filter(name=first.name).update(
        holder="elsewhere:1:x", held_until=clock.machine_now() - dt.timedelta(seconds=1), next_at=None
    )
    assert Baton(lambda: None).take()


# In processes of their own


SCRIPT = """
import django
django.setup()
from papers import pipeline
pipeline.work_off()
"""


KILLER = """
import os, signal, django
django.setup()
from papers import pipeline
from papers.pipeline.work import WORK
translate = WORK["translate"]
def harm(job):
    os.kill(os.getpid(), signal.SIGKILL) if job.subject == os.environ["VICTIM"] else translate(job)
WORK["translate"] = harm
pipeline.work_off()
"""


def process(model: FakeModel, script: str = SCRIPT, **variables: str) -> subprocess.Popen[bytes]:
    environment = environment_of(model) | {"LLM_CONCURRENCY": "4"} | variables
    return subprocess.Popen([sys.executable, "-c", script], env=environment)


def test_two_processes_share_the_work_and_the_concurrency(model: FakeModel) -> None:
    model.set_delay(0.2)
    backlog(12)
    both = [process(model), process(model)]
    assert [one.wait(60) for one in both] == [0, 0]
    assert states() == {State.DONE: 12}
    assert model.hits == 12 and model.most_at_once <= 4
    assert LLMCall.objects.count() == 12


def test_two_processes_stay_below_one_ceiling(model: FakeModel) -> None:
    model.set_delay(0.1)
    backlog(1)
    pipeline.work_off()
    price = LLMCall.objects.get().prompt_tokens
    backlog(12)
    prices = {"LLM_PRICE_INPUT": "1", "LLM_PRICE_OUTPUT": "1"}
    ceiling = price * 5 / 1_000_000
    both = [process(model, LLM_DAILY_BUDGET=f"{ceiling:.6f}", **prices) for _ in range(2)]
    assert [one.wait(60) for one in both] == [0, 0]
    spent = sum(call.price for call in LLMCall.objects.exclude(price=None))
    assert 0 < spent <= ceiling
    assert Job.objects.filter(error_class="budget").exists()


def test_a_paper_that_kills_its_process_takes_no_other_with_it(model: FakeModel) -> None:
    model.set_delay(0.2)  # all four are in flight when the process dies
    victim = backlog(4)[1].paper.arxiv_id
    ends = [process(model, KILLER, VICTIM=victim).wait(60)]
    while ends[-1] != 0:
        ends.append(process(model, KILLER, VICTIM=victim).wait(60))
        assert len(ends) < 12
    assert states() == {State.DONE: 3, State.DEAD: 1}
    assert Job.objects.get(state=State.DEAD).subject == victim
    assert set(Job.objects.filter(state=State.DONE).values_list("strikes", flat=True)) == {0}


def test_what_a_killed_process_held_is_done_by_the_next_run(model: FakeModel) -> None:
    model.set_delay(30)
    backlog(3)
    victim = process(model)
    until = time.monotonic() + 30
    while model.hits < 3 and time.monotonic() < until:
        time.sleep(0.05)
    victim.send_signal(signal.SIGKILL)
    victim.wait(10)
    assert states() == {State.RUNNING: 3}
    model.set_delay(0)
    pipeline.work_off()
    assert states() == {State.DONE: 3}
    lost = LLMCall.objects.filter(error_class="lost")
    assert lost.count() == 3 and model.hits == 6


# The tasks and the settings of the queue


def test_the_task_works_the_table_off_and_beats(model: FakeModel) -> None:
    backlog(2)
    tasks.summarize()
    assert states() == {State.DONE: 2}
    assert Beat.objects.filter(name=tasks.BEAT).exists()


def test_nothing_is_opened_at_import() -> None:
    """Workers are forked: a thread or a socket made at import would be shared or lost."""
    script = """
import os, threading, django
django.setup()
import papers.tasks, posts.tasks
sockets = [name for name in os.listdir("/proc/self/fd") if os.path.exists(f"/proc/self/fd/{name}")
           and os.readlink(f"/proc/self/fd/{name}").startswith("socket:")]
assert threading.active_count() == 1 and not sockets, (threading.enumerate(), sockets)
"""
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "digest_site.settings"}
    subprocess.run(
        [sys.executable, "-c", script], env=environment, check=True, timeout=60, stdin=subprocess.DEVNULL
    )


def found(settings: Any, **queue: Any) -> set[str]:
    settings.Q_CLUSTER = settings.Q_CLUSTER | queue
    return {message.id for message in checks.queue_settings()}


def test_the_queue_s_own_settings_are_sound(settings: Any) -> None:
    settings.LLM_DEADLINE_SECONDS = 300
    assert found(settings) == set()


@pytest.mark.parametrize(
    ("wrong", "id"),
    [
        ({"retry": 700}, "papers.E001"),
        ({"queue_limit": 50}, "papers.E001"),
        ({"bulk": 20}, "papers.E001"),
        ({"workers": 1}, "papers.E001"),
        ({"timeout": 9000}, "papers.E001"),
        ({"ack_failures": False}, "papers.E002"),
        ({"max_attempts": 0}, "papers.E002"),
        ({"catch_up": True}, "papers.E003"),
        ({"timeout": 600, "retry": 9000}, "papers.E004"),
    ],
)
def test_a_queue_that_would_repeat_or_kill_work_is_refused(
    settings: Any, wrong: dict[str, Any], id: str
) -> None:
    settings.LLM_DEADLINE_SECONDS = 300
    assert found(settings, **wrong) == {id}
