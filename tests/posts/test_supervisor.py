"""The supervisor with real processes: small ones, so that each test is a second."""

import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

from posts.operations import supervisor
from posts.operations.processes import children_of, mark, start_of, starter_lives
from posts.operations.supervisor import Child, Monitor, Supervisor, end_leftovers

SLEEPER = [sys.executable, "-c", "import time; time.sleep(60)"]
# Starts a process of its own in the same group, and says which.
PARENT = [
    sys.executable,
    "-c",
    "import subprocess, sys, time\n"
    "p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
    "open(sys.argv[1], 'w').write(str(p.pid)); time.sleep(60)",
]
SUPERVISE = """
import sys
from pathlib import Path
from posts.operations.supervisor import Child, Supervisor
children = [Child("one", {command!r})]
def ready(supervisor):
    print(children[0].process.pid, flush=True)
    return True
sys.exit(Supervisor(children, Path({home!r}), look=0.1).run(ready))
"""


def supervised(home: Path, command: list[str]) -> tuple[subprocess.Popen[str], int]:
    """A supervisor in a process of its own, and its child's process id."""
    process = subprocess.Popen(
        [sys.executable, "-c", SUPERVISE.format(command=command, home=str(home))],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    assert process.stdout
    return process, int(process.stdout.readline())


def gone(pid: int, within: float = 5.0) -> bool:
    return until(lambda: not start_of(pid), within)


def until(true: Callable[[], bool], within: float = 5.0) -> bool:
    end = time.monotonic() + within
    while not true() and time.monotonic() < end:
        time.sleep(0.02)
    return true()


def run_until(children: list[Child], home: Path, enough: Callable[[], bool]) -> Supervisor:
    """Run in this process until `enough`, as if a signal came then."""
    boss = Supervisor(children, home, look=0.05, least_life=0.1)
    wait = boss.wait

    def stop_when_enough(seconds: float) -> bool:
        if enough():
            boss.signals = 1
        return wait(seconds)

    boss.wait = stop_when_enough
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    try:
        assert boss.run() == 0
    finally:
        signal.signal(signal.SIGINT, before[0])
        signal.signal(signal.SIGTERM, before[1])
    return boss


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_one_signal_ends_it_and_its_children_in_order(tmp_path: Path, number: signal.Signals) -> None:
    process, child = supervised(tmp_path, SLEEPER)
    process.send_signal(number)
    assert process.wait(5) == 0
    assert gone(child)
    assert "Traceback" not in process.communicate()[1]


def test_a_full_disk_does_not_end_a_supervisor_that_wants_to_say_something(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    child = Child("短命", [sys.executable, "-c", "pass"])
    with Path("/dev/full").open("w") as full:
        monkeypatch.setattr(supervisor.log, "handlers", [logging.StreamHandler(full)])
        run_until([child], tmp_path, lambda: child.starts >= 2)
        with suppress(OSError):
            full.close()
    assert child.starts >= 2


def test_a_child_that_dies_is_started_again(tmp_path: Path) -> None:
    child = Child("短命", [sys.executable, "-c", "pass"])
    run_until([child], tmp_path, lambda: child.starts >= 3)
    assert child.starts >= 3


def test_a_wedged_child_is_killed_with_its_whole_group(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    seen: list[int] = []

    def wedged(child: Child) -> bool:
        if not seen and until(lambda: note.exists() and note.read_text() != "", 5):
            seen.append(int(note.read_text()))
            return True
        return False

    child = Child("卡住", [*PARENT, str(note)], wedged=wedged)
    run_until([child], tmp_path, lambda: child.starts >= 2)
    assert gone(seen[0])


def test_a_child_that_does_not_end_is_killed_at_the_second_signal(tmp_path: Path) -> None:
    stubborn = [
        sys.executable,
        "-c",
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)",
    ]
    process, child = supervised(tmp_path, stubborn)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    assert not gone(child, 0.5)
    process.send_signal(signal.SIGINT)
    assert process.wait(5) == 0
    assert gone(child)


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's help is Linux's")
def test_children_do_not_outlive_a_killed_supervisor(tmp_path: Path) -> None:
    process, child = supervised(tmp_path, SLEEPER)
    process.kill()
    process.wait()
    assert gone(child)


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="there is no /proc here")
def test_what_a_killed_supervisor_left_is_ended_at_the_next_start(tmp_path: Path) -> None:
    deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True); time.sleep(60)"
    process, child = supervised(tmp_path, [sys.executable, "-c", deaf])
    time.sleep(0.5)
    process.kill()
    process.wait()
    assert not gone(child, 0.3), "it was to ignore the kernel's signal"
    assert end_leftovers(tmp_path / "elsewhere") == 0
    assert end_leftovers(tmp_path) == 1
    assert gone(child)


def test_the_children_of_a_living_supervisor_are_left_alone(tmp_path: Path) -> None:
    process, child = supervised(tmp_path, SLEEPER)
    assert end_leftovers(tmp_path) == 0
    assert not gone(child, 0.2)
    process.terminate()
    process.wait(5)


def test_the_mark_names_a_process_that_lives(tmp_path: Path) -> None:
    assert starter_lives(mark(tmp_path))
    assert not starter_lives(f"{os.getpid()}:1:{tmp_path}")


CLUSTER = [
    sys.executable,
    "-c",
    "import os, time\n"
    "if os.fork() == 0:\n"  # the sentinel and its pool
    "    for _ in range(4):\n"
    "        if os.fork() == 0:\n"
    "            time.sleep(60)\n"
    "        time.sleep(0.05)\n"
    "    time.sleep(60)\n"
    "time.sleep(60)",
]


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="there is no /proc here")
@pytest.mark.parametrize(("number", "lost"), [(0, False), (1, False), (2, True), (3, False)])
def test_a_monitor_that_was_killed_is_missed_others_are_not(number: int, lost: bool) -> None:
    monitor, child = Monitor(workers=2), Child("后台", CLUSTER)
    child.start()
    assert child.process
    main = child.process.pid

    def pool() -> list[int]:
        return sorted(pid for one in children_of(main) for pid in children_of(one))

    try:
        assert until(lambda: len(pool()) == 4)
        assert not monitor.is_lost(child)
        victim = pool()[number]
        os.kill(victim, signal.SIGKILL)
        until(lambda: not start_of(victim))
        assert until(lambda: monitor.is_lost(child), 0.5) == lost
    finally:
        child.kill()
