"""What arXiv says on a good day, and every way we read it: the ground for mutations."""

import functools
from collections.abc import Callable
from typing import Any

import requests

from papers.harvest import Item, Record, Sheet, api, feeds, listing, oai
from papers.harvest.wire import Answer
from tests.fakes.arxiv import FakeArxiv, World
from tests.papers.ingesting import TUE, WED, at, papers_of

NOW = at(WED, 9)
# Pieces of other formats, of attacks, and of what parsers stumble over.
PIECES = [
    b"<", b">", b"</dl>", b"<dt>", b"</entry>", b"<!DOCTYPE x [<!ENTITY a 'b'>]>", b"&a;", b"&#0;", b"&#xD800;", b"]]>",
    b"<![CDATA[", b"<!--", b"\x00", b"\x0c", b"\xff\xfe", b"\xe2\x80\xae", b"9" * 40, b"-1", b"2601.99999v0", b"../../etc",
    b"2026-02-30", b"(showing 0 of 99999999999999999999 entries)", b"{", b"}", b'"', b"\\", b"<h3>", b"</html>",
    "（".encode(), b"<guid>oai:arXiv.org:x</guid>", b"xmlns=''", b"<id></id>", b"",
]  # fmt: skip

Reader = Callable[[bytes], Any]


@functools.cache
def good() -> dict[str, bytes]:
    """One real answer of each source."""
    with FakeArxiv(World([*papers_of(TUE), *papers_of(WED)], lambda: NOW)) as arxiv:
        ids = ",".join(paper.arxiv_id for paper in papers_of(WED))
        asked = {
            "list": f"{arxiv.site_url}/list/cs.SD/new",
            "rss": f"{arxiv.rss_url}/rss/cs.SD+eess.AS",
            "atom": f"{arxiv.rss_url}/atom/cs.SD+eess.AS",
            "oai": f"{arxiv.oai_url}?verb=ListRecords&metadataPrefix=arXivRaw&set=cs:cs:SD",
            "api": f"{arxiv.api_url}?id_list={ids}&max_results=100",
        }
        return {name: requests.get(url, timeout=10).content for name, url in asked.items()}


def mutated(body: bytes, cuts: list[tuple[float, int, bytes]]) -> bytes:
    """Each cut (place from 0 to 1, bytes to take out, piece to put in) in turn."""
    for place, length, piece in cuts:
        at_byte = int(place * len(body))
        body = body[:at_byte] + piece + body[at_byte + length :]
    return body


def items_of(sheet: Sheet) -> list[Item]:
    return sheet.items()


def _listing(body: bytes) -> list[Item]:
    return items_of(listing.sheet_of("list", "cs.SD", [listing.read_page(body)]))


def _api(body: bytes) -> list[Record]:
    ids = [paper.arxiv_id for paper in papers_of(WED)]
    answer = Answer("http://a/api?start=0&max_results=100", 200, "application/atom+xml", body)
    return list(api.metadata("http://a/api", lambda url: answer, ids))


READERS: dict[str, Reader] = {
    "list": _listing,
    "rss": lambda body: items_of(feeds.read_rss(body, ("cs.SD", "eess.AS"))),
    "atom": lambda body: items_of(feeds.read_atom(body, ("cs.SD", "eess.AS"))),
    "oai": lambda body: oai.read_records(body).records,
    "api": _api,
}


def texts_of(value: Any) -> list[str]:
    """Every string that a typed value carries."""
    fields = (
        vars(value).values() if hasattr(value, "__dict__") else [getattr(value, n) for n in value.__slots__]
    )
    flat: list[str] = []
    for field in fields:
        if isinstance(field, str):
            flat.append(field)
        elif isinstance(field, tuple | list):
            flat += [one for one in field if isinstance(one, str)]
    return flat
