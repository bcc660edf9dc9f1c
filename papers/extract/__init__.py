"""A paper's file, as arXiv sent it, to readable text. Leaf: no project import, no settings, no ORM.

HTML (LaTeXML) and PDF: pypdfium2 first, pdfminer.six as the second opinion when that gives nothing
readable. Every engine runs in a child process with limits (``jail.py``); the files are hostile.
"""

from dataclasses import dataclass, field
from typing import Any

from .errors import REASONS, Unreadable
from .jail import Limits, run
from .window import Fitted, fit

__all__ = ["REASONS", "Extracted", "Fitted", "Limits", "Unreadable", "fit", "text_of"]

DEFAULT = Limits()
# Worth a second engine: the first one gave up or understood nothing. A bomb is not tried twice.
SECOND_OPINION = frozenset({"garbled", "broken", "scanned"})
HTML_TYPES = ("text/html", "application/xhtml+xml")
PDF_MARK = b"%PDF-"


@dataclass(frozen=True)
class Extracted:
    """Text in reading order: paragraphs, headings and table blocks parted by an empty line.

    ``engine``: html, pdfium or pdfminer. ``pages``: 0 for HTML. ``sections``: heading and offset of its first
    character in ``text``, ascending; what stands before the first is title and front matter. ``notes``:
    what an editor should know (a second engine was needed, pages without text …).
    """

    text: str
    engine: str
    pages: int = 0
    sections: list[tuple[str, int]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def text_of(data: bytes, content_type: str, *, limits: Limits = DEFAULT) -> Extracted:
    """The text of one HTML page or PDF. Blocks until the child ends, at most twice ``limits.wall``.

    Safe to call from many threads and from daemonic processes. Raises Unreadable with a reason, and
    ``OSError`` when the system could not start a process: that says nothing about the file.
    """
    if len(data) > limits.data:
        raise Unreadable("too_big", f"{len(data)} bytes")
    if not data.strip():
        raise Unreadable("empty", "no bytes")
    kind, _, parameters = content_type.partition(";")
    if is_pdf(data):
        return from_pdf(data, limits)
    if kind.strip().lower() in HTML_TYPES:
        return made(run("html", data, limits, charset=charset_of(parameters)))
    raise Unreadable("not_a_pdf", f"{kind.strip() or 'no content type'}, no PDF header")


def is_pdf(data: bytes) -> bool:
    """Readers accept some bytes before the header (ISO 32000-1, implementation note 13: within 1024)."""
    return PDF_MARK in data[:1024]


def charset_of(parameters: str) -> str | None:
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            return value.strip(" \"'").lower() or None
    return None


def from_pdf(data: bytes, limits: Limits) -> Extracted:
    try:
        return made(run("pdfium", data, limits))
    except Unreadable as first:
        if first.reason not in SECOND_OPINION:
            raise
        return second_opinion(data, limits, first)


def second_opinion(data: bytes, limits: Limits, first: Unreadable) -> Extracted:
    try:
        answer = run("pdfminer", data, limits)
    except Unreadable:
        raise first from None
    answer["notes"].append(f"pdfium: {first}")
    return made(answer)


def made(answer: dict[str, Any]) -> Extracted:
    sections = [(heading, start) for heading, start in answer["sections"]]
    return Extracted(answer["text"], answer["engine"], answer["pages"], sections, answer["notes"])
