"""People's texts and the checks that run on every new text."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from django.db import transaction

from papers import fidelity, jobs, terms
from papers.fidelity.findings import signed
from papers.models import Finding, Job, Revision, Summary

from .termbase import known_terms, matcher

__all__ = [
    "LEVELS",
    "check_revision",
    "known_terms",
    "recheck",
    "retranslate",
    "save_edit",
    "store_findings",
    "texts_of",
]

LEVELS = Finding.LEVELS
MOST_ORDERS = 5  # sentences written for a model that are shown of one text

Found = list[tuple[str, fidelity.Finding]]
Known = Sequence[terms.Term] | terms.TermMatcher


def texts_of(revision: Revision | None) -> dict[str, str]:
    return revision.text if revision else {"title": "", "abstract": "", "reading": ""}


def save_edit(
    summary: Summary, by: Any, base: Revision | None, *, title: str, abstract: str, reading: str
) -> Revision:
    """A person's text becomes the current one, and is checked like the machine's.

    :raises StaleEdit: somebody saved another text since `base`; nothing is overwritten.
    """
    with transaction.atomic():
        revision = summary.edit(by, base, title=title, abstract=abstract, reading=reading)
        store_findings(revision, matcher())
    return revision


def retranslate(summary: Summary, by: Any, instruction: str = "", *, reading: bool = False) -> None:
    """退回重译: back to the model with the editor's instruction, in a new round of paid calls."""
    with transaction.atomic():
        summary.send_back(by, instruction)
        kinds = [Job.Kind.TRANSLATE, *([Job.Kind.ANALYSE] if reading else [])]
        for kind in kinds:
            jobs.enqueue(kind, [summary.paper.arxiv_id], again=True, priority=8)


def recheck(summary: Summary) -> None:
    """Run the checks on the current text again: the term base or a check has changed."""
    if summary.current:
        store_findings(summary.current, matcher())


def check_revision(
    revision: Revision, known: Known, ready: Mapping[str, list[fidelity.Finding]] | None = None
) -> Found:
    """Every finding on a text, each with the part (title, abstract, reading) that it speaks of.

    `ready`: what the checks have said already of parts of this text. The fingerprints also depend on the whole
    source, so that a dismissal ends when it changes.
    """
    paper, ready = revision.summary.paper, ready or {}
    title = ready.get("title")
    if title is None:
        title = fidelity.check_title(paper.title, revision.title, terms=known)
    abstract = ready.get("abstract")
    if abstract is None:
        abstract = fidelity.check(paper.abstract, revision.abstract, terms=known)
    found = [
        *_of("title", paper.title, [*title, *_orders("title", paper.title)]),
        *_of("abstract", paper.abstract, [*abstract, *_orders("abstract", paper.abstract)]),
    ]
    if revision.reading and (full := paper.full_texts.first()):
        reading = ready.get("reading")
        if reading is None:
            reading = check_reading(revision.reading, full.text)
        found += _of("reading", full.text, reading)
    return found


def check_reading(reading: str, full_text: str) -> list[fidelity.Finding]:
    """The checks of a reading, and the sentences of its paper that are written for a model."""
    return [*fidelity.check_reading(reading, full_text), *_orders("reading", full_text)]


def _orders(part: str, source: str) -> Iterable[fidelity.Finding]:
    """Sentences of the paper that are written for a model: a person should see them, and what came of them."""
    for start, end in fidelity.orders(source)[:MOST_ORDERS]:
        where = {"title": "原标题", "abstract": "原摘要", "reading": "全文"}[part]
        message = f"{where}中的“{source[start:end][:200]}”像是写给模型的指令"
        # A full text is nowhere shown beside its reading: there an offset would point at nothing.
        span = (start, end) if part != "reading" else None
        finding = fidelity.Finding("instruction", "warning", message, source_span=span)
        yield signed(finding, source if span else source[start:end], "")


def _of(part: str, source: str, findings: Iterable[fidelity.Finding]) -> Found:
    mark = hashlib.sha256(source.encode("utf-8", "replace")).hexdigest()[:12]
    return [(part, replace(one, fingerprint=f"{one.fingerprint}.{part[0]}{mark}")) for one in findings]


def store_findings(
    revision: Revision, known: Known, ready: Mapping[str, list[fidelity.Finding]] | None = None
) -> None:
    """Replace a revision's findings; what was dismissed stays dismissed while words and source are the same."""
    summary = revision.summary
    dismissed = {
        finding.fingerprint: finding
        for finding in Finding.objects.filter(summary=summary, dismissed_at__isnull=False)
    }
    rows = [_row(revision, part, finding) for part, finding in check_revision(revision, known, ready)]
    for row in rows:
        if earlier := dismissed.get(row.fingerprint):
            row.dismissed_by_id, row.dismissed_at = earlier.dismissed_by_id, earlier.dismissed_at
    with transaction.atomic():
        Finding.objects.filter(revision=revision).delete()
        Finding.objects.bulk_create(rows)
        if summary.current_id == revision.pk:
            summary.weigh()


def _row(revision: Revision, part: str, finding: fidelity.Finding) -> Finding:
    fix = finding.fix
    return Finding(
        summary_id=revision.summary_id,
        revision=revision,
        part=part,
        check_name=finding.check,
        level=finding.level,
        message=finding.message[:400],
        source_span=finding.source_span,
        target_span=finding.target_span,
        fix=[fix.start, fix.end, fix.replacement] if fix else None,
        fingerprint=finding.fingerprint[:64],
    )
