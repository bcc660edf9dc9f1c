"""The queue in its order, and what stands in a line of it.

The order is: blocking findings, then readers' reports, then the newest day, its categories one after the other. A backlog of
more than BACKLOG texts is taken in the order of storing instead of day and category, which costs the database nothing.
"""

from collections.abc import Collection
from typing import Self

from django.core.paginator import Page, Paginator
from django.db.models import Case, IntegerField, OuterRef, QuerySet, Subquery, Value, When
from django.utils.functional import cached_property

from papers.models import Summary
from posts.models import Entry

from .queue import Queue

BACKLOG = 3000


class Line:
    """Ids of texts in order. Up to BACKLOG are sorted here, and only when asked for; more are left to the database."""

    def __init__(self, queue: Queue, passed: Collection[int] = ()) -> None:
        self.queue, self.passed = queue, passed

    def without(self, passed: Collection[int]) -> Self:
        return type(self)(self.queue, passed)

    def count(self) -> int:
        return self._rows.count() if self._worst is None else len(self._worst)

    def __getitem__(self, part: slice) -> list[int]:
        if self._worst is None:
            return list(self._rows.values_list("pk", flat=True)[part])
        return sorted(self._turns, key=self._turns.__getitem__)[part]

    @property
    def _rows(self) -> QuerySet[Summary]:
        rows = _by_storing(self.queue) if self.queue.has_turns else self.queue.texts.order_by("-pk")
        return rows.exclude(pk__in=self.passed) if self.passed else rows

    @cached_property
    def _worst(self) -> dict[int, str] | None:
        """The gravest finding of each text; None where there are too many."""
        if not self.queue.has_turns:
            return None
        worst = dict(self.queue.texts.values_list("pk", "worst")[: BACKLOG + 1])
        return None if len(worst) > BACKLOG else {pk: worst[pk] for pk in worst if pk not in self.passed}

    @cached_property
    def _turns(self) -> dict[int, tuple[int, int, str, str]]:
        """Rank, newest day, category, number. By id: a planner would rather read all papers than join a few."""
        worst, urgent = self._worst or {}, set(self.queue.complained)
        newest = Entry.objects.filter(paper=OuterRef("paper")).order_by("-post__date").values("post__date")
        known = Summary.objects.filter(pk__in=worst).annotate(day=Subquery(newest[:1])).order_by()
        rows = known.values_list("pk", "day", "paper__categories__0", "paper__arxiv_id")
        return {
            pk: (
                0 if worst[pk] == "block" else 1 if pk in urgent else 2,
                -(day.toordinal() if day else 0),
                category or "",
                arxiv_id,
            )
            for pk, day, category, arxiv_id in rows
        }


def _by_storing(queue: Queue) -> QuerySet[Summary]:
    steps = [When(worst="block", then=Value(0))]
    if queue.complained:
        steps.append(When(pk__in=queue.complained, then=Value(1)))
    rank = Case(*steps, default=Value(2), output_field=IntegerField())
    return queue.texts.annotate(rank=rank).order_by("rank", "-pk")


class Pages(Paginator):
    """Pages of a Line; rows with whole texts are loaded for one page only, never carried through a sort."""

    def page(self, number: int | str) -> Page:
        number = self.validate_number(number)
        start = (number - 1) * self.per_page
        return self._get_page(loaded(self.object_list[start : start + self.per_page]), number, self)


def loaded(ids: list[int]) -> list[Summary]:
    """With what a line of the list shows, and without the long texts."""
    texts = Summary.objects.filter(pk__in=ids).select_related("paper", "current__author", "reviewed_by")
    rows = texts.defer(
        "paper__abstract",
        "paper__authors",
        "paper__versions",
        "paper__comment",
        "current__abstract",
        "current__reading",
    ).in_bulk()
    return [rows[pk] for pk in ids if pk in rows]
