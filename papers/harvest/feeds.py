"""rss.arxiv.org: the announcement of today, as RSS 2.0 or Atom. https://info.arxiv.org/help/rss.html

Built for midnight Eastern, one day only, no counts. The kind of an entry depends on the whole
request: a paper primary in eess.AS is a cross-list in cs.SD but new in cs.SD+eess.AS.
"""

import re
from collections.abc import Callable
from datetime import date, datetime
from email.utils import parsedate_to_datetime
from typing import Literal
from zoneinfo import ZoneInfo

from lxml.etree import _Element

from papers.harvest.markup import parse_xml
from papers.harvest.text import clean, clean_abstract
from papers.harvest.values import KINDS, Item, Kind, Sheet, SourceError
from papers.taxonomy import canonical_all, parse_id

MAX_ITEMS = 2000
_EASTERN = ZoneInfo("America/New_York")
_NS = {
    "atom": "http://www.w3.org/2005/Atom",
    "arxiv": "http://arxiv.org/schemas/atom",
    "dc": "http://purl.org/dc/elements/1.1/",
}
_KINDS: dict[str, Kind] = {"new": "new", "cross": "cross", "replace": "replace", "replace-cross": "replace"}
_PREAMBLE = re.compile(r"\s*arXiv:\S+\s+Announce Type:\s*\S+\s*(?:Abstract:\s*)?", re.IGNORECASE)


def read_rss(body: bytes, categories: tuple[str, ...]) -> Sheet:
    """A sheet of an RSS 2.0 feed. An empty one (weekend, holiday) is valid and dated by its channel."""
    channel = parse_xml(body, "rss").find("channel")
    if channel is None:
        raise SourceError("broken", "RSS without a channel")
    _refuse_error(channel.findtext("title"), channel.findtext("description"))
    items = channel.findall("item")
    dates = [_rfc822(item.findtext("pubDate")) for item in items]
    return _sheet("rss", categories, items, dates, lambda: _rfc822(channel.findtext("pubDate")), _rss_item)


def read_atom(body: bytes, categories: tuple[str, ...]) -> Sheet:
    """The same of an Atom feed; an empty one is dated by the Eastern date of its `updated`."""
    feed = parse_xml(body, "feed")
    _refuse_error(feed.findtext("atom:title", namespaces=_NS), feed.findtext("atom:subtitle", namespaces=_NS))
    entries = feed.findall("atom:entry", _NS)
    dates = [_rfc3339(entry.findtext("atom:published", namespaces=_NS)) for entry in entries]
    updated = feed.findtext("atom:updated", namespaces=_NS)
    return _sheet("atom", categories, entries, dates, lambda: _rfc3339(updated), _atom_item)


def refusal(body: bytes) -> SourceError:
    """What an HTTP 400 of the feed server means: its body is a valid feed that says so."""
    try:
        read_rss(body, ()) if b"<rss" in body[:2000] else read_atom(body, ())
    except SourceError as error:
        if error.state == "unknown_category":
            return error
    return SourceError("broken", "HTTP 400", status=400)


def _sheet(
    source: Literal["rss", "atom"],
    categories: tuple[str, ...],
    entries: list[_Element],
    dates: list[date],
    date_of_feed: Callable[[], date],
    read: Callable[[_Element], Item],
) -> Sheet:
    """The entries' own dates count: a feed of yesterday that was built again today is yesterday's."""
    day = max(dates) if dates else date_of_feed()
    printed: dict[Kind, int | None] = dict.fromkeys(KINDS)

    def items() -> list[Item]:
        if len(entries) >= MAX_ITEMS:
            raise SourceError("truncated", f"{len(entries)} items, as many as a feed may have")
        if len(set(dates)) > 1:
            raise SourceError("broken", f"items of {len(set(dates))} days in one feed")
        return [read(entry) for entry in entries]

    return Sheet(source, categories, day, printed, len(entries), items)


def _rss_item(item: _Element) -> Item:
    return _item(
        item,
        identifier=item.findtext("guid") or item.findtext("link"),
        title=item.findtext("title"),
        description=item.findtext("description"),
        categories=[one.text or "" for one in item.findall("category")],
    )


def _atom_item(entry: _Element) -> Item:
    return _item(
        entry,
        identifier=entry.findtext("atom:id", namespaces=_NS),
        title=entry.findtext("atom:title", namespaces=_NS),
        description=entry.findtext("atom:summary", namespaces=_NS),
        categories=[one.get("term") or "" for one in entry.findall("atom:category", _NS)],
    )


def _item(
    node: _Element, identifier: str | None, title: str | None, description: str | None, categories: list[str]
) -> Item:
    found, kind = parse_id(identifier or ""), _KINDS.get(clean(_extra(node, "arxiv:announce_type")))
    if found is None or kind is None or not clean(title):
        raise SourceError("broken", f"an item without id, type or title: {identifier!r}")
    return Item(
        found.id,
        found.version,
        kind,
        clean(title),
        abstract=clean_abstract(_PREAMBLE.sub("", description or "", count=1)),
        # One string for all authors: a name with a comma in it cannot be told from two.
        authors=tuple(name for part in _extra(node, "dc:creator").split(",") if (name := clean(part))),
        categories=canonical_all(categories),
        doi=clean(_extra(node, "arxiv:DOI")),
        journal=clean(_extra(node, "arxiv:journal_reference")),
        licence=clean(_extra(node, "dc:rights")),
    )


def _extra(node: _Element, name: str) -> str:
    return str(node.findtext(name, default="", namespaces=_NS))


def _refuse_error(title: str | None, description: str | None) -> None:
    if clean(title).lower().startswith("feed error"):
        raise SourceError("unknown_category", clean(description) or clean(title), status=400)


def _rfc822(text: str | None) -> date:
    """The Eastern date of an RSS time: arXiv prints midnight there."""
    try:
        return _eastern(parsedate_to_datetime(text or ""))
    except ValueError as error:
        raise SourceError("broken", f"a feed dated {text!r}") from error


def _rfc3339(text: str | None) -> date:
    try:
        return _eastern(datetime.fromisoformat(clean(text)))
    except ValueError as error:
        raise SourceError("broken", f"a feed dated {text!r}") from error


def _eastern(moment: datetime) -> date:
    return moment.astimezone(_EASTERN).date() if moment.tzinfo else moment.date()
