"""What is known of each date without looking at single papers: what was printed, stored, and how often we looked.

The rules of completeness live here. A date is *listed* when every category's own listing was read and every
row of it is there; *settled* when a second look hours later found nothing new and two sources agree on every
paper; *silent* when arXiv announced nothing and has gone on since.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from django.core.cache import cache
from django.db.models import Count, Max, Min, Q, QuerySet

from digest_site import clock
from papers import batches, taxonomy
from papers.models import Announcement, Poll

Kind = Announcement.Kind
LISTINGS = (Poll.Source.LIST, Poll.Source.CATCHUP, Poll.Source.OAI)
LISTED_BY = [str(source) for source in LISTINGS]
# What can confirm a listing: the feed, the API, and the archive's daily changes (see pipeline/archive.py).
SECOND = ["rss", "api", "archive"]
ANSWERED = (Poll.State.OK, Poll.State.EMPTY)
SILENT = "arXiv 没有这一日的公布"
HOLIDAY = f"{SILENT}（假日）"
SECOND_LOOK = dt.timedelta(hours=3)
# The feed of a date is built at midnight Eastern; the second look waits for it.
FEED_IS_OUT = dt.timedelta(minutes=10)
LONGEST_DOUBLINGS = 3
# A date first asked about this soon after its announcement is where our responsibility begins.
FRESH = dt.timedelta(days=10)
# Older dates are checked once a day.
ALWAYS_LOOKED_AT = dt.timedelta(days=10)
ONE_DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Listing:
    """What was heard of one category on one date from listings, oldest answer first."""

    code: str
    polls: Sequence[Poll]
    stored: int

    @property
    def answers(self) -> list[Poll]:
        return [poll for poll in self.polls if poll.state in ANSWERED]

    @property
    def printed(self) -> int | None:
        """What arXiv printed as new and cross-listed; None until a listing was read."""
        totals = [total_of(poll) for poll in self.answers or self.polls]
        return max((total for total in totals if total is not None), default=None)

    @property
    def missing(self) -> int:
        return max(0, (self.printed or 0) - self.stored)

    @property
    def is_silent(self) -> bool:
        return bool(self.answers) and self.answers[-1].note.startswith(SILENT) and not self.stored

    @property
    def is_read(self) -> bool:
        return bool(self.answers) and not self.missing

    @property
    def looked_twice(self) -> bool:
        """Whether a look hours after the first found nothing new; proof of silence needs no second look."""
        if not self.answers:
            return False
        first, last = self.answers[0], self.answers[-1]
        proven = self.is_silent and last.note != HOLIDAY
        return proven or (last.asked_at - first.asked_at >= SECOND_LOOK and not last.fresh)


def total_of(poll: Poll) -> int | None:
    """The printed count; where a source prints none (OAI-PMH), the number of its new and cross-listed papers."""
    if poll.total is not None:
        return poll.total - poll.printed.get("twice", 0)
    return None


@dataclass(frozen=True)
class Look:
    """One date for a set of categories. `unconfirmed` counts papers that only one source knows."""

    date: dt.date
    listings: Sequence[Listing]
    unconfirmed: int = 0

    @property
    def has_papers(self) -> bool:
        return bool(self.unconfirmed) or any(listing.stored for listing in self.listings)

    @property
    def is_expected(self) -> bool:
        return batches.is_announcement_day(self.date)

    @property
    def is_silent(self) -> bool:
        return all(listing.is_silent for listing in self.listings)

    @property
    def is_listed(self) -> bool:
        return all(listing.is_read for listing in self.listings) and not self.nothing_came

    @property
    def nothing_came(self) -> bool:
        """Every listing of an announcement day was read and printed nothing: an alarm, until arXiv has gone on."""
        read = all(listing.answers and not listing.printed for listing in self.listings)
        return read and self.is_expected and not self.is_silent

    @property
    def is_settled(self) -> bool:
        looked_twice = all(listing.looked_twice for listing in self.listings)
        return self.is_listed and looked_twice and not self.unconfirmed

    def is_due(self, now: dt.datetime) -> bool:
        """Whether asking again is worth a request: at once while something is missing, else hours apart."""
        if self.is_settled:
            return False
        if not self.is_listed and not self.nothing_came:
            return True
        answers = [listing.answers for listing in self.listings]
        first = min(polls[0].asked_at for polls in answers)
        last = min(polls[-1].asked_at for polls in answers)
        looks = min(len(polls) for polls in answers)
        if looks == 1:
            return now >= max(first + SECOND_LOOK, batches.feed_at(self.date) + FEED_IS_OUT)
        return now >= last + SECOND_LOOK * 2 ** min(looks - 2, LONGEST_DOUBLINGS)


@dataclass
class _Heard:
    """Rows of the tables, by date and category."""

    polls: dict[tuple[dt.date, str], list[Poll]] = field(default_factory=dict)
    stored: dict[tuple[dt.date, str], int] = field(default_factory=dict)
    single: dict[dt.date, int] = field(default_factory=dict)


def codes(categories: Iterable[str]) -> list[str]:
    """The categories under the names that rows have: cs.SY is eess.SY; what is unknown stays as it is, to be refused."""
    return list(dict.fromkeys(taxonomy.canonical(code) or code for code in categories))


def looks_at(days: Sequence[dt.date], categories: Sequence[str]) -> list[Look]:
    """These dates in a constant number of queries, however many there are."""
    if not days:
        return []
    categories = codes(categories)
    heard = _heard(min(days), max(days), categories)
    return [
        Look(
            day,
            [
                Listing(code, heard.polls.get((day, code), []), heard.stored.get((day, code), 0))
                for code in categories
            ],
            heard.single.get(day, 0),
        )
        for day in days
    ]


def _heard(since: dt.date, until: dt.date, categories: Sequence[str]) -> _Heard:
    heard = _Heard()
    span = {"date__range": (since, until), "category__in": list(categories)}
    for poll in Poll.objects.filter(source__in=LISTINGS, **span).order_by("asked_at", "id"):
        heard.polls.setdefault((poll.date, poll.category), []).append(poll)
    rows = Announcement.objects.filter(kind__in=[Kind.NEW, Kind.CROSS], **span).order_by()
    listed = rows.filter(sources__has_any_keys=LISTED_BY)
    for date, code, number in listed.values_list("date", "category").annotate(Count("pk")):
        heard.stored[date, code] = number
    for date, _ in unconfirmed(rows):
        heard.single[date] = heard.single.get(date, 0) + 1
    return heard


def unconfirmed(rows: QuerySet[Announcement]) -> set[tuple[dt.date, str]]:
    """(date, id) of papers that a single source announced, in whatever category; listing pages are one source."""
    doubtful = rows.filter(~Q(sources__has_any_keys=SECOND) | ~Q(sources__has_any_keys=LISTED_BY))
    opinions: dict[tuple[dt.date, str], set[str]] = {}
    seen = rows.filter(arxiv_id__in=doubtful.values("arxiv_id"))
    for date, arxiv_id, sources in seen.values_list("date", "arxiv_id", "sources"):
        opinions.setdefault((date, arxiv_id), set()).update(map(opinion, sources))
    return {pair for pair, names in opinions.items() if len(names) == 1}


def source_name(source: str) -> str:
    """What a source is called, under whichever name a row has it."""
    return dict(Poll.Source.choices).get(Poll.Source.OAI if source == "archive" else source, source)


def opinion(source: str) -> str:
    """The listing pages say the same thing twice."""
    return Poll.Source.LIST if source in LISTINGS else source


# Which dates


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
    fresh = [date for date, at in dates if at < batches.announced_at(date) + FRESH]
    return next(iter(fresh or [date for date, _ in dates]), None)


def is_begun(categories: Sequence[str]) -> bool:
    """Whether any date of these categories was ever asked about."""
    return _past(codes(categories)) is not None


def open_looks(until: dt.date, categories: Sequence[str]) -> list[Look]:
    """The dates up to `until` that are not settled yet, oldest first; weekday holidays until they proved silent."""
    past = _past(codes(categories))
    if past is None or past.first > until:
        return looks_at([until], categories)
    days = {*past.open_days, *batches.weekdays(max(past.first, past.checked), until)}
    public = [day for day in sorted(days) if batches.announced_at(day) <= clock.now() and day <= until]
    return [look for look in looks_at(public, categories) if not look.is_settled]


@dataclass(frozen=True)
class Past:
    """What the daily look at all of history found: the dates before `checked` that are still open."""

    at: dt.datetime
    first: dt.date
    checked: dt.date
    open_days: tuple[dt.date, ...]


def _past(categories: Sequence[str]) -> Past | None:
    """History checked at most a day ago. The last weeks are never taken from it, they are always looked at."""
    now, key = clock.now(), f"past:{'+'.join(sorted(categories))}"
    known: Past | None = cache.get(key)
    if known is None or not dt.timedelta(0) <= now - known.at < ONE_DAY:
        known = _check_past(categories, now)
        cache.set(key, known, ONE_DAY.total_seconds())
    return known


def _check_past(categories: Sequence[str], now: dt.datetime) -> Past | None:
    first = first_day(categories)
    if first is None:
        return None
    checked = now.date() - ALWAYS_LOOKED_AT
    asked = Poll.objects.filter(category__in=categories, source__in=LISTINGS, date__lt=first)
    days = {*asked.order_by().values_list("date", flat=True), *batches.weekdays(first, checked - ONE_DAY)}
    looks = looks_at(sorted(day for day in days if batches.is_weekday(day)), categories)
    return Past(now, first, checked, tuple(look.date for look in looks if not look.is_settled))


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
