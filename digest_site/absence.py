"""A database that does not answer: one line that says so, again once a minute, and one when it is back."""

import logging
import time

from django.db import DatabaseError, connection

log = logging.getLogger("posts.database")

AGAIN_SECONDS = 60.0
LOOK_SECONDS = 2.0


class Absence:
    """Remembers whether the database was away, so that an hour without it is sixty lines and not thousands."""

    def __init__(self) -> None:
        self.told: float | None = None

    def goes_on(self, error: DatabaseError) -> None:
        now = time.monotonic()
        if self.told is None or now - self.told >= AGAIN_SECONDS:
            self.told = now
            log.error("数据库不能用：%s；一能用就自动继续", str(error).partition("\n")[0])

    def is_over(self) -> None:
        if self.told is not None:
            self.told = None
            log.warning("数据库又能用了")


def wait_for_database() -> None:
    """Return once the database takes a connection; whoever starts everything after a power cut starts in any order."""
    absence = Absence()
    while not _answers(absence):
        time.sleep(LOOK_SECONDS)


def _answers(absence: Absence) -> bool:
    try:
        connection.ensure_connection()
    except DatabaseError as error:
        absence.goes_on(error)
        return False
    finally:
        connection.close()
    absence.is_over()
    return True
