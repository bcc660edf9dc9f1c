"""Full texts: what of /pdf/<id>vN and /html/<id>vN is a paper, and what a 404 means.

https://info.arxiv.org/help/robots.html and https://info.arxiv.org/help/bulk_data.html
"""

from typing import Literal

import lxml.html
from lxml.etree import ParserError

from papers.harvest.text import clean
from papers.harvest.values import SourceError
from papers.harvest.wire import MEGABYTE, Answer

CAPS = {"pdf": 50 * MEGABYTE, "html": 30 * MEGABYTE}
ACCEPTS = {"pdf": "application/pdf, */*;q=0.1", "html": "text/html, application/xhtml+xml;q=0.9, */*;q=0.1"}
_TAIL = 8192
_STUBS = ("no html for", "no document for", "no content available")


def require(kind: Literal["pdf", "html"], answer: Answer) -> None:
    """Raise SourceError unless the answer is a whole file of that kind.

    "missing" also covers papers that cannot be converted: the page does not say which is for ever.
    Whether a conversion is any good is judged where the text is extracted.
    """
    if answer.status in (404, 410):
        raise _absence(answer)
    if answer.status != 200:
        raise SourceError("broken", f"HTTP {answer.status}", status=answer.status)
    if not answer.body.strip():
        raise SourceError("broken", "an empty body", status=200)
    {"pdf": _require_pdf, "html": _require_html}[kind](answer)


def _require_pdf(answer: Answer) -> None:
    if b"%PDF-" not in answer.body[:1024]:
        raise SourceError(
            "broken", f"{answer.content_type or 'no type'} where a PDF was asked for", status=200
        )
    if b"%%EOF" not in answer.body[-_TAIL:]:
        raise SourceError("truncated", f"a PDF without its end, {len(answer.body)} bytes", status=200)


def _require_html(answer: Answer) -> None:
    if b"<" not in answer.body[:1024] or answer.body.startswith(b"%PDF-"):
        raise SourceError(
            "broken", f"{answer.content_type or 'no type'} where HTML was asked for", status=200
        )
    if b"</html" not in answer.body[-_TAIL:].lower():
        raise SourceError("truncated", f"an HTML page without its end, {len(answer.body)} bytes", status=200)
    # Reported: the page that says there is no HTML, with status 200.
    heading = _heading(answer.body) if len(answer.body) < 100_000 else ""
    if heading.lower().startswith(_STUBS):
        raise SourceError("missing", heading, status=200)


def _absence(answer: Answer) -> SourceError:
    """arXiv's 404 page says in its heading which of several things it means.

    A withdrawn version is "File unavailable for <id>" (with "withdrawn" in the text of older pages).
    """
    heading = _heading(answer.body)
    withdrawn = heading.startswith("File unavailable for") or b"withdrawn" in answer.body[:20_000].lower()
    return SourceError("withdrawn" if withdrawn else "missing", heading or "HTTP 404", status=answer.status)


def _heading(body: bytes) -> str:
    """The last h1 of a page: arXiv's own banner may come before it."""
    try:
        page = lxml.html.document_fromstring(body, parser=lxml.html.HTMLParser(encoding="utf-8"))
    except (ParserError, ValueError):
        return ""
    headings = [clean(one.text_content()) for one in page.iter("h1")]
    return next((one for one in reversed(headings) if one), "")
