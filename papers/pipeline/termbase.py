"""The term base as the pure functions take it; a long run reads it now and then, not for every paper."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from papers import terms
from papers.models import Term

# An editor's new term reaches a run that is going on after this long at most.
FRESH_SECONDS = 10.0
_FIELDS = ("english", "chinese", "variants", "keep_as_is", "forbidden", "is_topic", "note")


class _Kept:
    runs = 0
    read_at = 0.0
    matcher: terms.TermMatcher | None = None


def known_terms() -> list[terms.Term]:
    """All terms, read now."""
    return [
        terms.Term(**{**row, "variants": tuple(row["variants"]), "forbidden": tuple(row["forbidden"])})
        for row in Term.objects.values(*_FIELDS)
    ]


def matcher() -> terms.TermMatcher:
    """All terms, ready to be found: read now, or within `kept` a few seconds ago."""
    kept = _Kept.matcher
    if kept and time.monotonic() - _Kept.read_at < FRESH_SECONDS:
        return kept
    fresh = terms.TermMatcher(known_terms())
    if _Kept.runs:
        _Kept.matcher, _Kept.read_at = fresh, time.monotonic()
    return fresh


@contextmanager
def kept() -> Iterator[None]:
    """For the length of a run `matcher` may answer from memory."""
    _Kept.runs += 1
    try:
        yield
    finally:
        _Kept.runs -= 1
        _Kept.matcher = None
