"""Reading order and running heads: from a page's lines to the lines a reader would read, in that order."""

import re
from collections import Counter

from .lines import Line, Page

# Enough narrow lines on both sides of one gutter make two columns.
LEAST_COLUMN_LINES = 6
NARROW = 0.56  # of the width of the text
# LaTeX writes one column after the other; floats and footnotes add a few changes of side.
MOST_CHANGES = 8
EDGE_LINES = 3
EDGE_ZONE = 0.12  # of the page's height
LEAST_REPEATS = 3
DIGITS = re.compile(r"\d+")
COPYRIGHT = re.compile(r"^(?:©|\(c\)|c )\s*\d{4}\b", re.IGNORECASE)
PAGE_NUMBER = re.compile(
    r"^\W*(?:page\s*)?(?:\d{1,4}|[ivxlc]{1,6})(?:\s*(?:of|/)\s*\d{1,4})?\W*$", re.IGNORECASE
)


def in_order(page: Page) -> Page:
    """The stream's order where that reads column by column, which is the rule; else sorted by columns."""
    gutter = gutter_of(page.lines)
    if gutter is None or is_ordered(page.lines, gutter):
        return page
    return page._replace(lines=by_columns(page.lines, gutter))


def gutter_of(lines: list[Line]) -> float | None:
    """The x between two columns, or None on a page of one column."""
    if len(lines) < 2 * LEAST_COLUMN_LINES:
        return None
    left, right = min(line.x0 for line in lines), max(line.x1 for line in lines)
    middle, widest = (left + right) / 2, NARROW * (right - left)
    body = [line for line in lines if widest / 2 < line.x1 - line.x0 < widest]
    west = [line.x1 for line in body if line.x1 <= middle + 0.03 * (right - left)]
    east = [line.x0 for line in body if line.x0 >= middle - 0.03 * (right - left)]
    if min(len(west), len(east)) < LEAST_COLUMN_LINES or max(west) >= min(east):
        return None
    return (max(west) + min(east)) / 2


def side(line: Line, gutter: float) -> int:
    """-1 left, 1 right, 0 across."""
    if line.x1 <= gutter:
        return -1
    return 1 if line.x0 >= gutter else 0


def is_ordered(lines: list[Line], gutter: float) -> bool:
    sides = [where for where in (side(line, gutter) for line in lines) if where]
    changes = sum(a != b for a, b in zip(sides, sides[1:], strict=False))
    return changes <= MOST_CHANGES and sides[: len(sides) // 3].count(-1) >= sides[
        -(len(sides) // 3) :
    ].count(-1)


def by_columns(lines: list[Line], gutter: float) -> list[Line]:
    """Bands between lines that go across: left column from top to bottom, then the right one."""
    ordered: list[Line] = []
    band: list[Line] = []
    for line in sorted(lines, key=lambda line: -line.y1):
        if side(line, gutter):
            band.append(line)
        else:
            ordered += sorted(band, key=lambda line: (side(line, gutter), -line.y1))
            ordered.append(line)
            band = []
    return ordered + sorted(band, key=lambda line: (side(line, gutter), -line.y1))


def without_running_heads(pages: list[Page]) -> list[Page]:
    """Without what stands at the edge of page after page, and without page numbers."""
    edges = [edge_lines(page) for page in pages]
    seen = Counter(key for edge in edges for key in {key_of(line) for line in edge})
    heads = {key for key, count in seen.items() if count >= LEAST_REPEATS}
    return [
        page._replace(lines=[line for line in page.lines if not (line in edge and is_furniture(line, heads))])
        for page, edge in zip(pages, edges, strict=True)
    ]


def edge_lines(page: Page) -> set[Line]:
    """The outermost lines, above and below."""
    ordered = sorted(page.lines, key=lambda line: line.y0)
    return {line for line in (*ordered[:EDGE_LINES], *ordered[-EDGE_LINES:]) if is_at_edge(line, page)}


def is_at_edge(line: Line, page: Page) -> bool:
    return not EDGE_ZONE < (line.y0 + line.y1) / 2 / page.height < 1 - EDGE_ZONE


def key_of(line: Line) -> str:
    """A head's text and place; its page number changes."""
    return f"{round(line.y0 / 6)} {DIGITS.sub('#', line.text.casefold())}"


def is_furniture(line: Line, heads: set[str]) -> bool:
    return key_of(line) in heads or bool(PAGE_NUMBER.match(line.text) or COPYRIGHT.match(line.text))
