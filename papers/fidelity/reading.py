"""Checks of a reading: the three-part account of a paper's full text."""

import re
from collections.abc import Iterable, Iterator
from decimal import Decimal

from papers.fidelity.findings import Finding, Zones, signed
from papers.fidelity.formulae import formulae
from papers.fidelity.names import URL
from papers.fidelity.number_words import in_english_words
from papers.fidelity.numbers import Number, numbers_in
from papers.fidelity.orders import orders
from papers.fidelity.parts import parts
from papers.fidelity.surface import check_label
from papers.sentences import HAN

_HAN = re.compile(f"[{HAN}]")
_LATIN = re.compile(r"[A-Za-z]{2,}", re.ASCII)
_TAG = re.compile(r"</?[A-Za-z][\w-]*(?:\s[^<>]*)?/?>")
_PICTURE = re.compile(r"!\[[^\]\n]{0,300}\]")
# What a model says of itself or of its orders; in a full text such words are the paper's subject.
_SLIP = re.compile(
    r"system prompt|as an ai(?: language)? model|you are (?:chatgpt|an ai|a helpful)|系统提示词?"
    r"|作为(?:一个|一名)?(?:AI|人工智能)(?:语言)?(?:模型|助手)|(?:请|务必|必须)(?:给出|给予|作出|推荐)[^。\n]{0,12}(?:好评|正面|接收|录用|高分)",
    re.IGNORECASE,
)


def check_reading(reading: str, full_text: str) -> list[Finding]:
    """Findings on a reading against the paper's full text; `source_span` is always None.

    Without its three parts, or not in Chinese, it is blocked. Never raises.
    """
    checks = (
        *(_check_parts, _check_language, _check_numbers, _check_urls, _check_markup, _check_instructions),
    )
    found = [finding for check in checks for finding in check(reading, full_text)]
    return [signed(finding, full_text, reading) for finding in [*check_label(full_text, reading), *found]]


def _check_parts(reading: str, full_text: str) -> Iterator[Finding]:
    found = parts(reading)
    if len(found) < 3:
        yield Finding("reading_parts", "block", f"解读应有编号1、2、3三部分，只找到{len(found)}部分")
    for number, part in enumerate(found, 1):
        if part.is_empty:
            yield Finding("reading_part_empty", "block", f"解读的第{number}部分是空的", target_span=part.span)
        elif part.is_long:
            message = f"第{number}部分约{part.length}字，超过{part.limit}字较多"
            yield Finding("reading_part_long", "warning", message, target_span=part.span)


def _check_language(reading: str, full_text: str) -> Iterator[Finding]:
    text = URL.sub(" ", reading)
    han, latin = len(_HAN.findall(text)), len(_LATIN.findall(text))
    if not han:
        yield Finding("no_chinese", "block", "解读里没有汉字")
    elif han < 2 * latin:
        yield Finding("reading_language", "block", "解读大半不是中文")


def _check_urls(reading: str, full_text: str) -> Iterator[Finding]:
    addresses = list(URL.finditer(reading))
    # Line ends split addresses in a PDF's text.
    whole = re.sub(r"\s+", "", full_text).lower() if addresses else ""
    for match in addresses:
        bare = re.sub(r"^(?:https?://)?(?:www\.)?", "", match[0].lower()).rstrip("/.,;:)'")
        if bare not in whole:
            yield Finding("reading_url", "block", f"链接{match[0]}在全文中没有", target_span=match.span())


def _check_markup(reading: str, full_text: str) -> Iterator[Finding]:
    """Readers never see them as such, but what was meant by them is lost."""
    for pattern, name in ((_TAG, "HTML标签"), (_PICTURE, "图片")):
        if match := pattern.search(reading):
            yield Finding("reading_markup", "warning", f"含有{name}{match[0][:40]}", target_span=match.span())


def _check_instructions(reading: str, full_text: str) -> Iterator[Finding]:
    for start, end in sorted({*orders(reading), *(match.span() for match in _SLIP.finditer(reading))}):
        yield Finding(
            "instruction", "warning", f"“{reading[start:end]}”像是给模型的指令", target_span=(start, end)
        )


# --- numbers -----------------------------------------------------------------------------------------------------------

_FIGURES = re.compile(r"\d+(?:\.\d+)?", re.ASCII)
_DECIMALS = re.compile(r"\.(\d+)", re.ASCII)
_PERCENT = re.compile(r"\s?[%％]")


def _check_numbers(reading: str, full_text: str) -> Iterator[Finding]:
    """Only what the paper nowhere says; enumerators, formulae and numbers within names are not asked for."""
    hidden, seen = Zones(formulae(reading)), set()
    asked = [number for number in numbers_in(reading) if _is_claim(number, reading, hidden)]
    for number in _not_in(full_text, asked, reading):
        if number.readings not in seen:
            seen.add(number.readings)
            yield Finding(
                "reading_number", "warning", f"数字“{number.text}”在全文中没有找到", target_span=number.span
            )


def _is_claim(number: Number, reading: str, hidden: Zones) -> bool:
    """A lone digit counts things ("3个模块") more often than it quotes a result; percentages are results."""
    start, end = number.span
    is_small = len(number.text) == 1 and not _PERCENT.match(reading, end)
    return not (number.free or is_small or start in hidden)


def _not_in(full_text: str, asked: Iterable[Number], reading: str) -> list[Number]:
    """Those that the full text has in no spelling: 5% may be 0.05 there, 1.2万 12,000, 12.3 a rounded 12.34."""
    written = set(_FIGURES.findall(full_text.replace(",", "")))
    left = [number for number in asked if number.text.replace(",", "") not in written]
    if not left:
        return []  # the long text need not be read number by number
    values = {
        value for number in numbers_in(full_text) for value in number.readings if isinstance(value, Decimal)
    }
    values |= in_english_words(full_text)
    return [number for number in left if not _occurs(number, reading, full_text, values)]


def _occurs(number: Number, reading: str, full_text: str, values: set[Decimal]) -> bool:
    meant = list(_meant(number, _PERCENT.match(reading, number.span[1]) is not None))
    if not meant:  # a version such as 1.2.3
        return number.text in full_text
    return any(abs(other - value) <= step / 2 for value, step in meant for other in values)


def _meant(number: Number, is_percentage: bool) -> Iterator[tuple[Decimal, Decimal]]:
    """What a number may stand for, each with the worth of its last digit as written."""
    decimals = _DECIMALS.search(number.text)
    step = number.scale.scaleb(-len(decimals[1]) if decimals else 0)
    for value in number.readings:
        if isinstance(value, Decimal):
            yield value, step
            if is_percentage:
                yield value / 100, step / 100
            if value < 1:
                yield value * 100, step * 100
