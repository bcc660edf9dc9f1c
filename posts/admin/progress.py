"""How far a day is: translated, failed, approved, and what it cost. A constant number of queries for any number."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery, Sum

from papers.models import Job, LLMCall, Summary
from posts.models import DailyPost, Digest, Entry

Status = Summary.Status


@dataclass(frozen=True)
class Progress:
    """Numbers of papers of one post that no rule holds back; `held_back` are those that one does."""

    total: int = 0
    translated: int = 0
    read: int = 0
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
    return {
        row.pop("post"): Progress(**row, failed=failed.get(post, 0), cost=costs.get(post))
        for row in _counts(entries)
        for post in [row["post"]]
    }


def _counts(entries: QuerySet[Entry]) -> QuerySet[Entry, dict[str, int]]:
    listed = Q(held="")
    states = {
        name: Count("pk", filter=listed & Q(paper__summary__status=status))
        for name, status in [
            ("approved", Status.APPROVED),
            ("rejected", Status.REJECTED),
            ("manual", Status.MANUAL),
            ("to_review", Status.NEEDS_REVIEW),
        ]
    }
    return entries.values("post").annotate(
        total=Count("pk", filter=listed),
        translated=Count("pk", filter=listed & Q(paper__summary__current__isnull=False)),
        read=Count("pk", filter=listed & Q(paper__summary__current__reading__gt="")),
        public=Count("pk", filter=listed & Q(paper__summary__public__isnull=False)),
        held_back=Count("pk", filter=~listed),
        **states,
    )


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
