"""PDF to lines by PDFium: text from its text page, boxes from three characters of each line.

API: https://pdfium.googlesource.com/pdfium/+/main/public/fpdf_text.h.
"""

import ctypes
import re
from collections.abc import Iterator
from typing import Any

from .layout import compose
from .lines import Line, Page
from .pdfium_api import PAGEOBJ_FORM, PAGEOBJ_IMAGE, Rect, pdfium
from .worker import Unfit, serve

# PDFium ends a line that a hyphen cuts by one of these instead of a line break.
PIECE = re.compile("[^\r\n\ufffe\x02]+")
HYPHENS = "\ufffe\x02"
HYPHENATED = re.compile(r"[^\W\d_]-\s*$")
ERRORS = {4: "encrypted", 5: "encrypted"}  # FPDF_ERR_PASSWORD, FPDF_ERR_SECURITY
BOLD = re.compile(rb"bold|black|heavy|demi|medi|cmbx|cmb10|-bd|sfbx|ecbx", re.IGNORECASE)
NAME_BYTES = 128
# Looking for a gutter inside lines: how many of a page's longest, how many must have it, how wide in line heights.
PROBE, SAMPLE, LEAST_PARTED, GUTTER = 3, 10, 5, 1.2


def extract(data: bytes, options: dict[str, Any]) -> dict[str, Any]:
    document = opened(data)
    count = pdfium.FPDF_GetPageCount(document)
    if count < 1:
        raise Unfit("empty", "no pages")
    if count > options["pages"]:
        raise Unfit("too_long", f"{count} pages")
    pages, pictures, room = [], 0, options["chars"]
    for index in range(count):
        page, has_picture = read_page(document, index, room)
        room -= sum(len(line.text) for line in page.lines)
        pictures += has_picture
        pages.append(page)
    return compose(pages, "pdfium", pictures)


def opened(data: bytes) -> Any:
    pdfium.FPDF_InitLibrary()
    document = pdfium.FPDF_LoadMemDocument64(data, len(data), None)
    if not document:
        code = pdfium.FPDF_GetLastError()
        raise Unfit(ERRORS.get(code, "broken"), f"PDFium error {code}")
    return document


def read_page(document: Any, index: int, room: int) -> tuple[Page, bool]:
    page = pdfium.FPDF_LoadPage(document, index)
    if not page:
        return Page(612.0, 792.0, []), False
    width, height = pdfium.FPDF_GetPageWidthF(page), pdfium.FPDF_GetPageHeightF(page)
    text_page = pdfium.FPDFText_LoadPage(page)
    lines = TextPage(text_page).lines(room) if text_page else []
    has_picture = not lines and has_image(page)
    pdfium.FPDFText_ClosePage(text_page)
    pdfium.FPDF_ClosePage(page)
    return Page(width, height, lines), has_picture


def has_image(page: Any) -> bool:
    count = min(pdfium.FPDFPage_CountObjects(page), 200)
    kinds = (pdfium.FPDFPageObj_GetType(pdfium.FPDFPage_GetObject(page, index)) for index in range(count))
    return any(kind in (PAGEOBJ_IMAGE, PAGEOBJ_FORM) for kind in kinds)


class TextPage:
    """One page's text; holds the buffers that its calls write into."""

    def __init__(self, handle: Any) -> None:
        self.handle = handle
        self.box = Rect()
        self.name = ctypes.create_string_buffer(NAME_BYTES)
        self.flags = ctypes.c_int()

    def lines(self, room: int) -> list[Line]:
        text = self.text(room)
        spans = [
            (match.start(), match.end(), text[match.end() : match.end() + 1])
            for match in PIECE.finditer(text)
        ]
        gutter = self.gutter(text, spans)
        if gutter is not None:
            spans = [part for span in spans for part in self.parted(text, span, gutter)]
        return [
            self.line(text, start, end, bool(after) and after in HYPHENS)
            for start, end, after in spans
            if text[start:end].strip()
        ]

    def gutter(self, text: str, spans: list[tuple[int, int, str]]) -> float | None:
        """Some files draw both columns' lines alternately, and PDFium reads across. The x that most long lines leave free."""
        longest = sorted(spans, key=lambda span: span[0] - span[1])[:SAMPLE]
        if not any(any(self.gaps(text, start, end)) for start, end, _ in longest[:PROBE]):
            return None  # the rule, and cheap to find out
        gaps = [list(self.gaps(text, start, end)) for start, end, _ in longest]
        middles = [(left + right) / 2 for found in gaps for left, right, _ in found]
        hits = {x: sum(any(left < x < right for left, right, _ in found) for found in gaps) for x in middles}
        best = max(hits, key=lambda x: hits[x], default=0.0)
        return best if hits.get(best, 0) >= max(LEAST_PARTED, len(longest) / 2) else None

    def gaps(self, text: str, start: int, end: int) -> Iterator[tuple[float, float, int]]:
        """Where a line's blank is as wide as a gutter: both edges and the blank's index."""
        for at in range(start + 1, end - 1):
            if text[at] == " ":
                (_, low, left, high), right = self.box_of(at - 1), self.box_of(at + 1)[0]
                if right - left > GUTTER * (high - low):
                    yield left, right, at

    def parted(self, text: str, span: tuple[int, int, str], gutter: float) -> list[tuple[int, int, str]]:
        start, end, after = span
        at = next((at for left, right, at in self.gaps(text, start, end) if left < gutter < right), None)
        return [span] if at is None else [(start, at, ""), (at + 1, end, after)]

    def text(self, room: int) -> str:
        """As many characters as the page counts, so that an index means the same in both."""
        count = pdfium.FPDFText_CountChars(self.handle)
        if count > room:
            raise Unfit("too_long", "more text than allowed")
        buffer = (ctypes.c_ushort * (2 * count + 2))()
        written = pdfium.FPDFText_GetText(self.handle, 0, count, buffer)
        text = bytes(buffer)[: 2 * max(written - 1, 0)].decode("utf-16-le", "replace")
        return text if len(text) == count else self.one_by_one(count)

    def one_by_one(self, count: int) -> str:
        """GetText leaves out what has no Unicode value, which would shift every box after it."""
        return "".join([chr(pdfium.FPDFText_GetUnicode(self.handle, index)) for index in range(count)])

    def line(self, text: str, start: int, end: int, hyphen: bool) -> Line:
        """Box and weight from the first, the middle and the last visible character."""
        words = text[start:end]
        first = start + len(words) - len(words.lstrip())
        last = start + len(words.rstrip()) - 1
        ends = (first, (first + last) // 2, last)
        boxes = [self.box_of(at) for at in ends]
        _, low, _, high = sorted(boxes, key=lambda box: box[3] - box[1])[1]
        left, right = min(box[0] for box in boxes), max(box[2] for box in boxes)
        if boxes[0][0] == boxes[2][0] and first != last:  # a turned line: its box is tall
            low, high = min(box[1] for box in boxes), max(box[3] for box in boxes)
        bold = self.is_bold(ends[0]) and (self.is_bold(ends[2]) or self.is_bold(ends[1]))
        plain = HYPHENATED.search(words)  # at the end of a column PDFium leaves the hyphen as it is
        words, hyphen = (words.rstrip()[:-1], True) if plain else (words, hyphen)
        return Line(words.strip(), left, low, right, high, bold, hyphen)

    def box_of(self, index: int) -> tuple[float, float, float, float]:
        pdfium.FPDFText_GetLooseCharBox(self.handle, index, self.box)
        return self.box.left, self.box.bottom, self.box.right, self.box.top

    def is_bold(self, index: int) -> bool:
        pdfium.FPDFText_GetFontInfo(self.handle, index, self.name, NAME_BYTES, self.flags)
        return bool(BOLD.search(self.name.value))


def main() -> None:
    serve(extract)
