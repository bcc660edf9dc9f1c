"""What the model does for one paper: translate title and abstract, write the reading of the full text.

Each function does one claimed job and ends it (done, postponed, given up) in the same transaction that
stores what came of it. Failure is a state of the job; a text is stored only when it is whole.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from django.conf import settings

from papers import extract, fidelity, jobs, llm, prompts, terms
from papers.models import FullText, Job, LLMCall, Summary

from . import money, revisions
from .drafts import Draft, best_of_two
from .edits import check_reading
from .termbase import matcher

# The estimate of tokens is right within a third, mostly within a tenth.
MARGIN = 0.9
LEAST_WINDOW = 500

T = TypeVar("T")


def translate(job: Job) -> None:
    """Title and abstract into Chinese, checked; one repair when a check fails, the better one kept."""
    summary = revisions.summary_of(job)
    paper = summary.paper
    if summary.status == Summary.Status.REJECTED:
        return jobs.give_up(job, "rejected", "论文已被拒绝")
    if summary.status == Summary.Status.MANUAL and not job.round:
        return jobs.give_up(job, "manual", "由人翻译")
    known = matcher()
    offered = _offered(known, f"{paper.title}\n{paper.abstract}")

    def attempt(failure: str, out_of_room: bool) -> Draft:
        prompt = prompts.translation(
            paper.title, paper.abstract, offered, instruction=summary.instruction, failure=failure
        )
        if out_of_room:
            prompt = replace(prompt, max_tokens=2 * prompt.max_tokens)
        call = money.ask(job, paper, "translate", settings.OPENAI_MODEL, prompt)
        reply = prompts.read_translation(call.reply, prompt)
        return _checked(
            {
                "title": (reply.title, lambda text: fidelity.check_title(paper.title, text, terms=known)),
                "abstract": (
                    reply.abstract,
                    lambda text: fidelity.check(paper.abstract, text, terms=known),
                ),
            },
            call,
        )

    revisions.store(job, summary, best_of_two(job, attempt), paper.version)


def _offered(known: terms.TermMatcher, text: str) -> list[prompts.Term]:
    return [(term.english, *_renderings(term)) for term in known.occurring(text, prompts.MOST_TERMS)]


def _renderings(term: terms.Term) -> tuple[str, tuple[str, ...], tuple[str, ...]]:
    """What the prompt says of a term: preferred, also right, wrong."""
    preferred, *others = term.accepted or (term.english,)
    return preferred, tuple(others), term.forbidden


Check = Callable[[str], list[fidelity.Finding]]


def _checked(parts: dict[str, tuple[str, Check]], call: LLMCall) -> Draft:
    """The draft; what a check can mend by itself is mended before anybody sees it."""
    draft = Draft({}, [call])
    for part, (text, check) in parts.items():
        found = check(text)
        mended = fidelity.apply_fixes(text, found)
        draft.text[part] = mended
        draft.found[part] = found if mended == text else check(mended)
    return draft


def analyse(job: Job) -> None:
    """The three-part reading of the full text; numbers that it invented are a finding, not a text."""
    summary = revisions.summary_of(job)
    full = summary.paper.full_texts.first()
    if summary.status == Summary.Status.REJECTED:
        return jobs.give_up(job, "rejected", "论文已被拒绝")
    if full is None:
        return jobs.give_up(job, "missing", "没有全文")

    def attempt(failure: str, out_of_room: bool) -> Draft:
        fitted, room = _fitted(full, summary, out_of_room)
        prompt = prompts.reading(
            fitted.text, instruction=summary.instruction if job.round else "", failure=failure
        )
        prompt = replace(prompt, max_tokens=room)
        call = money.ask(job, summary.paper, "analyse", settings.OPENAI_ANALYSIS_MODEL, prompt)
        reading = prompts.read_reading(call.reply)
        draft = _checked({"reading": (reading, lambda text: check_reading(text, full.text))}, call)
        draft.cut = fitted.cut
        return draft

    draft = best_of_two(job, attempt)
    revisions.store(job, summary, draft, full.version, full)


def _fitted(full: FullText, summary: Summary, out_of_room: bool) -> tuple[extract.Fitted, int]:
    """The text as far as it fits beside instructions and reply, and the tokens the reply may have.

    `out_of_room`: the server's window was smaller than ours, or the reply longer: half the text, twice the reply.
    """
    empty = prompts.reading("", instruction=summary.instruction)
    room = min(empty.max_tokens * (2 if out_of_room else 1), settings.LLM_CONTEXT_TOKENS // 3)
    window = int((settings.LLM_CONTEXT_TOKENS - room - empty.tokens) * MARGIN)
    source = extract.Extracted(full.text, full.engine, sections=[tuple(one) for one in full.sections])
    if out_of_room:
        window = min(window, llm.estimate_tokens(full.text)) // 2
    return extract.fit(source, max(window, LEAST_WINDOW), llm.estimate_tokens), room
