"""The `markdown` package with our own block parser and inline processor.

As it comes, the package gives one reading in a hundred the nesting that its author (a language model that writes
CommonMark) meant, takes quadratic time for unclosed brackets, and passes raw HTML. We keep its frame: `parseDocument`
makes an element tree, tree processors work on it, a serializer writes it. What it registers for HTML, references and
entities is deregistered. https://python-markdown.github.io/extensions/api/
"""

from xml.etree.ElementTree import Element, ElementTree, SubElement, tostring

from markdown import Extension, Markdown
from markdown.blockparser import BlockParser
from markdown.treeprocessors import Treeprocessor
from markdown.util import Registry

from posts.rendering import blocks, inline, tables
from posts.rendering.formulae import Formula, restore
from posts.rendering.syntax import Block


def html(text: str, formulae: list[Formula]) -> str:
    """Markdown, its formulae lifted, as HTML that still needs cleaning."""
    markdown = Markdown(extensions=[_Reading(formulae)])
    return str(markdown.convert(text))


_BLOCKS = frozenset(
    [
        "p",
        "h3",
        "h4",
        "h5",
        "h6",
        "ul",
        "ol",
        "li",
        "blockquote",
        "pre",
        "hr",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "tight",
    ]
)


class _Reading(Extension):  # type: ignore[misc]
    """Replaces every stage that would interpret HTML or backtrack."""

    def __init__(self, formulae: list[Formula]) -> None:
        super().__init__()
        self.formulae = formulae

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802
        md.preprocessors = Registry()
        md.postprocessors = Registry()
        md.treeprocessors = Registry()
        md.parser = _Blocks(md)
        md.treeprocessors.register(_Inlines(md, self.formulae), "inline", 20)
        md.serializer = serialize


class _Blocks(BlockParser):  # type: ignore[misc]
    """The block tree as elements. Leaves hold their source; `_Inlines` reads it."""

    def parseDocument(self, lines: list[str]) -> ElementTree:  # noqa: N802
        root = Element(self.md.doc_tag)
        for block in blocks.parse(lines).children:
            _MAKERS[block.kind](root, block, True)
        return ElementTree(root)


class _Inlines(Treeprocessor):  # type: ignore[misc]
    def __init__(self, md: Markdown, formulae: list[Formula]) -> None:
        super().__init__(md)
        self.formulae = formulae

    def run(self, root: Element) -> None:
        for leaf in list(root.iter()):
            text = leaf.text
            if not text:
                continue
            leaf.text = None
            if leaf.tag == "code":
                leaf.text = restore(text, self.formulae)
            else:
                _fill_before(leaf, text, self.formulae)
        _set_apart(root)


def _set_apart(root: Element) -> None:
    """A line end after each block, so that text taken out of the tags does not run together."""
    for block in root.iter():
        if block.tag == "li" and block.text and len(block) and block[0].tag in _BLOCKS:
            block.text += "\n"
        if block.tag in _BLOCKS and not block.tail:
            block.tail = "\n"


def _fill_before(leaf: Element, text: str, formulae: list[Formula]) -> None:
    """Read `text` into `leaf`, before the blocks that a tight item already holds."""
    inner = list(leaf)
    del leaf[:]
    inline.fill(leaf, text, formulae)
    leaf.extend(inner)


def serialize(root: Element) -> str:
    return tostring(root, encoding="unicode", method="html")


def _paragraph(parent: Element, block: Block, loose: bool) -> None:
    text = "\n".join(block.lines).strip()
    if not text:
        return
    if loose:
        SubElement(parent, "p").text = text
    elif len(parent):
        SubElement(parent, "tight").text = text
    else:
        parent.text = text


def _heading(parent: Element, block: Block, loose: bool) -> None:
    """The page's own outline ends at h2, the paper's title; a reading's headings go below it."""
    SubElement(parent, f"h{min(6, max(3, block.level + 1))}").text = "\n".join(block.lines).strip()


def _code(parent: Element, block: Block, loose: bool) -> None:
    lines = block.lines
    if not block.fence:
        while lines and not lines[-1].strip():
            lines.pop()
    SubElement(SubElement(parent, "pre"), "code").text = "".join(f"{line}\n" for line in lines)


def _rule(parent: Element, block: Block, loose: bool) -> None:
    SubElement(parent, "hr")


def _quote(parent: Element, block: Block, loose: bool) -> None:
    quote = SubElement(parent, "blockquote")
    for child in block.children:
        _MAKERS[child.kind](quote, child, True)


def _list(parent: Element, block: Block, loose: bool) -> None:
    made = SubElement(parent, "ul" if block.start is None else "ol")
    if block.start not in (None, 1):
        made.set("start", str(block.start))
    for item in block.children:
        entry = SubElement(made, "li")
        for child in item.children:
            _MAKERS[child.kind](entry, child, block.loose)


def _table(parent: Element, block: Block, loose: bool) -> None:
    table = SubElement(parent, "table")
    head, *body = (tables.fitted(tables.cells(line), len(block.columns)) for line in block.lines)
    _row(SubElement(table, "thead"), "th", head, block.columns)
    if body:
        rows = SubElement(table, "tbody")
        for row in body:
            _row(rows, "td", row, block.columns)


def _row(parent: Element, tag: str, row: list[str], columns: list[str]) -> None:
    made = SubElement(parent, "tr")
    for text, side in zip(row, columns, strict=True):
        SubElement(made, tag, {"class": side} if side else {}).text = text


_MAKERS = {
    "paragraph": _paragraph, "heading": _heading, "code": _code, "rule": _rule, "quote": _quote, "list": _list,
    "table": _table,
}  # fmt: skip
