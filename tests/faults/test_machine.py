"""The machine itself fails: a full disk, a clock that jumps, eight writers at one file."""

import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from tests.faults.cluster import Cluster, wait_for
from tests.faults.components import Sqlite
from tests.faults.rig import Rig
from tests.servers import ROOT

HOUR, YEAR = 3600.0, 365 * 86400.0


def test_a_full_disk(rig: Rig) -> None:
    """Nothing can be written for a while; when there is room again, all goes on by itself."""
    rig.model.set_delay(1)
    day = rig.begin()
    wait_for(lambda: rig.model.calls != [], "a question")
    with full_disk(rig):
        wait_for(lambda: all(call.end for call in rig.model.calls), "all answers")
        time.sleep(2)
        assert rig.sql("SELECT 1 FROM papers_llmcall WHERE state = 'open'") != [], "an answer was stored"
    # No lease could be renewed either, so that one may have run out.
    rig.finish(day, cut_off=1)
    assert rig.sql("PRAGMA integrity_check") == [("ok",)]


@contextmanager
def full_disk(rig: Rig) -> Iterator[None]:
    """No process of the cluster can make a file longer: what a full disk is, without filling one.

    A limit of the kernel that any user may set for processes of their own, so that this can be tried everywhere.
    """
    assert isinstance(rig.components, Sqlite)
    limit_files(rig.cluster, is_full=True)
    try:
        yield
    finally:
        limit_files(rig.cluster, is_full=False)


def limit_files(cluster: Cluster, is_full: bool) -> None:
    for pid in cluster.one_by_one():
        with suppress(ProcessLookupError):
            hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)[1]
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (0 if is_full else hard, hard))


@pytest.mark.parametrize(
    "jump", [YEAR, HOUR, -HOUR, -YEAR], ids=["a year on", "an hour on", "an hour back", "a year back"]
)
def test_the_clock_jumps_in_the_middle_of_a_day_and_is_set_right(rig: Rig, jump: float) -> None:
    """Leases, waits and turns of the wrong time are brought back; no work waits for a year."""
    rig.model.set_delay(1)
    day = rig.begin()
    rig.busy_worker()
    set_clock(rig, jump)
    beat = "SELECT at FROM papers_beat WHERE name = 'worker'"
    before = rig.sql(beat)
    wait_for(lambda: rig.sql(beat) != before, "tasks at the wrong time")
    set_clock(rig, 0)
    # Leases that the wrong clock ended were taken over while their calls were still under way.
    rig.finish(day, cut_off=2)
    far = "> ?", f"{time.strftime('%Y-%m-%d', time.gmtime(time.time() + 2 * 86400))}"
    for column in ("lease_until", "next_try_at"):
        assert rig.sql(f"SELECT count(*) FROM papers_job WHERE {column} {far[0]}", far[1]) == [(0,)]
    assert rig.sql(f"SELECT count(*) FROM papers_slot WHERE next_at {far[0]}", far[1]) == [(0,)]


def set_clock(rig: Rig, seconds: float) -> None:
    rig.ahead = seconds
    rig.cluster.set_clock(seconds)


WRITER = """
import sys, time
import django
django.setup()
from papers import jobs
from papers.models import Job
name, until = sys.argv[1], time.monotonic() + 4
mine = 0
while time.monotonic() < until:
    jobs.enqueue("assemble", [f"{name}-{mine}"])
    for job in jobs.claim(["assemble"], 2):
        jobs.finish(job)
    mine += 1
print(mine)
"""


def test_eight_writers_at_one_sqlite_file(rig: Rig) -> None:
    """Nobody is told that the database is locked, and each piece of work is done once."""
    command = [sys.executable, "-c", WRITER]
    # On a busy machine eight processes are slower than a lease of three seconds.
    patient = {"DJANGO_SETTINGS_MODULE": "digest_site.settings", "LEASE_SECONDS": "90"}
    surroundings = rig.cluster.environment() | patient
    writers = [
        subprocess.Popen(
            [*command, f"w{number}"],
            cwd=ROOT,
            env=surroundings,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for number in range(8)
    ]
    day = rig.begin()
    answers = [writer.communicate(timeout=120) for writer in writers]
    assert [writer.returncode for writer in writers] == [0] * 8, answers
    rig.finish(day)
    wanted = sum(int(out) for out, _ in answers)
    done = rig.sql(
        "SELECT count(*), max(attempts) FROM papers_job WHERE kind = 'assemble' AND state IN ('done', 'queued')"
    )
    assert done == [(wanted, 1)]
    assert "locked" not in rig.said()
    rig.sql("DELETE FROM papers_job WHERE kind = 'assemble'")
