"""Whether this installation is well: the heartbeat, and what `/healthz?deep=1` answers from the tables."""

import time

from django.db import DatabaseError, connection

from papers.models import Beat
from papers.tasks import HOST_BEAT

# A beat is written once a minute; one that is this old was missed more than once.
BEAT_SECONDS = 300


class Heartbeat:
    """Watches whether the tasks of this machine's cluster still leave their mark.

    What counts is when the mark was last seen to change, on a clock that nobody can set: the wall clock
    may jump, and then a beat that looks old is not.
    """

    def __init__(self, patience: float) -> None:
        self.patience = patience
        self.value: object = None
        self.seen = time.monotonic()

    def is_missing(self, age: float) -> bool:
        """Whether a cluster that has run for `age` seconds has left no new mark for too long."""
        try:
            beat = Beat.objects.filter(name=HOST_BEAT).first()
        except DatabaseError:
            self.seen = time.monotonic()  # without a database no task can beat
            return False
        finally:
            connection.close()
        if (value := beat and beat.at) != self.value:
            self.value, self.seen = value, time.monotonic()
        return min(age, time.monotonic() - self.seen) > self.patience
