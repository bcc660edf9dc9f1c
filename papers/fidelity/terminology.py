"""The check against our own term base."""

from collections.abc import Iterable, Iterator

from papers.fidelity.findings import Finding, Fix
from papers.terms import Term, TermMatcher, Violation, violations


def check_terms(source: str, target: str, terms: Iterable[Term] | TermMatcher) -> Iterator[Finding]:
    """A forbidden rendering is an error with its fix; none of the accepted ones is a hint."""
    for violation in violations(source, target, terms):
        yield _forbidden(violation) if violation.found else _not_preferred(violation)


def _forbidden(violation: Violation) -> Finding:
    term, span = violation.term, violation.target_span
    preferred = term.chinese or term.english
    return Finding(
        "term_forbidden",
        "error",
        f"“{term.english}”不译作“{violation.found}”，应为“{preferred}”",
        violation.source_span,
        span,
        Fix(*span, preferred) if span else None,
    )


def _not_preferred(violation: Violation) -> Finding:
    wanted = "、".join(violation.term.accepted)
    return Finding(
        "term_missing", "info", f"“{violation.term.english}”在译文中没有用“{wanted}”", violation.source_span
    )
