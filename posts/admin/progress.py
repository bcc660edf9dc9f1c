"""How far a day is: translated, failed, approved, and what it cost. A constant number of queries for any number."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Count, OuterRef, QuerySet, Subquery, Sum

from papers.models import Job, LLMCall, Summary
from posts.models import DailyPost, Digest, Entry

Status = Summary.Status
STATES: dict[str | None, str] = {
    Status.APPROVED: "approved",
    Status.REJECTED: "rejected",
    Status.MANUAL: "manual",
    Status.NEEDS_REVIEW: "to_review",
}


@dataclass(frozen=True)
class Progress:
    """Numbers of papers of one post that no rule holds back; `held_back` are those that one does."""

    total: int = 0
    translated: int = 0
    failed: int = 0
    approved: int = 0
    rejected: int = 0
    manual: int = 0
    to_review: int = 0
    public: int = 0
    held_back: int = 0
    cost: Decimal | None = None

    def __str__(self) -> str:
        parts = [f"{self.translated} / {self.total} 已译", f"{self.failed} 失败", f"{self.approved} 通过"]
        return "，".join([*parts, *filter(None, [money(self.cost)])])

    @property
    def decided(self) -> int:
        return self.approved + self.rejected

    @property
    def is_finished(self) -> bool:
        return self.total > 0 and self.decided == self.total


def money(amount: Decimal | None) -> str:
    return "" if amount is None else f"约 {amount:.2f} 元"


def of(posts: Iterable[DailyPost]) -> dict[int, Progress]:
    """Progress by post id, in three queries."""
    ids = [post.pk for post in posts]
    entries = Entry.objects.filter(post__in=ids).order_by()
    failed = dict(_failures(entries.filter(held="")))
    costs = dict(
        LLMCall.objects.filter(paper__entries__post__in=ids)
        .order_by()
        .values_list("paper__entries__post")
        .annotate(Sum("price"))
    )
    counts: dict[int, Counter[str]] = {pk: Counter() for pk in ids}
    for post, held, *counted in _groups(entries):
        counts[post] += _group(held, *counted)
    return {
        pk: Progress(**count, failed=failed.get(pk, 0), cost=costs.get(pk))
        for pk, count in counts.items()
        if count
    }


def _groups(entries: QuerySet[Entry]) -> QuerySet[Entry, tuple[Any, ...]]:
    """Counted by state: one sum a group costs less than a condition for every number."""
    groups = entries.values_list("post", "held", "paper__summary__status")
    return groups.annotate(Count("pk"), Count("paper__summary__current"), Count("paper__summary__public"))


def _group(held: str, status: str | None, number: int, translated: int, public: int) -> Counter[str]:
    if held:
        return Counter(held_back=number)
    counted = Counter(total=number, translated=translated, public=public)
    if status in STATES:
        counted[STATES[status]] += number
    return counted


def _failures(entries: QuerySet[Entry]) -> QuerySet[Entry, tuple[int, int]]:
    """Papers that have no Chinese text because their translation was given up."""
    dead = Job.objects.filter(kind=Job.Kind.TRANSLATE, state=Job.State.DEAD).values("subject")
    return (
        entries.filter(paper__arxiv_id__in=dead, paper__summary__current=None)
        .values_list("post")
        .annotate(Count("pk"))
    )


def with_cost(digests: QuerySet[Digest]) -> QuerySet[Digest]:
    """Each digest with `cost`: what its papers' calls cost, None where no price is known."""
    calls = (
        LLMCall.objects.filter(paper__entries__digest=OuterRef("pk"))
        .order_by()
        .values("paper__entries__digest")
        .annotate(sum=Sum("price"))
    )
    return digests.annotate(cost=Subquery(calls.values("sum")))


def newest_posts() -> QuerySet[DailyPost]:
    """The newest post of every active digest: what an editor comes for in the morning."""
    newest = DailyPost.objects.filter(digest=OuterRef("pk")).order_by("-date").values("pk")[:1]
    ids = Digest.objects.filter(active=True).annotate(newest=Subquery(newest)).values("newest")
    return DailyPost.objects.filter(pk__in=ids).select_related("digest").order_by("digest__slug")


def with_progress(posts: QuerySet[DailyPost]) -> list[DailyPost]:
    """The posts, each with its `progress`."""
    found = list(posts)
    numbers = of(found)
    for post in found:
        post.progress = numbers.get(post.pk, Progress())
    return found
