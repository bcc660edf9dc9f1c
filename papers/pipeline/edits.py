"""People's texts and the checks that run on every new text."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db import transaction

from papers import fidelity, jobs, terms
from papers.models import Finding, Job, Revision, Summary, Term

LEVELS = ("block", "error", "warning", "info", "autofix")
BLOCKING = {"block", "error"}


def texts_of(revision: Revision | None) -> dict[str, str]:
    return revision.text if revision else {"title": "", "abstract": "", "reading": ""}


def blocking(findings: Iterable[fidelity.Finding]) -> list[fidelity.Finding]:
    """Findings that are worth a second call to the model."""
    return [finding for finding in findings if finding.level in BLOCKING]


def known_terms() -> list[terms.Term]:
    """The term base as the pure functions take it."""
    fields = ("english", "chinese", "variants", "keep_as_is", "forbidden", "is_topic", "note")
    return [
        terms.Term(**{**row, "variants": tuple(row["variants"]), "forbidden": tuple(row["forbidden"])})
        for row in Term.objects.values(*fields)
    ]


def save_edit(
    summary: Summary, by: Any, base: Revision | None, *, title: str, abstract: str, reading: str
) -> Revision:
    """A person's text becomes the current one, and is checked like the machine's.

    :raises StaleEdit: somebody saved another text since `base`; nothing is overwritten.
    """
    with transaction.atomic():
        revision = summary.edit(by, base, title=title, abstract=abstract, reading=reading)
        store_findings(revision, known_terms())
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
        store_findings(summary.current, known_terms())


def check_revision(revision: Revision, known: Sequence[terms.Term]) -> list[tuple[str, fidelity.Finding]]:
    """Every finding on a text, each with the part (title, abstract, reading) that it speaks of."""
    paper = revision.summary.paper
    found = [
        *(("title", f) for f in fidelity.check_title(paper.title, revision.title, terms=known)),
        *(("abstract", f) for f in fidelity.check(paper.abstract, revision.abstract, terms=known)),
    ]
    full_text = paper.full_texts.first()
    if revision.reading and full_text:
        found += (("reading", f) for f in fidelity.check_reading(revision.reading, full_text.text))
    return found


def store_findings(revision: Revision, known: Sequence[terms.Term]) -> None:
    """Replace a revision's findings; what was dismissed on the same words stays dismissed."""
    summary = revision.summary
    dismissed = {
        finding.fingerprint: finding
        for finding in Finding.objects.filter(summary=summary, dismissed_at__isnull=False)
    }
    rows = [_row(revision, part, finding) for part, finding in check_revision(revision, known)]
    for row in rows:
        if earlier := dismissed.get(row.fingerprint):
            row.dismissed_by_id, row.dismissed_at = earlier.dismissed_by_id, earlier.dismissed_at
    with transaction.atomic():
        Finding.objects.filter(revision=revision).delete()
        Finding.objects.bulk_create(rows)
        Summary.objects.filter(pk=summary.pk).update(worst=worst(rows))


def worst(findings: Iterable[Finding]) -> str:
    """The gravest level among those nobody dismissed; empty for a clean text."""
    levels = {finding.level for finding in findings if finding.dismissed_at is None}
    return next((level for level in LEVELS if level in levels), "")


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
