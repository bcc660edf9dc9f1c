"""The English and the Chinese abstract side by side, sentence by sentence."""

from dataclasses import dataclass

from django.utils.safestring import SafeString, mark_safe

from papers import sentences
from papers.sentences import Span
from posts import rendering


@dataclass(frozen=True)
class Row:
    """Sentences that say the same. `start` and `end` are where the Chinese stands, counted as browsers do."""

    number: int
    source: SafeString
    target: SafeString
    source_span: Span | None
    target_span: Span | None
    start: int = 0
    end: int = 0

    @property
    def lonely(self) -> str:
        """Which side has no partner: source, target or empty."""
        if self.target_span is None:
            return "source"
        return "target" if self.source_span is None else ""


def rows(english: str, chinese: str) -> list[Row]:
    if not chinese.strip():
        return [
            _row(number, english, "", span, None) for number, span in enumerate(sentences.split_en(english))
        ]
    return [
        _row(number, english, chinese, _whole(pair.source_spans), _whole(pair.target_spans))
        for number, pair in enumerate(sentences.align(english, chinese))
    ]


def _row(number: int, english: str, chinese: str, source: Span | None, target: Span | None) -> Row:
    start, end = (utf16(chinese, target[0]), utf16(chinese, target[1])) if target else (0, 0)
    return Row(number, _html(english, source), _html(chinese, target), source, target, start, end)


def _whole(spans: tuple[Span, ...]) -> Span | None:
    return (spans[0][0], spans[-1][1]) if spans else None


def _html(text: str, span: Span | None) -> SafeString:
    # The renderer's allowlist is its last step: what it returns is safe.
    return mark_safe(rendering.title_html(text[slice(*span)])) if span else SafeString("")


def utf16(text: str, offset: int) -> int:
    """A position counted in characters, as JavaScript counts it: signs beyond the first plane are two."""
    return offset + sum(sign > "\uffff" for sign in text[:offset])


def row_at(found: list[Row], *, source: int | None = None, target: int | None = None) -> int | None:
    """The number of the row that holds a position of the English or the Chinese text."""
    for row in found:
        for span, at in ((row.target_span, target), (row.source_span, source)):
            if span and at is not None and span[0] <= at < max(span[1], span[0] + 1):
                return row.number
    return None
