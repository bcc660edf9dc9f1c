"""Asking one source one question: the Poll row before it, the printed count before the entries, all or none."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db import transaction

from digest_site import clock
from papers import ledger
from papers.harvest import Arxiv, Item, Sheet, SourceError
from papers.models import Poll

from .announcing import announce
from .storing import store_items

State = Poll.State
WEIGHTS = {"new": 0, "cross": 1, "late": 2, "replace": 3}


@dataclass
class Listed:
    """What one run of a listing did."""

    day: dt.date
    fresh: int = 0
    # How many entries arXiv's own listings had.
    entries: int = 0
    troubles: list[str] = field(default_factory=list)
    # The dates that were read: the one asked about, and others that an answer turned out to be of.
    dates: set[dt.date] = field(default_factory=set)


@dataclass(frozen=True)
class Inquiry:
    """What is asked about: one date in these categories."""

    arxiv: Arxiv
    day: dt.date
    categories: Sequence[str]
    listed: Listed


def asked(source: str, category: str, day: dt.date) -> Poll:
    """The question, written down before it is asked."""
    return Poll.objects.create(source=source, category=category[:200], date=day, asked_at=clock.now())


def failed(poll: Poll, error: SourceError, listed: Listed) -> SourceError:
    """The answer was none: the source is marked with why, and the date stays open."""
    poll.state = error.state if error.state in State.values else State.BROKEN
    poll.note = str(error)[:300]
    poll.save(update_fields=["state", "note"])
    listed.troubles.append(
        f"{poll.get_source_display()} {poll.category}：{poll.get_state_display()}（{error}）"
    )
    return error


def nothing(poll: Poll, note: str) -> None:
    """The source says that there was no announcement on that date."""
    poll.state, poll.note, poll.found, poll.fresh = State.EMPTY, note, 0, 0
    poll.printed = poll.printed or {"new": 0, "cross": 0, "replace": 0}
    poll.save(update_fields=["state", "note", "found", "fresh", "printed"])


def read(poll: Poll, sheet: Sheet, categories: Sequence[str], listed: Listed) -> None:
    """Keep the printed count before an entry is parsed, then store the entries, all or none.

    :raises SourceError: stale, when the sheet is another date's; truncated or broken, when it does not add up.
    """
    if sheet.date != poll.date:
        raise SourceError("stale", f"印的日期是 {sheet.date}，不是 {poll.date}")
    if sheet.total is not None:
        poll.printed = sheet.printed
        poll.save(update_fields=["printed"])
    items = sheet.items()
    if not items and sheet.total is None and not _is_known_empty(poll.date, categories):
        raise SourceError("stale", "公布日却没有条目")
    store(poll, items, categories, listed)
    if poll.source in ledger.LISTINGS:
        listed.entries += len(items)


def _is_known_empty(day: dt.date, categories: Sequence[str]) -> bool:
    """Whether the listings of all these categories were read, and announced nothing."""
    [look] = ledger.looks_at([day], categories)
    return all(listing.is_read and not listing.stored for listing in look.listings)


def store(
    poll: Poll, items: Sequence[Item], categories: Sequence[str], listed: Listed, *, found: int | None = None
) -> None:
    """The announcements and papers of one answer, and its Poll, in one transaction."""
    items = _once(items, poll)
    with transaction.atomic():
        poll.fresh = announce(poll.source, items, poll.date, categories) if items else 0
        store_items(items)
        poll.found = len(items) if found is None else found
        poll.state = State.OK if poll.found else State.EMPTY
        poll.save(update_fields=["state", "found", "fresh", "printed"])
    listed.fresh += poll.fresh
    listed.dates.add(poll.date)


def _once(items: Sequence[Item], poll: Poll) -> list[Item]:
    """One line a paper: what is printed in two sections counts in the weightier one, and is counted as twice."""
    best: dict[str, Item] = {}
    for item in sorted(items, key=lambda item: WEIGHTS.get(item.kind, 0)):
        best.setdefault(item.arxiv_id, item)
    if poll.printed:
        counted = sum(item.kind != "replace" for item in items)
        twice = counted - sum(item.kind != "replace" for item in best.values())
        poll.printed = poll.printed | ({"twice": twice} if twice else {})
    return list(best.values())
