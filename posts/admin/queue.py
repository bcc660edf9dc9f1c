"""The review queue: which texts the filters of an address ask for. In which order: `line.py`."""

import datetime as dt
from collections.abc import Mapping

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery

from papers import taxonomy
from papers.models import Finding, PaperCategory, Summary
from posts import search
from posts.models import Entry, Report

Status = Summary.Status
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


class Queue:
    """The texts that an address asks for, in no order. Unknown values find nothing, or are no filter."""

    def __init__(self, params: Mapping[str, str]) -> None:
        self.state = params.get("state", "")
        self.complained = reported()
        self.texts = self._select(params)

    @property
    def has_turns(self) -> bool:
        """Whether these wait for people, so that the most urgent comes first; else it is a list to look things up."""
        return self.state not in ("all", Status.APPROVED, Status.REJECTED, Status.WAITING)

    def _select(self, params: Mapping[str, str]) -> QuerySet[Summary]:
        texts = _in_state(self.state, self.complained)
        texts = _of_day(texts, params.get("day", ""), params.get("digest", ""))
        if code := params.get("category"):
            known = taxonomy.canonical(code) or code
            texts = texts.filter(Exists(PaperCategory.objects.filter(code=known, paper=OuterRef("paper"))))
        texts = _with_finding(texts, params.get("finding", ""), params.get("check", ""), self.complained)
        texts = _by_editor(texts, params.get("editor", ""))
        words = params.get("q", "").split()
        return _with_words(texts, words) if words else texts


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
