"""Sentences of an English and a Chinese text, and which belongs to which.

Spans are `(start, end)` offsets into the text as given, without surrounding white space.
The alignment is monotone (neither language's sentences change order) and follows
Gale & Church, "A program for aligning sentences in bilingual corpora" (1993):
dynamic programming over 1-1, 1-2, 2-1, 2-2, 1-0 and 0-1 beads by length, helped here by the
numbers, Latin words and formulae that both sides share.
"""

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from papers.cues import in_chinese, in_english

Span = tuple[int, int]

HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"

# What no sentence may be cut inside of: formulae and addresses.
_WHOLE = re.compile(
    r"\$\$[^$]{1,600}\$\$|(?<!\\)\$[^$\n]{1,300}\$|\\\([^\n]{1,300}?\\\)"
    r"|(?:https?://|www\.)[\w\-./?=&%#~:+@!*',;]*[\w/]",
    re.ASCII,
)
_EN_END = re.compile(r"[.!?]+[\"'”’)\]}]*(?=\s|$)|\n\s*\n")
_ZH_END = re.compile(rf"[。！？]+[”’」』）)\"']*|[!?]+(?=\s|$|[{HAN}])|(?<=[{HAN}）])\.(?=\s|$|[{HAN}])|\n+")
_NEXT = re.compile(r"\s+[\"'“‘(\[{]*(\S+)")

_ABBREVIATIONS = """
e.g i.e eg ie cf vs viz approx resp fig figs eq eqs sec secs tab ref refs no nos vol pp ch dr mr mrs ms prof st dept
w.r.t a.k.a incl ca app thm lem prop def alg
"""
_SOMETIMES_LAST = "al etc inc ltd co corp jr sr u.s u.k u.s.a a.m p.m ph.d"
_FIRST_WORDS = """
we the this these that those in our it its however to a an for by with as on at from results experiments moreover
furthermore additionally first second finally while although here such code they there using unlike despite both
specifically extensive recent existing through when based then thus
"""
_NEVER_LAST = frozenset(_ABBREVIATIONS.split())
_MAYBE_LAST = frozenset(_SOMETIMES_LAST.split())
_STARTERS = frozenset(_FIRST_WORDS.split())


@dataclass(frozen=True)
class Pair:
    """Sentences that say the same; one side is empty where a sentence has no partner."""

    source_spans: tuple[Span, ...]
    target_spans: tuple[Span, ...]

    @property
    def lonely(self) -> bool:
        return not (self.source_spans and self.target_spans)


def split_en(text: str) -> list[Span]:
    """The sentences of an English text. Never raises; white space alone gives no sentence."""
    ends = (match.end() for match in _free(_EN_END, text) if _ends_english(text, match))
    return _cut(text, ends)


def split_zh(text: str) -> list[Span]:
    """The sentences of a Chinese text; a semicolon does not end one."""
    return _cut(text, (match.end() for match in _free(_ZH_END, text)))


def _free(pattern: re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
    """Matches that do not begin inside a formula or an address."""
    whole = [match.span() for match in _WHOLE.finditer(text)]
    at = 0
    for match in pattern.finditer(text):
        while at < len(whole) and whole[at][1] <= match.start():
            at += 1
        if at == len(whole) or match.start() < whole[at][0]:
            yield match


def _ends_english(text: str, match: re.Match[str]) -> bool:
    if match[0][0] != "." or match[0].startswith(".."):
        return True
    following = _NEXT.match(text, match.end())
    if following is None:
        return True
    before = _word_before(text, match.start())
    if before in _NEVER_LAST or (len(before) == 1 and before.isalpha() and before not in "ai"):
        return False
    if before in _MAYBE_LAST:
        return following[1].lower().rstrip(",.") in _STARTERS
    return not following[1][0].islower() or _is_name(following[1])


def _word_before(text: str, end: int) -> str:
    """The word that ends there, in lower case; empty where only white space is before."""
    words = text[max(0, end - 24) : end].split()
    return words[-1].lstrip("(['\"“‘").lower() if words else ""


def _is_name(word: str) -> bool:
    """`wav2vec`, `iPhone`, `w2v-BERT`: names that begin a sentence in lower case."""
    return any(c.isupper() or c.isdigit() for c in word)


def _cut(text: str, ends: Iterator[int]) -> list[Span]:
    spans, start = [], 0
    for end in (*ends, len(text)):
        piece = text[start:end]
        stripped = piece.strip()
        if stripped:
            first = start + piece.index(stripped[0])
            spans.append((first, first + len(stripped)))
        start = end
    return spans


# --- alignment -----------------------------------------------------------------------------

# Chinese length (Han characters and Latin words) per English word. The middle value of 438 published
# abstracts is 1.93, 1 % and 99 % are 1.44 and 2.46: a text outside has lost or won sentences.
_USUAL_RATIO = 1.93
_RATIO_LIMITS = (1.6, 2.3)
_SPREAD = 2.0  # variance of the Chinese length per English word
_LONELY = 2.9  # price of a sentence without partner, before its length
_LONELY_WORD = 0.1
_MOVES = {(1, 1): 0.0, (1, 2): 3.5, (2, 1): 2.9, (2, 2): 5.5, (1, 0): 0.0, (0, 1): 0.0}
_SHARED = 1.2  # reward per number or name both sides carry
_MISSED = 1.4  # price per number or name that the other side lacks
_CUE_SCALE = 5.5
_CUE_USUAL = 0.54  # share of everyday words a right partner takes up; a wrong one has half of that
_BAND, _NARROW_BAND = 10, 6  # sentences off the diagonal; the narrow one from twenty sentences on
_HOPELESS = 18.0  # lengths so far apart that no shared word makes up for it

_UNIT = re.compile(rf"[{HAN}]|[A-Za-z0-9]+(?:[-'.][A-Za-z0-9]+)*")
_ANCHOR = re.compile(r"[A-Za-z]*\d[\w.%-]*\w|\d|[A-Za-z]+(?:[-_][A-Za-z0-9]+)*", re.ASCII)


@dataclass(frozen=True, slots=True)
class _Group:
    """One sentence or two neighbours, as evidence."""

    spans: tuple[Span, ...]
    length: int
    words: frozenset[str]  # every Latin word and number, in lower case
    anchors: frozenset[str]  # those that survive translation: numbers, acronyms, names
    cues: frozenset[int]  # everyday words both languages have

    def __add__(self, other: "_Group") -> "_Group":
        return _Group(
            self.spans + other.spans,
            self.length + other.length,
            self.words | other.words,
            self.anchors | other.anchors,
            self.cues | other.cues,
        )


class _Groups:
    """The groups of one text by the number of their last sentence (from 1) and their size (0 to 2)."""

    def __init__(self, text: str, spans: list[Span], cues: Callable[[str], frozenset[int]]) -> None:
        singles = [_group(text, span, cues) for span in spans]
        self.count = len(singles)
        self.length = sum(single.length for single in singles)
        self.of_size: dict[int, list[_Group]] = {
            0: [_NOTHING] * (len(singles) + 1),
            1: [_NOTHING, *singles],
            2: [_NOTHING, *(before + after for before, after in pairwise([_NOTHING, *singles]))],
        }


_NOTHING = _Group((), 0, frozenset(), frozenset(), frozenset())


def _group(text: str, span: Span, cues: Callable[[str], frozenset[int]]) -> _Group:
    piece = text[slice(*span)]
    found = _ANCHOR.findall(piece)
    names = (word for word in found if sum(map(str.isupper, word)) > 1 or any(map(str.isdigit, word)))
    words, anchors = (frozenset(map(str.lower, group)) for group in (found, names))
    return _Group((span,), len(_UNIT.findall(piece)), words, anchors, cues(piece))


def align(source: str, target: str) -> list[Pair]:
    """Sentences of `source` (English) and `target` (Chinese) in order, every one in exactly one pair."""
    return list(_aligned(source, target))


@lru_cache(maxsize=8)
def _aligned(source: str, target: str) -> tuple[Pair, ...]:
    """Kept for a moment, because several checks and the page ask for the same pair of texts."""
    english, chinese = (
        _Groups(source, split_en(source), in_english),
        _Groups(target, split_zh(target), in_chinese),
    )
    return tuple(
        Pair(english.of_size[di][i].spans, chinese.of_size[dj][j].spans)
        for i, j, di, dj in _path(english, chinese)
    )


def _path(english: _Groups, chinese: _Groups) -> list[tuple[int, int, int, int]]:
    """The cheapest way through both texts as `(i, j, di, dj)`: ends before sentence i, j, having taken di, dj."""
    ratio = _ratio(english.length, chinese.length)
    best: dict[Span, tuple[float, tuple[int, int]]] = {(0, 0): (0.0, (0, 0))}
    for i, j in _cells(english.count, chinese.count):
        best[i, j] = min(
            (
                best[i - di, j - dj][0]
                + extra
                + _price(english.of_size[di][i], chinese.of_size[dj][j], ratio),
                (di, dj),
            )
            for (di, dj), extra in _MOVES.items()
            if (i - di, j - dj) in best
        )
    return _walk_back(best, english.count, chinese.count)


def _cells(rows: int, columns: int) -> Iterator[Span]:
    """A band around the diagonal, so that a book costs no more per sentence than an abstract."""
    slope = columns / rows if rows else 0.0
    width = (_BAND if rows < 20 else _NARROW_BAND) + int(slope)
    for i in range(rows + 1):
        centre = int(i * slope)
        low = 0 if rows == 0 else max(0, centre - width)
        high = columns if rows == 0 or i == rows else min(columns, centre + width)
        for j in range(low, high + 1):
            if i or j:
                yield i, j


def _walk_back(
    best: dict[Span, tuple[float, tuple[int, int]]], i: int, j: int
) -> list[tuple[int, int, int, int]]:
    path = []
    while i or j:
        di, dj = best[i, j][1]
        path.append((i, j, di, dj))
        i, j = i - di, j - dj
    return path[::-1]


def _ratio(words: int, units: int) -> float:
    if not words:
        return _USUAL_RATIO
    low, high = _RATIO_LIMITS
    return min(high, max(low, units / words))


def _price(english: _Group, chinese: _Group, ratio: float) -> float:
    words, units = english.length, chinese.length
    if not english.spans or not chinese.spans:
        return _LONELY + _LONELY_WORD * min(60.0, words or units / ratio)
    expected = (words + units / ratio) / 2
    misfit = (units - ratio * words) ** 2 / (2 * _SPREAD * ratio * max(4.0, expected))
    if misfit > _HOPELESS:
        return misfit
    return misfit + _anchor_price(english, chinese) + _cue_price(english.cues, chinese.cues)


def _anchor_price(english: _Group, chinese: _Group) -> float:
    if not (chinese.words or english.anchors):
        return 0.0
    strange, lost = len(chinese.words - english.words), len(english.anchors - chinese.words)
    shared = len(english.words & chinese.words)
    return _MISSED * min(4, strange) + 0.5 * _MISSED * min(4, lost) - _SHARED * min(4, shared)


def _cue_price(said: frozenset[int], heard: frozenset[int]) -> float:
    if not said:
        return 0.0
    return _CUE_SCALE * (_CUE_USUAL - len(said & heard) / len(said)) * math.sqrt(min(6, len(said)))
