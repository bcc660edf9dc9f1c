"""What every Python process of a rig sees of its machine: a host name of its own, and a clock that may be wrong.

Python imports this at its start, because the rig puts this folder on PYTHONPATH. SIGUSR1 tells a running process
that the clock was set; forked processes inherit that.
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
journey: Any = None


def set_clock(number: int = 0, frame: FrameType | None = None) -> None:
    """As far from the true time as the file says, in seconds."""
    global journey
    if journey:
        journey.stop()
        journey = None
    if seconds := float(Path(CLOCK or "").read_text()):
        import time_machine  # only where the clock is wrong

        journey = time_machine.travel(dt.datetime.now(dt.UTC) + dt.timedelta(seconds=seconds), tick=True)
        journey.start()


if CLOCK:
    signal.signal(signal.SIGUSR1, set_clock)
    set_clock()
