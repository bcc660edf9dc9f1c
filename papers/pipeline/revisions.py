"""From a draft to a revision: the machine's new text beside, never over, a person's words."""

from django.db import transaction

from digest_site import clock
from papers import jobs, terms
from papers.models import FullText, Job, Revision, Summary

from . import money, topics
from .drafts import Draft
from .edits import store_findings, texts_of
from .termbase import matcher

Status = Summary.Status


def summary_of(job: Job) -> Summary:
    return Summary.objects.select_related("paper", "current").get(paper__arxiv_id=job.subject)


def store(job: Job, asked: Summary, draft: Draft, version: int, full: FullText | None = None) -> None:
    """The new revision, its findings, the summary's move and the job's end, all or nothing.

    `asked` is the summary as it was when the model was asked, `version` the paper's version that was read.
    """
    known = matcher()
    with transaction.atomic():
        summary = Summary.objects.select_for_update().select_related("paper").get(pk=asked.pk)
        if full is None and _asks_something_else(summary, asked):
            return jobs.postpone(job, clock.machine_now(), "source_changed", "原文或要求在翻译期间变了")
        if full is not None:
            FullText.objects.filter(pk=full.pk).update(cut=draft.cut)
        revision = _revision(summary, draft, version)
        if any(is_persons(summary, part, asked_again=job.round > 0) for part in draft.text):
            _keep_beside(summary, draft)
        else:
            _make_current(summary, revision, draft, known)
        if draft.rejected:
            money.unusable(job, draft.rejected)
        jobs.finish(job)


def _asks_something_else(now: Summary, asked: Summary) -> bool:
    """Whether the answer is to a question that nobody asks any more."""

    def question(summary: Summary) -> tuple[str, str, str]:
        return summary.paper.title, summary.paper.abstract, summary.instruction

    return question(now) != question(asked)


def _revision(summary: Summary, draft: Draft, version: int) -> Revision:
    base = summary.current
    if base and base.title and "title" not in draft.text:
        version = base.paper_version  # title and abstract are still of that one
    revision = Revision.objects.create(
        summary=summary, base=base, paper_version=version, **(texts_of(base) | draft.text)
    )
    revision.calls.add(*draft.calls)
    return revision


def is_persons(summary: Summary, part: str, *, asked_again: bool = False) -> bool:
    """Whether a person wrote what this part of the current text says, and has not sent it back since."""
    origin = summary.current
    while origin and origin.base and origin.base.text[part] == origin.text[part]:
        origin = origin.base
    if origin is None or origin.by_machine or not origin.text[part]:
        return False
    return not (asked_again and origin.pk <= (summary.sent_back_from_id or 0))


def _make_current(summary: Summary, revision: Revision, draft: Draft, known: terms.TermMatcher) -> None:
    is_first = "title" in draft.text and not texts_of(summary.current)["title"]
    if summary.status == Status.WAITING and revision.title and revision.abstract:
        summary.translated(revision)
    else:
        summary.offer(revision, why="reading" if "reading" in draft.text else "source")
    store_findings(revision, known, draft.found)
    if is_first:
        topics.tag(summary.paper, known)


def _keep_beside(summary: Summary, draft: Draft) -> None:
    """The machine's version can be compared; what people see and work on stays as it is."""
    current = summary.current
    if summary.status == Status.WAITING and current and current.title and current.abstract:
        summary.translated(current)
    elif "title" in draft.text and current:
        summary.offer(current, why="source")
