"""What a section heading looks like, line by line; ``outline.py`` decides which of them make sense together."""

import re
from typing import NamedTuple

from .lines import Line

# Headings that stand without a number even where the sections have numbers.
FRAME = (
    "abstract|references|bibliography|literature cited|references and notes|acknowledge?ments?|"
    "appendi(?:x|ces)|supplementary (?:material|materials|information)|supplemental material|"
    "conclusions?|limitations?|ethics statement|broader impacts?|reproducibility statement|data availability|"
    "funding|keywords|index terms|摘要|引言|方法|实验|结果|讨论|结论|致谢|参考文献|附录"
)
# Those that do so only where no section has one; elsewhere they are heads of tables.
GENERIC = (
    "introduction|background|related works?|related literature|preliminaries|methods?|methodology|materials and methods|"
    "approach|models?|model architecture|experiments?|experimental (?:setup|results|settings)|results|"
    "results and discussion|evaluation|analysis|discussions?|discussion and conclusions?|"
    "conclusions? and (?:future work|discussion|outlook)|concluding remarks|summary|future work"
)
NUMBER = r"(?:(?:\d{1,2}(?:\.\d{1,2}){0,3}|[IVX]{1,5}|[A-Z](?:\.\d{1,2}){0,3})[.:)]?\s+)"
FRAMED = re.compile(rf"^(?:{FRAME})\s*[.:]?$", re.IGNORECASE)
NAMED = re.compile(rf"^{NUMBER}?(?:{FRAME}|{GENERIC})\s*[.:]?$", re.IGNORECASE)
NUMBERED = re.compile(
    r"^(\d{1,2}(?:\.\d{1,2}){0,3}|[IVX]{1,5}(?=\.)|[A-Z](?:\.\d{1,2}){0,3})\.?\s+((?=[^\W\d_]).{2,100})$"
)
APPENDIX = re.compile(
    r"^(?:appendix|appendices|supplement\w*)(?:\s+[A-Z\d]{1,3}\b)?[.:]?(?:\s+.{2,80})?$", re.IGNORECASE
)
REFERENCES = re.compile(
    rf"^{NUMBER}?(?:references|bibliography|literature cited|references and notes|参考文献)\s*:?$",
    re.IGNORECASE,
)
SPACED_CAPITALS = re.compile(r"(?<=\s)([A-Z]) (?=[A-Z]{2,})")
UNFINISHED = re.compile(r"[,;:]$|[^.]\.$|\b(?:the|a|is|are)$")
WORD = re.compile(r"[^\W\d_]{3,}")
# What reference lists are full of: years, "[12]", "et al.", page ranges, identifiers.
CITED = re.compile(r"\b(?:19|20)\d\d[a-z]?\b|^\[[\w+]+\]|arXiv|doi|\bpp?\.|\bet al\b|\bvol\.|Proc")
LONGEST = 90
TALL = 1.08


class Style(NamedTuple):
    """The running text's line height, in points."""

    height: float


def title_of(text: str) -> str:
    """ "1 I NTRODUCTION", small capitals as some fonts give them, to "1 INTRODUCTION"."""
    return SPACED_CAPITALS.sub(r"\1", text).strip()


def is_candidate(line: Line, style: Style) -> bool:
    """Numbered, and named like a section or set apart from the running text."""
    if not may_begin(line):
        return False
    text = title_of(line.text)
    match = NUMBERED.match(text)
    if not match:
        return False
    return bool(NAMED.match(text)) or (is_title(match[2]) and stands_out(line, text, style))


def may_begin(line: Line) -> bool:
    """Cheap, since it is asked of every line."""
    start = line.text[0]
    return (
        len(line.text) <= LONGEST
        and not line.hyphen
        and (start.isupper() or start.isdigit() or start > "\u2e80")
    )


def is_title(words: str) -> bool:
    """Begins with a capital and is made of words, not of symbols."""
    letters = sum(map(str.isalpha, words))
    return words[0].isupper() and bool(WORD.search(words)) and letters >= 0.6 * len(words.replace(" ", ""))


def is_unnumbered(line: Line, style: Style, *, numbered: bool) -> bool:
    """A heading by its name alone. ``numbered``: the paper's sections have numbers."""
    if not may_begin(line):
        return False
    text = title_of(line.text)
    if REFERENCES.match(text) or FRAMED.match(text):
        return text[-1] not in "." and (
            stands_out(line, text, style) or not numbered or bool(REFERENCES.match(text))
        )
    if APPENDIX.match(text) or (NAMED.match(text) and not numbered):
        return stands_out(line, text, style) and not UNFINISHED.search(text)
    return False


def is_second_half(first: Line, second: Line, style: Style) -> bool:
    """The rest of a heading that was too long for its line."""
    return (
        second.bold == first.bold
        and abs(second.height - first.height) < 0.06 * first.height
        and -0.5 * first.height < first.y0 - second.y1 < 0.8 * first.height
        and len(second.text) <= LONGEST
        and not NUMBERED.match(second.text)
        and stands_out(second, second.text, style)
    )


def stands_out(line: Line, text: str, style: Style) -> bool:
    letters = [letter for letter in text if letter.isalpha()]
    capitals = len(letters) > 3 and all(map(str.isupper, letters))
    return line.bold or line.height > TALL * style.height or capitals


def cited_share(lines: list[Line]) -> float:
    """How many of these lines could be from a reference list: there about two in three, in running text one in six."""
    return sum(bool(CITED.search(line.text)) for line in lines) / max(len(lines), 1)
