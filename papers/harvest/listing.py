"""arXiv's listing pages: /list/<category>/new and /catchup/<category>/<date>.

Public from 20:00 Eastern on, four hours before the feeds, and the only source that prints counts.
The markup is read with tolerance, the counts are taken literally.
https://info.arxiv.org/help/find/index.html
"""

import re
from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from lxml import etree
from lxml.etree import _Element

from papers.harvest.text import clean, clean_abstract
from papers.harvest.values import KINDS, Item, Kind, Sheet, SourceError
from papers.taxonomy import canonical_all, parse_id

_DATE = re.compile(
    r"(?:new listings for|catchup results for .* on)\s+\w+,\s+(\d{1,2} \w+ \d{4})", re.IGNORECASE
)
_SECTION = re.compile(r"^(new|cross|replacement).*\(.*showing\D*(\d+)\s+of\s+(\d+)\s+entr", re.IGNORECASE)
_TOTAL = re.compile(r"total\s+of\s+(\d+)\s+entries", re.IGNORECASE)
_QUIET = re.compile(r"no\s+updates\s+(?:today|for)", re.IGNORECASE)
_SUBJECT = re.compile(r"\(([A-Za-z-]+(?:\.[A-Za-z-]+)?)\)\s*(?:;|$)")
_ADDRESS = re.compile(r"\s*this\s+(?:https?|ftp)\s+URL\s*", re.IGNORECASE)
_STRING = etree.XPath("string()")
_KINDS: dict[str, Kind] = {"new": "new", "cross": "cross", "replacement": "replace"}


@dataclass(frozen=True)
class Page:
    """One page of a listing with what it prints about itself: per kind, entries here and in all."""

    root: _Element
    date: date
    here: dict[Kind, int]
    printed: dict[Kind, int]
    total: int | None


def read_page(body: bytes) -> Page:
    """Read date and counts; entries are left alone. SourceError "broken" if either is absent."""
    root = _document(body)
    headings = [clean(_text(one)) for one in root.iter("h1", "h2", "h3", "h4")]
    sections = [found for heading in headings if (found := _SECTION.search(heading))]
    text = _text(root)
    if not sections and not _QUIET.search(text):
        raise SourceError("broken", "a listing without a single printed count")
    found = _TOTAL.search(text)
    here, printed = ({_KINDS[one[1].lower()]: int(one[group]) for one in sections} for group in (2, 3))
    return Page(root, _date(headings), here, printed, int(found[1]) if found else None)


def is_last(pages: list[Page]) -> bool:
    """Whether these first pages hold every entry that arXiv announces."""
    shown = sum(sum(page.here.values()) for page in pages)
    return not pages[-1].here or shown >= (pages[0].total or sum(_merged(pages).values()))


def sheet_of(source: Literal["list", "catchup"], category: str, pages: list[Page]) -> Sheet:
    """Join the pages of one listing; see Sheet for when what is checked."""
    if len({page.date for page in pages}) > 1:
        raise SourceError("broken", "the listing changed its date between two pages")
    printed = _merged(pages)
    shown = sum(1 for page in pages for _ in page.root.iter("dt"))
    return Sheet(
        source,
        (category,),
        pages[0].date,
        {kind: printed.get(kind, 0) for kind in KINDS},
        shown,
        lambda: _all_items(pages, printed),
    )


def _merged(pages: list[Page]) -> dict[Kind, int]:
    merged: dict[Kind, int] = {}
    for page in pages:
        merged |= page.printed
    return merged


def _all_items(pages: list[Page], printed: dict[Kind, int]) -> list[Item]:
    items = []
    for page in pages:
        found = _items(page.root)
        _agree(Counter(item.kind for item in found), page.here, "shown")
        items += found
    _agree(Counter(item.kind for item in items), printed, "printed")
    if pages[0].total not in (None, len(items)):
        raise SourceError("truncated", f"{len(items)} entries of {pages[0].total}")
    return items


def _agree(found: Counter[Kind], expected: dict[Kind, int], word: str) -> None:
    for kind in KINDS:
        if found[kind] != expected.get(kind, 0):
            raise SourceError("truncated", f"{found[kind]} {kind} entries, {expected.get(kind, 0)} {word}")


def _items(root: _Element) -> list[Item]:
    """Walk the page in its own order: a heading sets the kind, a dt names the paper, its dd describes it."""
    items: list[Item] = []
    kind, arxiv_id = None, None
    for node in root.iter("h2", "h3", "h4", "dt", "dd"):
        if node.tag == "dt":
            arxiv_id = _id(node)
        elif node.tag == "dd":
            if kind and arxiv_id:
                items.append(_item(arxiv_id, kind, node))
            arxiv_id = None
        elif found := _SECTION.search(clean(_text(node))):
            kind = _KINDS[found[1].lower()]
    return items


def _id(dt: _Element) -> str | None:
    for link in dt.iter("a"):
        before, _, after = (link.get("href") or "").partition("/abs/")
        if after and "/abs/" not in before and (found := parse_id(after)):
            return found.id
    return None


def _item(arxiv_id: str, kind: Kind, dd: _Element) -> Item:
    blocks = _blocks(dd)
    title = _field(blocks.get("list-title"))
    if not title:
        raise SourceError("truncated", f"{arxiv_id} has no title")
    return Item(
        arxiv_id,
        None,
        kind,
        title,
        abstract=_abstract(dd),
        authors=_authors(blocks.get("list-authors")),
        categories=canonical_all(_SUBJECT.findall(_field(blocks.get("list-subjects")))),
        comment=_field(blocks.get("list-comments")),
        doi=_field(blocks.get("list-doi")),
        journal=_field(blocks.get("list-journal-ref")),
    )


def _blocks(dd: _Element) -> dict[str, _Element]:
    """The first element of each class, in one walk over the entry."""
    found: dict[str, _Element] = {}
    for node in dd.iter("*"):
        if names := node.get("class"):
            for name in names.split():
                found.setdefault(name, node)
    return found


def _field(block: _Element | None) -> str:
    """What a labelled line says, without its label."""
    if block is None:
        return ""
    label = next((node for node in block.iter("*") if "descriptor" in (node.get("class") or "")), None)
    text = clean(_with_addresses(block))
    return text.removeprefix(clean("".join(label.itertext())) if label is not None else "").strip()


def _authors(block: _Element | None) -> tuple[str, ...]:
    if block is None:
        return ()
    names = [clean("".join(link.itertext())) for link in block.iter("a")] or _field(block).split(",")
    return tuple(name.strip() for name in names if name.strip())


def _abstract(dd: _Element) -> str:
    for paragraph in dd.iter("p"):
        for line_break in paragraph.iter("br"):
            line_break.tail = f"\n\n{line_break.tail or ''}"
        return clean_abstract(_with_addresses(paragraph))
    return ""


def _with_addresses(block: _Element) -> str:
    """Text in which arXiv's "this https URL" is the address again, as the author wrote it."""
    for link in block.iter("a"):
        if _ADDRESS.fullmatch(link.text or ""):
            link.text = link.get("href")
    return "".join(block.itertext())


def _text(element: _Element) -> str:
    """All its text, that of comments left out."""
    return str(_STRING(element))


def _document(body: bytes) -> _Element:
    # Plain elements: those of lxml.html ask a function of Python for the class of each.
    root = etree.fromstring(body, etree.HTMLParser(encoding="utf-8")) if body.strip() else None
    if root is None:
        raise SourceError("broken", "an empty body")
    return root


def _date(headings: list[str]) -> date:
    for heading in headings:
        if found := _DATE.search(heading):
            return _day(found[1])
    raise SourceError("broken", "a listing without a date")


def _day(text: str) -> date:
    for form in ("%d %B %Y", "%d %b %Y"):
        try:
            return datetime.strptime(text, form).date()  # noqa: DTZ007  a date alone, no zone to it
        except ValueError:
            continue
    raise SourceError("broken", f"a listing with the date {text!r}")
