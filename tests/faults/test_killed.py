"""`kill -9` of every process that there is, in the middle of a day; the day completes all the same."""

import os
import signal
import subprocess
import sys
import time
import urllib.request
from random import Random

import pytest

from posts.operations.supervisor import _start_of, children_of, kill_group
from tests.faults.rig import ROOT, Rig


def test_a_day_without_any_fault_costs_two_calls_a_paper(rig: Rig) -> None:
    """What all others are measured by."""
    day = rig.begin()
    rig.finish(day)
    assert rig.model.most_at_once <= 4


def test_a_busy_worker(rig: Rig) -> None:
    day = rig.begin()
    rig.kill(rig.busy_worker())
    rig.finish(day)


def test_idle_workers_one_of_which_may_hold_the_queues_lock(rig: Rig) -> None:
    """With the lock gone django-q2 wedges, all processes alive; the heartbeat tells, and the day completes.

    Which of them waits inside the lock cannot be seen from outside, so a restart is not asserted.
    """
    pool = rig.fresh_pool()
    time.sleep(0.5)
    rig.kill(*pool[:2])
    day = rig.begin()
    rig.finish(day)


def test_the_monitor_that_holds_the_results_lock(rig: Rig) -> None:
    """Tasks would run again and again, because nobody acknowledges them."""
    pool, main = rig.fresh_pool(), rig.mains()
    time.sleep(0.5)
    rig.kill(pool[2])
    day = rig.begin()
    rig.finish(day)
    rig.wait_for(lambda: rig.mains() not in ([], main), "a new cluster")


def test_the_pusher(rig: Rig) -> None:
    pool = rig.fresh_pool()
    day = rig.begin()
    rig.kill(pool[3])
    rig.finish(day)


def test_the_sentinel(rig: Rig) -> None:
    """The main process then exits with 0, and orphans would go on taking tasks."""
    day = rig.begin()
    orphans = rig.fresh_pool()
    rig.kill(*rig.sentinels())
    rig.finish(day)
    assert not [pid for pid in orphans if os.path.exists(f"/proc/{pid}") and pid in rig.pool()]


def test_the_main_process(rig: Rig) -> None:
    day = rig.begin()
    rig.busy_worker()
    orphans = rig.pool()
    rig.kill(*rig.mains())
    rig.finish(day)
    assert all(is_gone(pid) for pid in orphans), "orphans of a killed cluster take no more tasks"


def test_the_whole_cluster(rig: Rig) -> None:
    day = rig.begin()
    rig.busy_worker()
    for main in rig.mains():
        kill_group(main)
    rig.kills += 1
    rig.finish(day)


def test_the_supervisor_itself(rig: Rig) -> None:
    """What it leaves behind is ended at the next start, so that never two clusters run."""
    day = rig.begin()
    rig.busy_worker()
    left = [*rig.mains(), *rig.pool()]
    assert rig.supervisor
    rig.supervisor.kill()
    rig.supervisor.wait()
    rig.kills += 1
    rig.start()
    assert all(is_gone(pid) for pid in left)
    rig.finish(day)


def test_random_processes_at_random_moments(rig: Rig) -> None:
    random = Random(8)
    day = rig.begin()
    for _ in range(4):
        time.sleep(random.random())
        victims = [*rig.mains(), *rig.sentinels(), *rig.pool()]
        rig.kill(*random.sample(victims, min(2, len(victims))))
        rig.kills += 1
    rig.finish(day)


def test_a_sigterm_to_the_whole_group(rig: Rig) -> None:
    """What systemd does with KillMode=control-group: django-q2's main process hangs in its handler."""
    day = rig.begin()
    rig.busy_worker()
    for main in rig.mains():
        os.killpg(main, signal.SIGTERM)
    rig.kills += 1
    rig.finish(day)


def test_two_clusters_started_by_mistake(rig: Rig) -> None:
    """No paper is done twice, and the model's concurrency holds over both."""
    command = [sys.executable, "manage.py", "qcluster"]
    second = subprocess.Popen(command, cwd=ROOT, env=rig.environment(), start_new_session=True)
    try:
        rig.wait_for(lambda: any(children_of(one) for one in children_of(second.pid)), "the second cluster")
        day = rig.begin()
        rig.finish(day)
        assert rig.model.most_at_once <= 4
    finally:
        kill_group(second.pid)
        second.wait()


def test_an_emptied_broker(rig: Rig) -> None:
    day = rig.begin()
    rig.busy_worker()
    rig.database.empty_broker()
    rig.finish(day)


def test_an_orderly_stop_pays_for_nothing_twice(rig: Rig) -> None:
    """What has begun is finished, nothing new is begun."""
    before = rig.sql("SELECT count(*) FROM papers_llmcall WHERE state = 'open'")
    day = rig.begin()
    rig.busy_worker()
    rig.stop()
    assert rig.sql("SELECT count(*) FROM papers_llmcall WHERE state = 'open'") == before, "a call was cut off"
    rig.start()
    rig.finish(day)


@pytest.mark.parametrize("which", ["a worker", "the master"])
def test_the_web_process(rig: Rig, which: str, free_port: int) -> None:
    """A reader sees the site again within seconds, and everything that was public before."""
    url = f"http://127.0.0.1:{free_port}/"
    surroundings = rig.environment() | {"PORT": str(free_port), "SITE_URL": url}
    command = [sys.executable, "manage.py", "serve", "--no-worker"]
    site = subprocess.Popen(
        command, cwd=ROOT, env=surroundings, start_new_session=True, stdout=subprocess.DEVNULL
    )
    try:
        rig.wait_for(lambda: is_up(url), "the site")
        (master,) = children_of(site.pid)
        rig.kill(master if which == "the master" else children_of(master)[0])
        rig.wait_for(lambda: is_up(url), "the site again")
        assert rig.public_ids() == rig.public
    finally:
        site.terminate()
        assert site.wait(15) == 0


def is_up(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}healthz", timeout=1) as answer:
            return answer.status == 200
    except OSError:
        return False


def is_gone(pid: int) -> bool:
    return not _start_of(pid)
