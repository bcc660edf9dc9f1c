"""Numbers written out in words. They only forgive: "three" may become 3, and 2 may become 两."""

import re
from collections.abc import Iterator
from decimal import Decimal

_TABLE = """
0 zero none
1 one single once first firstly sole per january unit mono
2 two both twice double doubles doubled doubling dual second secondly pair pairs paired pairwise bi binary half halves
2 halved halving couple twofold stereo either february biannual bilingual ii
3 three third thirdly thirds triple triples tripled triplet triplets tri thrice threefold ternary trio march iii
4 four fourth fourthly quarter quarters quadruple quadrupled fourfold quad quartet april iv
5 five fifth fifths fivefold quintuple may v
6 six sixth sixfold june vi
7 seven seventh sevenfold july vii
8 eight eighth eightfold august viii
9 nine ninth ninefold september ix
10 ten tenth tens tenfold october magnitude
11 eleven eleventh november
12 twelve twelfth dozen dozens december
13 thirteen
14 fourteen
15 fifteen
16 sixteen
17 seventeen
18 eighteen
19 nineteen
20 twenty twentieth
25 quarter
30 thirty
40 forty
50 fifty half halves halved halving
60 sixty
70 seventy
80 eighty
90 ninety
100 hundred hundreds double doubled doubling doubles
1000 thousand thousands
0.5 half
"""
_SCALES = {"hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9, "trillion": 10**12}


def _values() -> dict[str, frozenset[Decimal]]:
    values: dict[str, set[Decimal]] = {}
    for line in _TABLE.split("\n"):
        value, *words = line.split() or [""]
        for word in words:
            values.setdefault(word, set()).add(Decimal(value).normalize())
    return {word: frozenset(numbers) for word, numbers in values.items()}


_VALUES = _values()
_WORD = re.compile(r"[a-z]+")


def in_english_words(text: str) -> frozenset[Decimal]:
    """Every value that some number word of an English text may stand for."""
    words = _WORD.findall(text.lower())
    numbers = [at for at, word in enumerate(words) if word in _VALUES]
    found = set().union(*(_VALUES[words[at]] for at in numbers))
    return frozenset(found.union(*(_compounds(words[at : at + 3]) for at in numbers)))


def _compounds(words: list[str]) -> Iterator[Decimal]:
    """ "twenty five", "two hundred", "half a million"."""
    word, *ahead = words
    scale = next((_SCALES[w] for w in ahead if w in _SCALES), None)
    for value in _VALUES[word]:
        if scale:
            yield (value * scale).normalize()
        if ahead and 20 <= value <= 90:
            yield from ((value + unit).normalize() for unit in _VALUES.get(ahead[0], ()) if 0 < unit < 10)


_DIGITS = {
    "零": 0,
    "〇": 0,
    "一": 1,
    "二": 2,
    "两": 2,
    "双": 2,
    "三": 3,
    "四": 4,
    "五": 5,
    "六": 6,
    "七": 7,
    "八": 8,
    "九": 9,
}
_UNITS = {"十": 10, "百": 100, "千": 1000}
_GROUPS = {"万": 10**4, "亿": 10**8}
_NUMERAL = re.compile("[零〇一二两双三四五六七八九十百千万亿]{1,20}")
_HALF = {Decimal(50).normalize(), Decimal("0.5"), Decimal(2)}


def in_chinese_words(text: str) -> frozenset[Decimal]:
    """Every value that some Chinese numeral of the text may stand for (一百二十, 两, 一半)."""
    found = {_value(numeral) for numeral in set(_NUMERAL.findall(text))}
    if "半" in text:
        found |= _HALF
    if "翻倍" in text or "加倍" in text or "成倍" in text:
        found |= {Decimal(2), Decimal(100).normalize()}
    return frozenset(found)


def _value(numeral: str) -> Decimal:
    total = section = digit = 0
    for sign in numeral:
        if sign in _DIGITS:
            digit = digit * 10 + _DIGITS[sign] if digit and "十" not in numeral else _DIGITS[sign]
        elif sign in _UNITS:
            section, digit = section + (digit or 1) * _UNITS[sign], 0
        else:
            total, section, digit = (total + (section + digit or 1)) * _GROUPS[sign], 0, 0
    return Decimal(total + section + digit).normalize()
