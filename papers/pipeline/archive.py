"""OAI-PMH: what changed since we last asked, and the dates that no other source reaches any more."""

import datetime as dt
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from django.core.cache import cache
from django.db.models import Max

from digest_site import clock
from papers import batches, ledger, taxonomy
from papers.harvest import KINDS, Arxiv, Item, OaiPage, OaiRecord, SourceError
from papers.models import Poll

from .announcing import confirm
from .histories import split_authors, store_changes
from .late import late_among
from .polls import Inquiry, asked, failed, store

# The archive shows a batch about two and a half hours after its announcement.
SHOWN_AFTER = dt.timedelta(hours=2, minutes=45)
CATCHUP_DAYS = 90
# Under this name the archive confirms what a listing said; as a listing of its own it is Poll.Source.OAI.
ARCHIVE = "archive"
# A harvest may serve other dates for this long before it is asked again.
KEEPS = dt.timedelta(hours=3)
# A harvest remembers what the one before it said, if that was not long ago.
REMEMBERED = dt.timedelta(days=5)
MAX_PAGES = 60
STORED_AT_ONCE = 500

Source = Poll.Source
State = Poll.State


def records_since(arxiv: Arxiv, category: str, since: dt.date) -> Iterator[list[OaiRecord]]:
    """Page by page what changed in a category since a date (UTC).

    :raises SourceError: stale, when the server forgot its token: begin again.
    """
    return (page.records for page in pages_since(arxiv, category, since, ()))


def pages_since(arxiv: Arxiv, category: str, since: dt.date, seen: Container[bytes]) -> Iterator[OaiPage]:
    """The same with each page's own numbers, without records whose digest was `seen`."""
    token: str | None = None
    for _ in range(MAX_PAGES):
        page = arxiv.oai(category, since, token=token, seen=seen)
        yield page
        token = page.token
        if token is None:
            return
    raise SourceError("too_large", f"more than {MAX_PAGES} pages of {category}")


# Versions, licences, withdrawals


def set_name(code: str) -> str:
    """What a harvest of changes is written down under: it is no listing of the category."""
    return f"changes:{code}"


def ask_changes(inquiry: Inquiry) -> bool:
    """Once per announcement, after the archive shows it: metadata, histories, licences, withdrawals, new words.

    Whether the archive has papers of our time that no listing announced.
    """
    ready = batches.announced_at(batches.latest(clock.now())) + SHOWN_AFTER
    if clock.now() < ready:
        return False
    harvest = _Harvest(inquiry)
    for code in harvest.due(ready):
        harvest.read(code)
    harvest.store()
    return harvest.has_late


def _harvested(codes: Sequence[str]) -> dict[str, dt.datetime]:
    """When the changes of each category were last read well."""
    names = {set_name(code): code for code in codes}
    good = Poll.objects.filter(source=Source.OAI, category__in=names, state__in=ledger.ANSWERED)
    latest = good.order_by().values_list("category").annotate(Max("asked_at"))
    return {names[name]: asked_at for name, asked_at in latest}


@dataclass
class _Harvest:
    """Changes of several categories on their way to the tables: most papers are in more than one.

    The archive counts in days, so that each harvest repeats much of the one before it: what says the same to the
    letter is not read again.
    """

    inquiry: Inquiry
    records: dict[str, OaiRecord] = field(default_factory=dict)
    polls: list[Poll] = field(default_factory=list)
    # Records by digest, with their datestamps; `ours` are those of papers that we have.
    seen: dict[bytes, dt.date] = field(default_factory=dict)
    ours: dict[bytes, dt.date] = field(default_factory=dict)
    has_late: bool = False
    # When the changes of each category were last read well.
    last: dict[str, dt.datetime] = field(init=False)

    def __post_init__(self) -> None:
        """What is remembered holds for the harvests that the tables know, and no others: they may be a backup's."""
        self.last = _harvested(self.inquiry.categories)
        moments, ours = cache.get(self._key, (None, {}))
        if self.last and moments == self.last:
            since = min(self.last.values()).date()
            self.ours = {digest: day for digest, day in ours.items() if day >= since}
            self.seen = dict(self.ours)

    @property
    def _key(self) -> str:
        return f"harvest:{'+'.join(sorted(self.inquiry.categories))}"

    def due(self, ready: dt.datetime) -> list[str]:
        """The categories whose changes were not read since then."""
        return [code for code in self.inquiry.categories if code not in self.last or self.last[code] < ready]

    def read(self, code: str) -> None:
        last = self.last.get(code)
        since = last.date() if last else ledger.first_day([code]) or self.inquiry.day
        poll = asked(Source.OAI, set_name(code), self.inquiry.day)
        poll.found = 0
        try:
            for page in pages_since(self.inquiry.arxiv, code, min(since, self.inquiry.day), self.seen):
                self._take(page, poll)
        except SourceError as error:
            failed(poll, error, self.inquiry.listed)
            return
        poll.state = State.OK if poll.found else State.EMPTY
        self.polls.append(poll)
        self.last[code] = poll.asked_at

    def _take(self, page: OaiPage, poll: Poll) -> None:
        self.records |= {record.arxiv_id: record for record in page.records}
        self.seen |= {record.digest: record.datestamp for record in page.records}
        poll.found += page.found
        if len(self.records) >= STORED_AT_ONCE:
            self.store()

    def store(self) -> None:
        """The records first: a category counts as read once they are there."""
        there = [record for record in self.records.values() if not record.deleted]
        ours = store_changes(there)
        self.ours |= {record.digest: record.datestamp for record in there if record.arxiv_id in ours}
        confirm(ARCHIVE, [record.arxiv_id for record in there])
        strangers = [record for record in there if record.arxiv_id not in ours]
        late = late_among(strangers, batches.latest(clock.now()), self.inquiry.categories)
        self.has_late |= bool(late)
        for poll in self.polls:
            poll.save(update_fields=["state", "found"])
        if self.polls:
            cache.set(self._key, (self.last, self.ours), REMEMBERED.total_seconds())
        self.records, self.polls = {}, []


# Dates beyond the catch-up pages


def list_from_archive(inquiry: Inquiry, code: str) -> SourceError | None:
    """One harvest for this date and all later ones that are out of the other sources' reach and not listed yet."""
    if _was_just_harvested(inquiry.day, code):
        return None
    days = _days_to_fill(inquiry.day, code)
    polls = {day: asked(Source.OAI, code, day) for day in days}
    records: dict[str, OaiRecord] = {}
    start, _ = batches.submission_window(batches.following(inquiry.day - dt.timedelta(days=1)))
    try:
        for page in records_since(inquiry.arxiv, code, start.date()):
            records |= {record.arxiv_id: record for record in page}
    except SourceError as error:
        for poll in polls.values():
            failed(poll, error, inquiry.listed)
        return error
    announced = announcements(records.values(), code)
    for day, poll in polls.items():
        items = announced.get(day, [])
        # The archive prints no counts; what it has is what we have to have.
        poll.printed = {kind: sum(item.kind == kind for item in items) for kind in KINDS}
        poll.save(update_fields=["printed"])
        store(poll, items, [code], inquiry.listed)
    store_changes(list(records.values()))
    return None


def _was_just_harvested(day: dt.date, code: str) -> bool:
    recent = Poll.objects.filter(source=Source.OAI, category=code, date=day, state__in=ledger.ANSWERED)
    return recent.filter(asked_at__gt=clock.now() - KEEPS).exists()


def _days_to_fill(day: dt.date, code: str) -> list[dt.date]:
    """The date itself and the later open ones that only this harvest can list."""
    beyond = clock.now().date() - dt.timedelta(days=CATCHUP_DAYS + 1)
    later = [other for other in ledger.open_days(beyond, [code]) if other > day]
    return [day, *(other for other in later if not _was_just_harvested(other, code))]


def announcements(records: Iterable[OaiRecord], code: str) -> dict[dt.date, list[Item]]:
    """What each date announced, told from ids and times of submission.

    Ids rise in the order of announcement, and nothing is announced before the batch of its submission:
    in that order the latest batch so far is the date, also of a paper that was held for weeks.
    """
    days: dict[dt.date, list[Item]] = {}
    day = dt.date.min
    for record in sorted(records, key=lambda record: taxonomy.id_order(record.arxiv_id)):
        if not record.versions:
            continue
        first, *later = record.versions
        # A paper that joined the category later has an id of long ago, and is no measure of time.
        day = max(day, batches.batch_of(first.date))
        days.setdefault(day, []).append(_item(record, code))
        for version in later:
            days.setdefault(batches.batch_of(version.date), []).append(_item(record, code, version.number))
    return days


def _item(record: OaiRecord, code: str, replacement: int | None = None) -> Item:
    primary = taxonomy.canonical(record.categories[0]) if record.categories else None
    kind = "new" if primary == code else "cross"
    return Item(
        arxiv_id=record.arxiv_id,
        version=replacement or record.version,
        kind="replace" if replacement else kind,
        title=record.title,
        abstract=record.abstract,
        authors=tuple(split_authors(record.authors)),
        categories=record.categories,
        comment=record.comment,
        doi=record.doi,
        journal=record.journal,
        licence=record.licence,
    )
