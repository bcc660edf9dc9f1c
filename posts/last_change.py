"""When the public last changed: asked for by every request, so it has to cost next to nothing.

It is one read by primary key. With SQLite even that takes a tenth of a cached page's time, because each of
its steps hands the interpreter to another thread. So the files are looked at first: a commit writes the
write-ahead log or the database before anybody can read it, and while neither was written nothing changed.
"""

import datetime as dt
import os
from collections.abc import Callable
from dataclasses import dataclass
from time import time, time_ns

from django.db import DEFAULT_DB_ALIAS, connections

# Read as text: most readers only need the number, and SQLite's time would be parsed for each of them.
LAST_CHANGE = "SELECT number, CAST(changed_at AS text) FROM papers_generation WHERE id = 1"
# A new release may draw the same content differently: nobody's copy is older than this process.
STARTED_AT = int(time())
# Kernels stamp files by a clock that ticks every few milliseconds, and what was written is seen by readers a
# moment later: files written so recently are read every time.
SETTLED_NS = 200_000_000
# And should a writer be stopped in just that moment, nobody is told the old number for longer than this.
TRUSTED_NS = 1_000_000_000

Stamp = tuple[int, ...]


@dataclass(frozen=True)
class Change:
    """The last change of what the public may see: its number in order, and when it was."""

    number: str = "0"
    at: str = "1970-01-01 00:00:00+00"

    @property
    def seconds(self) -> int:
        """For Last-Modified. SQLite tells the time without its zone, which is UTC."""
        moment = dt.datetime.fromisoformat(self.at)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
        return max(int(moment.timestamp()), STARTED_AT)


class Watch:
    """What `read` gave when the files of a SQLite database last changed."""

    def __init__(self, read: Callable[[], Change]) -> None:
        self._read = read
        self._known: tuple[str, Stamp, int, Change] | None = None

    def get(self, path: str) -> Change:
        """Current at the time of the call; files are stamped before they are read, never after."""
        stamp, now = _stamp(path), time_ns()
        known = self._trusted(path, stamp, now)
        if known is not None:
            return known
        change = self._read()
        if stamp and now - max(stamp[::3]) > SETTLED_NS:
            self._known = (path, stamp, now, change)
        return change

    def peek(self, path: str) -> Change | None:
        """The same where it can be told without reading."""
        return self._trusted(path, _stamp(path), time_ns()) if self._known else None

    def _trusted(self, path: str, stamp: Stamp, now: int) -> Change | None:
        known = self._known
        if known is None or known[:2] != (path, stamp) or not 0 <= now - known[2] < TRUSTED_NS:
            return None
        return known[3]


def _stamp(path: str) -> Stamp:
    """Of the database and of its log: when it was written, how long it is, which; empty without a file."""
    try:
        database = os.stat(path)
    except OSError:
        return ()
    try:
        log = os.stat(f"{path}-wal")
    except OSError:
        return (database.st_mtime_ns, database.st_size, database.st_ino)
    return tuple(n for file in (database, log) for n in (file.st_mtime_ns, file.st_size, file.st_ino))


def _read() -> Change:
    with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
        cursor.execute(LAST_CHANGE)
        row = cursor.fetchone()
    return Change(str(row[0]), row[1]) if row else Change()


_watch = Watch(_read)


def last_change() -> Change:
    """The last change of the public, as this transaction, or anybody outside of one, sees it now."""
    database = connections[DEFAULT_DB_ALIAS]
    if database.vendor != "sqlite" or database.in_atomic_block:
        return _read()
    return _watch.get(str(database.settings_dict["NAME"]))


def known_change() -> Change | None:
    """The last change where it is known without asking a database; for callers outside of any transaction."""
    database = connections.settings[DEFAULT_DB_ALIAS]
    return _watch.peek(str(database["NAME"])) if database["ENGINE"].endswith(".sqlite3") else None
