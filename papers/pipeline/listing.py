"""Listing a batch: ask every source, keep what it printed, store what it announced, fetch metadata.

1. arXiv's own listing of the date, one category at a time, with its printed count kept first.
2. The second opinions: RSS of the union (while it shows that date), and the API's last ten days.
3. Metadata for ids that are unknown or changed, a hundred a call; the listing's own words serve until then.
4. A summary and its jobs for every paper announced as new, cross-listed or late.
"""

import datetime as dt
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from django.db import transaction

from digest_site import clock
from papers import batches, jobs, ledger, taxonomy
from papers.harvest import Arxiv, Item, OaiRecord, Record, Sheet, SourceError
from papers.models import Announcement, Job, Poll

from . import outside
from .storing import (
    announced_ids,
    fetch_metadata,
    id_order,
    open_work,
    store_items,
    store_records,
    without_metadata,
)

CATCHUP_DAYS = 90
SECOND_OPINION_DAYS = 10
# The longest that arXiv's own answers go on filling up after an announcement.
SETTLES_AFTER = dt.timedelta(hours=20)
ASK_AGAIN_AFTER = dt.timedelta(hours=3)

Kind = Announcement.Kind
State = Poll.State


class NotYet(Exception):
    """arXiv has not announced this date yet, or never will: it is no announcement day."""


@dataclass
class Listed:
    """What one run of a listing did."""

    day: dt.date
    announced: int = 0
    fresh: int = 0
    fetched: int = 0
    troubles: list[str] = field(default_factory=list)


def ingest_subject(day: dt.date, categories: Iterable[str]) -> str:
    """The subject of a `list` job: which date, which categories."""
    return f"{day:%F}:{'+'.join(sorted(categories))}"


def parse_subject(subject: str) -> tuple[dt.date, list[str]]:
    day, _, codes = subject.partition(":")
    return dt.date.fromisoformat(day), codes.split("+")


def enlist(day: dt.date, categories: Sequence[str]) -> str:
    """Ask for a date to be listed (again); the subject of the job that will do it.

    :raises NotYet: the date has no announcement, or not yet.
    """
    if not batches.is_announcement_day(day):
        raise NotYet(f"{day:%F} 不是 arXiv 的公布日")
    if clock.now() < batches.announced_at(day):
        raise NotYet(f"{day:%F} 的论文 arXiv 还没有公布（{batches.announced_at(day):%F %H:%M %Z} 公布）")
    subject = ingest_subject(day, categories)
    jobs.enqueue(Job.Kind.LIST, [subject], again=True, priority=10)
    return subject


def due_days(categories: Sequence[str]) -> list[dt.date]:
    """Open dates that are worth asking about now, oldest first: unlisted, or due for the second look."""
    newest = batches.latest(clock.now())
    asked = {day: ledger.of_day(day, categories).asked_at for day in ledger.open_days(newest, categories)}
    return [day for day, at in asked.items() if at is None or clock.now() - at >= ASK_AGAIN_AFTER]


def ingest(day: dt.date, categories: Sequence[str]) -> Listed:
    """List one date for these categories; safe to repeat at any time for any past date.

    :raises SourceError: no source could say what arXiv announced; the date stays open.
    """
    listed = Listed(day)
    arxiv = outside.arxiv()
    failures = [_list_category(arxiv, day, code, listed) for code in categories]
    _ask_rss(arxiv, day, categories, listed)
    _ask_api(arxiv, day, categories, listed)
    _ask_metadata(arxiv, day, categories, listed)
    open_work(day, categories)
    listed.announced = len(announced_ids(day, categories))
    if failed := [error for error in failures if error]:
        raise failed[0]
    return listed


# Sources


def _list_category(arxiv: Arxiv, day: dt.date, code: str, listed: Listed) -> SourceError | None:
    """arXiv's own listing of one category: today's page, or the catch-up page of a past date."""
    current = day == batches.latest(clock.now())
    source = Poll.Source.LIST if current else Poll.Source.CATCHUP
    if not current and clock.now().date() - day > dt.timedelta(days=CATCHUP_DAYS):
        return _list_from_oai(arxiv, day, code, listed)
    poll = _asked(source, code, day)
    try:
        sheet = arxiv.new_list(code) if current else arxiv.catchup(code, day)
        return _read(poll, sheet, day, [code], listed)
    except SourceError as error:
        if current and error.state in ("broken", "truncated"):
            return _list_from_catchup(arxiv, day, code, listed, poll, error)
        return _failed(poll, error, listed)


def _list_from_catchup(
    arxiv: Arxiv, day: dt.date, code: str, listed: Listed, poll: Poll, error: SourceError
) -> SourceError | None:
    """The listing page cannot be read: the catch-up page of the same date says the same."""
    _failed(poll, error, listed)
    again = _asked(Poll.Source.CATCHUP, code, day)
    try:
        return _read(again, arxiv.catchup(code, day), day, [code], listed)
    except SourceError as second:
        return _failed(again, second, listed)


def _list_from_oai(arxiv: Arxiv, day: dt.date, code: str, listed: Listed) -> SourceError | None:
    """Beyond the catch-up pages: what OAI-PMH says was first submitted into that date's batch."""
    poll = _asked(Poll.Source.OAI, code, day)
    start, end = batches.submission_window(day)
    items: list[Item] = []
    try:
        token = None
        while True:
            page = arxiv.oai(code, start.date(), token=token)
            items += [
                _item_of(record, code)
                for record in page.records
                if record.submitted and start <= record.submitted < end
            ]
            token = page.token
            if not token:
                break
    except SourceError as error:
        return _failed(poll, error, listed)
    _store(poll, items, day, [code], listed)
    return None


def _item_of(record: OaiRecord, code: str) -> Item:
    primary = taxonomy.canonical(record.categories[0]) if record.categories else None
    return Item(
        arxiv_id=record.arxiv_id,
        version=record.version,
        kind="new" if primary == code else "cross",
        title=record.title,
        abstract=record.abstract,
        authors=tuple(re.split(r",\s+(?:and\s+)?|\s+and\s+", record.authors)),
        categories=record.categories,
        comment=record.comment,
        doi=record.doi,
        journal=record.journal,
        licence=record.licence,
    )


def _ask_rss(arxiv: Arxiv, day: dt.date, categories: Sequence[str], listed: Listed) -> None:
    """The second opinion of the day itself: kinds for the union, and licences; gone the next midnight."""
    now = clock.now()
    if not batches.feed_at(day) <= now < batches.feed_at(day) + dt.timedelta(days=1):
        return
    poll = _asked(Poll.Source.RSS, "+".join(categories), day)
    try:
        _read(poll, arxiv.rss(categories), day, categories, listed)
    except SourceError as error:
        _failed(poll, error, listed)


def _ask_api(arxiv: Arxiv, day: dt.date, categories: Sequence[str], listed: Listed) -> None:
    """The API's last ten days: ids that no listing announced are late, and join the newest date."""
    if day != batches.latest(clock.now()):
        return
    poll = _asked(Poll.Source.API, "+".join(categories), day)
    since = clock.now() - dt.timedelta(days=SECOND_OPINION_DAYS)
    try:
        records = arxiv.recent(categories, since, clock.now())
    except SourceError as error:
        _failed(poll, error, listed)
        return
    store_records(records)
    late = [record for record in records if _is_late(record, day, categories)]
    items = [_late_item(record) for record in late]
    _store(poll, items, day, categories, listed, found=len(records))


def _is_late(record: Record, day: dt.date, categories: Sequence[str]) -> bool:
    """Whether no listing announced a paper although listings cover the time its id was given out.

    Ids are given at announcement and rise in that order. What lies before the first date that we
    listed is not ours to add, and as long as a date in between is missing it may still claim the id.
    """
    if Announcement.objects.filter(arxiv_id=record.arxiv_id, category__in=categories).exists():
        return False
    listed = _listed_days(day, categories)
    earlier = batches.previous(listed[0]) if listed else day
    first = (
        Announcement.objects.filter(date__gte=listed[0] if listed else day, kind=Kind.NEW)
        .order_by("date", "arxiv_id")
        .values_list("arxiv_id", flat=True)
        .first()
    )
    in_range = first is not None and id_order(record.arxiv_id) > id_order(first)
    return in_range and batches.batch_of(record.submitted) > earlier


def _listed_days(day: dt.date, categories: Sequence[str]) -> list[dt.date]:
    """The unbroken run of dates, ending in `day`, that were listed for every one of the categories."""
    done = Poll.objects.filter(
        state__in=[State.OK, State.EMPTY],
        source__in=[Poll.Source.LIST, Poll.Source.CATCHUP, Poll.Source.OAI],
        category__in=categories,
        date__gte=day - dt.timedelta(days=3 * SECOND_OPINION_DAYS),
    ).values_list("date", "category")
    by_day: dict[dt.date, set[str]] = {}
    for date, code in done:
        by_day.setdefault(date, set()).add(code)
    run: list[dt.date] = []
    while by_day.get(day, set()) >= set(categories):
        run.insert(0, day)
        day = batches.previous(day)
    return run


def _late_item(record: Record) -> Item:
    return Item(
        arxiv_id=record.arxiv_id,
        version=record.version,
        kind="late",
        title=record.title,
        abstract=record.abstract,
        authors=tuple(record.authors),
        categories=tuple(record.categories),
        comment=record.comment,
        doi=record.doi,
        journal=record.journal,
        licence="",
    )


def _ask_metadata(arxiv: Arxiv, day: dt.date, categories: Sequence[str], listed: Listed) -> None:
    """Metadata for the date; what the API does not know yet is asked again by a job of its own."""
    try:
        missing = fetch_metadata(arxiv, day, categories)
    except SourceError as error:
        missing = len(without_metadata(day, categories))
        listed.troubles.append(f"API 元数据：{error}")
    if missing:
        jobs.enqueue(Job.Kind.METADATA, [ingest_subject(day, categories)], again=True)


# Jobs


def list_batch(job: Job) -> None:
    """Do a `list` job: one date, its categories."""
    day, categories = parse_subject(job.subject)
    try:
        ingest(day, categories)
    except SourceError as error:
        if error.state == "unknown_category":
            return jobs.give_up(job, error.state, str(error))
        raise
    jobs.finish(job)


def complete_metadata(job: Job) -> None:
    """Do a `metadata` job: ask the API again for what it did not know; it fills up for hours."""
    day, categories = parse_subject(job.subject)
    missing = fetch_metadata(outside.arxiv(), day, categories)
    open_work(day, categories)
    if not missing:
        return jobs.finish(job)
    wait = clock.machine_now() + dt.timedelta(hours=1)
    jobs.postpone(job, wait, "missing", f"API 还没有 {missing} 篇的元数据")


# Polls


def _asked(source: str, category: str, day: dt.date) -> Poll:
    return Poll.objects.create(source=source, category=category, date=day, asked_at=clock.now())


def _failed(poll: Poll, error: SourceError, listed: Listed) -> SourceError:
    known = error.state if error.state in State.values else State.BROKEN
    Poll.objects.filter(pk=poll.pk).update(state=known, note=str(error)[:300])
    listed.troubles.append(f"{poll.get_source_display()} {poll.category}：{error}")
    return error


def _read(
    poll: Poll, sheet: Sheet, day: dt.date, categories: Sequence[str], listed: Listed
) -> SourceError | None:
    """Keep the printed count before an entry is parsed, then store the entries, all or none."""
    if sheet.date != day:
        raise SourceError("stale", f"印的日期是 {sheet.date}，不是 {day}")
    if sheet.total is not None:
        Poll.objects.filter(pk=poll.pk).update(printed=sheet.printed)
        poll.printed = sheet.printed
    items = sheet.items()
    if not items and sheet.total is None:
        raise SourceError("stale", "公布日却没有条目")
    _store(poll, items, day, categories, listed)
    return None


def _store(
    poll: Poll,
    items: Sequence[Item],
    day: dt.date,
    categories: Sequence[str],
    listed: Listed,
    found: int | None = None,
) -> None:
    with transaction.atomic():
        fresh = _announce(items, day, categories, poll)
        store_items(items)
        poll.state = State.OK if items or found else State.EMPTY
        poll.found = len(items) if found is None else found
        poll.fresh = fresh
        poll.save(update_fields=["state", "found", "fresh"])
    listed.fresh += fresh


def _announce(items: Sequence[Item], day: dt.date, categories: Sequence[str], poll: Poll) -> int:
    """Upsert the announcements of one answer; how many (category, id) pairs were not known."""
    pairs = {(code, item.arxiv_id): item for item in items for code in _announced_in(item, categories, poll)}
    known = {
        (row.category, row.arxiv_id): row
        for row in Announcement.objects.filter(date=day, category__in=categories)
    }
    rows = []
    for (code, arxiv_id), item in pairs.items():
        row = known.get((code, arxiv_id)) or Announcement(
            category=code, date=day, arxiv_id=arxiv_id, kind=item.kind, first_seen_at=clock.now()
        )
        row.sources = row.sources | {poll.source: item.kind}
        row.version = item.version or row.version
        if poll.source in (Poll.Source.LIST, Poll.Source.CATCHUP):
            row.kind = item.kind
        rows.append(row)
    Announcement.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["category", "date", "arxiv_id"],
        update_fields=["sources", "version", "kind"],
        batch_size=300,
    )
    return len(pairs.keys() - known.keys())


def _announced_in(item: Item, categories: Sequence[str], poll: Poll) -> list[str]:
    """Which of the categories an answer announces a paper in: a listing speaks of its own one."""
    if len(categories) == 1:
        return list(categories)
    mine = {taxonomy.canonical(code) for code in item.categories}
    return [code for code in categories if code in mine] or list(categories[:1])
