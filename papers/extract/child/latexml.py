"""arXiv's HTML (LaTeXML) to text: formulae as TeX, captions, tables by row, footnotes in place, no bibliography.

The classes are LaTeXML's own: https://math.nist.gov/~BMiller/LaTeXML/manual/cssstyling/
"""

import re
from collections.abc import Callable
from typing import Any

from lxml import etree

from . import tidy
from .worker import Unfit, serve

SKIPPED_TAGS = frozenset({"script", "style", "nav", "footer", "header", "button", "svg", "img", "template"})
SKIPPED = tidy.names(
    "ltx_bibliography ltx_authors ltx_role_institutetext ltx_role_email ltx_role_footnotemark ltx_note_mark "
    "ltx_note_type ltx_tag_note ltx_tag_bibitem ltx_ERROR ltx_rule ltx_pagination ltx_page_footer "
    "ltx_page_header ltx_page_logo ltx_page_navbar ltx_TOC ltx_index ltx_listing_data ltx_dates"
)
BLOCK_TAGS = tidy.names(
    "p div section article figure figcaption table tr li ul ol dl dt dd blockquote pre h1 h2 h3 h4 h5 h6"
)
BLOCKS = tidy.names(
    "ltx_p ltx_para ltx_caption ltx_item ltx_listingline ltx_minipage ltx_theorem ltx_proof ltx_float ltx_block"
)
# Titles that begin a section; those of theorems, proofs and run-in paragraphs do not.
SECTIONS = tidy.names(
    "ltx_title_part ltx_title_chapter ltx_title_section ltx_title_subsection ltx_title_subsubsection "
    "ltx_title_appendix ltx_title_abstract ltx_title_acknowledgements ltx_title_keywords"
)
# LaTeXML wraps long TeX by "%" and a newline.
WRAPPED = re.compile(r"(?<!\\)%\s*\n\s*")
LEAST_TEXT = 200
MOST_ERRORS = 0.5


class Writer:
    """Collects inline pieces into blocks, and remembers where sections begin."""

    def __init__(self) -> None:
        self.blocks: list[str] = []
        self.sections: list[tuple[str, int]] = []
        self.pieces: list[str] = []

    def add(self, piece: str | None) -> None:
        if piece:
            self.pieces.append(piece)

    def end_block(self) -> None:
        text = " ".join(tidy.clean("".join(self.pieces)).split())
        self.pieces = []
        if text:
            self.blocks.append(text)

    def heading(self, text: str) -> None:
        self.sections.append((text, len(self.blocks)))
        self.blocks.append(text)

    def walk(self, element: Any) -> None:
        """Write an element without its tail."""
        if not isinstance(element.tag, str) or element.tag in SKIPPED_TAGS:
            return
        classes = frozenset((element.get("class") or "").split())
        if classes & SKIPPED:
            return
        special = next((SPECIAL[name] for name in (element.tag, *classes) if name in SPECIAL), None)
        if special:
            special(self, element)
        elif element.tag in BLOCK_TAGS or classes & BLOCKS:
            self.block(element, classes)
        else:
            self.inside(element)

    def inside(self, element: Any) -> None:
        self.add(element.text)
        for child in element:
            self.walk(child)
            self.add(child.tail)

    def block(self, element: Any, classes: frozenset[str]) -> None:
        self.end_block()
        if classes & SECTIONS:
            self.heading(" ".join(within(element).split()))
        else:
            self.inside(element)
            self.end_block()


def within(element: Any) -> str:
    """An element's text on one line, blocks inside it joined by blanks."""
    writer = Writer()
    writer.inside(element)
    writer.end_block()
    return " ".join(writer.blocks)


def write_math(writer: Writer, element: Any) -> None:
    tex = tex_of(element)
    if tex and element.get("display") == "block":
        writer.add(f" $${tex}$$ ")
    elif tex:
        writer.add(f"${tex}$")


def tex_of(element: Any) -> str:
    tex = " ".join(WRAPPED.sub("", element.get("alttext") or "").split())
    return tex.removeprefix("\\displaystyle").strip()


def write_note(writer: Writer, element: Any) -> None:
    text = within(element)
    if text:
        writer.add(f" [Footnote: {text}] ")


def write_equation(writer: Writer, element: Any) -> None:
    """One ``$$…$$`` a row, the cells of an alignment together, with the number the text refers to."""
    writer.end_block()
    for row in rows_of(element):
        formulae = [tex_of(math) for math in row.iter("math")]
        numbers = row.xpath("descendant::*[contains(@class, 'ltx_tag_equation')]")
        number = f" {within(numbers[0])}" if numbers else ""
        writer.add(f"$${' '.join(formulae)}$${number}" if any(formulae) else within(row))
        writer.end_block()


def write_table(writer: Writer, element: Any) -> None:
    """Rows on lines of their own, cells parted by bars; one block, so that a cut does not part it."""
    writer.end_block()
    rows = [" | ".join(within(cell) for cell in cells_of(row)) for row in rows_of(element)]
    text = "\n".join(row for row in rows if row.strip(" |"))
    if text:
        writer.blocks.append(text)


def rows_of(table: Any) -> list[Any]:
    """The table's own rows: those of a table inside one of its cells belong to that cell."""
    rows = table.xpath("descendant::*[self::tr or contains(concat(' ', @class, ' '), ' ltx_tr ')]")
    nested = {id(row) for outer in rows for row in outer.iterdescendants() if row is not outer}
    return [row for row in rows if id(row) not in nested] or [table]


def cells_of(row: Any) -> list[Any]:
    return row.xpath("*[self::td or self::th or contains(concat(' ', @class, ' '), ' ltx_td ')]") or [row]


def write_blank(writer: Writer, element: Any) -> None:
    writer.add(" ")


SPECIAL: dict[str, Callable[[Writer, Any], None]] = {
    "math": write_math,
    "ltx_note": write_note,
    "ltx_equation": write_equation,
    "ltx_equationgroup": write_equation,
    "ltx_eqn_table": write_equation,
    "ltx_tabular": write_table,
    "br": write_blank,
}


def extract(data: bytes, options: dict[str, Any]) -> dict[str, Any]:
    root, notes = parse(data, options)
    article = next(iter(root.xpath("//article[contains(concat(' ', @class, ' '), ' ltx_document ')]")), None)
    if article is None:
        raise Unfit("failed_conversion", "no article.ltx_document")
    writer = Writer()
    writer.inside(article)
    writer.end_block()
    check(article, writer)
    return compose(writer, notes)


def parse(data: bytes, options: dict[str, Any]) -> tuple[Any, list[str]]:
    if not data.strip():
        raise Unfit("empty", "no bytes")
    encoding = options.get("charset") or ("utf-8" if is_utf8(data) else None)
    parser = etree.HTMLParser(encoding=encoding, remove_comments=True, remove_pis=True, huge_tree=False)
    root = etree.fromstring(data, parser)
    if root is None:
        raise Unfit("broken", "no element")
    # Past its depth and size limits libxml2 stops reading: the rest would be missing silently.
    if any(entry.level >= 3 for entry in parser.error_log):
        raise Unfit("broken", str(parser.error_log.filter_from_fatals()[0].message)[:200])
    return root, [] if b"</html>" in data[-4096:] else ["the page ends early"]


def is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def check(article: Any, writer: Writer) -> None:
    """Failed conversions are published too: an "Untitled Document", or a page of undefined macros."""
    if sum(map(len, writer.blocks)) < LEAST_TEXT:
        raise Unfit("failed_conversion", "almost no text")
    errors = article.xpath("count(.//*[contains(@class, 'ltx_ERROR')])")
    if errors > 10 and errors > MOST_ERRORS * len(writer.blocks):
        raise Unfit("failed_conversion", f"{errors:.0f} undefined macros")


def compose(writer: Writer, notes: list[str]) -> dict[str, Any]:
    starts, offset = [], 0
    for block in writer.blocks:
        starts.append(offset)
        offset += len(block) + 2
    sections = [(heading, starts[index]) for heading, index in writer.sections]
    return {
        "text": "\n\n".join(writer.blocks),
        "engine": "html",
        "pages": 0,
        "sections": sections,
        "notes": notes,
    }


def main() -> None:
    serve(extract)
