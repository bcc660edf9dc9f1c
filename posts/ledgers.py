"""The ledger with what only digests know: how much of a date readers see, and what a rule holds back.

As plain values for `fetch --json`, for monitoring, and for whoever draws them.
"""

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any

from django.http import HttpRequest, JsonResponse

from digest_site import clock
from papers import batches, ledger
from papers.models import Poll

from .daily import union
from .models import Digest, Entry

DAYS = 14
MOST_DAYS = 366


def books(digest: Digest, days: Sequence[dt.date]) -> list[dict[str, Any]]:
    """One object a date: the ledger's fields, and `shown`, `held` (rule -> papers) and `post` (its status)."""
    posts = {post.date: post for post in digest.posts.filter(date__in=days)}
    shown = _by_date(Entry.objects.filter(post__in=posts.values()).public().values_list("post__date"))
    held: dict[dt.date, dict[str, int]] = {}
    rules = Entry.objects.filter(post__in=posts.values()).exclude(held="").order_by()
    for date, rule in rules.values_list("post__date", "held"):
        held.setdefault(date, {}).setdefault(rule, 0)
        held[date][rule] += 1
    return [
        {"digest": digest.slug}
        | book.as_json()
        | {
            "post": posts[book.date].status if book.date in posts else None,
            "shown": shown.get(book.date, 0),
            "held": held.get(book.date, {}),
        }
        for book in ledger.of_days(days, digest.categories)
    ]


def _by_date(dates: Iterable[tuple[dt.date]]) -> dict[dt.date, int]:
    counts: dict[dt.date, int] = {}
    for (date,) in dates:
        counts[date] = counts.get(date, 0) + 1
    return counts


def state(days: int = DAYS) -> dict[str, Any]:
    """All active digests over the last `days` days, and what a person should look at. JSON-ready but for dates."""
    newest = ledger.newest_listing()
    span = batches.between(newest - dt.timedelta(days=days - 1), newest)
    digests = list(Digest.objects.filter(active=True))
    return {
        "asked_at": clock.now(),
        "newest": newest,
        "alarms": [
            {"digest": digest.slug, "date": alarm.date, "message": alarm.message}
            for digest in digests
            for alarm in ledger.alarms(digest.categories)
        ],
        "days": [book for digest in digests for book in books(digest, span)],
    }


def gaps() -> list[ledger.Alarm]:
    """The alarms of all active digests together, oldest first. Before anybody asked arXiv there are none."""
    categories = union(Digest.objects.filter(active=True))
    return ledger.alarms(categories) if Poll.objects.exists() else []


def ledger_json(request: HttpRequest) -> JsonResponse:
    """For monitoring: ?days=14. Status 503 while there is an alarm, so that a plain probe sees it."""
    wanted = request.GET.get("days", "")
    found = state(
        min(int(wanted), MOST_DAYS) if wanted.isascii() and wanted.isdigit() and int(wanted) else DAYS
    )
    return JsonResponse(
        found,
        status=503 if found["alarms"] else 200,
        json_dumps_params={"ensure_ascii": False},
        headers={"Cache-Control": "no-store"},
    )
