"""The clock: the only place that knows what time it is.

Two kinds of time live here. `now` is the time that arXiv's calendar, the digests and the readers
live in; the setting NOW can hold it still for a rehearsal. `machine_now` is the time that leases,
waits and throttles are counted in; it never stands still, or a rehearsal would wait for ever.
"""

import datetime as dt
from zoneinfo import ZoneInfo

from django.conf import settings

EASTERN = ZoneInfo("America/New_York")


def now() -> dt.datetime:
    """The current instant, aware, in UTC; the setting NOW when it is given."""
    return settings.NOW or machine_now()


def machine_now() -> dt.datetime:
    """The instant on the machine's own clock, aware, in UTC."""
    return dt.datetime.now(dt.UTC)
