"""Papers that a second source knows and no listing announced: they are late, and join the newest date.

Ids are given at announcement and rise in that order, so an id tells when it was announced: at or after the
first date that we listed it is ours, before it is not. Nothing is announced before the batch of its
submission, so that tells as well. As long as a date in between is missing, that date may still claim the id.
"""

import datetime as dt
from collections.abc import Sequence
from typing import TypeVar

from papers import batches, ledger
from papers.harvest import Item, OaiRecord, Record
from papers.models import Announcement, Poll
from papers.taxonomy import id_order

Kind = Announcement.Kind
LOOKS_BACK = dt.timedelta(days=30)

R = TypeVar("R", Record, OaiRecord)


def late_among(records: Sequence[R], day: dt.date, categories: Sequence[str]) -> list[R]:
    """The records, of the API or of the archive, that no listing announced although the listings of their time were all read.

    `day` is the newest date. A record submitted after its deadline belongs to the next date.
    """
    unannounced = [
        record
        for record in _unannounced(records, categories)
        if set(record.categories) & set(categories) and not _is_next_batch(record, day)
    ]
    if not unannounced or not (run := _unbroken(day, categories)):
        return []
    first = _first_id(run, categories)
    return [record for record in unannounced if _is_of_our_time(record, run[0], first)]


def _unannounced(records: Sequence[R], categories: Sequence[str]) -> list[R]:
    ids = [record.arxiv_id for record in records]
    rows = Announcement.objects.filter(arxiv_id__in=ids, category__in=categories).order_by()
    announced = set(rows.values_list("arxiv_id", flat=True))
    return [record for record in records if record.arxiv_id not in announced]


def _is_of_our_time(record: Record | OaiRecord, begun: dt.date, first: str | None) -> bool:
    """Whether the paper was announced on the first date that we listed, or after it."""
    if first is not None and id_order(record.arxiv_id) > id_order(first):
        return True
    return batches.batch_of(record.submitted) >= begun


def _is_next_batch(record: Record | OaiRecord, day: dt.date) -> bool:
    return batches.is_announcement_day(day) and record.submitted >= batches.deadline(day)


def _unbroken(day: dt.date, categories: Sequence[str]) -> list[dt.date]:
    """The run of dates without a gap, ending in `day`, that were listed for each of the categories; oldest first."""
    answered = Poll.objects.filter(
        state__in=ledger.ANSWERED,
        source__in=ledger.LISTINGS,
        category__in=categories,
        date__range=(day - LOOKS_BACK, day),
    ).values_list("date", "category")
    listed: dict[dt.date, set[str]] = {}
    for date, code in answered:
        listed.setdefault(date, set()).add(code)
    run: list[dt.date] = []
    for date in reversed(batches.weekdays(day - LOOKS_BACK, day)):
        if listed.get(date, set()) >= set(categories):
            run.insert(0, date)
        elif batches.is_announcement_day(date) or date == day:
            break
    return run


def _first_id(days: Sequence[dt.date], categories: Sequence[str]) -> str | None:
    """The lowest id announced as new on the first of these dates that had any."""
    rows = Announcement.objects.filter(date__in=days, category__in=categories, kind=Kind.NEW)
    by_date: dict[dt.date, list[str]] = {}
    for date, arxiv_id in rows.values_list("date", "arxiv_id"):
        by_date.setdefault(date, []).append(arxiv_id)
    return min(by_date[min(by_date)], key=id_order) if by_date else None


def late_item(record: Record) -> Item:
    """A late record in the words of a listing."""
    return Item(
        arxiv_id=record.arxiv_id,
        version=record.version,
        kind=Kind.LATE,  # type: ignore[arg-type]  # arXiv has no such kind, only we
        title=record.title,
        abstract=record.abstract,
        authors=tuple(record.authors),
        categories=tuple(record.categories),
        comment=record.comment,
        doi=record.doi,
        journal=record.journal,
    )
