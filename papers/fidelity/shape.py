"""Checks of the whole: empty, too short, sentences lost, English left over, another paper's text."""

import re
from collections.abc import Iterator

from papers.cues import in_chinese, in_english
from papers.fidelity.findings import Finding, Span
from papers.fidelity.formulae import formulae
from papers.fidelity.names import URL, names_in, squeezed
from papers.fidelity.number_words import in_chinese_words
from papers.fidelity.numbers import numbers_in
from papers.sentences import HAN, align, split_en, split_zh

_HAN = re.compile(f"[{HAN}]")
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9'’-]*", re.ASCII)

LONG_SOURCE = 40  # English words from which a text counts as an abstract


def english_words(text: str) -> int:
    return len(_WORD.findall(_without_marks(text)))


def chinese_length(text: str) -> int:
    """Han characters and Latin words."""
    return len(_HAN.findall(text)) + len(_WORD.findall(_without_marks(text)))


def _without_marks(text: str) -> str:
    for start, end in sorted(
        [*formulae(text), *(match.span() for match in URL.finditer(text))], reverse=True
    ):
        text = f"{text[:start]} {text[end:]}"
    return text


def check_empty(source: str, target: str) -> Iterator[Finding]:
    """Nothing, no Chinese, or a few words in place of an abstract."""
    if not target.strip():
        if source.strip():
            yield Finding("empty", "block", "译文是空的")
    elif not _HAN.search(target) and english_words(source) > 2:
        yield Finding("no_chinese", "block", "译文里没有汉字", target_span=(0, len(target)))
    elif len(target.strip()) < 60 and english_words(source) >= LONG_SOURCE:
        yield Finding("too_short", "block", "译文不足60个字符", target_span=(0, len(target)))


def check_length(source: str, target: str) -> Iterator[Finding]:
    """Han characters and Latin words per English word: usually 1.5 to 2.4, under 1.0 half the abstract is gone."""
    words = english_words(source)
    if words < LONG_SOURCE or not target.strip():
        return
    ratio = chinese_length(target) / words
    if ratio < 1.0:
        yield Finding("length_short", "block", f"译文过短（长度比{ratio:.2f}，通常在1.5以上），可能漏译大半")
    elif ratio < 1.2:
        yield Finding(
            "length_short", "warning", f"译文偏短（长度比{ratio:.2f}，通常在1.5以上），请核对有无漏译"
        )


def check_sentences(source: str, target: str) -> Iterator[Finding]:
    """Two sentences without partner, or one and a count two lower, warn; a single one without partner is a hint."""
    english, chinese = split_en(source), split_zh(target)
    if len(english) < 2 or not chinese:
        return
    lonely = [span for pair in align(source, target) if not pair.target_spans for span in pair.source_spans]
    fewer = len(english) - len(chinese)
    # Good Chinese merges sentences: a lower count alone was right in one case of four.
    if len(lonely) >= 2 or (fewer >= 2 and lonely) or fewer >= 4:
        yield Finding(
            "sentences_missing",
            "warning",
            f"原文{len(english)}句，译文{len(chinese)}句，{len(lonely)}句没有对应，可能漏译",
            lonely[0] if lonely else None,
        )
    for span in lonely:
        yield Finding("sentence_unpartnered", "info", "这一句在译文中没有找到对应", span)


# --- English left over ------------------------------------------------------------------------------

_RUN = re.compile(
    r"(?<![A-Za-z0-9./:-])[A-Za-z][A-Za-z0-9'’,;:()/.\-]*+(?:[ \t\n]++[A-Za-z0-9(][A-Za-z0-9'’,;:()/.%\-]*+){3,}+",
    re.ASCII,
)
_LOWER = re.compile(r"(?<![A-Za-z-])[a-z]{2,}", re.ASCII)


def check_untranslated(source: str, target: str) -> Iterator[Finding]:
    """Four English words in a row, three of them in lower case; spelt-out acronyms in brackets are welcome."""
    hidden, reported = _blanked(target), []
    for match in _RUN.finditer(hidden):
        if (
            len(_LOWER.findall(match[0])) >= 3
            and len(match[0].split()) >= 4
            and not _spells_out(target, match.span())
        ):
            shown = match[0][:40] + ("…" if len(match[0]) > 40 else "")
            yield Finding("untranslated", "error", f"有未翻译的英文：{shown}", target_span=match.span())
            reported.append(match.span())
    yield from _whole_sentences(source, target, reported)


def _whole_sentences(source: str, target: str, reported: list[Span]) -> Iterator[Finding]:
    """Short sentences of the source that stand in the target letter by letter ("Project page: https://…")."""
    for start, end in split_en(source):
        at = target.find(source[start:end])
        if at >= 0 and english_words(source[start:end]) >= 2 and not any(a <= at < b for a, b in reported):
            yield Finding("untranslated", "error", "有未翻译的句子", (start, end), (at, at + end - start))


def _blanked(text: str) -> str:
    """The text with formulae and addresses overwritten, so that offsets stay."""
    for start, end in formulae(text):
        text = text[:start] + "※" * (end - start) + text[end:]
    return URL.sub(lambda match: "X" * len(match[0]), text)


def _spells_out(text: str, span: Span) -> bool:
    start, end = span
    before, after = text[max(0, start - 2) : start], text[end : end + 2]
    return len(text[start:end].split()) <= 8 and bool(
        re.search(r"[（(“\"《「]\s?$", before) and re.match(r"\s?[）)”\"》」，,]", after)
    )


# --- the translation of another paper ------------------------------------------------------------------


# Shares of the everyday words (papers/cues.py) of an English abstract that its Chinese takes up. Of 438 published
# translations 1 % stay under 0.72; of 438 translations of the next paper 95 % stay under 0.59.
_STRANGE_SUBJECT = 0.6
_UNSURE_SUBJECT = 0.75
_ENOUGH_CUES = 8


def check_other_paper(source: str, target: str) -> Iterator[Finding]:
    """Nothing of what survives translation (numbers, names, Latin words) is shared, or hardly any of the subject."""
    if len(_HAN.findall(target)) < 20 or english_words(source) < 12:
        return
    cues = in_english(source)
    subject = len(cues & in_chinese(target)) / len(cues) if cues else 0.0
    strange = len(cues) >= _ENOUGH_CUES and subject < _STRANGE_SUBJECT and not _is_vouched_for(source, target)
    if strange or (subject < _UNSURE_SUBJECT and _shares_nothing(source, target)):
        yield Finding(
            "other_paper", "block", "译文与原文的数字、名称或主题几乎都对不上，可能是另一篇论文的译文"
        )


def _is_vouched_for(source: str, target: str) -> bool:
    """Three Latin words or more stand in the target, and nearly all of them in the source too."""
    kept, said = _latin_words(target), _latin_words(source)
    return len(kept) >= 3 and len(kept & said) >= 0.75 * len(kept)


def _latin_words(text: str) -> set[str]:
    return {word.lower().removesuffix("s") for word in _WORD.findall(text)}


def _shares_nothing(source: str, target: str) -> bool:
    """The source has two numbers or names or more, and neither they nor any Latin word is in the target."""
    names = {squeezed(match[0]) for match, _ in names_in(source)}
    said, kept = numbers_in(source), numbers_in(target)
    if len(names) + len(said) < 2:
        return False
    latin = _latin_words(target)
    values = in_chinese_words(target).union(*(number.readings for number in kept))
    return not (latin & (_latin_words(source) | names) or any(number.readings & values for number in said))
