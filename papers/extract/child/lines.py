"""What both PDF engines give: lines with their boxes, page by page, in the order of the content stream."""

import re
from typing import NamedTuple

STAMP = re.compile(r"^\s*arXiv:\S+(\s+\[[\w.-]+\])?\s+\d{1,2}\s+\w{3}\s+\d{4}\s*$")
# A superscript starts a new fragment; it still stands on the line's height.
SAME_LINE_OVERLAP = 0.5
WIDEST_WORD_GAP = 2.0  # in line heights; a wider gap is the next cell or column
BLANK_GAP = 0.12


class Line(NamedTuple):
    """Box in points, origin at the bottom left. ``hyphen``: the engine saw a word cut at its end."""

    text: str
    x0: float
    y0: float
    x1: float
    y1: float
    bold: bool = False
    hyphen: bool = False

    @property
    def height(self) -> float:
        return self.y1 - self.y0


class Page(NamedTuple):
    width: float
    height: float
    lines: list[Line]


def upright(page: Page) -> Page:
    """Without turned lines: arXiv's stamp in the margin, labels of axes. A page that lies on its side stays."""
    lines = [line for line in page.lines if not STAMP.match(line.text)]
    standing = [line for line in lines if not is_turned(line)]
    return page._replace(lines=standing if 2 * len(standing) >= len(lines) else lines)


def is_turned(line: Line) -> bool:
    return len(line.text) > 3 and line.height > 2 * (line.x1 - line.x0)


def merged(lines: list[Line]) -> list[Line]:
    """Neighbours in the stream that stand on one line become one: "Shen", "1", ", Ruoming Pang"."""
    result: list[Line] = []
    for line in lines:
        if result and continues(result[-1], line):
            result[-1] = union(result[-1], line)
        else:
            result.append(line)
    return result


def continues(left: Line, right: Line) -> bool:
    if left.hyphen:
        return False
    low, high = max(left.y0, right.y0), min(left.y1, right.y1)
    smaller = min(left.height, right.height)
    if high - low < SAME_LINE_OVERLAP * smaller:
        return False
    gap = right.x0 - left.x1
    return -0.3 * smaller <= gap <= WIDEST_WORD_GAP * max(left.height, right.height)


def union(left: Line, right: Line) -> Line:
    tall = max(left, right, key=lambda line: (line.height, len(line.text)))
    blank = " " if right.x0 - left.x1 > BLANK_GAP * tall.height else ""
    return Line(
        f"{left.text}{blank}{right.text}",
        left.x0,
        tall.y0,
        max(left.x1, right.x1),
        tall.y1,
        left.bold and right.bold,
        right.hyphen,
    )
