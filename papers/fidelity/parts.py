"""The three numbered parts of a reading: background, method, results."""

import re
from dataclasses import dataclass

from papers.fidelity.findings import Span
from papers.sentences import HAN

LIMITS = (200, 600, 200)  # characters, as the prompt asks
TOLERANCE = 1.5  # a part is too long from this many times its limit
LEAST = 10  # characters, below which a part says nothing

_DIGITS = {sign: 1 + at % 3 for at, sign in enumerate("123１２３一二三①②③")}
_HEAD = re.compile(
    r"^ {0,3}(?:(?P<hashes>#{1,6})[ \t]*)?(?:\*\*|__)?[ \t]*"
    r"(?:第(?P<ordinal>[123１２３一二三])(?:部分|点)|(?P<ring>[①②③])"
    r"|[（(]?(?P<number>[123１２３一二三])(?P<mark>[)）.．、:：]|(?=\s|\*|$)))"
    r"(?P<rest>.*)$",
    re.MULTILINE,
)
_SUBJECTS = (r"背景|问题|动机|现状|不足", r"方法|框架|思路|方案", r"任务|效果|实验|结果|评测|性能")
_HAN = re.compile(f"[{HAN}]")
_LATIN_WORD = re.compile(r"[A-Za-z][A-Za-z'’-]+")


@dataclass(frozen=True)
class Part:
    """`span` begins with the heading line's number, `text` after it."""

    text: str
    span: Span
    limit: int

    @property
    def is_empty(self) -> bool:
        return self.length < LEAST

    @property
    def length(self) -> int:
        """Han characters and Latin words."""
        return len(_HAN.findall(self.text)) + len(_LATIN_WORD.findall(self.text))

    @property
    def is_long(self) -> bool:
        return self.length > self.limit * TOLERANCE


def parts(reading: str) -> list[Part]:
    """The parts 1, 2, 3 as far as they come in order: by their subjects if they name them, else by number alone."""
    found = [match for match in _HEAD.finditer(reading) if _is_marked(match)]
    heads = _in_order(found, _SUBJECTS)
    if len(heads) < 3:
        heads = _in_order(found, ("", "", ""))
    ends = [head.start() for head in heads[1:]] + [len(reading)]
    return [
        Part(reading[head.start("rest") : end], (head.start(), end), limit)
        for head, end, limit in zip(heads, ends, LIMITS, strict=False)
    ]


def _is_marked(match: re.Match[str]) -> bool:
    """A bare number at the start of a line is a heading only in a heading's line."""
    return bool(match["ordinal"] or match["ring"] or match["hashes"] or match["mark"])


def _in_order(found: list[re.Match[str]], subjects: tuple[str, ...]) -> list[re.Match[str]]:
    heads: list[re.Match[str]] = []
    for match in found:
        number = _DIGITS[match["ordinal"] or match["ring"] or match["number"]]
        if len(heads) < 3 and number == len(heads) + 1 and re.search(subjects[number - 1], match["rest"]):
            heads.append(match)
    return heads
