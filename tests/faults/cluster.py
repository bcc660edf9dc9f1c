"""A machine of its own as far as processes can tell: a supervised cluster, known by /proc, to be broken."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from posts.operations.processes import age_rank, children_of, kill_group
from tests.servers import ROOT

WORKERS = 2
MACHINE = str(Path(__file__).resolve().parent / "machine")
T = TypeVar("T")


class Cluster:
    """`manage.py serve --no-web` in these surroundings, on a machine of this name."""

    def __init__(self, surroundings: Callable[[], dict[str, str]], folder: Path, host: str = "first") -> None:
        self.surroundings = surroundings
        self.host = host
        self.clock = folder / f"clock-{host}"
        self.clock.write_text("0")
        self.log = folder / "log"
        self.starts = folder / "starts"
        self.starts.mkdir(exist_ok=True)
        self.supervisor: subprocess.Popen[bytes] | None = None
        self.kills = 0

    def environment(self) -> dict[str, str]:
        machine = {"RIG_HOST": self.host, "RIG_CLOCK": str(self.clock), "RIG_STARTS": str(self.starts)}
        return self.surroundings() | machine | {"PYTHONPATH": MACHINE}

    def open(self, *arguments: str, **changes: str) -> subprocess.Popen[bytes]:
        """`manage.py …` on this machine, in a group of its own."""
        return subprocess.Popen(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=self.environment() | changes,
            stdout=subprocess.DEVNULL,
            stderr=self.log.open("ab"),
            start_new_session=True,
        )

    def start(self) -> None:
        self.supervisor = self.open("serve", "--no-web")
        wait_for(lambda: self.pool() != [], "a cluster")

    def is_running(self) -> bool:
        return self.supervisor is not None and self.supervisor.poll() is None

    def stop(self) -> None:
        """In order, as systemd does it with KillMode=mixed."""
        if self.supervisor:
            self.supervisor.send_signal(signal.SIGTERM)
            try:
                self.supervisor.wait(40)
            except subprocess.TimeoutExpired:
                self.lose()
            self.supervisor = None

    def lose(self) -> None:
        """Everything at once, as when the power fails."""
        if self.supervisor:
            for group in [self.supervisor.pid, *self.mains()]:
                kill_group(group)
            self.supervisor.wait()
            self.supervisor = None
        self.kills += 1

    def signal(self, number: signal.Signals) -> None:
        """To every process of the machine."""
        for pid in self.one_by_one():
            with suppress(ProcessLookupError):
                os.kill(pid, number)

    def set_clock(self, seconds: float) -> None:
        """From now on the machine's clock is so far ahead (or behind)."""
        new = self.clock.with_suffix(".new")
        new.write_text(str(seconds))
        new.replace(self.clock)  # whoever looks at it just now finds one or the other
        self.signal(signal.SIGUSR1)

    # --- Its processes -----------------------------------------------------------------------------------------

    def one_by_one(self) -> Iterator[int]:
        """Each process, parents first, and again a moment later: one that was just being forked cannot be seen yet."""
        yield from self.everything()
        time.sleep(0.2)
        yield from self.everything()

    def everything(self) -> list[int]:
        own = [self.supervisor.pid] if self.supervisor else []
        sentinels = self.sentinels()
        return [*own, *self.mains(), *sentinels, *(pid for one in sentinels for pid in children_of(one))]

    def mains(self) -> list[int]:
        """The main process of the supervised cluster; none for a moment while it is started again."""
        return children_of(self.supervisor.pid) if self.supervisor else []

    def sentinels(self) -> list[int]:
        return [child for main in self.mains() for child in children_of(main)]

    def pool(self) -> list[int]:
        """Workers, monitor, pusher of a fresh cluster, in this order; nothing until it is complete."""
        found = sorted((pid for one in self.sentinels() for pid in children_of(one)), key=age_rank)
        return found if len(found) == WORKERS + 2 else []

    def fresh_pool(self) -> list[int]:
        """The same of a cluster in which nothing was replaced: started anew if need be."""
        pool, mains = self.pool(), self.mains()

        def is_new() -> bool:
            pool[:] = self.pool()
            return pool != [] and self.mains() != mains

        if not pool or not began_together(pool):
            self.kill(*mains)
            wait_for(is_new, "a new cluster")
        return pool

    def restarts(self) -> int:
        """How often a supervisor of this folder, whatever its host, has started its cluster once more."""
        starts = [path.name.partition("-")[0] for path in self.starts.iterdir()]
        return len(starts) - len(set(starts))

    def kill(self, *pids: int) -> None:
        self.kills += 1
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def began_together(pids: list[int]) -> bool:
    """Whether they were started in one go: in a pool whose workers were replaced, age does not tell who is who."""
    ticks = [age_rank(pid)[0] for pid in pids]
    return max(ticks) - min(ticks) < 1.5 * os.sysconf("SC_CLK_TCK")


def wait_for(
    look: Callable[[], T], what: str, seconds: float = 60.0, tell: Callable[[], object] = lambda: ""
) -> T:
    """What `look` finds, as soon as it is anything."""
    until = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < until, f"waited in vain for {what} {tell()}"
        time.sleep(0.02)
    return found
