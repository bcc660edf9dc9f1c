"""Where an editor is in the queue: how many are behind, how many ahead, what comes next."""

from collections.abc import Mapping
from typing import Any

from django.http import QueryDict
from django.urls import reverse

from papers.models import Sitting

from . import line, pace
from .queue import Queue

LOOK_AHEAD = 20
REMEMBERED = 999
KEY = "review-queue"


class Place:
    """The queue of some filters as one editor goes through it.

    What was decided or skipped is kept in the session, so that a skipped text does not come back before the others.
    """

    def __init__(self, request: Any, filters: str, params: Mapping[str, str]) -> None:
        self.user = request.user
        self.session = request.session
        self.filters = filters
        self.line = line.Line(Queue(params))

    @property
    def seen(self) -> list[int]:
        kept = self.session.get(KEY) or {}
        return kept.get("seen", []) if kept.get("filters") == self.filters else []

    def pass_by(self, pk: int) -> None:
        """This one is behind us: decided or skipped."""
        seen = [*(one for one in self.seen if one != pk), pk]
        self.session[KEY] = {"filters": self.filters, "seen": seen[-REMEMBERED:]}

    def start_over(self) -> None:
        self.session.pop(KEY, None)

    def following(self) -> int | None:
        """The next text; one that somebody else has open comes only when there is no other."""
        ids = self.line.without(set(self.seen))[:LOOK_AHEAD]
        others = Sitting.objects.present().exclude(user=self.user)
        busy = set(others.filter(summary__in=ids).values_list("summary", flat=True))
        return next((one for one in ids if one not in busy), next(iter(ids), None))

    def words(self, pk: int) -> "Words":
        behind = len([one for one in self.seen if one != pk])
        ahead = self.line.without({*self.seen, pk}).count()
        speed = pace.of(self.user)
        return Words(behind + 1, behind + 1 + ahead, speed.left(ahead + 1), speed.how_known)


class Words:
    """第 3 / 17 篇，约剩 25 分钟"""

    def __init__(self, number: int, total: int, left: str, how_known: str) -> None:
        self.number, self.total, self.left, self.how_known = number, total, left, how_known

    def __str__(self) -> str:
        return f"第 {self.number} / {self.total} 篇，{self.left}"


def desk_url(pk: int, filters: str) -> str:
    """The desk of one text, knowing the queue that it was opened from."""
    query = QueryDict(mutable=True)
    if filters:
        query["_changelist_filters"] = filters
    tail = f"?{query.urlencode()}" if query else ""
    return reverse("admin:papers_summary_change", args=[pk]) + tail
