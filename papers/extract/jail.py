"""Runs one extraction engine in a child process that a hostile file can kill, slow or bloat as it likes.

``subprocess`` and not ``multiprocessing``: the queue's workers are daemonic and may not have children of
the latter kind. No ``preexec_fn``: callers are threads. The child limits itself before it sees the bytes.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from .errors import REASONS, Unreadable

ENGINES = {"html": "latexml", "pdfium": "pdfium", "pdfminer": "miner"}
# -S leaves out the scan for site packages; the search path comes as arguments instead.
START = "import sys; sys.path += sys.argv[3:]; import importlib; importlib.import_module(sys.argv[2]).main()"
HERE = str(Path(__file__).parent)
# What a C++ engine does when the memory limit stops it: abort, or a trap instruction.
OUT_OF_MEMORY = {signal.SIGABRT, signal.SIGTRAP, signal.SIGILL}
OUT_OF_TIME = {signal.SIGXCPU, signal.SIGKILL}


@dataclass(frozen=True)
class Limits:
    """What one file may cost. Sizes in bytes, times in seconds; ``chars`` bounds the text."""

    data: int = 50_000_000
    output: int = 16_000_000
    pages: int = 500
    chars: int = 3_000_000
    memory: int = 1_000_000_000
    cpu: int = 20
    wall: float = 60.0


def run(engine: str, data: bytes, limits: Limits, **options: Any) -> dict[str, Any]:
    """The child's answer, or Unreadable. An ``OSError`` means that no child could be started."""
    with scratch_file() as source:
        source.write(data)
        source.seek(0)
        child = subprocess.Popen(
            command(engine, limits, options),
            stdin=source,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={},
        )
    return parsed(*outcome(child, limits), limits)


def command(engine: str, limits: Limits, options: dict[str, Any]) -> list[str]:
    told = {"pages": limits.pages, "chars": limits.chars, "memory": limits.memory, "cpu": limits.cpu}
    told |= {"parent": os.getpid(), **options}
    places = [place for place in sys.path if os.path.isabs(place)]
    return [
        sys.executable,
        "-I",
        "-S",
        "-c",
        START,
        json.dumps(told),
        f"child.{ENGINES[engine]}",
        HERE,
        *places,
    ]


def scratch_file() -> IO[bytes]:
    """A file and not a pipe: nobody has to feed it while the answer is read. In memory where the system can."""
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("paper"), "w+b")
    return tempfile.TemporaryFile()


def outcome(child: subprocess.Popen[bytes], limits: Limits) -> tuple[bytes, int, bool]:
    """Output (at most one byte over its limit), exit status, and whether the clock ended it."""
    late = threading.Event()

    def end() -> None:
        late.set()
        child.kill()

    timer = threading.Timer(limits.wall, end)
    timer.daemon = True
    timer.start()
    try:
        with child:
            output = child.stdout.read(limits.output + 1) if child.stdout else b""
            if len(output) > limits.output:
                child.kill()
    finally:
        timer.cancel()
        child.kill()  # an exception here, such as Ctrl-C, leaves no child behind
    return output, child.returncode, late.is_set()


def parsed(output: bytes, status: int, late: bool, limits: Limits) -> dict[str, Any]:
    if len(output) > limits.output:
        raise Unreadable("too_long", f"more than {limits.output} bytes of text")
    if late:
        raise Unreadable("time", f"{limits.wall:g} s on the clock", permanent=False)
    if status:
        raise Unreadable(reason_of(status), f"child ended with {status}")
    answer: dict[str, Any] = json.loads(output)
    if "reason" in answer:
        raise Unreadable(answer["reason"] if answer["reason"] in REASONS else "broken", answer["detail"])
    return answer


def reason_of(status: int) -> str:
    if -status in OUT_OF_MEMORY:
        return "memory"
    return "time" if -status in OUT_OF_TIME else "broken"
