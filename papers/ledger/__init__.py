"""The ledger of completeness: per category and date, what arXiv printed and what became of it."""

from .alarms import Alarm, alarms
from .book import CategoryLine, DayLedger, alarm_of, last_good_day, of_day, of_days, work_left
from .dates import (
    begun_looks,
    first_day,
    has_listing,
    later_listing,
    newest_day,
    newest_listing,
    open_days,
    open_looks,
)
from .looks import (
    ANSWERED,
    HOLIDAY,
    LISTINGS,
    SECOND_LOOK,
    SILENT,
    Look,
    codes,
    looks_at,
    side,
    source_name,
    unconfirmed,
)

__all__ = [
    "ANSWERED",
    "HOLIDAY",
    "LISTINGS",
    "SECOND_LOOK",
    "SILENT",
    "Alarm",
    "CategoryLine",
    "DayLedger",
    "Look",
    "alarm_of",
    "alarms",
    "begun_looks",
    "codes",
    "first_day",
    "has_listing",
    "last_good_day",
    "later_listing",
    "looks_at",
    "newest_day",
    "newest_listing",
    "of_day",
    "of_days",
    "open_days",
    "open_looks",
    "side",
    "source_name",
    "unconfirmed",
    "work_left",
]
