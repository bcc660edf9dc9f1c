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
from posts.charts import Value, chart
from posts.models import DailyPost, Entry

SHOWN_POSTS = 90
# What is published later than this was not today's work: no delay is counted for it.
LONGEST_DELAY = dt.timedelta(days=14)


@dataclass(frozen=True)
class Line:
    """What the page says of one post. `hours` is None where no delay can be told."""

    post: DailyPost
    shown: int
    reviewed: int
    hours: float | None

    @property
    def papers(self) -> Value:
        text = f"{self.post.date} {self.post.digest}：{self.shown} 篇，其中经审校 {self.reviewed} 篇"
        return Value(self.post.date, text, self.reviewed, self.shown - self.reviewed)

    @property
    def delay(self) -> Value:
        return Value(
            self.post.date, f"{self.post.date} {self.post.digest}：{self.hours:.1f} 小时", self.hours or 0
        )


@require_safe
def statistics(request: HttpRequest) -> HttpResponse:
    newest = DailyPost.objects.published().select_related("digest").order_by("-date", "digest__slug")
    return render(request, "posts/statistics.html", _figures(_lines(list(newest[:SHOWN_POSTS])[::-1])))


def _lines(posts: list[DailyPost]) -> list[Line]:
    reviewed = Count("id", filter=Q(paper__summary__reviewed_at__isnull=False))
    rows = Entry.objects.public().filter(post__in=posts).order_by().values("post")
    counts = {row["post"]: row for row in rows.annotate(shown=Count("id"), reviewed=reviewed)}
    nothing = {"shown": 0, "reviewed": 0}
    return [
        Line(post, found["shown"], found["reviewed"], _delay(post))
        for post in posts
        for found in [counts.get(post.pk, nothing)]
    ]


def _delay(post: DailyPost) -> float | None:
    """Hours from arXiv's announcement to our publication, None for posts that were published otherwise."""
    is_ours = post.layout is None and post.published_at is not None
    if not is_ours or not batches.is_announcement_day(post.date):
        return None
    delay = max(dt.timedelta(), post.published_at - batches.announced_at(post.date))
    return delay / dt.timedelta(hours=1) if delay < LONGEST_DELAY else None


def _figures(lines: list[Line]) -> dict[str, Any]:
    total = sum(line.shown for line in lines)
    reviewed = sum(line.reviewed for line in lines)
    delays = [line for line in lines if line.hours is not None]
    return {
        "lines": lines,
        "announced": sum(line.post.fetched for line in lines),
        "total": total,
        "reviewed": reviewed,
        "share": round(100 * reviewed / total) if total else None,
        "usual": median(line.hours for line in delays) if delays else None,
        "papers": chart([line.papers for line in lines]),
        "delays": chart([line.delay for line in delays]) if delays else None,
    }
