"""All traffic with arXiv, through one object that returns small typed values.

Nothing is retried here: every failure is a SourceError that says what happened, and the caller
decides when to ask again.
"""

import re
from collections.abc import Callable, Container, Sequence
from datetime import date, datetime
from typing import Literal
from urllib.parse import urlencode

from papers.harvest import api, downloads, feeds, listing, oai
from papers.harvest.values import (
    KINDS,
    Download,
    Item,
    Kind,
    OaiPage,
    OaiRecord,
    Record,
    Sheet,
    SourceError,
    State,
    Version,
)
from papers.harvest.wire import MEGABYTE, Answer, WaitTurn, Wire, hosts_of
from papers.taxonomy import canonical, parse_id

__all__ = [
    "KINDS",
    "Arxiv",
    "Download",
    "Item",
    "Kind",
    "OaiPage",
    "OaiRecord",
    "Record",
    "Sheet",
    "SourceError",
    "State",
    "Version",
]

ENTRIES_A_PAGE = 2000
MAX_PAGES = 10
DEADLINE = 300.0
_PAGE = "text/html, */*;q=0.1"
_FEED = "application/rss+xml, application/atom+xml, application/xml;q=0.9, */*;q=0.1"
_XML = "text/xml, application/xml, */*;q=0.1"
_CATEGORY = re.compile(r"[A-Za-z-]{2,10}(?:\.[A-Za-z-]{2,10})?", re.ASCII)


class Arxiv:
    """arXiv, seen from here.

    `api_url` and `oai_url` are whole addresses up to the "?"; `rss_url` serves /rss/<cat> and
    `site_url` /list, /catchup, /pdf and /html. `wait_turn()` returns a context manager inside
    which each single request happens. `now()` is aware and turns a Retry-After date into seconds.
    `timeout` is (connect, each read) in seconds, `deadline` the seconds a whole answer may take.

    Every method raises SourceError. Not for sharing between threads.
    """

    def __init__(
        self,
        *,
        api_url: str,
        rss_url: str,
        oai_url: str,
        site_url: str,
        contact: str,
        wait_turn: WaitTurn,
        now: Callable[[], datetime],
        timeout: tuple[float, float] = (10, 60),
        deadline: float = DEADLINE,
    ) -> None:
        self._api_url, self._oai_url = api_url.rstrip("?"), oai_url.rstrip("?")
        self._rss_url, self._site_url = rss_url.rstrip("/"), site_url.rstrip("/")
        self._wire = Wire(
            hosts=hosts_of(api_url, rss_url, oai_url, site_url),
            contact=contact,
            wait_turn=wait_turn,
            now=now,
            timeout=timeout,
            deadline=deadline,
        )

    def new_list(self, category: str) -> Sheet:
        """The newest announcement of a category, public from 20:00 Eastern on."""
        code = _code(category)

        def page(number: int) -> str:
            query = {"skip": number * ENTRIES_A_PAGE, "show": ENTRIES_A_PAGE}
            return f"{self._site_url}/list/{code}/new?{urlencode(query)}"

        return listing.sheet_of("list", code, self._pages(code, page))

    def catchup(self, category: str, day: date) -> Sheet:
        """The announcement dated `day`, for the last 90 days."""
        code = _code(category)

        def page(number: int) -> str:
            return f"{self._site_url}/catchup/{code}/{day.isoformat()}?abs=True&page={number + 1}"

        return listing.sheet_of("catchup", code, self._pages(code, page))

    def rss(self, categories: Sequence[str], *, atom: bool = False) -> Sheet:
        """Today's announcement in the union of `categories`, which decides what is new and what a cross-list."""
        codes = tuple(dict.fromkeys(_code(one) for one in categories))
        form = "atom" if atom else "rss"
        answer = self._get(f"{self._rss_url}/{form}/{'+'.join(codes)}", _FEED, 30 * MEGABYTE)
        if answer.status in (400, 404):
            raise feeds.refusal(answer.body)
        _require_200(answer)
        return feeds.read_atom(answer.body, codes) if atom else feeds.read_rss(answer.body, codes)

    def metadata(self, ids: Sequence[str]) -> list[Record]:
        """The API's records of these identifiers, 100 a request; an unknown one is simply absent.

        An id without version gives the latest version. ValueError for a malformed id, since it
        would cost the whole batch.
        """
        return list(api.metadata(self._api_url, self._get_api, ids))

    def recent(
        self,
        categories: Sequence[str],
        since: datetime,
        until: datetime,
        *,
        is_held: api.IsHeld = lambda *_: False,
    ) -> list[Record]:
        """Papers whose v1 was submitted in [since, until), aware; oldest first.

        Entries that `is_held(id, updated as printed, title, abstract)` are left out, unread.
        SourceError "too_large" above 5,000 results: ask for a shorter time.
        """
        codes = [_code(one) for one in categories]
        return list(api.recent(self._api_url, self._get_api, codes, since, until, is_held))

    def oai(
        self,
        category_or_set: str | None,
        since: date | None,
        token: str | None = None,
        *,
        seen: Container[bytes] = (),
    ) -> OaiPage:
        """One page of records changed since `since` (UTC date); go on with its `.token` until that is None.

        A page near a day's end may repeat records. Those whose digest was `seen` are left out, unread.
        """
        arguments = oai.list_arguments(category_or_set, since, token)
        return oai.read_records(self._get_oai(arguments), seen)

    def oai_record(self, arxiv_id: str) -> OaiRecord | None:
        """One paper's versions, licence and withdrawal, or None if arXiv does not know it."""
        found = oai.read_records(self._get_oai(oai.record_arguments(_bare(arxiv_id)))).records
        return found[0] if found else None

    def html(self, arxiv_id: str, version: int | None) -> Download:
        """arXiv's HTML of one version; "missing" or "withdrawn" if there is none."""
        return self._download("html", arxiv_id, version)

    def pdf(self, arxiv_id: str, version: int | None) -> Download:
        """The PDF of one version, at most 50 MB; for hours after an announcement it may be "missing"."""
        return self._download("pdf", arxiv_id, version)

    def _get(self, url: str, accept: str, cap: int) -> Answer:
        return self._wire.get(url, accept=accept, cap=cap)

    def _get_api(self, url: str) -> Answer:
        return self._get(url, api.ACCEPT, api.CAP)

    def _get_oai(self, arguments: dict[str, str]) -> bytes:
        answer = self._get(f"{self._oai_url}?{urlencode(arguments)}", _XML, 60 * MEGABYTE)
        _require_200(answer)
        return answer.body

    def _pages(self, code: str, address: Callable[[int], str]) -> list[listing.Page]:
        pages: list[listing.Page] = []
        while not pages or not listing.is_last(pages):
            if len(pages) == MAX_PAGES:
                raise SourceError("too_large", f"more than {MAX_PAGES} pages of {code}")
            answer = self._get(address(len(pages)), _PAGE, 40 * MEGABYTE)
            _require_listing(answer, code)
            pages.append(listing.read_page(answer.body))
        return pages

    def _download(self, kind: Literal["html", "pdf"], arxiv_id: str, version: int | None) -> Download:
        bare = _bare(arxiv_id)
        name = bare if version is None else f"{bare}v{version}"
        answer = self._get(f"{self._site_url}/{kind}/{name}", downloads.ACCEPTS[kind], downloads.CAPS[kind])
        downloads.require(kind, answer)
        return Download(bare, version, kind, answer.body, answer.content_type, answer.url)


def _code(category: str) -> str:
    """A category's canonical code; archives such as "cs" pass, what cannot be a code does not."""
    code = canonical(category) or category
    if not _CATEGORY.fullmatch(code):
        raise SourceError("unknown_category", repr(category))
    return code


def _bare(arxiv_id: str) -> str:
    found = parse_id(arxiv_id)
    if found is None:
        raise ValueError(f"not an arXiv identifier: {arxiv_id!r}")
    return found.id


def _require_200(answer: Answer) -> None:
    if answer.status != 200:
        raise SourceError("broken", f"HTTP {answer.status}", status=answer.status)


def _require_listing(answer: Answer, code: str) -> None:
    """A listing page answers 400 or 404 for a category it does not know, and for a day out of reach."""
    if answer.status in (400, 404) and canonical(code) is None:
        raise SourceError("unknown_category", code, status=answer.status)
    _require_200(answer)
