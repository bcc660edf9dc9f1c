"""What the kernel knows of processes: whose children they are, when they began, and the mark of who started them.

Process ids are given out again, so a process is told by its id and its start. Where there is no /proc nothing is
known: no children, no leftovers.
"""

import ctypes
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

MARK = "DIGEST_SUPERVISOR"
PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def environment(**changes: str) -> dict[str, str]:
    """The environment for a program that we start, with these changes."""
    return os.environ | changes


def end_with_parent() -> None:
    """For a child, before its program (`preexec_fn`): a SIGTERM from the kernel when the parent is gone."""
    if LIBC:
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def kill_group(group: int) -> None:
    """SIGKILL to every process of the group; one that is gone, or somebody else's, is left alone."""
    try:
        os.killpg(group, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


def children_of(pid: int) -> list[int]:
    """The living processes whose parent is `pid`."""
    try:
        lists = [path.read_text() for path in Path(f"/proc/{pid}/task").glob("*/children")]
    except OSError:
        return []
    return [int(one) for text in lists for one in text.split() if start_of(int(one))]


def start_of(pid: int) -> str:
    """When a process began, in the kernel's ticks since boot (field 22 of /proc/PID/stat); empty for none.

    A zombie still has its entry, but nothing of it runs.
    """
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] in "ZX" else fields[19]


def age_rank(pid: int) -> tuple[int, int]:
    """Orders processes by when they began, the eldest first."""
    return int(start_of(pid) or 0), pid


def mark(home: Path) -> str:
    """What says in a child's environment whose it is: our process id and its start, and the installation."""
    return f"{os.getpid()}:{start_of(os.getpid())}:{home}"


def leftovers(home: Path) -> set[int]:
    """The process groups of this installation whose starter is gone; never our own."""
    return {group for group, text in _marked() if text.endswith(f":{home}") and not starter_lives(text)}


def starter_lives(text: str) -> bool:
    """Whether the process that a mark names is still the one that made it."""
    pid, start, _ = text.split(":", 2)
    return start_of(int(pid)) == start


def _marked() -> Iterator[tuple[int, str]]:
    """(process group, mark) of every process of ours that carries one."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            variables = (folder / "environ").read_bytes().decode(errors="replace")
            group = os.getpgid(int(folder.name))
        except OSError:
            continue
        for line in variables.split("\0"):
            if line.startswith(f"{MARK}=") and group != os.getpgrp():
                yield group, line.partition("=")[2]
