"""Which lines of a PDF are section headings, and where its reference list begins and ends."""

import re
from typing import NamedTuple

from .lines import Line

NAMES = (
    "abstract|introduction|background|related works?|related literature|preliminaries|method|methods|methodology|"
    "approach|model|models|model architecture|experiments?|experimental (setup|results|settings)|results|"
    "results and discussion|evaluation|analysis|discussions?|discussion and conclusions?|conclusions?|"
    "conclusions? and (future work|discussion|outlook)|concluding remarks|summary|future work|limitations?|"
    "acknowledge?ments?|acknowledge?ment|references|bibliography|literature cited|references and notes|"
    "appendi(x|ces)|supplementary (material|materials|information)|supplemental material|"
    "ethics statement|broader impacts?|reproducibility statement|data availability|funding|keywords|index terms|"
    "摘要|引言|方法|实验|结果|讨论|结论|致谢|参考文献|附录"
)
NUMBER = r"(?:(?:\d{1,2}(?:\.\d{1,2}){0,3}|[IVX]{1,5}|[A-Z](?:\.\d{1,2}){0,3})[.:)]?\s+)"
NAMED = re.compile(rf"^(?:§\s*)?{NUMBER}?(?:{NAMES})\s*[.:—–-]?$", re.IGNORECASE)
NUMBERED = re.compile(
    r"^(\d{1,2}(?:\.\d{1,2}){0,3}|[IVX]{1,5}(?=\.)|[A-Z](?:\.\d{1,2}){0,3})[.:]?\s+(?=[^\W\d_])(.{2,100})$"
)
APPENDIX = re.compile(r"^(?:appendix|appendices|supplement\w*)\b.{0,80}$", re.IGNORECASE)
REFERENCES = re.compile(
    rf"^{NUMBER}?(?:references|bibliography|literature cited|references and notes|参考文献)\s*:?$",
    re.IGNORECASE,
)
RUN_IN_ABSTRACT = re.compile(r"^abstract\s*[.:—–-]+\s*(?=\w)", re.IGNORECASE)
SPACED_CAPITALS = re.compile(r"\b([A-Z]) (?=[A-Z]{2,})")
# What reference lists are full of: years, "[12]", "et al.", page ranges, identifiers.
CITED = re.compile(r"\b(?:19|20)\d\d[a-z]?\b|^\[[\w+]+\]|arXiv|doi|\bpp?\.|\bet al\b|\bvol\.|Proc")
LONGEST = 90
TALL = 1.08
UNFINISHED = re.compile(r"[,;:?!]$|\b(?:the|of|and|a|in|to|for|is|are|with|that)$")


class Style(NamedTuple):
    """The running text's line height, in points."""

    height: float


def title_of(text: str) -> str:
    """ "1 I NTRODUCTION", small capitals as some fonts give them, to "1 INTRODUCTION"."""
    return SPACED_CAPITALS.sub(r"\1", text).strip()


def is_heading(line: Line, before: Line | None, style: Style) -> bool:
    """A line of its own that is named like a section, or is numbered and set apart from the text."""
    text = title_of(line.text)
    if len(text) > LONGEST or line.hyphen:
        return False
    if NAMED.match(text):
        return text[0].isupper() or text[0].isdigit() or not text.isascii()
    if UNFINISHED.search(text) or text.count(",") > 3:
        return False
    return bool(NUMBERED.match(text) or APPENDIX.match(text)) and stands_out(line, text, style)


def stands_out(line: Line, text: str, style: Style) -> bool:
    letters = [letter for letter in text if letter.isalpha()]
    capitals = len(letters) > 5 and all(map(str.isupper, letters))
    return line.bold or line.height > TALL * style.height or capitals


def numbers_of(text: str) -> tuple[str, ...] | None:
    match = NUMBERED.match(title_of(text))
    return tuple(match[1].split(".")) if match else None


def references_span(lines: list[Line], headings: list[int]) -> tuple[int, int] | None:
    """First and last + 1 line of the reference list. The real one is followed by what looks like references."""
    for index in reversed(range(len(lines))):
        if REFERENCES.match(title_of(lines[index].text)) and looks_cited(lines[index + 1 : index + 25]):
            return index, end_of_references(lines, headings, index)
    return None


def looks_cited(lines: list[Line]) -> bool:
    hits = sum(bool(CITED.search(line.text)) for line in lines)
    return hits >= 2 and hits >= len(lines) / 6


def end_of_references(lines: list[Line], headings: list[int], start: int) -> int:
    """The next heading after which the text no longer looks like references (an appendix), or the end."""
    for index in headings:
        if index > start and not looks_cited(lines[index + 1 : index + 12]):
            return index
    return len(lines)
