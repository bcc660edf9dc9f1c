"""Alarms of completeness: what somebody should be told about."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from .book import alarm_of
from .dates import newest_day, open_looks


@dataclass(frozen=True)
class Alarm:
    """One date that is not as it should be. `message` is a sentence for the operator."""

    date: dt.date
    message: str


def alarms(categories: Sequence[str], until: dt.date | None = None) -> list[Alarm]:
    """Announcement dates on which nothing came, was read or was kept, oldest first; they close by themselves."""
    looks = open_looks(until or newest_day(), categories)
    return [Alarm(look.date, message) for look in looks if (message := alarm_of(look))]
