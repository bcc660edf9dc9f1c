"""`kill -9` of every process that there is, in the middle of a day; the day completes all the same."""

import os
import signal
import time
from random import Random

from posts.operations.processes import start_of
from tests.faults.cluster import wait_for
from tests.faults.rig import LLM_CONCURRENCY, Rig


def test_a_day_without_any_fault_costs_two_calls_a_paper(rig: Rig) -> None:
    """What all others are measured by."""
    day = rig.begin()
    rig.finish(day)
    assert rig.model.most_at_once <= LLM_CONCURRENCY


def test_idle_workers_one_of_which_may_hold_the_queues_lock(rig: Rig) -> None:
    """With the lock gone django-q2 wedges, all processes alive; the heartbeat tells, and the day completes.

    Which of them waits inside the lock cannot be seen from outside, so a restart is not asserted.
    """
    pool = rig.cluster.fresh_pool()
    time.sleep(0.5)
    rig.cluster.kill(*pool[:2])
    day = rig.begin()
    rig.finish(day)


def test_the_monitor_that_holds_the_results_lock(rig: Rig) -> None:
    """Tasks would run again and again, because nobody acknowledges them."""
    pool, main = rig.cluster.fresh_pool(), rig.cluster.mains()
    time.sleep(1.0)  # idle by now, and the supervisor has seen who is who
    rig.cluster.kill(pool[2])
    day = rig.begin()
    rig.finish(day)
    wait_for(lambda: rig.cluster.mains() not in ([], main), "a new cluster")


def test_the_pusher(rig: Rig) -> None:
    pool = rig.cluster.fresh_pool()
    day = rig.begin()
    rig.cluster.kill(pool[3])
    rig.finish(day)


def test_the_sentinel(rig: Rig) -> None:
    """The main process then exits with 0, and orphans would go on taking tasks."""
    day = rig.begin()
    orphans = rig.cluster.fresh_pool()
    rig.cluster.kill(*rig.cluster.sentinels())
    rig.finish(day)
    assert not [pid for pid in orphans if os.path.exists(f"/proc/{pid}") and pid in rig.cluster.pool()]


def test_the_main_process(rig: Rig) -> None:
    day = rig.begin()
    rig.busy_worker()
    orphans = rig.cluster.pool()
    rig.cluster.kill(*rig.cluster.mains())
    rig.finish(day)
    assert all(is_gone(pid) for pid in orphans), "orphans of a killed cluster take no more tasks"


def test_the_supervisor_itself(rig: Rig) -> None:
    """What it leaves behind is ended at the next start, so that never two clusters run."""
    day = rig.begin()
    rig.busy_worker()
    left = [*rig.cluster.mains(), *rig.cluster.pool()]
    assert rig.cluster.supervisor
    rig.cluster.kill(rig.cluster.supervisor.pid)
    rig.cluster.supervisor.wait()
    rig.cluster.start()
    assert all(is_gone(pid) for pid in left)
    rig.finish(day)


def test_random_processes_at_random_moments(rig: Rig) -> None:
    random = Random(8)
    day = rig.begin()
    for _ in range(4):
        time.sleep(random.random())
        victims = [*rig.cluster.mains(), *rig.cluster.sentinels(), *rig.cluster.pool()]
        rig.cluster.kill(*random.sample(victims, min(2, len(victims))))
        rig.cluster.kills += 1
    rig.finish(day)


def test_a_sigterm_to_the_whole_group(rig: Rig) -> None:
    """What systemd does with KillMode=control-group: django-q2's main process hangs in its handler."""
    day = rig.begin()
    rig.busy_worker()
    for main in rig.cluster.mains():
        os.killpg(main, signal.SIGTERM)
    rig.cluster.kills += 1
    rig.finish(day)


def is_gone(pid: int) -> bool:
    return not start_of(pid)
