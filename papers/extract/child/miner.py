"""PDF to lines by pdfminer.six, slow and thorough: the second opinion."""

import io
import re
from typing import Any

from pdfminer.high_level import extract_pages
from pdfminer.layout import LAParams, LTChar, LTContainer, LTFigure, LTImage, LTPage, LTTextLine
from pdfminer.pdfdocument import PDFEncryptionError, PDFPasswordIncorrect

from .layout import compose
from .lines import Line, Page
from .worker import Unfit, serve

BOLD = re.compile(r"bold|black|heavy|demi|medi|cmbx|cmb10|-bd|sfbx|ecbx", re.IGNORECASE)
HYPHENATED = re.compile(r"[^\W\d_][-\u2010\u00ad]$")


def extract(data: bytes, options: dict[str, Any]) -> dict[str, Any]:
    """Pages are counted as they come: a page tree may claim any number."""
    try:
        pages, pictures = read(data, options)
    except (PDFPasswordIncorrect, PDFEncryptionError) as error:
        raise Unfit("encrypted", type(error).__name__) from error
    if not pages:
        raise Unfit("empty", "no pages")
    return compose(pages, "pdfminer", pictures)


def read(data: bytes, options: dict[str, Any]) -> tuple[list[Page], int]:
    pages, pictures, room = [], 0, options["chars"]
    for layout in extract_pages(io.BytesIO(data), laparams=LAParams()):
        page = Page(layout.width, layout.height, list(lines_of(layout)))
        room -= sum(len(line.text) for line in page.lines)
        pictures += not page.lines and has_image(layout)
        pages.append(page)
        if len(pages) > options["pages"] or room < 0:
            raise Unfit("too_long", f"at page {len(pages)}")
    return pages, pictures


def lines_of(container: LTContainer[Any]) -> Any:
    """Lines in pdfminer's reading order; turned letters, each a line to it, are left out."""
    for element in container:
        if isinstance(element, LTTextLine):
            chars = [char for char in element if isinstance(char, LTChar)]
            text = element.get_text().strip()
            if text and chars and chars[0].upright:
                yield line_of(element, text, chars)
        elif isinstance(element, LTContainer) and not isinstance(element, LTFigure):
            yield from lines_of(element)


def line_of(element: LTTextLine, text: str, chars: list[LTChar]) -> Line:
    bold = bool(BOLD.search(chars[0].fontname) and BOLD.search(chars[-1].fontname))
    hyphen = bool(HYPHENATED.search(text))
    return Line(text[:-1] if hyphen else text, *element.bbox, bold, hyphen)


def has_image(layout: LTPage) -> bool:
    return any(isinstance(element, LTImage | LTFigure) for element in layout)


def main() -> None:
    serve(extract)
