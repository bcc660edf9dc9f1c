"""Two hosts with one database: they share the work, arXiv's one slot, the model's lanes and the day's budget."""

import datetime as dt
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.faults.cluster import Cluster, wait_for
from tests.faults.rig import LLM_CONCURRENCY, Rig

DELAY = 0.2
SPENT = """SELECT SUM(COALESCE(price, reserved)), COUNT(*) FROM papers_llmcall
    WHERE opened_at >= date_trunc('day', now(), 'Asia/Shanghai')"""
WAITING_FOR_MONEY = "SELECT 1 FROM papers_job WHERE error_class = 'budget'"
ASKING = "SELECT 1 FROM papers_job WHERE state = 'running' AND kind IN ('translate', 'analyse')"


@pytest.fixture
def second(on_servers: Rig) -> Iterator[Cluster]:
    """Another host beside the first one."""
    other = Cluster(on_servers.environment, on_servers.folder, "second")
    other.start()
    yield other
    other.stop()


def test_two_hosts_share_a_day_and_both_limits(on_servers: Rig) -> None:
    on_servers.changes["ARXIV_DELAY_SECONDS"] = str(DELAY)
    with both_hosts(on_servers):
        wait_for(lambda: beating(on_servers) == {"first", "second"}, "both hosts")
        on_servers.arxiv.control({"forget": True})
        on_servers.finish(on_servers.begin())
        assert on_servers.model.most_at_once <= LLM_CONCURRENCY
        assert on_servers.arxiv.most_at_once() == 1
        assert on_servers.arxiv.smallest_gap() >= DELAY


def beating(rig: Rig) -> set[str]:
    """The hosts whose workers have run a task since they were both started."""
    beats = {name.partition(":")[2] for (name,) in rig.sql("SELECT name FROM papers_beat")}
    return {host.rpartition("-")[0] for host in beats if host}


def test_two_hosts_stay_below_one_ceiling(on_servers: Rig) -> None:
    """What does not fit into today's money waits; with more of it the day is completed."""
    on_servers.finish(on_servers.begin())
    spent, calls = on_servers.sql(SPENT)[0]
    ceiling = spent + 5 * spent / calls
    on_servers.changes["LLM_DAILY_BUDGET"] = f"{ceiling:.6f}"
    with both_hosts(on_servers):
        day = on_servers.begin()
        wait_for(lambda: on_servers.sql(WAITING_FOR_MONEY) != [], "the ceiling")
        time.sleep(2)
        assert on_servers.sql(SPENT)[0][0] <= ceiling
    on_servers.cluster.start()
    on_servers.finish(day)


@contextmanager
def both_hosts(rig: Rig) -> Iterator[None]:
    """Both started anew with the rig's changed settings, which are forgotten afterwards."""
    hosts = (rig.cluster, Cluster(rig.environment, rig.folder, "second"))
    rig.cluster.stop()
    rig.sql("DELETE FROM papers_beat")
    try:
        for host in hosts:
            host.start()
        yield
    finally:
        rig.changes.clear()
        for host in hosts:
            host.stop()


def test_a_host_without_power_is_replaced_by_the_other(on_servers: Rig, second: Cluster) -> None:
    """Nobody can ask it whether its processes live: its leases end."""
    day = begin_on(second, on_servers)
    second.lose()
    on_servers.finish(day, cut_off=second.kills)


def test_a_host_that_freezes_and_wakes_up_again_changes_nothing(on_servers: Rig, second: Cluster) -> None:
    """As a suspended virtual machine: others have done its work meanwhile, and what it brings is too late."""
    day = begin_on(second, on_servers)
    second.signal(signal.SIGSTOP)
    on_servers.truth.wait(day, on_servers.announced(day))
    second.signal(signal.SIGCONT)
    time.sleep(1)
    on_servers.finish(day, cut_off=1)


def begin_on(host: Cluster, rig: Rig) -> dt.date:
    """A day that this host, and not the rig's own, has begun: it is in the middle of model calls."""
    rig.model.set_delay(1)
    rig.cluster.signal(signal.SIGSTOP)
    day = rig.begin()
    wait_for(lambda: rig.sql(ASKING) != [], "work on the other host")
    rig.cluster.signal(signal.SIGCONT)
    return day
