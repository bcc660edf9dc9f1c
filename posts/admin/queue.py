"""The review queue: what is in it, in which order, and what comes next for one editor.

The order is: blocking findings, then readers' reports, then the newest day, its categories one after the other. A backlog of
more than BACKLOG texts is taken in the order of storing instead of day and category, which costs the database nothing.
"""

import datetime as dt
from collections.abc import Mapping

from django.core.paginator import Page, Paginator
from django.db.models import Case, Exists, F, IntegerField, OuterRef, Q, QuerySet, Subquery, Value, When

from papers import taxonomy
from papers.models import Finding, PaperCategory, Summary
from posts import search
from posts.models import Entry, Report

Status = Summary.Status
BACKLOG = 3000
MOST_REPORTED = 500
# Findings of these levels, or none, need no eye of their own.
CLEAN = ("", "info")
STATES = {
    "": "待办",
    "needs_review": "待审",
    "manual": "手工翻译",
    "waiting": "等待翻译",
    "approved": "已通过",
    "rejected": "已拒绝",
    "all": "全部",
}
LEVELS = {
    "block": "严重",
    "error": "错误",
    "warning": "留意",
    "info": "提示",
    "clean": "干净",
    "reported": "有读者报错",
}
# Where the text that is searched stands.
TEXTS = (
    "current__title",
    "current__abstract",
    "current__reading",
    "paper__title",
    "paper__abstract",
    "paper__arxiv_id",
)


def reported() -> list[int]:
    """Ids of texts that a reader's open report speaks of. By id, so that an index alone can sort a backlog."""
    # Looked up report by report: where there are few, a planner would rather read all texts to join theirs.
    text = Summary.objects.filter(paper=OuterRef("paper")).values("pk")
    open_ones = Report.objects.filter(settled_at=None).annotate(text=Subquery(text)).order_by("-made_at")
    found = open_ones.values_list("text", flat=True)[:MOST_REPORTED]
    return list(dict.fromkeys(pk for pk in found if pk is not None))


def select(params: Mapping[str, str]) -> QuerySet[Summary]:
    """What the filters of an address ask for, in the queue's order. Unknown values find nothing, or are no filter."""
    complained = reported()
    texts = _in_state(params.get("state", ""), complained)
    texts = _of_day(texts, params.get("day", ""), params.get("digest", ""))
    if code := params.get("category"):
        known = taxonomy.canonical(code) or code
        texts = texts.filter(Exists(PaperCategory.objects.filter(code=known, paper=OuterRef("paper"))))
    texts = _with_finding(texts, params.get("finding", ""), params.get("check", ""), complained)
    texts = _by_editor(texts, params.get("editor", ""))
    if words := params.get("q", "").split():
        texts = _with_words(texts, words)
    return _ordered(texts, complained, params)


def _in_state(state: str, complained: list[int]) -> QuerySet[Summary]:
    texts = Summary.objects.all()
    if state == "all":
        return texts
    if state in Status.values:
        return texts.filter(status=state)
    awaiting = Q(status__in=[Status.NEEDS_REVIEW, Status.MANUAL])
    return texts.filter(awaiting | Q(pk__in=complained) if complained else awaiting)


def _of_day(texts: QuerySet[Summary], day: str, digest: str) -> QuerySet[Summary]:
    """A day has few papers, so they are looked up first; a digest has many, so each text is looked up in it."""
    if not (day or digest):
        return texts
    entries = Entry.objects.filter(digest__slug=digest) if digest else Entry.objects.all()
    if not day:
        return texts.filter(Exists(entries.filter(paper=OuterRef("paper"))))
    date = _date(day)
    return texts.filter(paper__in=entries.filter(post__date=date).values("paper")) if date else texts.none()


def _date(text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return None


def _with_finding(
    texts: QuerySet[Summary], level: str, check: str, complained: list[int]
) -> QuerySet[Summary]:
    if level == "clean":
        texts = texts.filter(worst__in=CLEAN)
    elif level == "reported":
        texts = texts.filter(pk__in=complained)
    elif level:
        texts = texts.filter(worst=level)
    if check:
        found = Finding.objects.filter(revision=OuterRef("current"), check_name=check, dismissed_at=None)
        texts = texts.filter(Exists(found))
    return texts


def _by_editor(texts: QuerySet[Summary], editor: str) -> QuerySet[Summary]:
    if editor == "machine":
        return texts.filter(current__isnull=False, current__author=None)
    if editor.isdecimal():
        return texts.filter(Q(current__author=int(editor)) | Q(reviewed_by=int(editor)))
    return texts


def _with_words(texts: QuerySet[Summary], words: list[str]) -> QuerySet[Summary]:
    """Public texts are found through the site's own index; what is not public yet is read through."""
    identifier = taxonomy.parse_id(" ".join(words))
    if identifier:
        return texts.filter(paper__arxiv_id=identifier.id)
    everywhere = Q()
    for word in words:
        somewhere = Q()
        for place in TEXTS:
            somewhere |= Q(**{f"{place}__icontains": word})
        everywhere &= somewhere
    unindexed = Q(public=None) | Q(status__in=[Status.NEEDS_REVIEW, Status.MANUAL])
    hits = search.search(" ".join(words)).papers
    return texts.filter(Q(paper__in=hits) | (unindexed & everywhere))


def _ordered(texts: QuerySet[Summary], complained: list[int], params: Mapping[str, str]) -> QuerySet[Summary]:
    if params.get("state", "") in ("all", Status.APPROVED, Status.REJECTED, Status.WAITING):
        return texts.order_by("-pk")
    steps = [When(worst="block", then=Value(0))]
    if complained:
        steps.append(When(pk__in=complained, then=Value(1)))
    rank = Case(*steps, default=Value(2), output_field=IntegerField())
    ids = list(texts.order_by().values_list("pk", flat=True)[: BACKLOG + 1])
    if len(ids) > BACKLOG:
        return texts.annotate(rank=rank).order_by("rank", "-pk")
    # By id from here on: that few rows are looked up, where a planner would rather read the whole table.
    newest = Entry.objects.filter(paper=OuterRef("paper")).order_by("-post__date").values("post__date")
    return (
        Summary.objects.filter(pk__in=ids)
        .annotate(rank=rank, day=Subquery(newest[:1]), primary=F("paper__categories__0"))
        .order_by("rank", F("day").desc(nulls_last=True), "primary", "paper__arxiv_id")
    )


class IdsFirst(Paginator):
    """Sorts ids, then loads the rows of one page: rows with whole texts are not carried through the sort."""

    def page(self, number: int | str) -> Page:
        number = self.validate_number(number)
        start = (number - 1) * self.per_page
        return self._get_page(in_order(self.object_list, start, start + self.per_page), number, self)


def in_order(texts: QuerySet[Summary], start: int, end: int) -> list[Summary]:
    ids = list(texts.values_list("pk", flat=True)[start:end])
    rows = loaded(Summary.objects.filter(pk__in=ids)).in_bulk()
    return [rows[pk] for pk in ids if pk in rows]


def loaded(texts: QuerySet[Summary]) -> QuerySet[Summary]:
    """With what a line of the list shows, and without the long texts."""
    return texts.select_related("paper", "current__author", "reviewed_by").defer(
        "paper__abstract",
        "paper__authors",
        "paper__versions",
        "paper__comment",
        "current__abstract",
        "current__reading",
    )
