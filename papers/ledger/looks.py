"""What is known of a date without looking at single papers: what was printed, stored, and how often we looked.

The rules of completeness live here. A date is *listed* when every category's own listing was read and every
row of it is there; *settled* when a second look hours later found nothing new and two sources agree on every
paper; *silent* when arXiv announced nothing and has gone on since.
"""

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from django.db.models import Count, Q, QuerySet

from papers import batches, taxonomy
from papers.models import Announcement, Poll
from papers.models.catalogue import LISTED_BY, NOT_THE_ARCHIVE, papers_printed

Kind = Announcement.Kind
LISTINGS = (Poll.Source.LIST, Poll.Source.CATCHUP, Poll.Source.OAI)
IN_TIME = Q(kind__in=[Kind.NEW, Kind.CROSS])
ANSWERED = (Poll.State.OK, Poll.State.EMPTY)
SILENT = "arXiv 没有这一日的公布"
HOLIDAY = f"{SILENT}（假日）"
SECOND_LOOK = dt.timedelta(hours=3)
# The feed of a date is built at midnight Eastern; the second look waits for it.
FEED_IS_OUT = dt.timedelta(minutes=10)
LONGEST_DOUBLINGS = 3


class Asked(NamedTuple):
    """Of a Poll what is looked at: every run reads those of all the last days, so they are no model instances."""

    date: dt.date
    category: str
    asked_at: dt.datetime
    state: str
    printed: dict[str, int]
    fresh: int | None
    note: str

    @property
    def total(self) -> int | None:
        return papers_printed(self.printed)


@dataclass(frozen=True)
class Listing:
    """What was heard of one category on one date from listings, oldest answer first."""

    code: str
    polls: Sequence["Asked"]
    stored: int
    # How many papers of that date only one of listing and feed has; all of them while there is no feed.
    apart: int = 0

    @property
    def answers(self) -> list["Asked"]:
        return [poll for poll in self.polls if poll.state in ANSWERED]

    @property
    def printed(self) -> int | None:
        """What arXiv printed as new and cross-listed; None until a listing was read."""
        totals = [poll.total for poll in self.answers or self.polls]
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
        again = last.asked_at - first.asked_at >= SECOND_LOOK and not last.fresh
        return proven or again or self._is_fed_later(last)

    def _is_fed_later(self, last: "Asked") -> bool:
        """Whether the feed, built hours after the listing was read, says just the same: that is a second look."""
        is_same = self.stored > 0 and not self.apart
        return is_same and last.asked_at + SECOND_LOOK <= batches.feed_at(last.date)


@dataclass(frozen=True)
class Look:
    """One date for a set of categories."""

    date: dt.date
    listings: Sequence[Listing]
    heard: "_Heard" = field(repr=False)

    @property
    def unconfirmed(self) -> int:
        """How many papers only one source knows."""
        return self.heard.single.get(self.date, 0)

    @property
    def has_papers(self) -> bool:
        return any(listing.stored for listing in self.listings) or bool(self.unconfirmed)

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
        return looked_twice and self.is_listed and not self.unconfirmed

    @property
    def due_at(self) -> dt.datetime | None:
        """From when on asking again is worth a request: at once while something is missing, else hours apart."""
        if self.is_settled:
            return None
        if not self.is_listed and not self.nothing_came:
            return batches.announced_at(self.date)
        answers = [listing.answers for listing in self.listings]
        first = min(polls[0].asked_at for polls in answers)
        last = min(polls[-1].asked_at for polls in answers)
        looks = min(len(polls) for polls in answers)
        if looks == 1:
            return max(first + SECOND_LOOK, batches.feed_at(self.date) + FEED_IS_OUT)
        return last + SECOND_LOOK * 2 ** min(looks - 2, LONGEST_DOUBLINGS)


@dataclass(eq=False)
class _Heard:
    """Rows of the tables, by date and category."""

    rows: QuerySet[Announcement]
    polls: dict[tuple[dt.date, str], list[Asked]] = field(default_factory=dict)
    stored: dict[tuple[dt.date, str], tuple[int, int]] = field(default_factory=dict)
    doubtful: set[dt.date] = field(default_factory=set)

    @cached_property
    def single(self) -> dict[dt.date, int]:
        """How many papers of each date have a single source: asked only for dates that are otherwise in order."""
        if not self.doubtful:
            return {}
        return Counter(date for date, _ in unconfirmed(self.rows.filter(IN_TIME, date__in=self.doubtful)))


def codes(categories: Iterable[str]) -> list[str]:
    """The categories under the names that rows have: cs.SY is eess.SY; what is unknown stays as it is, to be refused."""
    return list(dict.fromkeys(taxonomy.canonical(code) or code for code in categories))


def looks_at(days: Sequence[dt.date], categories: Sequence[str]) -> list[Look]:
    """These dates in a constant number of queries, however many there are."""
    if not days:
        return []
    categories = codes(categories)
    heard = _heard(days, categories)
    return [
        Look(
            day,
            [
                Listing(code, heard.polls.get((day, code), []), *heard.stored.get((day, code), (0, 0)))
                for code in categories
            ],
            heard,
        )
        for day in days
    ]


def _heard(days: Sequence[dt.date], categories: Sequence[str]) -> _Heard:
    span = {"date__in": list(days), "category__in": list(categories)}
    heard = _Heard(Announcement.objects.filter(**span).exclude(kind=Kind.REPLACE).order_by())
    polls = Poll.objects.filter(source__in=LISTINGS, **span).order_by("asked_at", "id")
    for poll in map(Asked._make, polls.values_list(*Asked._fields)):
        heard.polls.setdefault((poll.date, poll.category), []).append(poll)
    # Counted by what they are, not with a condition each: Django needs longer to write such a query than it runs.
    told = heard.rows.values_list("date", "category", "kind", "listed", "fed", "seconded")
    for date, code, kind, listed, fed, seconded, number in told.annotate(Count("pk")):
        stored, apart = heard.stored.get((date, code), (0, 0))
        heard.stored[date, code] = stored + number * listed, apart + number * (listed != fed)
        if kind != Kind.LATE and not seconded:
            heard.doubtful.add(date)
    return heard


def unconfirmed(rows: QuerySet[Announcement]) -> set[tuple[dt.date, str]]:
    """(date, id) of papers that a single source announced, in whatever category; listing pages are one source."""
    heard: dict[tuple[dt.date, str], set[str]] = {}
    seen = rows.filter(arxiv_id__in=rows.filter(seconded=False).values("arxiv_id"))
    for date, arxiv_id, sources in seen.values_list("date", "arxiv_id", "sources"):
        heard.setdefault((date, arxiv_id), set()).update(opinions(sources))
    return {pair for pair, names in heard.items() if len(names) == 1}


def source_name(source: str) -> str:
    """What a source is called, under whichever name a row has it."""
    return dict(Poll.Source.choices).get(Poll.Source.OAI if source == "archive" else source, source)


def side(opinion: str) -> str:
    """What an opinion is called: that of listings is not one page's."""
    return "列表" if opinion == Poll.Source.LIST else source_name(opinion)


def opinions(sources: Iterable[str]) -> set[str]:
    """Whose opinions these are: listing pages say one thing twice, and the archive cannot confirm its own list."""
    same = {*LISTED_BY, "archive"} if not set(sources) & set(NOT_THE_ARCHIVE) else set(LISTED_BY)
    return {str(Poll.Source.LIST) if source in same else source for source in sources}
