"""The secret key of an installation that has set none: made once, kept in a file that only its owner can read."""

import fcntl
import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def kept_secret(path: Path) -> str:
    """The key in this file. One is made where there is none yet, or an empty file: what a full disk left of one.

    :raises OSError: it can be neither read nor kept; then no file is left behind.
    """
    return _read(path) or _make(path)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return ""


def _make(path: Path) -> str:
    """Web and worker may begin at the same moment; the second one takes what the first one made."""
    with _alone(path.parent) as folder:
        if not (key := _read(path)):
            key = secrets.token_urlsafe(50)
            _write(path, key)
            os.fsync(folder)
    return key


@contextmanager
def _alone(folder: Path) -> Iterator[int]:
    """One process at a time; what is given is the folder's descriptor."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield descriptor
    finally:
        os.close(descriptor)


def _write(path: Path, text: str) -> None:
    """All of it, on the disk, or nothing."""
    descriptor, draft = tempfile.mkstemp(dir=path.parent, prefix=f"{path.name}-")  # made with mode 0600
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, path)
    except OSError:
        os.unlink(draft)
        raise
