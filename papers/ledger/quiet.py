"""That nothing is due until a known moment: most runs need not look at single dates at all.

The task comes every twenty minutes, and between two announcements there is nothing to ask. What was found then
holds until the moment comes, or until somebody asks for a date or a row of the last days is gone.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.core.cache import cache
from django.db.models import Max

from digest_site import clock
from papers import batches
from papers.models import Announcement, Poll

from .dates import ONE_DAY, newest_day
from .looks import Look, codes

WATCHED = dt.timedelta(days=10)


@dataclass(frozen=True)
class _Quiet:
    """Nothing is due from `since` to `until` while the tables hold the same `rows`."""

    since: dt.datetime
    until: dt.datetime
    rows: tuple[int | None, int]


def is_quiet(categories: Sequence[str]) -> bool:
    """Whether it is known that no date is due now."""
    known: _Quiet | None = cache.get(_key(categories))
    return known is not None and known.since <= clock.now() < known.until and known.rows == _rows(categories)


def keep_quiet(categories: Sequence[str], looks: Sequence[Look]) -> None:
    """Remember that none of these open dates, which are all, is due yet; at most until history is checked again."""
    now = clock.now()
    until = min([now + ONE_DAY, _next_evening(), *(look.due_at for look in looks if look.due_at)])
    cache.set(_key(categories), _Quiet(now, until, _rows(categories)), (until - now).total_seconds())


def _next_evening() -> dt.datetime:
    """When the next date can be asked about."""
    day = newest_day() + ONE_DAY
    while not batches.is_weekday(day):
        day += ONE_DAY
    return batches.announced_at(day)


def _rows(categories: Sequence[str]) -> tuple[int | None, int]:
    """The newest question to anybody, and how many announcements of the last days there are."""
    recent = Announcement.objects.filter(
        category__in=codes(categories), date__gte=clock.now().date() - WATCHED
    )
    return Poll.objects.aggregate(newest=Max("id"))["newest"], recent.count()


def _key(categories: Sequence[str]) -> str:
    return f"quiet:{'+'.join(sorted(codes(categories)))}"
