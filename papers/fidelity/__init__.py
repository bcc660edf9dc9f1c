"""Fidelity: does the Chinese text say what the English one says? Pure checks, no network, no model.

Which checks there are, and how grave each is, was measured on published translations; `tests/benchmarks/checks.py`
measures it again. A clean pass is the normal case; silence is no proof.
"""

from collections.abc import Callable, Iterable

from papers.fidelity.findings import LEVELS, Finding, Fix, apply_fixes, gravest, signed
from papers.fidelity.formulae import check_formulae
from papers.fidelity.names import check_names, check_urls
from papers.fidelity.number_check import check_numbers
from papers.fidelity.orders import orders
from papers.fidelity.reading import check_reading
from papers.fidelity.shape import (
    check_empty,
    check_length,
    check_other_paper,
    check_sentences,
    check_untranslated,
)
from papers.fidelity.surface import check_label, check_markup, check_punctuation
from papers.fidelity.terminology import check_terms
from papers.terms import Term, TermMatcher

__all__ = [
    "LEVELS",
    "Finding",
    "Fix",
    "apply_fixes",
    "check",
    "check_reading",
    "check_title",
    "gravest",
    "orders",
]

Check = Callable[[str, str], Iterable[Finding]]

_SURFACE: tuple[Check, ...] = (check_label, check_markup, check_punctuation)
_CONTENT: tuple[Check, ...] = (check_numbers, check_urls, check_formulae, check_untranslated)
_ABSTRACT: tuple[Check, ...] = (check_other_paper, check_length, check_sentences, check_names)


def check(source: str, target: str, *, terms: Iterable[Term] | TermMatcher = ()) -> list[Finding]:
    """Findings on the Chinese `target` of the English abstract `source`, the gravest first. Never raises.

    An empty target, or one without Chinese, gets that one finding and no other.
    """
    return _run((*_SURFACE, *_ABSTRACT, *_CONTENT), source, target, terms)


def check_title(source: str, target: str, *, terms: Iterable[Term] | TermMatcher = ()) -> list[Finding]:
    """The checks that make sense for one line: no rule about length, sentences or subject."""
    return _run((*_SURFACE, *_CONTENT, check_names), source, target, terms)


def _run(
    checks: Iterable[Check], source: str, target: str, terms: Iterable[Term] | TermMatcher
) -> list[Finding]:
    found = list(check_empty(source, target))
    if not any(finding.check in ("empty", "no_chinese") for finding in found):
        found += [finding for one in checks for finding in one(source, target)]
        found += check_terms(source, target, terms)
    found.sort(key=lambda finding: LEVELS.index(finding.level))
    return [signed(finding, source, target) for finding in found]
