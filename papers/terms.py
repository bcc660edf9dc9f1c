"""The term base: which of our terms occur in a text, what to offer the model, what a translation got wrong.

Pure: terms come in as values. English terms match on word boundaries, whatever their case, hyphens and plural;
acronyms and names (`ASR`, `wav2vec`) in their own case only. Of two terms at one place the longer wins.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

Span = tuple[int, int]


@dataclass(frozen=True)
class Term:
    """An English term, the Chinese we prefer, the `variants` we accept and the `forbidden` renderings.

    `keep_as_is`: the English form may (or should) stand in the Chinese text. `is_topic`: `chinese` is a topic tag.
    """

    english: str
    chinese: str
    variants: tuple[str, ...] = ()
    keep_as_is: bool = False
    forbidden: tuple[str, ...] = ()
    is_topic: bool = False
    note: str = ""

    @property
    def accepted(self) -> tuple[str, ...]:
        """Every rendering that is right, the preferred one first."""
        own = (self.english,) if self.keep_as_is else ()
        return tuple(dict.fromkeys(word for word in (self.chinese, *self.variants, *own) if word))


@dataclass(frozen=True)
class Violation:
    """A term of the source whose rendering in the target is forbidden (`found`), or is none of ours (`found` empty)."""

    term: Term
    source_span: Span
    target_span: Span | None = None
    found: str = ""


class TermMatcher:
    """Finds terms in English texts; compile once, use for many texts.

    A text is cut into words once and looked up word sequence by word sequence, so the time does not
    depend on the number of terms.
    """

    def __init__(self, terms: Iterable[Term]) -> None:
        self._exact: dict[str, Term] = {}
        self._folded: dict[str, Term] = {}
        self._longest = 0
        for term in terms:
            words = _WORD.findall(term.english)
            table, fold = (self._exact, _cased) if _keeps_case(term) else (self._folded, _folded)
            if words:
                table.setdefault("".join(map(fold, words)), term)
                self._longest = max(self._longest, len(words) + 1)  # pre-trained is two words, pretrained one

    def hits(self, text: str) -> Iterator[tuple[Term, Span]]:
        """Terms with their spans, in order, never overlapping."""
        found = [(match[0], match.span()) for match in _WORD.finditer(text)]
        cased, folded = [_cased(word) for word, _ in found], [_folded(word) for word, _ in found]
        at = 0
        while at < len(found):
            size, term = self._longest_at(cased, folded, at)
            if term:
                yield term, (found[at][1][0], found[at + size - 1][1][1])
            at += size

    def _longest_at(self, cased: list[str], folded: list[str], at: int) -> tuple[int, Term | None]:
        for size in range(min(self._longest, len(cased) - at), 0, -1):
            end = at + size
            term = self._exact.get("".join(cased[at:end])) or self._folded.get("".join(folded[at:end]))
            if term:
                return size, term
        return 1, None

    def occurring(self, text: str, limit: int = 15) -> list[Term]:
        """Terms of the text, the most frequent first, then the longest, then in order of appearance."""
        counts = Counter(term for term, _ in self.hits(text))
        return sorted(counts, key=lambda term: (-counts[term], -len(term.english)))[:limit]


_WORD = re.compile(r"[A-Za-z0-9]+(?:['’][a-z]+)?|[+&#]", re.ASCII)


def _keeps_case(term: Term) -> bool:
    """Acronyms and names (`ASR`, `wav2vec`, `Whisper`); ordinary words are found in any case."""
    one_word = len(_WORD.findall(term.english)) == 1
    return one_word and (sum(map(str.isupper, term.english)) > 1 or term.english == term.chinese)


def _cased(word: str) -> str:
    return word[:-1] if len(word) > 2 and word.endswith("s") and not word.endswith("ss") else word


def _folded(word: str) -> str:
    return _singular(word.lower().removesuffix("'s").removesuffix("’s"))


def _singular(word: str) -> str:
    """A common form of singular and plural; it need not be a word."""
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 4 and word.endswith(("sses", "shes", "ches", "xes")):
        return word[:-2]
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


def matcher(terms: "Iterable[Term] | TermMatcher") -> TermMatcher:
    return terms if isinstance(terms, TermMatcher) else TermMatcher(terms)


def violations(source: str, target: str, terms: Iterable[Term] | TermMatcher) -> list[Violation]:
    """Terms of `source` that `target` renders in a forbidden way, or in none of the accepted ways."""
    first: dict[Term, Span] = {}
    for term, span in matcher(terms).hits(source):
        first.setdefault(term, span)
    allowed = [word for term in first for word in term.accepted]
    found: list[Violation] = []
    for term, span in first.items():
        wrong = list(_forbidden(term, span, target, allowed))
        found += wrong or _absent(term, span, target)
    return found


def _forbidden(term: Term, span: Span, target: str, allowed: list[str]) -> Iterator[Violation]:
    for word in term.forbidden:
        if word in allowed:
            continue
        longer = [other for other in allowed if word in other and word != other]
        for match in re.finditer(re.escape(word), target):
            if not any(_covered(target, match.start(), word, other) for other in longer):
                yield Violation(term, span, match.span(), word)


def _covered(target: str, at: int, word: str, longer: str) -> bool:
    """The forbidden word at `at` is part of an accepted, longer one (自我注意力 within 多头自我注意力)."""
    start = at - longer.index(word)
    return start >= 0 and target.startswith(longer, start)


def _absent(term: Term, span: Span, target: str) -> list[Violation]:
    lowered = target.lower()
    if any(word.lower() in lowered for word in (*term.accepted, term.english)):
        return []
    return [Violation(term, span)]
