"""OAI-PMH: what changed since we last asked, and the dates that no other source reaches any more."""

import datetime as dt
from collections.abc import Iterable, Iterator

from django.db.models import QuerySet

from digest_site import clock
from papers import batches, ledger, taxonomy
from papers.harvest import KINDS, Arxiv, Item, OaiRecord, SourceError
from papers.models import Poll

from .announcing import confirm
from .histories import split_authors, store_changes
from .polls import Inquiry, asked, failed, store

# The archive shows a batch about two and a half hours after its announcement.
SHOWN_AFTER = dt.timedelta(hours=2, minutes=45)
CATCHUP_DAYS = 90
# Under this name the archive confirms what a listing said; as a listing of its own it is Poll.Source.OAI.
ARCHIVE = "archive"
# A harvest may serve other dates for this long before it is asked again.
KEEPS = dt.timedelta(hours=3)
MAX_PAGES = 60

Source = Poll.Source
State = Poll.State


def records_since(arxiv: Arxiv, category: str, since: dt.date) -> Iterator[list[OaiRecord]]:
    """Page by page what changed in a category since a date (UTC).

    :raises SourceError: stale, when the server forgot its token: begin again.
    """
    token: str | None = None
    for _ in range(MAX_PAGES):
        page = arxiv.oai(category, since, token=token)
        yield page.records
        token = page.token
        if token is None:
            return
    raise SourceError("too_large", f"more than {MAX_PAGES} pages of {category}")


# Versions, licences, withdrawals


def set_name(code: str) -> str:
    """What a harvest of changes is written down under: it is no listing of the category."""
    return f"changes:{code}"


def ask_changes(inquiry: Inquiry) -> None:
    """Once per announcement, after the archive shows it: histories, licences, withdrawals, new words."""
    ready = batches.announced_at(batches.latest(clock.now())) + SHOWN_AFTER
    if clock.now() < ready:
        return
    asked_since = set(
        _harvests(inquiry.categories).filter(asked_at__gte=ready).values_list("category", flat=True)
    )
    for code in inquiry.categories:
        if set_name(code) not in asked_since:
            _ask_changes(inquiry, code)


def _harvests(codes: Iterable[str]) -> QuerySet[Poll]:
    """The good harvests of changes in these categories, newest first."""
    names = [set_name(code) for code in codes]
    good = Poll.objects.filter(source=Source.OAI, category__in=names, state__in=ledger.ANSWERED)
    return good.order_by("-asked_at")


def _ask_changes(inquiry: Inquiry, code: str) -> None:
    last = _harvests([code]).first()
    since = last.asked_at.date() if last else ledger.first_day([code]) or inquiry.day
    since = min(since, inquiry.day)
    poll = asked(Source.OAI, set_name(code), inquiry.day)
    found = 0
    try:
        for records in records_since(inquiry.arxiv, code, since):
            store_changes(records)
            confirm(ARCHIVE, {one.arxiv_id: one.categories[0] for one in records if one.categories})
            found += len(records)
    except SourceError as error:
        failed(poll, error, inquiry.listed)
        return
    poll.state, poll.found = State.OK if found else State.EMPTY, found
    poll.save(update_fields=["state", "found"])


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
