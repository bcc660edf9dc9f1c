"""Numbers of an English and a Chinese text as values, whatever unit words they are written with.

"1.6 billion", "1.6B" and "16亿" are one value. A number may have several readings ("7" of "7 to 70 billion" is
7 or 7 billion; "1980s" is 1980 or the 80 of 20世纪80年代); two numbers agree when they share a reading.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

from papers.fidelity.findings import Zones
from papers.fidelity.names import URL

Reading = Decimal | str


@dataclass(frozen=True)
class Number:
    """A number as written at `span`.

    `free`: citation years and enumerators; they may come and go. `named`: glued to letters (`T5`, `F0`) or raised;
    one missing alone is the names' business.
    """

    text: str
    span: tuple[int, int]
    readings: frozenset[Reading]
    free: bool = False
    named: bool = False
    scale: Decimal = Decimal(1)


def numbers_in(text: str) -> list[Number]:
    """Every number of an English or Chinese text, in order."""
    text = _plain_digits(text)
    hidden = _hidden(text)
    found = [_number(text, match) for match in _NUMBER.finditer(text) if match.start() not in hidden]
    free = _free_zones(text)
    marked = [replace(number, free=True) if number.span[0] in free else number for number in found]
    return _decades(text, _shared_scales(text, marked))


_WIDE = {0xFF10 + i: str(i) for i in range(10)} | {0xFF05: "%", 0xFF0E: ".", 0x2212: "-", 0xFF0D: "-"}
_RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹₀₁₂₃₄₅₆₇₈₉", "01234567890123456789")

_SCALES = {
    **{word: Decimal(10) ** power for word, power in (("hundred", 2), ("thousand", 3), ("million", 6))},
    **{
        word: Decimal(10) ** power for word, power in (("billion", 9), ("trillion", 12), ("mn", 6), ("bn", 9))
    },
    **{letter: Decimal(10) ** power for letter, power in (("k", 3), ("m", 6), ("b", 9), ("t", 12))},
    **{
        word: Decimal(10) ** power
        for word, power in (("百", 2), ("千", 3), ("万", 4), ("十万", 5), ("百万", 6))
    },
    **{word: Decimal(10) ** power for word, power in (("千万", 7), ("亿", 8), ("十亿", 9), ("百亿", 10))},
    **{word: Decimal(10) ** power for word, power in (("千亿", 11), ("万亿", 12))},
}
_ZH_SCALE = "万亿|千亿|百亿|十亿|亿|千万|百万|十万|万|千(?![赫兆米克瓦帕焦伏卡比字帧分])|百(?!分)"  # 千赫 is a unit, 第90百分位 a rank
_NUMBER = re.compile(
    r"(?P<raised>[⁰¹²³⁴-⁹₀-₉]{1,20})"
    r"|(?P<dotted>(?<![\d.])(?:\d{1,20}(?:\.\d{1,20}){2,6}|\.\d{1,20}(?:\.\d{1,20}){1,6}|\d{1,20}\.{2}\d{1,20}))"
    r"|(?P<body>\d{1,3}(?:(?:,|\{,\})\d{3}(?!\d)){1,8}(?:\.\d{1,20})?|\d{1,20}(?:\.\d{1,20})?|(?<![\w.])\.\d{1,20})"
    r"(?:\+?\s?(?:余|多)?(?P<zh>" + _ZH_SCALE + r")"
    r"|[\s~-]{0,2}(?i:(?P<word>hundred|thousand|million|billion|trillion|mn|bn)s?)(?![A-Za-z])"
    r"|(?P<gap>[\s~-]?)(?P<letter>[kKMBTb])(?![A-Za-z0-9]))?",
    re.ASCII,
)
_AMBIGUOUS = "T"  # trillion or tesla


def _plain_digits(text: str) -> str:
    return text if text.isascii() else text.translate(_WIDE)


def _number(text: str, match: re.Match[str]) -> Number:
    start, end = match.span()
    if match["dotted"]:
        return Number(match[0], (start, end), frozenset({match[0]}))
    if match["raised"]:
        return Number(match[0], (start, end), frozenset({Decimal(match[0].translate(_RAISED))}), named=True)
    value = Decimal(re.sub(r"[,{}]", "", match["body"]))
    scale = _scale(match)
    readings = {value * scale, *_other_readings(match, value)}
    named = start > 0 and (text[start - 1].isascii() and text[start - 1].isalpha())
    return Number(
        match[0].strip(), (start, end), frozenset(r.normalize() for r in readings), False, named, scale
    )


def _scale(match: re.Match[str]) -> Decimal:
    unit = match["zh"] or match["word"] or match["letter"] or ""
    return _SCALES.get(unit.lower(), Decimal(1))


def _other_readings(match: re.Match[str], value: Decimal) -> Iterator[Decimal]:
    if match["letter"] and (match["gap"] or match["letter"] in _AMBIGUOUS):
        yield value
    if match["body"].endswith(".000"):  # 160.000 as printed in much of Europe
        yield value * 1000


# --- numbers that are only part of the layout ------------------------------------------------

_CITATION = re.compile(
    r"[(\[（［][^()\[\]（）\n]{0,120}?(?:[A-Z][\w'’-]{1,40}|al\.|等人?)[^()\[\]（）\n]{0,60}?[,，]?\s?(?:19|20)\d\d[a-z]?\s?[)\]）］]"
    r"|(?:\b[A-Z][\w'’-]{1,40}|al\.|等人?)\s?[(（](?:19|20)\d\d[a-z]?[)）]"
    r"|\[\d{1,3}(?:\s?[,–-]\s?\d{1,3}){0,9}\]",
)
_ENUMERATOR = re.compile(
    r"[(（]\s?\d{1,2}\s?[)）]|(?<![\w.(（])\d{1,2}\s?[)）](?!\s?=)|(?m:^\s{0,3}\d{1,2}[.、])\s?(?!\d)"
)


def _hidden(text: str) -> Zones:
    return Zones(match.span() for match in URL.finditer(text))


def _free_zones(text: str) -> Zones:
    return Zones(match.span() for pattern in (_CITATION, _ENUMERATOR) for match in pattern.finditer(text))


# --- readings that come from the neighbourhood ---------------------------------------------------

_RANGE = re.compile(r"\s?(?:[-–—~～]|\$-\$|to|and|or|through|至|到|和|或|与|、|,|/)\s?\$?", re.IGNORECASE)
_DECADE = re.compile(r"['’]?s\b|年代")
_CENTURY = re.compile(r"\s?世纪\s?(\d0)\s?年代", re.ASCII)


def _shared_scales(text: str, found: list[Number]) -> list[Number]:
    """In "7 to 70 billion" the 7 may be billions too."""
    result = found[:]
    for at in range(len(found) - 2, -1, -1):
        here, after = result[at], result[at + 1]
        if here.scale == 1 and after.scale > 1 and _RANGE.fullmatch(text, here.span[1], after.span[0]):
            scaled = {(r * after.scale).normalize() for r in here.readings if isinstance(r, Decimal)}
            result[at] = replace(here, readings=here.readings | scaled, scale=after.scale)
    return result


def _decades(text: str, found: list[Number]) -> list[Number]:
    return [_decade(text, number) for number in found]


def _decade(text: str, number: Number) -> Number:
    century = _CENTURY.match(text, number.span[1])
    if century and len(number.text) <= 2:
        year = (Decimal(number.text) - 1) * 100 + Decimal(century[1])
        return replace(number, readings=number.readings | {year.normalize()}, free=True)
    if _DECADE.match(text, number.span[1]) and number.text.isdigit() and len(number.text) == 4:
        return replace(number, readings=number.readings | {Decimal(number.text[2:]).normalize()})
    return number
