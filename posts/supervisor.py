"""The process that starts web and worker together, and sees to it that they live (no Django in here).

A django-q2 cluster can wedge while all its processes are alive, so liveness is what a task wrote: the
heartbeat. A wedged or dead child is killed with its whole group and started again. At the end only the
main process of each child is told to stop: a SIGTERM to the whole group would hang the cluster.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import FrameType

LOOK_SECONDS = 5.0
# A child that dies at once is not started again in a tight loop.
LEAST_LIFE = 10.0
GRACE_SECONDS = 30.0


@dataclass
class Child:
    """One process group: how to start it, and how to tell that it is wedged although it lives."""

    name: str
    command: list[str]
    wedged: Callable[[float], bool] = lambda age: False
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    starts: int = field(default=0)

    def start(self) -> None:
        self.process = subprocess.Popen(self.command, start_new_session=True)
        self.started = time.monotonic()
        self.starts += 1

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def tell(self, number: int) -> None:
        """A signal to the main process, which winds its own workers down."""
        if self.alive and self.process:
            self.process.send_signal(number)

    def kill(self) -> None:
        """SIGKILL to the whole group: orphans of a dead main process go on taking tasks."""
        if self.process is None:
            return
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return
        self.process.wait()


class Supervisor:
    """Runs its children until SIGINT or SIGTERM; one Ctrl-C ends them all."""

    def __init__(self, children: list[Child], look: float = LOOK_SECONDS) -> None:
        self.children = children
        self.look = look
        self.stopping = False

    def run(self, ready: Callable[[], None] = lambda: None) -> int:
        """Start, call `ready` once, watch, stop. Exit status 0 after an orderly end."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._stop)
        for child in self.children:
            child.start()
        ready()
        while not self.stopping:
            time.sleep(self.look)
            for child in self.children:
                self._tend(child)
        return self._end()

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self.stopping = True

    def _tend(self, child: Child) -> None:
        if self.stopping:
            return
        age = time.monotonic() - child.started
        if child.alive and not child.wedged(age):
            return
        print(
            f"{child.name}：{'没有响应' if child.alive else '已退出'}，重新启动", file=sys.stderr, flush=True
        )  # noqa: T201
        child.kill()
        if age < LEAST_LIFE:
            time.sleep(LEAST_LIFE - age)
        if not self.stopping:
            child.start()

    def _end(self) -> int:
        for child in self.children:
            child.tell(signal.SIGTERM)
        until = time.monotonic() + GRACE_SECONDS
        while any(child.alive for child in self.children) and time.monotonic() < until:
            time.sleep(0.1)
        for child in self.children:
            child.kill()
        return 0
