"""What is done for one paper: translate its abstract, get its full text, write the reading.

Each function does one claimed job and ends it (done, postponed, given up) in the same transaction that
stores what came of it. Failure is a state of the job; a text is stored only when it is whole.
"""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from django.conf import settings
from django.db import transaction

from digest_site import clock
from papers import batches, extract, fidelity, jobs, llm, prompts, terms
from papers.harvest import Download, SourceError
from papers.models import Announcement, FullText, Job, LLMCall, Paper, Revision, Summary

from . import money, outside
from .edits import blocking, known_terms, store_findings, texts_of
from .halts import halt

# A file that is not there yet is normal for hours after the announcement (research: 1 to 24 h).
FILE_WAITS = [dt.timedelta(hours=hours) for hours in (1, 2, 3, 6, 12, 24)]
FILES_ARE_LATE = dt.timedelta(days=2)
FINAL = {"withdrawn", "forbidden", "too_large"}
REPLY_ROOM = 4_000

T = TypeVar("T")


def translate(job: Job) -> None:
    """Title and abstract into Chinese, checked; one repair when a check fails, the better one kept."""
    summary = _summary_of(job)
    if summary.status == Summary.Status.REJECTED:
        return jobs.finish(job)
    paper = summary.paper
    known = terms.TermMatcher(known_terms())
    offered = [
        (term.english, *_renderings(term)) for term in known.occurring(f"{paper.title}\n{paper.abstract}")
    ]

    def attempt(failure: str) -> "Draft":
        prompt = prompts.translation(
            paper.title, paper.abstract, offered, instruction=summary.instruction, failure=failure
        )
        call = money.ask(job, paper, "translate", settings.OPENAI_MODEL, prompt)
        reply = _usable(call, lambda: prompts.read_translation(call.reply, prompt))
        text = {"title": reply.title, "abstract": reply.abstract}
        return Draft(_mended(paper, text, known), [call])

    def weigh(draft: "Draft") -> list[fidelity.Finding]:
        return [
            *fidelity.check_title(paper.title, draft.text["title"], terms=known),
            *fidelity.check(paper.abstract, draft.text["abstract"], terms=known),
        ]

    _store(job, summary, _best_of_two(attempt, weigh), paper.version)


def _renderings(term: terms.Term) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    """What the prompt says of a term: preferred, also right, wrong."""
    preferred, *others = term.accepted or (term.english,)
    return preferred, tuple(others), term.forbidden


def _mended(paper: Paper, text: dict[str, str], known: terms.TermMatcher) -> dict[str, str]:
    """What a check can mend by itself is mended before anybody sees it."""
    return {
        "title": fidelity.apply_fixes(
            text["title"], fidelity.check_title(paper.title, text["title"], terms=known)
        ),
        "abstract": fidelity.apply_fixes(
            text["abstract"], fidelity.check(paper.abstract, text["abstract"], terms=known)
        ),
    }


def analyse(job: Job) -> None:
    """The three-part reading of the full text; numbers that it invented are a finding, not a text."""
    summary = _summary_of(job)
    text = summary.paper.full_texts.first()
    if text is None or summary.status == Summary.Status.REJECTED:
        return jobs.finish(job)
    fitted = extract.fit(
        extract.Extracted(text.text, text.engine, sections=[tuple(s) for s in text.sections]),
        settings.LLM_CONTEXT_TOKENS - REPLY_ROOM,
        llm.estimate_tokens,
    )
    if list(fitted.cut) != text.cut:
        FullText.objects.filter(pk=text.pk).update(cut=list(fitted.cut))

    def attempt(failure: str) -> "Draft":
        prompt = prompts.reading(fitted.text, instruction="", failure=failure)
        call = money.ask(job, summary.paper, "analyse", settings.OPENAI_ANALYSIS_MODEL, prompt)
        reply = _usable(call, lambda: prompts.read_reading(call.reply, fitted.text))
        return Draft({"reading": reply.text}, [call])

    def weigh(draft: "Draft") -> list[fidelity.Finding]:
        return fidelity.check_reading(draft.text["reading"], text.text)

    _store(job, summary, _best_of_two(attempt, weigh), text.version)


def read_fulltext(job: Job) -> None:
    """arXiv's HTML, else the PDF, to readable text; then the reading may start."""
    paper = Paper.objects.get(arxiv_id=job.subject)
    version = paper.version
    if paper.withdrawn:
        return jobs.give_up(job, "withdrawn", "已撤稿，没有全文")
    if FullText.objects.filter(paper=paper, version=version).exists():
        return _read_it(job, paper)
    try:
        source, text = _first_readable(paper.arxiv_id, version)
    except SourceError as error:
        return _no_file(job, paper, error)
    except extract.Unreadable as error:
        return jobs.give_up(job, error.reason, f"全文无法读取：{error}")
    with transaction.atomic():
        FullText.objects.update_or_create(
            paper=paper,
            version=version,
            defaults={
                "source": source,
                "engine": text.engine,
                "text": text.text,
                "sections": text.sections,
                "notes": text.notes,
                "extracted_at": clock.now(),
            },
        )
        _read_it(job, paper)


def _read_it(job: Job, paper: Paper) -> None:
    with transaction.atomic():
        jobs.enqueue(Job.Kind.ANALYSE, [paper.arxiv_id])
        jobs.finish(job)


def _first_readable(arxiv_id: str, version: int) -> tuple[str, extract.Extracted]:
    """HTML first; what is missing or cannot be read there is looked for in the PDF."""
    arxiv = outside.arxiv()
    try:
        return "html", _text_of(arxiv.html(arxiv_id, version))
    except extract.Unreadable:
        pass
    except SourceError as error:
        if error.state not in {"missing", "broken", "too_large", "forbidden"}:
            raise
    return "pdf", _text_of(arxiv.pdf(arxiv_id, version))


def _text_of(download: Download) -> extract.Extracted:
    return extract.text_of(download.data, download.content_type)


def _no_file(job: Job, paper: Paper, error: SourceError) -> None:
    """404 on a fresh paper is normal: ask again on a rising schedule for two days."""
    if error.state in FINAL:
        return jobs.give_up(job, error.state, str(error))
    if error.state != "missing":
        wait = jobs.backoff(job.attempts, error.retry_after)
        return jobs.postpone(
            job, clock.machine_now() + wait, error.state, str(error), strike=error.state == "broken"
        )
    if clock.now() - _announced_at(paper) > FILES_ARE_LATE:
        return jobs.give_up(job, "missing", "公布两天后仍没有 HTML 和 PDF")
    wait = FILE_WAITS[min(job.attempts, len(FILE_WAITS)) - 1]
    jobs.postpone(job, clock.machine_now() + wait, "missing", str(error))


def _announced_at(paper: Paper) -> dt.datetime:
    first = Announcement.objects.filter(arxiv_id=paper.arxiv_id).order_by("date").first()
    if first:
        return batches.announced_at(first.date)
    return paper.submitted or clock.now()


# The machine's text


@dataclass
class Draft:
    """What one or two calls brought, before it is a revision."""

    text: dict[str, str]
    calls: list[LLMCall]


def _usable(call: LLMCall, parse: Callable[[], T]) -> T:
    """The parsed reply; a paid reply that cannot be used is marked, so that it is not read again."""
    try:
        return parse()
    except prompts.BadReply as error:
        money.unusable(call, error.reason)
        raise


def _best_of_two(attempt: Callable[[str], Draft], weigh: Callable[[Draft], list[fidelity.Finding]]) -> Draft:
    """One answer, and when a check fails, one repair that is told the failure; the better one wins."""
    try:
        first = attempt("")
    except prompts.BadReply as error:
        return attempt(error.message)
    wrong = blocking(weigh(first))
    if not wrong:
        return first
    try:
        second = attempt("\n".join(finding.message for finding in wrong))
    except prompts.BadReply:
        return first
    second.calls = first.calls + second.calls
    if len(blocking(weigh(second))) <= len(wrong):
        return second
    first.calls = second.calls
    return first


def _store(job: Job, summary: Summary, draft: Draft, version: int) -> None:
    """The new revision, its findings, the summary's move and the job's end, all or nothing."""
    with transaction.atomic():
        summary = Summary.objects.select_for_update(of=("self",)).select_related("paper", "current").get(pk=summary.pk)
        revision = _revision(summary, draft, version)
        if _should_be_current(summary, revision):
            _show(summary, revision, "reading" if "reading" in draft.text else "source")
            store_findings(revision, known_terms())
        jobs.finish(job)


def _revision(summary: Summary, draft: Draft, version: int) -> Revision:
    """The machine's part put beside what the current text has; a person's words are not touched."""
    base = summary.current
    text = texts_of(base) | draft.text
    if base and not base.by_machine and summary.status != Summary.Status.WAITING:
        text = draft.text | {part: words for part, words in texts_of(base).items() if words}
        if text == texts_of(base):
            text = texts_of(base) | draft.text  # kept beside the person's text, not in its place
    revision = Revision.objects.create(
        summary=summary, base=base, paper_version=version, **(texts_of(None) | text)
    )
    revision.calls.add(*draft.calls)
    return revision


def _should_be_current(summary: Summary, revision: Revision) -> bool:
    base = summary.current
    if base is None or base.by_machine or summary.status == Summary.Status.WAITING:
        return True
    return all(revision.text[part] == words for part, words in base.text.items() if words)


def _show(summary: Summary, revision: Revision, why: str) -> None:
    if summary.status == Summary.Status.WAITING and revision.title and revision.abstract:
        summary.translated(revision)
    else:
        summary.offer(revision, why=why)


def _summary_of(job: Job) -> Summary:
    return Summary.objects.select_related("paper", "current").get(paper__arxiv_id=job.subject)


# What can go wrong


def run(job: Job, work: Callable[[Job], None]) -> None:
    """Do one claimed job and end it, whatever happens; nothing but its own state changes by failing."""
    try:
        work(job)
    except jobs.LostLease:
        return
    except llm.ModelError as error:
        _model_failed(job, error)
    except prompts.BadReply as error:
        _reply_failed(job, error)
    except money.OverBudget as error:
        jobs.postpone(job, error.until, "budget", str(error))
    except SourceError as error:
        wait = jobs.backoff(job.attempts, error.retry_after)
        jobs.postpone(job, clock.machine_now() + wait, error.state, str(error))


def _model_failed(job: Job, error: llm.ModelError) -> None:
    if error.halts:
        halt(error.kind, str(error))
        jobs.postpone(job, clock.machine_now(), error.kind, str(error))
    elif error.kind in ("busy", "unreachable"):
        wait = jobs.backoff(job.attempts, error.retry_after)
        jobs.postpone(job, clock.machine_now() + wait, error.kind, str(error))
    elif error.retryable:
        _try_later(job, error.kind, str(error), error.retry_after)
    else:
        _to_a_person(job, error.kind, str(error))


def _reply_failed(job: Job, error: prompts.BadReply) -> None:
    _try_later(job, error.reason, str(error), None)


def _try_later(job: Job, error_class: str, reason: str, wait: float | None) -> None:
    if not jobs.is_last_strike(job):
        jobs.retry_or_give_up(job, error_class, reason, wait=wait)
    else:
        _to_a_person(job, error_class, reason)


def _to_a_person(job: Job, error_class: str, reason: str) -> None:
    """What the machine cannot do is a person's work: a paper is never dropped."""
    with transaction.atomic():
        if job.kind == Job.Kind.TRANSLATE:
            summary = _summary_of(job)
            if summary.current is None and summary.status == Summary.Status.WAITING:
                summary.refused(f"{error_class}：{reason}")
        jobs.give_up(job, error_class, reason)
