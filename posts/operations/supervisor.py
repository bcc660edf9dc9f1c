"""The process that starts web and worker together, and sees to it that they live (no Django in here).

A django-q2 cluster can wedge while all its processes are alive, so liveness is what a task wrote: the
heartbeat. A wedged or dead child is killed with its whole group and started again. At the end only the
main process of each child is told to stop: a SIGTERM to the whole group would hang the cluster.

Nothing outlives the supervisor: the kernel tells the children when it is gone, and what a `kill -9`
left behind all the same is known by a mark in its environment and ended at the next start.
"""

import logging
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from .processes import MARK, age_rank, children_of, end_with_parent, environment, kill_group, leftovers, mark

# That nobody can hear it (a full disk, a pipe without a reader) is no reason to die: a log handler never raises.
log = logging.getLogger("posts.supervisor")

LOOK_SECONDS = 5.0
# What a cluster consists of is learnt while it is young: later on, workers are replaced.
YOUNG_LOOK_SECONDS = 0.3
TICK_SECONDS = 0.1
# A child that dies at once is not started again in a tight loop.
LEAST_LIFE = 10.0
GRACE_SECONDS = 30.0


@dataclass
class Child:
    """One process group: how to start it, and how to tell that it is wedged although it lives.

    `before_start` is called before each start, `ask_to_end` with the group's id before the main process
    is told to stop.
    """

    name: str
    command: list[str]
    wedged: Callable[["Child"], bool] = lambda child: False
    before_start: Callable[[], None] = lambda: None
    ask_to_end: Callable[[int], None] = lambda group: None
    cwd: Path | None = None
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    starts: int = field(default=0)

    def start(self, mark: str = "") -> None:
        self.before_start()
        self.process = subprocess.Popen(
            self.command,
            cwd=self.cwd,
            env=environment(**{MARK: mark}),
            start_new_session=True,
            preexec_fn=end_with_parent,
        )
        self.started = time.monotonic()
        self.starts += 1

    @property
    def age(self) -> float:
        """Seconds since it was started last."""
        return time.monotonic() - self.started

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def end(self) -> None:
        """Have the main process wind its own workers down."""
        if self.alive and self.process:
            self.ask_to_end(self.process.pid)
            self.process.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """SIGKILL to the whole group: orphans of a dead main process go on taking tasks."""
        if self.process:
            kill_group(self.process.pid)
            self.process.wait()


class Supervisor:
    """Runs its children until SIGINT or SIGTERM; one Ctrl-C ends them all, a second one at once."""

    def __init__(
        self,
        children: list[Child],
        home: Path,
        look: float = LOOK_SECONDS,
        least_life: float = LEAST_LIFE,
    ) -> None:
        self.children = children
        self.home = home
        self.look = look
        self.least_life = least_life
        self.signals = 0

    def run(self, ready: Callable[["Supervisor"], bool] = lambda supervisor: True) -> int:
        """Start, call `ready` once, watch, stop. Exit status 0 after an orderly end, 1 if not `ready`."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._count_signal)
        end_leftovers(self.home)
        for child in self.children:
            child.start(mark(self.home))
        fine = ready(self)
        while fine and self.wait(self._pause()):
            for child in self.children:
                self._tend(child)
        self._end()
        return 0 if fine or self.signals else 1

    def wait(self, seconds: float) -> bool:
        """Let time pass; False as soon as somebody wants us to stop.

        In small steps, because a sleep goes on after a signal and an Event may deadlock in its handler.
        """
        until = time.monotonic() + seconds
        while not self.signals and (left := until - time.monotonic()) > 0:
            time.sleep(min(TICK_SECONDS, left))
        return not self.signals

    def _pause(self) -> float:
        """Seconds until the next look; children that were just started are looked at more often."""
        is_young = any(child.age < self.least_life for child in self.children)
        return min(self.look, YOUNG_LOOK_SECONDS) if is_young else self.look

    def _count_signal(self, number: int, frame: FrameType | None) -> None:
        self.signals += 1

    def _tend(self, child: Child) -> None:
        if child.alive and not child.wedged(child):
            return
        log.warning("%s：%s，重新启动", child.name, "没有响应" if child.alive else "已退出")
        child.kill()
        if self.wait(self.least_life - child.age):
            child.start(mark(self.home))

    def _end(self) -> None:
        for child in self.children:
            child.end()
        began, told, asked = time.monotonic(), False, self.signals
        while any(child.alive for child in self.children):
            waited = time.monotonic() - began
            if waited > GRACE_SECONDS or self.signals > asked:
                break
            if waited > 2 and not told:
                told = True
                log.info("正在停下，等进行中的工作结束（再按一次 Ctrl-C 立即停止）")
            time.sleep(TICK_SECONDS)
        for child in self.children:
            child.kill()


class Monitor:
    """Watches the process of a cluster that takes in results; it never ends before the cluster.

    django-q2 starts another one in the place of one that was killed, but the dead one has left the
    queue of results locked: every task is then run again and again, although nothing looks wrong.
    """

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self.known = (0, 0)

    def is_lost(self, child: Child) -> bool:
        if child.process is None:
            return False
        main, monitor = self.known
        pool = {pid for sentinel in children_of(child.process.pid) for pid in children_of(sentinel)}
        if main == child.process.pid:
            return monitor not in pool
        if len(pool) == self.workers + 2:
            # The sentinel starts its workers first, then the monitor, then the pusher.
            self.known = (child.process.pid, sorted(pool, key=age_rank)[-2])
        return False


def end_leftovers(home: Path) -> int:
    """Kill what a supervisor of this installation, itself gone, has left behind; how many groups there were."""
    groups = leftovers(home)
    for group in groups:
        kill_group(group)
    if groups:
        log.warning("结束了上次遗留的 %d 组进程", len(groups))
    return len(groups)
