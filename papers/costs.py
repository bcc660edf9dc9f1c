"""What the model cost: sums over the calls, by day, model and paper.

Amounts are in the currency of the configured prices. A call without a price is counted, never as zero: `priced` says
how many of the calls have one.
"""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Count, F, QuerySet, Sum
from django.db.models.functions import TruncDate

from .models import LLMCall

ROWS = 40


@dataclass(frozen=True)
class Line:
    name: str
    calls: int
    priced: int
    prompt_tokens: int
    completion_tokens: int
    price: Decimal | None


@dataclass(frozen=True)
class Table:
    title: str
    lines: list[Line]


def tables() -> list[Table]:
    """By day and by model over all time (the newest days), and the dearest papers."""
    calls = LLMCall.objects.order_by()
    days = calls.annotate(name=TruncDate("opened_at")).values("name")
    models = calls.annotate(name=F("model")).values("name")
    papers = calls.exclude(paper=None).annotate(name=F("paper__arxiv_id")).values("name")
    return [
        Table("按日", _lines(_summed(days).order_by("-name"))),
        Table("按模型", _lines(_summed(models).order_by("-calls"))),
        Table(
            "按论文（最贵的在前）", _lines(_summed(papers).order_by(F("sum").desc(nulls_last=True), "-calls"))
        ),
    ]


def _summed(groups: QuerySet[LLMCall, dict[str, Any]]) -> QuerySet[LLMCall, dict[str, Any]]:
    return groups.annotate(
        calls=Count("pk"),
        priced=Count("price"),
        prompt=Sum("prompt_tokens"),
        completion=Sum("completion_tokens"),
        sum=Sum("price"),
    )


def _lines(groups: QuerySet[LLMCall, dict[str, Any]]) -> list[Line]:
    return [
        Line(
            str(row["name"]),
            row["calls"],
            row["priced"],
            row["prompt"] or 0,
            row["completion"] or 0,
            row["sum"],
        )
        for row in groups[:ROWS]
    ]
