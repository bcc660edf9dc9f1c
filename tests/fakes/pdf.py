"""Real PDF files without a library: base fonts, wrapped text, one or two columns, a correct xref table.

The file format is ISO 32000-1 (https://opensource.adobe.com/dc-acrobat-sdk-docs/pdfstandards/PDF32000_2008.pdf);
the glyph widths are those of Adobe's core fonts. What makes extraction hard in papers is here on purpose:
running heads, page numbers, hyphenated lines, two columns and the rotated stamp in the margin.
"""

import re
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count, groupby

PAGE_WIDTH, PAGE_HEIGHT = 612, 792
MARGIN, BOTTOM, GUTTER = 72, 72, 24

BODY, BOLD, SYMBOL, ITALIC = "F1", "F2", "F3", "F4"
FONTS = {BODY: "Times-Roman", BOLD: "Helvetica-Bold", SYMBOL: "Symbol", ITALIC: "Times-Italic"}

# Widths of the characters 32 to 126 in thousandths of the font size.
_TIMES = (
    "250 333 408 500 500 833 778 180 333 333 500 564 250 333 250 278 500 500 500 500 500 500 500 500 500 500 "
    "278 278 564 564 564 444 921 722 667 667 722 611 556 722 722 333 389 722 611 889 722 722 556 722 667 556 "
    "611 722 722 944 722 722 611 333 278 333 469 500 333 444 500 444 500 444 333 500 500 278 278 500 278 778 "
    "500 500 500 500 333 389 278 500 500 722 500 500 444 480 200 480 541"
)
WIDTHS = dict(zip(map(chr, range(32, 127)), map(int, _TIMES.split()), strict=True))
BOLD_FACTOR = 1.15  # Helvetica-Bold runs about this much wider than Times; only headings use it

# Greek and operators live in the Symbol font, as they do in files made by TeX's old cousins.
SYMBOLS = dict(zip("αβγδελμπρστθφωηκχψΔΣΩ", "abgdelmprstqfwhkcyDSW", strict=True))
SYMBOLS |= {
    "≤": "\xa3",
    "≥": "\xb3",
    "∈": "\xce",
    "→": "\xae",
    "∑": "\xe5",
    "≈": "\xbb",
    "∥": "\xbd",
    "−": "-",
}

_GREEK = "alpha beta gamma delta epsilon lambda mu pi rho sigma tau theta phi omega eta kappa chi psi Delta Sigma Omega"
TEX = dict(zip(_GREEK.split(), "αβγδελμπρστθφωηκχψΔΣΩ", strict=True))
TEX |= {"le": "≤", "leq": "≤", "ge": "≥", "geq": "≥", "in": "∈", "to": "→", "sum": "∑", "approx": "≈"}
TEX |= {"times": "×", "pm": "±", "cdot": "·", "mid": "|", "Vert": "∥", "ldots": "...", "quad": " ", ",": " "}


@dataclass(frozen=True)
class Line:
    """One line of text at its place; angle 90 runs up the page."""

    x: float
    y: float
    size: float
    font: str
    text: str
    angle: int = 0


@dataclass(frozen=True)
class Style:
    font: str
    size: float
    leading: float
    before: float = 0
    centred: bool = False


TITLE = Style(BOLD, 16, 20, centred=True)
AUTHORS = Style(BODY, 11, 15, before=8, centred=True)
HEADING = Style(BOLD, 12, 16, before=10)
TEXT = Style(BODY, 11, 15, before=5)
DISPLAY = Style(BODY, 11, 15, before=6, centred=True)


def make_pdf(
    title: str,
    authors: Iterable[str],
    sections: Sequence[Mapping],
    two_columns: bool = False,
    *,
    stamp: str = "",
    note: str = "",
) -> bytes:
    """A PDF 1.4 file of as many pages as the text needs.

    `sections` are mappings with `heading` and `paragraphs`; `$…$` in a paragraph is typeset as plain symbols, and a
    paragraph that is one `$$…$$` is centred. `note` stands under the authors, `stamp` up the margin of page one.
    Raises ValueError for a character that the base fonts do not have.
    """
    pages = _Layout(title, two_columns)
    pages.front([(TITLE, title), (AUTHORS, ", ".join(authors)), (AUTHORS, note)])
    for heading, section in zip(numbered(sections), sections, strict=True):
        pages.add(HEADING, heading)
        for paragraph in section["paragraphs"]:
            pages.add(DISPLAY if paragraph.startswith("$$") else TEXT, plain(paragraph))
    pages.finish(stamp)
    return _write(pages.pages)


def plain(text: str) -> str:
    """The text as a PDF's text layer would give it: `$…$` flattened, a footnote `^[…]` in brackets."""
    text = re.sub(r"\^\[([^\]]+)\]", r" (\1)", text)
    return re.sub(r"\$\$(.+?)\$\$|\$(.+?)\$", lambda m: plain_formula(m[1] or m[2]), text)


def plain_formula(tex: str) -> str:
    tex = re.sub(r"\\frac\{([^{}]*)\}\{([^{}]*)\}", r"\1/\2", tex)
    tex = re.sub(r"\\(?:mathrm|mathbf|mathcal|text|operatorname|hat|tilde|bar)\b", "", tex)
    tex = re.sub(r"\\([A-Za-z]+|,) ?", lambda m: TEX.get(m[1], m[1]), tex)
    return re.sub(r"[{}_^]|\\", "", tex).replace("-", "−")


def numbered(sections: Iterable[Mapping]) -> list[str]:
    """The headings with their numbers; Abstract and References carry none."""
    numbers = count(1)
    headings = (section["heading"] for section in sections)
    return [h if h in ("Abstract", "References") else f"{next(numbers)} {h}" for h in headings]


def width(text: str, style: Style) -> float:
    factor = BOLD_FACTOR if style.font == BOLD else 1
    return sum(WIDTHS.get(c, 550) for c in text) * style.size * factor / 1000


def wrap(text: str, style: Style, room: float, hyphenate: bool) -> list[str]:
    """Greedy line breaking; with `hyphenate` a long word may be split over two lines."""
    lines, line = [], ""
    for word in text.split():
        candidate = f"{line} {word}".strip()
        if width(candidate, style) <= room:
            line = candidate
            continue
        head, tail = _split(word, line, style, room) if hyphenate else ("", word)
        lines.append(f"{line} {head}".strip())
        line = tail
    return [*lines, line] if line else lines


def _split(word: str, line: str, style: Style, room: float) -> tuple[str, str]:
    """The word's longest first part that still fits, with its hyphen, and the rest."""
    if len(word) < 8 or not word.isalpha() or not word.islower():
        return "", word
    for cut in range(len(word) - 3, 2, -1):
        between = word[cut - 1] not in "aeiouy" and word[cut] not in "aeiouyh"
        if between and width(f"{line} {word[:cut]}-", style) <= room:
            return word[:cut] + "-", word[cut:]
    return "", word


class _Layout:
    """Puts lines on pages: down a column, then the next column, then the next page."""

    def __init__(self, title: str, two_columns: bool) -> None:
        self.head, self.columns = title, 2 if two_columns else 1
        self.room = (PAGE_WIDTH - 2 * MARGIN - GUTTER * (self.columns - 1)) / self.columns
        self.pages: list[list[Line]] = []
        self._new_page()

    def front(self, blocks: Iterable[tuple[Style, str]]) -> None:
        """The title block spans the page; the columns begin below it."""
        for style, text in blocks:
            self._place(style, text, PAGE_WIDTH - 2 * MARGIN)
        self.top = self.y - 6

    def add(self, style: Style, text: str) -> None:
        self._place(style, text, self.room)

    def finish(self, stamp: str) -> None:
        for number, page in enumerate(self.pages, 1):
            page.append(_centred(Line(0, 40, 10, BODY, str(number)), PAGE_WIDTH / 2))
            if number > 1:
                page.insert(0, _centred(Line(0, 752, 9, ITALIC, self.head), PAGE_WIDTH / 2))
        if stamp:
            self.pages[0].append(Line(34, 250, 16, BODY, stamp, angle=90))

    def _place(self, style: Style, text: str, room: float) -> None:
        lines = wrap(text, style, room, hyphenate=self.columns > 1 and style is TEXT)
        # A heading never stands alone at the foot of a column.
        need = style.before + style.leading * (3 if style is HEADING else 1)
        if self.y - need < BOTTOM:
            self._next_column()
        self.y -= style.before
        for text_line in lines:
            if self.y - style.leading < BOTTOM:
                self._next_column()
            self.y -= style.leading
            line = Line(self.x, self.y, style.size, style.font, text_line)
            self.pages[-1].append(_centred(line, self.x + room / 2) if style.centred else line)

    def _next_column(self) -> None:
        if self.column + 1 == self.columns:
            self._new_page()
            return
        self.column += 1
        self.x, self.y = self.x + self.room + GUTTER, self.top

    def _new_page(self) -> None:
        self.pages.append([])
        self.column, self.x, self.y, self.top = (
            0,
            float(MARGIN),
            float(PAGE_HEIGHT - MARGIN),
            PAGE_HEIGHT - MARGIN,
        )


def _centred(line: Line, middle: float) -> Line:
    style = Style(line.font, line.size, 0)
    return Line(middle - width(line.text, style) / 2, line.y, line.size, line.font, line.text)


def _draw(line: Line) -> bytes:
    matrix = "0 1 -1 0" if line.angle else "1 0 0 1"
    runs = groupby(line.text, key=lambda c: SYMBOL if c in SYMBOLS else line.font)
    shown = [b"/%s %.1f Tf (%s) Tj" % (font.encode(), line.size, _string("".join(run))) for font, run in runs]
    return b"BT %s %.2f %.2f Tm %s ET" % (matrix.encode(), line.x, line.y, b" ".join(shown))


def _string(run: str) -> bytes:
    if run[0] in SYMBOLS:
        data = "".join(SYMBOLS[c] for c in run).encode("latin-1")
    else:
        data = run.encode("cp1252")
    return re.sub(rb"([\\()])", rb"\\\1", data)


def _stream(data: bytes) -> bytes:
    packed = zlib.compress(data)
    return b"<< /Length %d /Filter /FlateDecode >>\nstream\n%s\nendstream" % (len(packed), packed)


def _to_unicode() -> bytes:
    """A CMap for the Symbol font, so that every reader agrees on what its bytes mean."""
    pairs = "\n".join(f"<{ord(code):02x}> <{ord(char):04x}>" for char, code in SYMBOLS.items())
    return _stream((
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap\n"
        "/CMapName /Sample-Symbol def /CMapType 2 def\n1 begincodespacerange <00> <ff> endcodespacerange\n"
        f"{len(SYMBOLS)} beginbfchar\n{pairs}\nendbfchar\nendcmap end end"
    ).encode())  # fmt: skip


def _font(name: str) -> bytes:
    extra = b"/ToUnicode 3 0 R" if name == "Symbol" else b"/Encoding /WinAnsiEncoding"
    return b"<< /Type /Font /Subtype /Type1 /BaseFont /%s %s >>" % (name.encode(), extra)


def _write(pages: Sequence[Sequence[Line]]) -> bytes:
    """Objects 1 catalogue, 2 page tree, 3 CMap, 4 to 7 fonts, then a page and its content in turn."""
    first = 4 + len(FONTS)
    kids = b" ".join(b"%d 0 R" % (first + 2 * n) for n in range(len(pages)))
    fonts = b" ".join(b"/%s %d 0 R" % (key.encode(), 4 + n) for n, key in enumerate(FONTS))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Count %d /Kids [%s] >>" % (len(pages), kids),
        _to_unicode(),
        *map(_font, FONTS.values()),
    ]
    for n, page in enumerate(pages):
        box = b"/MediaBox [0 0 %d %d] /Resources << /Font << %s >> >>" % (PAGE_WIDTH, PAGE_HEIGHT, fonts)
        objects.append(b"<< /Type /Page /Parent 2 0 R %s /Contents %d 0 R >>" % (box, first + 2 * n + 1))
        objects.append(_stream(b"\n".join(map(_draw, page))))
    return _file(objects)


def _file(objects: Sequence[bytes]) -> bytes:
    out = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n")
    offsets = []
    for number, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start, size = len(out), len(objects) + 1
    out += b"xref\n0 %d\n0000000000 65535 f \n" % size
    out += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (size, start)
    return bytes(out)
