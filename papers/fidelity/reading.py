"""Checks of a reading: the three-part account of a paper's full text."""

import re
from collections.abc import Iterator

from papers.fidelity.findings import Finding, Zones, signed
from papers.fidelity.formulae import formulae
from papers.fidelity.names import URL
from papers.fidelity.number_words import in_english_words
from papers.fidelity.numbers import numbers_in
from papers.fidelity.surface import check_label
from papers.sentences import HAN

_PART = re.compile(
    r"(?m)^[ \t]{0,3}(?:#{1,6}[ \t]*)?(?:\*\*)?[ \t]*(?:第?[ \t]*([123一二三])[ \t]*(?:[)）.、:：]|部分)|[（(][ \t]*([123一二三])[ \t]*[)）]|([①②③]))"
)
_ORDER = {sign: at % 3 for at, sign in enumerate("123一二三①②③")}
_HAN = re.compile(f"[{HAN}]")
_LATIN = re.compile(r"[A-Za-z]{2,}", re.ASCII)
_MIN_PART = 12  # characters under a number that still count as a part

_INSTRUCTION = re.compile(
    r"ignore (?:all |any )?(?:the )?(?:previous|above|prior|earlier) (?:instructions?|prompts?)|disregard (?:all|the|any|previous)"
    r"|system prompt|as an ai(?: language)? model|you are (?:chatgpt|an ai|a helpful)"
    r"|(?:give|write) (?:a |only )?positive review|do not highlight any negatives|recommend accept(?:ance|ing)"
    r"|忽略(?:以上|之前|上述|前面|先前)(?:的)?(?:所有|全部)?(?:的)?(?:指令|指示|提示|要求|内容)|无视(?:以上|之前|上述)|系统提示词?"
    r"|作为(?:一个|一名)?(?:AI|人工智能)(?:语言)?(?:模型|助手)|(?:请|务必|必须)(?:给出|给予|作出|推荐)[^。\n]{0,12}(?:好评|正面|接收|录用|高分)"
    r"|(?:只|仅)(?:给出|输出)(?:正面|积极)(?:的)?(?:评价|评审)",
    re.IGNORECASE,
)


def check_reading(reading: str, full_text: str) -> list[Finding]:
    """Findings on a reading against the paper's full text; `source_span` is always None.

    Without its three parts, or not in Chinese, it is blocked. Never raises.
    """
    checks = (_check_parts, _check_language, _check_numbers, _check_urls, _check_instructions)
    found = [finding for check in checks for finding in check(reading, full_text)]
    return [signed(finding, full_text, reading) for finding in [*check_label(full_text, reading), *found]]


def parts(reading: str) -> list[str]:
    """The texts under the numbers 1, 2, 3 as far as they come in order."""
    starts: list[tuple[int, int]] = []
    for match in _PART.finditer(reading):
        if len(starts) < 3 and _ORDER[match[1] or match[2] or match[3]] == len(starts):
            starts.append(match.span())
    ends = [start for start, _ in starts[1:]] + [len(reading)] * bool(starts)
    return [reading[start:end].strip() for (_, start), end in zip(starts, ends, strict=True)]


def _check_parts(reading: str, full_text: str) -> Iterator[Finding]:
    found = parts(reading)
    if len(found) < 3:
        yield Finding("reading_parts", "block", f"解读应有编号1、2、3三部分，只找到{len(found)}部分")
    for number, part in enumerate(found, 1):
        if len(part) < _MIN_PART:
            yield Finding("reading_part_empty", "block", f"解读的第{number}部分是空的")


def _check_language(reading: str, full_text: str) -> Iterator[Finding]:
    text = URL.sub(" ", reading)
    han, latin = len(_HAN.findall(text)), len(_LATIN.findall(text))
    if not han:
        yield Finding("no_chinese", "block", "解读里没有汉字")
    elif han < 2 * latin:
        yield Finding("reading_language", "block", "解读大半不是中文")


def _check_numbers(reading: str, full_text: str) -> Iterator[Finding]:
    """Only what the paper nowhere says; enumerators, formulae and numbers within names are not asked for."""
    known = frozenset().union(*(number.readings for number in numbers_in(full_text))) | in_english_words(
        full_text
    )
    hidden, seen = Zones(formulae(reading)), set()
    for number in numbers_in(reading):
        if (
            number.free
            or number.span[0] in hidden
            or number.readings & known
            or number.readings in seen
            or _is_small(number.text)
        ):
            continue
        seen.add(number.readings)
        yield Finding(
            "reading_number", "warning", f"数字“{number.text}”在全文中没有找到", target_span=number.span
        )


def _is_small(text: str) -> bool:
    """A lone digit counts things ("3个模块") more often than it quotes a result."""
    return len(text) == 1


def _check_urls(reading: str, full_text: str) -> Iterator[Finding]:
    whole = re.sub(r"\s+", "", full_text).lower()
    for match in URL.finditer(reading):
        bare = re.sub(r"^(?:https?://)?(?:www\.)?", "", match[0].lower()).rstrip("/.,;:)'")
        if bare not in whole:
            yield Finding("reading_url", "block", f"链接{match[0]}在全文中没有", target_span=match.span())


def _check_instructions(reading: str, full_text: str) -> Iterator[Finding]:
    for match in _INSTRUCTION.finditer(reading):
        yield Finding("instruction", "warning", f"“{match[0]}”像是给模型的指令", target_span=match.span())
