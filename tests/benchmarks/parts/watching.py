"""A cluster at work, watched from outside: until the tables say so, with its CPU and its memory."""

import resource
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from tests.fakes.demo import descendants, queue

LOOK_SECONDS = 0.2
WEIGH_SECONDS = 2.0


class Watch:
    """Looks at the tables and at the memory."""

    def __init__(self, pid: int, give_up_after: float = 900.0) -> None:
        self.pid = pid
        self.give_up_after = give_up_after
        self.most_pss = 0.0

    def until(self, reached: Callable[[], bool], *tasks: str) -> float:
        """Seconds until it was so. `tasks` are queued first: the bell that the next minute would ring."""
        started = weighed = time.monotonic()
        for task in tasks:
            queue(task)
        while not reached():
            if time.monotonic() - started > self.give_up_after:
                raise SystemExit("the work was not done in time")
            if time.monotonic() - weighed > WEIGH_SECONDS:
                weighed = time.monotonic()
                self.most_pss = max(self.most_pss, pss_below(self.pid))
            time.sleep(LOOK_SECONDS)
        return time.monotonic() - started


def pss_below(pid: int) -> float:
    """Memory of a process and all below it, in MB."""
    return sum(map(pss, descendants(pid)))


def pss(pid: int) -> float:
    """A process's share of memory in MB; shared pages count once over all that share them."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1024
    return 0.0


def cpu_of_children() -> float:
    """CPU seconds of the processes that this one has started and seen end, and of all below them."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class Tally:
    """Prints a bench's lines, and remembers whether every bar was kept."""

    def __init__(self, bench: str) -> None:
        self.bench = bench
        self.kept = True

    def say(self, name: str, value: float, unit: str) -> None:
        print(f"{self.bench}: {name}: {value:.2f} {unit}", flush=True)

    def at_most(self, bar: float, name: str, value: float, unit: str) -> None:
        self._judge(value <= bar, name, value, f"{unit} (bar: at most {bar:g})")

    def at_least(self, bar: float, name: str, value: float, unit: str) -> None:
        self._judge(value >= bar, name, value, f"{unit} (bar: at least {bar:g})")

    def _judge(self, kept: bool, name: str, value: float, unit: str) -> None:
        self.kept = self.kept and kept
        self.say(name, value, f"{unit}{'' if kept else ' MISSED'}")
