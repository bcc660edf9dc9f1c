"""arXiv's announcement calendar: which listing a submission lands in, and when a listing is public.

*Day D* is the date arXiv prints on its listing, Monday to Friday. Deadline 14:00 and announcement
20:00 are US Eastern; the listing announced on a Sunday evening is Monday's.
Source: https://info.arxiv.org/help/availability.html

All functions are pure: dates in, aware datetimes out, and "now" is an argument. Windows are
half-open, ``start <= t < end``.
"""

from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

EASTERN = ZoneInfo("America/New_York")
DEADLINE = time(14)
ANNOUNCEMENT = time(20)

# Evenings without a mailing as arXiv publishes them, year by year, on the page above. A Friday in
# that list means the Friday deadline is dropped, so the Sunday evening that would have carried it
# stays silent: 2025 printed "Sun 6 July" for the Friday holiday, and in 2026 no listing is dated
# Monday 22 June or Monday 6 July.
PUBLISHED_HOLIDAYS: dict[int, tuple[tuple[int, int], ...]] = {
    2023: ((1, 16), (6, 14), (6, 19), (7, 4), (9, 4), (11, 23), (12, 25), (12, 27)),
    # December 2025 was published late; the 25th is taken from listings kept of that month.
    2025: ((1, 1), (1, 20), (6, 19), (7, 6), (9, 1), (11, 27), (12, 25)),
    2026: ((1, 1), (1, 19), (6, 19), (7, 3), (9, 7), (11, 26), (12, 25), (12, 29), (12, 31)),
}

# ASSUMPTION for years arXiv has not published: the US holidays that every published year has kept,
# moved to Friday or Monday as federal offices do. The extra days between Christmas and New Year
# change from year to year and are left out: an evening wrongly expected raises an alarm, an
# evening wrongly skipped loses papers.
_FIXED = ((1, 1), (6, 19), (7, 4), (12, 25))
_MONDAY, _THURSDAY, _FRIDAY, _SATURDAY, _SUNDAY = 0, 3, 4, 5, 6


def is_assumed(year: int) -> bool:
    """Whether the holidays of `year` are derived by rule rather than published by arXiv."""
    return year not in PUBLISHED_HOLIDAYS


@lru_cache(maxsize=64)
def holidays(year: int) -> frozenset[date]:
    """The days of `year` on which arXiv keeps a holiday; see `is_assumed`."""
    if year in PUBLISHED_HOLIDAYS:
        return frozenset(date(year, month, day) for month, day in PUBLISHED_HOLIDAYS[year])
    kept = [_observed(date(year, month, day)) for month, day in _FIXED]
    # The first of January may be observed on the last day of the year before.
    kept.append(_observed(date(year + 1, 1, 1)))
    kept += [_nth(year, 1, _MONDAY, 3), _nth(year, 9, _MONDAY, 1), _nth(year, 11, _THURSDAY, 4)]
    return frozenset(day for day in kept if day.year == year)


def is_announcement_day(day: date) -> bool:
    """Whether arXiv prints a listing dated `day`."""
    if day.weekday() >= _SATURDAY:
        return False
    evening = day - timedelta(days=1)
    return not (_is_holiday(evening) or _is_holiday(_deadline_day(day)))


def is_weekday(day: date) -> bool:
    """Whether a listing could be dated `day` at all: arXiv may announce on what we take for a holiday."""
    return day.weekday() < _SATURDAY


def announced_at(day: date) -> datetime:
    """When the listing dated `day`, a weekday, goes public: 20:00 Eastern on the evening before."""
    return datetime.combine(_weekday(day) - timedelta(days=1), ANNOUNCEMENT, EASTERN)


def feed_at(day: date) -> datetime:
    """When RSS starts to show `day`, a weekday: midnight Eastern at its beginning."""
    return datetime.combine(_weekday(day), time(0), EASTERN)


def deadline(day: date) -> datetime:
    """The last moment (excluded) to be in the listing dated `day`: 14:00 Eastern."""
    return datetime.combine(_deadline_day(_required(day)), DEADLINE, EASTERN)


def submission_window(day: date) -> tuple[datetime, datetime]:
    """The submission times that make up the listing dated `day`, moderation holds aside."""
    return deadline(previous(_required(day))), deadline(day)


def batch_of(submitted_at: datetime) -> date:
    """The listing in which a paper submitted then appears if nobody holds it back."""
    moment = _aware(submitted_at)
    day = _next_announcement(moment.astimezone(EASTERN).date())
    while deadline(day) <= moment:
        day = following(day)
    return day


def latest(now: datetime) -> date:
    """The newest listing that is already public at `now`."""
    moment = _aware(now)
    day = moment.astimezone(EASTERN).date() + timedelta(days=1)
    while not (is_announcement_day(day) and announced_at(day) <= moment):
        day -= timedelta(days=1)
    return day


def previous(day: date) -> date:
    """The nearest announcement day before `day` (which need not be one)."""
    day -= timedelta(days=1)
    while not is_announcement_day(day):
        day -= timedelta(days=1)
    return day


def following(day: date) -> date:
    """The nearest announcement day after `day` (which need not be one)."""
    return _next_announcement(day + timedelta(days=1))


def between(since: date, until: date) -> list[date]:
    """The announcement days from `since` to `until`, both included, oldest first."""
    span = range((until - since).days + 1)
    return [day for offset in span if is_announcement_day(day := since + timedelta(days=offset))]


def weekdays(since: date, until: date) -> list[date]:
    """Mondays to Fridays from `since` to `until`, both included, oldest first, holidays and all."""
    span = range((until - since).days + 1)
    return [day for offset in span if is_weekday(day := since + timedelta(days=offset))]


def anchored_window(day: date, anchor: time, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The digest's own window ending on `day` at `anchor` on the clock of `zone`.

    It begins at the same clock time on the day before, so that windows of neighbouring days touch;
    where `zone` changes its clocks a window lasts 23 or 25 hours.
    """
    start, end = (datetime.combine(one, anchor, zone) for one in (day - timedelta(days=1), day))
    return start, end


def _next_announcement(day: date) -> date:
    while not is_announcement_day(day):
        day += timedelta(days=1)
    return day


def _deadline_day(day: date) -> date:
    # Monday's listing holds what came in until Friday 14:00.
    return day - timedelta(days=3 if day.weekday() == _MONDAY else 1)


def _is_holiday(day: date) -> bool:
    return day in holidays(day.year)


def _observed(holiday: date) -> date:
    shift = {_SATURDAY: -1, _SUNDAY: 1}.get(holiday.weekday(), 0)
    return holiday + timedelta(days=shift)


def _nth(year: int, month: int, weekday: int, nth: int) -> date:
    first = date(year, month, 1)
    return first + timedelta(days=(weekday - first.weekday()) % 7 + 7 * (nth - 1))


def _weekday(day: date) -> date:
    if not is_weekday(day):
        raise ValueError(f"{day} is on a weekend")
    return day


def _required(day: date) -> date:
    if not is_announcement_day(day):
        raise ValueError(f"{day} is not an announcement day")
    return day


def _aware(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("an aware datetime is required")
    return moment
