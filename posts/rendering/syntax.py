"""The line syntax of blocks: what a marker looks like and how far it reaches. https://spec.commonmark.org/0.31.2/"""

import re
from dataclasses import dataclass, field

RULE = re.compile(r" {0,3}([-*_])[ \t]*+(?:\1[ \t]*+){2,}$")
HEADING = re.compile(r" {0,3}(#{1,6})(?=[ \t]|$)")
SETEXT = re.compile(r" {0,3}(=+|-+)[ \t]*$")
FENCE = re.compile(r"( {0,3})(`{3,}(?=[^`]*$)|~{3,})")
QUOTE = re.compile(r" {0,3}> ?")
MARKER = re.compile(r" {0,3}(?:([-*+])(?=[ \t]|$)|(\d{1,9})([.)])(?=[ \t]|$)|(\d{1,2})(、)(?!\d))")
_LEAD = re.compile(r"[ \t>*+\-\d.)]*\t")


@dataclass
class Block:
    """`kind`: document, quote, list, item; paragraph, heading, code, rule, table. `first`, `last`: line numbers."""

    kind: str
    first: int
    last: int = 0
    children: list["Block"] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    # list: its kind of marker, the number it starts with (None: bullets), whether its paragraphs stand apart
    marker: str = ""
    start: int | None = None
    loose: bool = False
    # item: the column of its content; code: that of its fence, and the fence (empty: indented code)
    indent: int = 0
    fence: str = ""
    level: int = 0
    columns: list[str] = field(default_factory=list)


def continued(block: Block, line: str) -> str | None:
    """What is left of the line for the inside of `block`; None when the block does not go on."""
    if block.kind == "quote":
        quote = QUOTE.match(line)
        return line[quote.end() :] if quote else None
    if block.kind != "item":
        return line
    if line.strip():
        return line[block.indent :] if indent(line) >= block.indent else None
    return line[block.indent :] if block.children else None


def is_loose(block: Block) -> bool:
    """A blank line between two items, or between two blocks of one item."""
    return _has_gap(block.children) or any(_has_gap(item.children) for item in block.children)


def _has_gap(blocks: list[Block]) -> bool:
    return any(after.first - before.last > 1 for before, after in zip(blocks, blocks[1:], strict=False))


def begins_block(rest: str) -> bool:
    return bool(HEADING.match(rest) or FENCE.match(rest) or QUOTE.match(rest) or MARKER.match(rest))


def heading_text(text: str) -> str:
    text = text.strip(" \t")
    bare = text.rstrip("#")
    return bare.rstrip(" \t") if not bare or bare[-1] in " \t" else text


def indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def without_tabs(line: str) -> str:
    """Tabs among the indentation and markers as spaces, with stops at every fourth column."""
    lead = _LEAD.match(line)
    return lead[0].expandtabs(4) + line[lead.end() :] if lead else line
