"""Hygiene for text that enters from outside: what no database, feed or page should ever meet."""

import re
import unicodedata

# Line separators of every sort become "\n" before the other control characters go.
_LINE_ENDS = re.compile("\r\n?|[\v\f\x1c-\x1e\x85\u2028\u2029]")
_UNWANTED = re.compile(
    "[\x00-\x08\x0e-\x1b\x1f\x7f-\x9f"  # controls, NUL among them
    "\ud800-\udfff"  # lone surrogates
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # marks and overrides of writing direction
    "\ufdd0-\ufdef\ufeff\ufffe\uffff"  # noncharacters and stray byte order marks
    + "".join(f"{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}" for plane in range(0x10000, 0x110000, 0x10000))
    + "]"
)
# arXiv's own rule: a line that begins with white space begins a paragraph.
_PARAGRAPH = re.compile(r"\n\s+")


def clean(text: str | None) -> str:
    """One line: NFC, no control characters, no direction overrides, white space collapsed.

    Compatibility characters stay as they are (no NFKC): a superscript is not a digit.
    """
    if text and text.isascii() and text.isprintable() and "  " not in text:
        return text.strip()  # as most of arXiv's fields are: nothing to collapse
    return " ".join(_scrub(text).split())


def clean_abstract(text: str | None) -> str:
    """The same for running text; paragraphs are kept and parted by one blank line."""
    paragraphs = (" ".join(part.split()) for part in _PARAGRAPH.split(_scrub(text).strip()))
    return "\n\n".join(part for part in paragraphs if part)


def _scrub(text: str | None) -> str:
    if not text or (text.isascii() and text.replace("\n", " ").isprintable()):
        return text or ""  # as most of arXiv's text is, and this tells it at a tenth of the cost
    text = _LINE_ENDS.sub("\n", text)
    return unicodedata.normalize("NFC", _UNWANTED.sub("", text))
