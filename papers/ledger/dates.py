"""Which dates there are to look at: where our responsibility begins, what is open, what is newest."""

import datetime as dt
import operator
from collections.abc import Sequence
from dataclasses import dataclass

from django.core.cache import cache
from django.db.models import Max, Min

from digest_site import clock
from papers import batches
from papers.models import Announcement, Poll

from .looks import LISTINGS, Look, codes, looks_at

Kind = Announcement.Kind
# A date first asked about this soon after its announcement is where our responsibility begins.
FRESH = dt.timedelta(days=10)
# Older dates are checked once a day; those that were open then are looked at every time.
ALWAYS_LOOKED_AT = dt.timedelta(days=3)
ONE_DAY = dt.timedelta(days=1)
# How long it is remembered which dates were open; forgotten, all of history is looked at again.
KEPT = dt.timedelta(days=30)


def first_day(categories: Sequence[str]) -> dt.date | None:
    """Where our responsibility begins: the first date that was asked about while it was fresh.

    A date of long ago that somebody asked for does not make us responsible for all that came after.
    """
    asked = (
        Poll.objects.filter(category__in=codes(categories), source__in=LISTINGS)
        .order_by()
        .values_list("date")
        .annotate(at=Min("asked_at"))
    )
    dates = sorted((date, at) for date, at in asked if batches.is_weekday(date))
    fresh = (date for date, at in dates if at < batches.announced_at(date) + FRESH)
    return next(fresh, dates[0][0] if dates else None)


def open_looks(until: dt.date, categories: Sequence[str]) -> list[Look]:
    """The dates up to `until` that are not settled yet, oldest first; weekday holidays until they proved silent."""
    looks = begun_looks(until, categories)
    return looks_at([until], categories) if looks is None else looks


def begun_looks(until: dt.date, categories: Sequence[str]) -> list[Look] | None:
    """The same; None where no date up to `until` is our responsibility yet."""
    past = _past(codes(categories))
    if past is None or past.first > until:
        return None
    days = {*past.open_days, *batches.weekdays(max(past.first, past.checked), until)}
    public = [day for day in sorted(days) if batches.announced_at(day) <= clock.now() and day <= until]
    return [look for look in looks_at(public, categories) if not look.is_settled]


def open_days(until: dt.date, categories: Sequence[str]) -> list[dt.date]:
    """Announcement dates up to `until` that are not settled yet, oldest first."""
    return [look.date for look in open_looks(until, categories) if look.is_expected or look.has_papers]


def newest_day() -> dt.date:
    """The newest date that can be asked about: a weekday whose evening has come, holiday or not."""
    now = clock.now()
    day = now.astimezone(batches.EASTERN).date() + dt.timedelta(days=1)
    while not (batches.is_weekday(day) and batches.announced_at(day) <= now):
        day -= dt.timedelta(days=1)
    return day


def newest_listing() -> dt.date:
    """The newest date that arXiv has announced, as our calendar says or as its listings proved."""
    known = Poll.objects.filter(source__in=LISTINGS, state=Poll.State.OK, date__lte=newest_day())
    latest = batches.latest(clock.now())
    return max(latest, known.aggregate(Max("date"))["date__max"] or latest)


def has_listing(day: dt.date) -> bool:
    """Whether arXiv printed a listing with this date."""
    return Poll.objects.filter(date=day, source__in=LISTINGS, state=Poll.State.OK).exists()


def later_listing(day: dt.date) -> bool:
    """Whether arXiv has announced a later date, so that this one will not change any more."""
    sources = [Poll.Source.LIST, Poll.Source.CATCHUP]
    return Poll.objects.filter(date__gt=day, source__in=sources, state=Poll.State.OK).exists()


# All of history, once a day


@dataclass(frozen=True)
class Past:
    """What the daily look at all of history found: the dates before `checked` that are still open.

    `numbers` is how many rows the tables held of those dates: as long as it is the same, what was settled is settled.
    """

    at: dt.datetime
    first: dt.date
    checked: dt.date
    open_days: tuple[dt.date, ...]
    numbers: tuple[int, ...]


def _past(categories: Sequence[str]) -> Past | None:
    """History checked at most a day ago. The last days are never taken from it, they are always looked at."""
    now, key = clock.now(), f"history:{'+'.join(sorted(categories))}"
    known: Past | None = cache.get(key)
    if known is None or not dt.timedelta(0) <= now - known.at < ONE_DAY:
        known = _check_past(categories, now, known)
        cache.set(key, known, KEPT.total_seconds())
    return known


def _check_past(categories: Sequence[str], now: dt.datetime, known: Past | None) -> Past | None:
    """Look at the dates that were open and those that are new here; where the tables changed otherwise, at all dates."""
    checked = now.date() - ALWAYS_LOOKED_AT
    # The numbers come before the look: what is lost meanwhile is seen the next time.
    if known and known.first < known.checked <= checked and known.numbers == _numbers(known.checked):
        first, days = known.first, {*known.open_days, *batches.weekdays(known.checked, checked - ONE_DAY)}
        numbers = tuple(map(operator.add, known.numbers, _numbers(checked, since=known.checked)))
    elif (begun := first_day(categories)) is None:
        return None
    else:
        first, days = begun, {*batches.weekdays(begun, checked - ONE_DAY), *_dates_before(begun, categories)}
        numbers = _numbers(checked)
    still_open = [look.date for look in looks_at(sorted(days), categories) if not look.is_settled]
    return Past(now, first, checked, tuple(still_open), numbers)


def _dates_before(first: dt.date, categories: Sequence[str]) -> set[dt.date]:
    """Weekdays of before our time that somebody asked for."""
    answers = Poll.objects.filter(category__in=categories, source__in=LISTINGS).order_by()
    rows = Announcement.objects.filter(category__in=categories).order_by()
    found = (
        table.filter(date__lt=first).values_list("date", flat=True).distinct() for table in (answers, rows)
    )
    return {day for dates in found for day in dates if batches.is_weekday(day)}


def _numbers(until: dt.date, *, since: dt.date = dt.date.min) -> tuple[int, ...]:
    """How many answers and rows the tables hold of the dates before `until`: an index tells it, no row is read."""
    tables: tuple[type[Poll], type[Announcement]] = Poll, Announcement
    return tuple(table.objects.filter(date__gte=since, date__lt=until).count() for table in tables)
