"""What django-q2 cannot bear (it would lose tasks, repeat them for ever, or stand still): here each is a delay at worst.

Each row of the table of 2026-11-22 that is not a kill; those are in test_killed.py.
"""

import datetime as dt
import time

import pytest

from tests.faults.cluster import wait_for
from tests.faults.components import package, signed
from tests.faults.rig import KEY, Rig

POISON = "tests.faults.poison"
DOSES = 3


@pytest.mark.parametrize(
    "task", ["kill_worker", "unpicklable", "kill_monitor", "connect_bad_receiver", "no_such_function"]
)
def test_a_task_that_harms_its_process(either: Rig, task: str) -> None:
    day = either.begin()
    poison(either, task)
    either.finish(day)


def test_a_receiver_that_raises_when_a_result_is_taken_in(either: Rig) -> None:
    """It ends the monitor after the task is acknowledged: as a killed one, it is missed and the cluster started anew."""
    day = either.begin()
    poison(either, "connect_bad_receiver_of_results")
    wait_for(lambda: "a receiver that raises" in either.said(), "its error")
    either.finish(day)


def test_tasks_that_swallow_the_end_of_their_time(rig: Rig) -> None:
    """The guard kills their workers; until then the others work, and without any the cluster is started anew."""
    day = rig.begin()
    poison(rig, "swallow_every_signal", timeout=1)
    rig.finish(day)


def poison(rig: Rig, task: str, **options: object) -> None:
    """Enough of it for every worker, and until the first one has had it."""
    for _ in range(DOSES):
        rig.components.push(package(f"{POISON}.{task}", **options))
    rig.cluster.kills += DOSES
    wait_for(lambda: task in rig.said(), task)


def test_packages_that_cannot_be_read(either: Rig) -> None:
    """Of a class that a deployment removed, of another version of ours, and of nobody at all."""
    from tests.faults import poison

    class Removed(poison.Bomb):
        pass

    poison.Removed = Removed  # type: ignore[attr-defined]
    Removed.__module__, Removed.__qualname__ = POISON, "Removed"
    Removed.__reduce__ = object.__reduce__  # type: ignore[method-assign, assignment]
    day = either.begin()
    for payload in (signed(Removed()), signed({"func": "papers.tasks.beat"}), signed(None), "nonsense"):
        either.components.push(payload)
    either.cluster.kills += 1
    either.finish(day)


def test_the_secret_key_is_another_while_tasks_wait(rig: Rig) -> None:
    """django-q2 then deletes every waiting task; also a web process with the old key goes on ringing for a while."""
    day = rig.begin()
    rig.busy_worker()
    rig.cluster.stop()
    rig.key = rig.changes["SECRET_KEY"] = f"{KEY} once more"
    try:
        for task in ("papers.tasks.summarize", "posts.tasks.assemble"):
            rig.components.push(package(task, key=KEY))
        rig.cluster.start()
        rig.components.push(package("papers.tasks.summarize", key=KEY))
        rig.finish(day)
    finally:
        rig.cluster.stop()
        rig.key = KEY
        del rig.changes["SECRET_KEY"]


def test_a_schedule_that_cannot_be_read_stops_no_other(rig: Rig) -> None:
    """django-q2 runs all schedules in one transaction: one bad row, and none fires, the heartbeat neither.

    So the cluster is started anew, and what it then finds is mended.
    """
    long_ago = f"{dt.datetime.now(dt.UTC) - dt.timedelta(days=2):%F %T}"
    columns = "name, func, args, schedule_type, minutes, repeats, next_run"
    rows = [("stranger", "os.getpid", "(1,"), ("beat", "papers.tasks.beat", "(((")]
    for name, function, arguments in rows:
        rig.sql(
            f"INSERT INTO django_q_schedule ({columns}) VALUES (?, ?, ?, 'I', 1, -1, ?)",
            *(name, function, arguments, long_ago),
        )
    rig.cluster.kill(*rig.cluster.mains())
    rig.finish(rig.begin())
    assert rig.sql("SELECT name, args FROM django_q_schedule") == [("beat", None)]
    rig.sql("DELETE FROM django_q_schedule")


def test_a_paper_that_kills_its_worker_again_and_again_comes_before_a_person(rig: Rig) -> None:
    """It alone: what was in flight beside it is done. An attempt is counted before the work, so nothing is asked for ever."""
    rig.model.set_delay(1)  # long enough to be caught at it each time
    day = rig.begin()
    wait_for(lambda: jobs_of(rig, day), "the day's papers")
    victim = sorted(rig.announced(day))[-1]
    deadline = time.monotonic() + 60
    while state_of(rig, victim) not in ("dead", "done") and time.monotonic() < deadline:
        pid = worker_of(rig, victim)
        if pid in rig.cluster.pool():
            rig.cluster.kill(pid)
        time.sleep(0.05)
    assert state_of(rig, victim) == "dead"
    rig.finish(day, people=1)


def jobs_of(rig: Rig, day: dt.date) -> list[tuple[str]]:
    papers = rig.announced(day)
    rows = rig.sql("SELECT subject FROM papers_job WHERE kind = 'translate'")
    return [row for row in rows if row[0] in papers]


def state_of(rig: Rig, arxiv_id: str) -> str:
    rows = rig.sql("SELECT state FROM papers_job WHERE kind = 'translate' AND subject = ?", arxiv_id)
    return str(rows[0][0]) if rows else ""


def worker_of(rig: Rig, arxiv_id: str) -> int:
    rows = rig.sql(
        "SELECT worker FROM papers_job WHERE kind = 'translate' AND state = 'running' AND subject = ?",
        arxiv_id,
    )
    return int(rows[0][0].rpartition(":")[2]) if rows else 0
