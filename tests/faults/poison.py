"""Tasks that harm the process that runs them, as the queue's own tests of 2026-11-22 found them to be harmful."""

import os
import signal
import sys
import time
from typing import Any

from django_q.signals import post_execute, pre_execute


def trace(name: str) -> None:
    """In the log, so that a test knows that it happened."""
    print(f"poison: {name}", file=sys.stderr, flush=True)


def kill_worker() -> None:
    """As a segmentation fault or the kernel's out-of-memory killer does."""
    trace("kill_worker")
    os.kill(os.getpid(), signal.SIGKILL)


def swallow_every_signal() -> None:
    """A bare `except:` around everything: not even the end of its time ends it."""
    trace("swallow_every_signal")
    while True:
        try:
            time.sleep(600)
        except BaseException:  # noqa: B036 - the point of it
            continue


def unpicklable() -> Any:
    trace("unpicklable")
    return lambda: None


class Bomb:
    """A result that kills whoever takes it in."""

    def __reduce__(self) -> tuple[Any, ...]:
        return os._exit, (1,)


def kill_monitor() -> Bomb:
    trace("kill_monitor")
    return Bomb()


def connect_bad_receiver() -> None:
    """From now on every task of this worker is preceded by an error."""
    trace("connect_bad_receiver")
    pre_execute.connect(bad_receiver)


class Plug:
    """A result that leaves a receiver with whoever takes it in."""

    def __reduce__(self) -> tuple[Any, ...]:
        return listen_to_results, ()


def connect_bad_receiver_of_results() -> Plug:
    trace("connect_bad_receiver_of_results")
    return Plug()


def listen_to_results() -> None:
    """Each result that this process takes in from now on, the present one too, is followed by an error."""
    post_execute.connect(bad_receiver)


def bad_receiver(**kwargs: Any) -> None:
    raise RuntimeError("a receiver that raises")
