"""Lines -> tree of blocks, by the container algorithm of CommonMark's appendix.

https://spec.commonmark.org/0.31.2/#appendix-a-parsing-strategy and, for tables, https://github.github.com/gfm/#tables-extension-
One pass over the lines, at most MAX_NESTING containers deep, so time is linear. Where we differ: `1、` also numbers a
list; a table ends at the first line without a bar; raw HTML, link definitions and what nests too deep are paragraphs.
"""

import re

from posts.rendering import syntax
from posts.rendering.syntax import Block
from posts.rendering.tables import alignments, cells

MAX_NESTING = 32


def parse(lines: list[str]) -> Block:
    """The document. Never raises; every character but markers and indentation is in some block's lines."""
    parser = _Parser()
    for number, line in enumerate(lines, start=1):
        parser.feed(number, syntax.without_tabs(line) if "\t" in line else line)
    parser.close(1)
    return parser.open[0]


class _Parser:
    """`open` is the path of containers from the document down; `leaf` the paragraph, code or table still growing.

    `depth` is always how many of the open containers the current line continues.
    """

    def __init__(self) -> None:
        self.open = [Block("document", 1)]
        self.leaf: Block | None = None
        self.number = 0

    def feed(self, number: int, line: str) -> None:
        self.number = number
        depth, rest = self._matched(line)
        if depth == len(self.open) and self._grows("code") and self._continue_code(rest):
            return
        if not rest.strip():
            self.close(depth)
        while rest.strip():
            depth, rest = self._open_block(depth, rest)

    def close(self, depth: int) -> None:
        """Close the leaf and all containers below `depth`."""
        self.leaf = None
        while len(self.open) > depth:
            block = self.open.pop()
            block.last = block.children[-1].last if block.children else block.first
            if block.kind == "list":
                block.loose = syntax.is_loose(block)

    def _matched(self, line: str) -> tuple[int, str]:
        for depth, block in enumerate(self.open):
            rest = syntax.continued(block, line)
            if rest is None:
                return depth, line
            line = rest
        return len(self.open), line

    def _grows(self, kind: str) -> bool:
        return self.leaf is not None and self.leaf.kind == kind

    def _open_block(self, depth: int, rest: str) -> tuple[int, str]:
        """Open the block that the line begins; what is left of the line, empty when a leaf took it."""
        if syntax.indent(rest) >= 4:
            if not self._grows("paragraph"):
                self._add_leaf(depth, Block("code", self.number, lines=[rest[4:]]))
                return depth, ""
        elif self._open_leaf(depth, rest):
            return depth, ""
        elif depth < MAX_NESTING and (inner := self._open_container(depth, rest)) is not None:
            return len(self.open), inner
        self._add_text(depth, rest)
        return depth, ""

    # Leaves

    def _open_leaf(self, depth: int, rest: str) -> bool:
        within = depth == len(self.open)
        if within and self._grows("paragraph") and (self._setext(rest) or self._table(rest)):
            return True
        if within and self._grows("table") and "|" in rest and not syntax.begins_block(rest):
            self._append(rest)
            return True
        if heading := syntax.HEADING.match(rest):
            block = Block(
                "heading",
                self.number,
                lines=[syntax.heading_text(rest[heading.end() :])],
                level=len(heading[1]),
            )
        elif fence := syntax.FENCE.match(rest):
            block = Block("code", self.number, fence=fence[2], indent=len(fence[1]))
        elif syntax.RULE.match(rest):
            block = Block("rule", self.number)
        else:
            return False
        self._add_leaf(depth, block)
        if block.kind != "code":
            self.leaf = None
        return True

    def _setext(self, rest: str) -> bool:
        underline = syntax.SETEXT.match(rest)
        if not underline or self.leaf is None:
            return False
        self.leaf.kind, self.leaf.level, self.leaf.last = "heading", 1 if "=" in rest else 2, self.number
        self.leaf = None
        return True

    def _table(self, rest: str) -> bool:
        """A delimiter row turns the paragraph's last line into a table's header."""
        columns = alignments(rest)
        if columns is None or self.leaf is None or len(cells(self.leaf.lines[-1])) != len(columns):
            return False
        header = self.leaf.lines.pop()
        self.leaf.last = self.number - 2
        if not self.leaf.lines:
            self.open[-1].children.pop()
        self._add_leaf(
            len(self.open), Block("table", self.number - 1, self.number, lines=[header], columns=columns)
        )
        return True

    def _continue_code(self, rest: str) -> bool:
        leaf = self.open[-1].children[-1]
        if not leaf.fence:
            if rest.strip() and syntax.indent(rest) < 4:
                return False
            leaf.lines.append(rest[4:])
            leaf.last = self.number if rest.strip() else leaf.last
            return True
        leaf.last = self.number
        if (
            syntax.indent(rest) < 4
            and rest.strip().startswith(leaf.fence)
            and not rest.strip().strip(leaf.fence[0])
        ):
            self.leaf = None
        else:
            leaf.lines.append(rest[min(leaf.indent, syntax.indent(rest)) :])
        return True

    def _add_text(self, depth: int, rest: str) -> None:
        """A paragraph goes on even where its containers do not (CommonMark's lazy continuation)."""
        if self._grows("paragraph"):
            self._append(rest.lstrip(" \t"))
        else:
            self._add_leaf(depth, Block("paragraph", self.number, lines=[rest.lstrip(" \t")]))

    def _append(self, line: str) -> None:
        leaf = self.open[-1].children[-1]
        leaf.lines.append(line)
        leaf.last = self.number

    def _add_leaf(self, depth: int, block: Block) -> None:
        self._add(depth, block)
        self.leaf = block

    def _add(self, depth: int, block: Block) -> None:
        self.close(depth)
        if self.open[-1].kind == "list" and block.kind != "item":
            self.close(depth - 1)
        block.last = block.last or self.number
        self.open[-1].children.append(block)

    # Containers

    def _open_container(self, depth: int, rest: str) -> str | None:
        """What is left of the line inside the container that it opens; None when it opens none."""
        if quote := syntax.QUOTE.match(rest):
            self._add_container(depth, Block("quote", self.number))
            return rest[quote.end() :]
        marker = syntax.MARKER.match(rest)
        if marker and self._may_begin_item(depth, marker, rest[marker.end() :]):
            return self._open_item(depth, marker, rest[marker.end() :])
        return None

    def _may_begin_item(self, depth: int, marker: re.Match[str], text: str) -> bool:
        """Inside a paragraph only a bullet or a number 1, and not an empty one."""
        if depth < len(self.open) or not self._grows("paragraph"):
            return True
        return bool(text.strip()) and (marker[1] is not None or int(marker[2] or marker[4]) == 1)

    def _open_item(self, depth: int, marker: re.Match[str], text: str) -> str:
        kind = marker[1] or marker[3] or marker[5]
        parent = self.open[depth - 1]
        if parent.kind != "list" or parent.marker != kind:
            start = None if marker[1] else int(marker[2] or marker[4])
            self._add_container(depth, Block("list", self.number, marker=kind, start=start))
            depth = len(self.open)
        spaces = syntax.indent(text)
        spaces = spaces if 1 <= spaces <= 4 and text.strip() else min(spaces, 1) if text.strip() else 1
        self._add_container(depth, Block("item", self.number, indent=marker.end() + spaces))
        return text[spaces:]

    def _add_container(self, depth: int, block: Block) -> None:
        self._add(depth, block)
        self.open.append(block)
