"""What the model cost: sums over the calls, by day, model, purpose and paper.

Amounts are in the currency of the configured prices. A call without a price is counted, never as zero: `priced` says
how many of the calls have one.
"""

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from django.db.models import Count, F, QuerySet, Sum, Value
from django.db.models.functions import TruncDate

from .models import LLMCall, Paper

ROWS = 40

Calls = QuerySet[LLMCall]


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
    key: str
    lines: list[Line]


def tables() -> list[Table]:
    """By day and by model over all time (the newest days), and the dearest papers."""
    return [
        Table("按日", "日期", by_day()),
        Table("按模型", "模型", by_model()),
        Table("按用途", "用途", by_purpose()),
        Table("按论文（最贵的在前）", "论文", by_paper()),
    ]


def by_day(calls: Calls | None = None) -> list[Line]:
    """The newest days first; a day is the budget's, midnight to midnight in the site's zone."""
    return _lines(_summed(_all(calls).annotate(name=TruncDate("opened_at")).values("name")).order_by("-name"))


def by_model(calls: Calls | None = None) -> list[Line]:
    return _lines(_summed(_all(calls).annotate(name=F("model")).values("name")).order_by("-calls"))


def by_purpose(calls: Calls | None = None) -> list[Line]:
    lines = _lines(_summed(_all(calls).annotate(name=F("purpose")).values("name")).order_by("-calls"))
    names = dict(LLMCall.Purpose.choices)
    return [replace(line, name=names.get(line.name, line.name)) for line in lines]


def by_paper(calls: Calls | None = None) -> list[Line]:
    """The dearest papers first."""
    named = _all(calls).exclude(paper=None).annotate(name=F("paper__arxiv_id")).values("name")
    return _lines(_summed(named).order_by(F("sum").desc(nulls_last=True), "-calls"))


def of_paper(paper: Paper) -> Line:
    return total(LLMCall.objects.filter(paper=paper), paper.arxiv_id)


def total(calls: Calls, name: str) -> Line:
    """One line for these calls."""
    [line] = _lines(_summed(_all(calls).annotate(name=Value(name)).values("name"))) or [
        Line(name, 0, 0, 0, 0, None)
    ]
    return line


def _all(calls: Calls | None) -> Calls:
    return (LLMCall.objects.all() if calls is None else calls).order_by()


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
