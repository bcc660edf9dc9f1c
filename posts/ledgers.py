"""The ledger with what only digests know: how much of a date readers see, and what a rule holds back.

As plain values for `fetch --json`, for monitoring, and for whoever draws them.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any

from django.db.models import Max, Min

from digest_site import clock
from papers import batches, ledger, taxonomy
from papers.models import Poll

from .assembly import announced
from .daily import union
from .models import Digest, Entry

DAYS = 14
WORDS = {"red": "缺", "yellow": "未完", "green": "齐"}


def word_of(colour: str, waiting: int) -> str:
    """The colour of a date with so many jobs left in a word, the same wherever people read it."""
    return "待核对" if colour == "yellow" and not waiting else WORDS[colour]


def books(digest: Digest, days: Sequence[dt.date]) -> list[dict[str, Any]]:
    """One object a date: the ledger's fields, and `shown`, `held` (rule -> papers), `post` (its status) and
    `never_had`, the papers that the old site lacked while it ran."""
    posts = {post.date: post for post in digest.posts.filter(date__in=days)}
    shown = _by_date(Entry.objects.filter(post__in=posts.values()).public().values_list("post__date"))
    held: dict[dt.date, dict[str, int]] = {}
    rules = Entry.objects.filter(post__in=posts.values()).exclude(held="").order_by()
    for date, rule in rules.values_list("post__date", "held"):
        held.setdefault(date, {}).setdefault(rule, 0)
        held[date][rule] += 1
    lacking = never_had(digest, days)
    return [
        {"digest": digest.slug}
        | book.as_json()
        | {
            "post": posts[book.date].status if book.date in posts else None,
            "shown": shown.get(book.date, 0),
            "held": held.get(book.date, {}),
            "never_had": lacking.get(book.date, []),
        }
        for book in ledger.of_days(days, digest.categories)
    ]


def never_had(digest: Digest, days: Sequence[dt.date]) -> dict[dt.date, list[str]]:
    """date -> arXiv ids first announced on it that no post of the old site had, for dates within its time.

    Only what arXiv was asked about is known: `fetch --since` lists the dates of long ago, `summarize --day`
    then makes up for one of them.
    """
    old = digest.posts.filter(layout__isnull=False)
    first, last = old.aggregate(first=Min("date"), last=Max("date")).values()
    span = [day for day in days if first and first <= day <= last]
    entries = Entry.objects.filter(digest=digest, layout__isnull=False)
    had = set(entries.values_list("paper__arxiv_id", flat=True)) if span else set()
    return {day: sorted(announced(digest, day).keys() - had, key=taxonomy.id_order) for day in span}


def _by_date(dates: Iterable[tuple[dt.date]]) -> dict[dt.date, int]:
    counts: dict[dt.date, int] = {}
    for (date,) in dates:
        counts[date] = counts.get(date, 0) + 1
    return counts


def state(days: int = DAYS) -> dict[str, Any]:
    """All active digests over the last `days` days, and what a person should look at. JSON-ready but for dates.

    In numbers only: an id may be of a paper that is not public, and what a source answered is for the admin.
    """
    newest = ledger.newest_listing()
    span = batches.between(newest - dt.timedelta(days=days - 1), newest)
    digests = list(Digest.objects.filter(active=True))
    return {
        "asked_at": clock.now(),
        "newest": newest,
        "alarms": [
            {"digest": digest.slug, "date": alarm.date, "message": alarm.message}
            for digest in digests
            for alarm in alarms(digest.categories)
        ],
        "days": [_numbers(book) for digest in digests for book in books(digest, span)],
    }


def _numbers(book: dict[str, Any]) -> dict[str, Any]:
    alone = {source: len(ids) for source, ids in book["differences"].items()}
    numbers = {"differences": alone, "never_had": len(book["never_had"])}
    return {name: value for name, value in book.items() if name != "troubles"} | numbers


def gaps() -> list[ledger.Alarm]:
    """The alarms of all active digests together, oldest first."""
    return alarms(union(Digest.objects.filter(active=True)))


def alarms(categories: Sequence[str]) -> list[ledger.Alarm]:
    """What the ledger lacks. An installation that has never asked arXiv owes nobody a date yet."""
    return ledger.alarms(categories) if Poll.objects.exists() else []
