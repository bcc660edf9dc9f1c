"""What every Python process of a rig sees of its machine: a host name of its own, and a clock that may be wrong.

Python imports this at its start, because the rig puts this folder on PYTHONPATH. SIGUSR1 tells a running process
that the clock was set; one that was just being forked cannot be told, and looks for itself. Each start of a cluster
is put on record.
"""

import datetime as dt
import os
import signal
import socket
import sys
from pathlib import Path
from types import FrameType
from typing import Any

if NAME := os.environ.get("RIG_HOST"):
    socket.gethostname = lambda: NAME

# An empty file: there is room for it on a full disk too. Its name begins with the supervisor that started it.
if (SUPERVISOR := os.environ.get("DIGEST_SUPERVISOR")) and "qcluster" in sys.orig_argv:
    Path(os.environ["RIG_STARTS"], f"{SUPERVISOR.partition(':')[0]}-{os.getpid()}").touch()

CLOCK = os.environ.get("RIG_CLOCK")
ahead, is_setting = 0.0, False
journey: Any = None


def set_clock(number: int = 0, frame: FrameType | None = None) -> None:
    """As the file says, which may change meanwhile: a signal in the middle of this is only a reason to look again."""
    global is_setting
    if not is_setting:
        is_setting = True
        while (seconds := float(Path(CLOCK or "").read_text())) != ahead:
            travel(seconds)
        is_setting = False


def travel(seconds: float) -> None:
    """So far from the true time."""
    global ahead, journey
    ahead = seconds
    if journey:
        journey.stop()
        journey = None
    if seconds:
        import time_machine  # only where the clock is wrong

        journey = time_machine.travel(dt.datetime.now(dt.UTC) + dt.timedelta(seconds=seconds), tick=True)
        journey.start()


if CLOCK:
    signal.signal(signal.SIGUSR1, set_clock)
    os.register_at_fork(after_in_child=set_clock)
    set_clock()
