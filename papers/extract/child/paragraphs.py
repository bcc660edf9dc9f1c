"""Lines to paragraphs: wrapped lines are joined, words cut at line ends mended, asides step aside."""

import re
from collections import Counter
from typing import NamedTuple

from . import headings, tidy
from .lines import Line

ENDED = re.compile(r"[.!?:;。！？：；…][\"'”’)\]]*$")
ITEM = re.compile(r"^(?:[•‣▪◦∙·●○■–—*]\s|\(?(?:\d{1,2}|[a-z]|[ivx]{1,4})\)\s)")
CAPTION = re.compile(r"^(?:figure|fig\.|table|tab\.|algorithm|listing)\s*[\dA-Z]+", re.IGNORECASE)
FOOTNOTE = re.compile(r"^[*∗†‡§¶]\s?[^\W\d_]")
HAN = re.compile(r"[\u3000-\u30ff\u3400-\u9fff\uff00-\uffef]")
INDENT, SHORT, LEADING, OTHER_SIZE = 0.6, 0.12, 1.45, 0.88
MOST_ASIDES = 30


class Block(NamedTuple):
    """One paragraph of the text, or a heading."""

    text: str
    heading: bool
    aside: bool  # a caption, a footnote, a label: it may stand between two halves of a sentence
    top: float  # of the first line, and the last line's foot: they tell where a column or page ends
    foot: float


class Joiner:
    """Decides for each pair of neighbours whether one sentence runs on, and joins the texts."""

    def __init__(self, style: headings.Style, words: Counter[str]) -> None:
        self.style, self.words = style, words

    def blocks(self, lines: list[Line], marked: set[int]) -> list[Block]:
        groups: list[list[int]] = []
        for index in range(len(lines)):
            if groups and self.runs_on(lines, index, marked):
                groups[-1].append(index)
            else:
                groups.append([index])
        blocks = [self.block([lines[index] for index in group], group[0] in marked) for group in groups]
        return stitched([block for block in blocks if block.text], self.words)

    def runs_on(self, lines: list[Line], index: int, marked: set[int]) -> bool:
        """Does this line continue the paragraph of the line before?"""
        last, line = lines[index - 1], lines[index]
        if index in marked or index - 1 in marked:
            return index in marked and index - 1 in marked and headings.is_second_half(last, line, self.style)
        if ITEM.match(line.text) or CAPTION.match(line.text) or self.resized(last, line):
            return False
        if line.y1 > last.y0 + 0.5 * last.height:  # next column or page
            return not ENDED.search(last.text) and is_alike(last, line)
        if last.y0 - line.y0 > LEADING * max(last.height, self.style.height):
            return last.hyphen
        return last.hyphen or not starts_anew(last, line, lines[index + 1 : index + 2])

    def resized(self, last: Line, line: Line) -> bool:
        small, large = sorted((last.height, line.height))
        return small < OTHER_SIZE * large and min(len(last.text), len(line.text)) > 12

    def block(self, lines: list[Line], heading: bool) -> Block:
        text = tidy.clean(self.text(lines))
        if heading:
            text = headings.title_of(text)
        small = max(line.height for line in lines) < 0.95 * self.style.height
        return Block(text, heading, small or is_label(text), lines[0].y1, lines[-1].y0)

    def text(self, lines: list[Line]) -> str:
        text = lines[0].text
        for last, line in zip(lines, lines[1:], strict=False):
            text = join(text, line.text, last.hyphen, self.words)
        return text + "-" * lines[-1].hyphen


def join(left: str, right: str, hyphen: bool, words: Counter[str]) -> str:
    if hyphen:
        return tidy.joined(left, right, words)
    if HAN.match(left[-1:]) and HAN.match(right[:1]):
        return left + right
    return f"{left} {right}"


def is_alike(last: Line, line: Line) -> bool:
    """Running text on both sides of a break, and not a figure's label above the next column."""
    return (
        abs(last.height - line.height) < 0.04 * last.height
        and len(line.text) > 25
        and not line.text[0].isdigit()
    )


def starts_anew(last: Line, line: Line, following: list[Line]) -> bool:
    """Indented while its neighbours are not, or after a line that ends short with a full stop."""
    indent = INDENT * line.height
    if line.x0 - last.x0 > indent and (not following or line.x0 - following[0].x0 > indent / 2):
        return bool(ENDED.search(last.text)) or line.text[:1].isupper()
    width = max(last.x1 - last.x0, line.x1 - line.x0, 1.0)
    return line.x1 - last.x1 > SHORT * width and bool(ENDED.search(last.text))


def is_label(text: str) -> bool:
    """A caption, a footnote, a scrap such as pictures are full of, a table's row."""
    if CAPTION.match(text) or FOOTNOTE.match(text):
        return True
    letters = sum(map(str.isalpha, text))
    return (len(text) < 25 and not ENDED.search(text)) or letters < 0.5 * len(text)


def stitched(blocks: list[Block], words: Counter[str]) -> list[Block]:
    """A sentence that the end of a column or page interrupts is read in one piece, figures and footnotes after it.

    Not so what interrupts it within the column: that is a formula, and belongs there.
    """
    result: list[Block] = []
    index = 0
    while index < len(blocks):
        block, ahead = blocks[index], index + 1
        if is_open(block):
            while ahead < len(blocks) and ahead - index <= MOST_ASIDES and blocks[ahead].aside:
                ahead += 1
            if ahead < len(blocks) and is_rest(blocks[ahead]) and blocks[ahead].top > block.foot:
                rest = blocks[ahead]
                joined = block._replace(text=rejoined(block.text, rest.text, words), foot=rest.foot)
                blocks[index : ahead + 1] = [joined, *blocks[index + 1 : ahead]]
                continue
        result.append(block)
        index += 1
    return result


def is_open(block: Block) -> bool:
    return not block.heading and not block.aside and not ENDED.search(block.text)


def is_rest(block: Block) -> bool:
    return not block.heading and not block.aside and block.text[:1].islower()


def rejoined(left: str, right: str, words: Counter[str]) -> str:
    if left.endswith("-") and left[-2:-1].isalpha():
        return join(left[:-1], right, True, words)
    return join(left, right, False, words)
