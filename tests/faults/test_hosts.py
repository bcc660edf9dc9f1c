"""Two hosts with one database: they share the work, arXiv's one slot, the model's lanes and the day's budget."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal

import pytest

from tests.faults.cluster import Cluster, wait_for
from tests.faults.rig import LLM_CONCURRENCY, Rig

DELAY = 0.2
SPENT = "SELECT COALESCE(SUM(COALESCE(price, reserved)), 0), COUNT(*) FROM papers_llmcall"


@pytest.fixture
def second(either: Rig) -> Iterator[Cluster]:
    """Another host beside the first one."""
    other = Cluster(either.environment, either.folder, "second")
    other.start()
    yield other
    other.stop()


def test_two_hosts_share_a_day_and_both_limits(either: Rig) -> None:
    either.changes["ARXIV_DELAY_SECONDS"] = str(DELAY)
    with both_hosts(either):
        either.arxiv.control({"forget": True})
        day = either.begin()
        either.finish(day)
        assert either.model.most_at_once <= LLM_CONCURRENCY
        assert either.arxiv.most_at_once() == 1
        assert either.arxiv.smallest_gap() >= DELAY
        beats = {name for (name,) in either.sql("SELECT name FROM papers_beat WHERE name LIKE 'worker:%'")}
        assert {name.split(":")[1].split("-")[0] for name in beats} == {"first", "second"}


def test_two_hosts_stay_below_one_ceiling(rig: Rig) -> None:
    """What does not fit into today's money waits; with more of it the day is completed."""
    rig.finish(rig.begin())
    spent, calls = rig.sql(SPENT)[0]
    ceiling = Decimal(str(spent)) + 5 * Decimal(str(spent)) / calls
    rig.changes["LLM_DAILY_BUDGET"] = f"{ceiling:.6f}"
    with both_hosts(rig):
        day = rig.begin()
        wait_for(
            lambda: rig.sql("SELECT 1 FROM papers_job WHERE error_class = 'budget'") != [], "the ceiling"
        )
        time.sleep(2)
        assert Decimal(str(rig.sql(SPENT)[0][0])) <= ceiling
    rig.recover()
    rig.finish(day)


@contextmanager
def both_hosts(rig: Rig) -> Iterator[None]:
    """Both started anew with the rig's changed settings, which are forgotten afterwards."""
    hosts = (rig.cluster, Cluster(rig.environment, rig.folder, "second"))
    rig.cluster.stop()
    try:
        for host in hosts:
            host.start()
        yield
    finally:
        rig.changes.clear()
        for host in hosts:
            host.stop()


def test_a_host_without_power_is_replaced_by_the_other(either: Rig, second: Cluster) -> None:
    """Nobody can ask it whether its processes live: its leases end."""
    either.model.set_delay(1)
    day = either.begin()
    wait_for(lambda: "second" in holders_of(either), "work on the second host")
    second.lose()
    either.finish(day, cut_off=second.kills)


def test_a_host_that_freezes_and_wakes_up_again_changes_nothing(either: Rig, second: Cluster) -> None:
    """As a suspended virtual machine: others have done its work meanwhile, and what it brings is too late."""
    either.model.set_delay(1)
    day = either.begin()
    wait_for(lambda: "second" in holders_of(either), "work on the second host")
    second.signal(signal.SIGSTOP)
    either.truth.wait(day, either.announced(day))
    second.signal(signal.SIGCONT)
    time.sleep(1)
    either.finish(day, cut_off=1)


def holders_of(rig: Rig) -> set[str]:
    """The hosts that are asking the model now."""
    rows = rig.sql(
        "SELECT worker FROM papers_job WHERE state = 'running' AND kind IN ('translate', 'analyse')"
    )
    return {worker.rpartition(":")[0].rpartition("-")[0] for (worker,) in rows}
