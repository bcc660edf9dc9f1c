"""Statistics as figures drawn on the server: papers a day, review state, delay to publication."""

import datetime as dt
from dataclasses import dataclass
from statistics import median
from typing import Any

from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from papers import batches
from posts.models import DailyPost, Entry

SHOWN_POSTS = 90
WIDTH, HEIGHT = 640, 160


@dataclass(frozen=True)
class Bar:
    """One bar in the coordinates of the drawing; `text` is what it says."""

    x: float
    y: float
    width: float
    height: float
    text: str


@require_safe
def statistics(request: HttpRequest) -> HttpResponse:
    posts = list(
        DailyPost.objects.published().select_related("digest").order_by("-date", "digest__slug")[:SHOWN_POSTS]
    )[::-1]
    counts = _counts(posts)
    return render(request, "posts/statistics.html", _figures(posts, counts))


def _counts(posts: list[DailyPost]) -> dict[int, dict[str, int]]:
    reviewed = Count("id", filter=Q(paper__summary__reviewed_at__isnull=False))
    rows = (
        Entry.objects.public()
        .filter(post__in=posts)
        .order_by()
        .values("post")
        .annotate(shown=Count("id"), reviewed=reviewed)
    )
    return {row["post"]: row for row in rows}


def _figures(posts: list[DailyPost], counts: dict[int, dict[str, int]]) -> dict[str, Any]:
    shown = [(post, counts.get(post.pk, {}).get("shown", 0)) for post in posts]
    reviewed = sum(row["reviewed"] for row in counts.values())
    total = sum(n for _, n in shown)
    delays = [(post, hours) for post in posts if (hours := _delay(post)) is not None]
    return {
        "posts": posts,
        "total": total,
        "announced": sum(post.fetched for post in posts),
        "reviewed": reviewed,
        "share": round(100 * reviewed / total) if total else None,
        "papers": _bars([(f"{post.date} {post.digest}：{n} 篇", n) for post, n in shown]),
        "most": max((n for _, n in shown), default=0),
        "delays": _bars([(f"{post.date} {post.digest}：{hours:.1f} 小时", hours) for post, hours in delays]),
        "longest": max((hours for _, hours in delays), default=0),
        "usual": median(hours for _, hours in delays) if delays else None,
        "width": WIDTH,
        "height": HEIGHT,
    }


def _delay(post: DailyPost) -> float | None:
    """Hours from arXiv's announcement to our publication, None for posts that were published otherwise."""
    if post.published_at is None or not batches.is_announcement_day(post.date):
        return None
    seconds = (post.published_at - batches.announced_at(post.date)).total_seconds()
    return max(0.0, seconds / 3600) if seconds < dt.timedelta(days=14).total_seconds() else None


def _bars(values: list[tuple[str, float]]) -> list[Bar]:
    step = WIDTH / max(1, len(values))
    top = max((value for _, value in values), default=0) or 1
    return [
        Bar(round(at * step, 2), round(HEIGHT - height, 2), round(step * 0.8, 2), round(height, 2), text)
        for at, (text, value) in enumerate(values)
        for height in [value / top * HEIGHT]
    ]
