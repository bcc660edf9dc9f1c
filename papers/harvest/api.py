"""The query API, through the `arxiv` package made safe.

The package alone turns "Rate exceeded.", an HTML page, an empty body and an error entry into zero
results, waits for ever, and pages as long as the server likes. Here every raw body is judged
before the package parses it, and its retries and delays are off: the caller has better ones.
https://info.arxiv.org/help/api/user-manual.html
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

import arxiv
from lxml import etree
from lxml.etree import _Element

from papers.harvest.markup import legal, parse_xml
from papers.harvest.text import clean, clean_abstract
from papers.harvest.values import Record, SourceError
from papers.harvest.wire import MEGABYTE, Answer
from papers.taxonomy import ArxivId, canonical_all, names_of, parse_id

IDS_A_CALL = 100
PAGE_SIZE = 500
MAX_RESULTS = 5000
CAP = 20 * MEGABYTE
ACCEPT = "application/atom+xml, application/xml;q=0.9, */*;q=0.1"
_NS = {"atom": "http://www.w3.org/2005/Atom", "search": "http://a9.com/-/spec/opensearch/1.1/"}
_ATOM = f"{{{_NS['atom']}}}"
_REQUIRED = ("id", "published", "updated")
_WITHDRAWN = re.compile(
    r"\bwithdrawn\b.{0,40}\b(?:by|due|because|from)\b|^\s*(?:this|the) (?:\w+ ){0,2}(?:is|has been|was) withdrawn",
    re.IGNORECASE,
)

Get = Callable[[str], Answer]
# Of an entry's id, `updated` as printed, title and abstract: whether the caller has just that already.
IsHeld = Callable[..., bool]


@dataclass(frozen=True)
class Numbers:
    """What a feed says about itself: how many results in all, and where this page starts."""

    total: int
    start: int


class Client(arxiv.Client):  # type: ignore[misc]  # the package ships no types
    """The package's client on our wire: one page a request, no retry, no delay of its own."""

    def __init__(
        self, api_url: str, get: Get, page_size: int, limit: int, is_held: IsHeld | None = None
    ) -> None:
        super().__init__(page_size=page_size, delay_seconds=0, num_retries=0)
        self.query_url_format = f"{api_url}?{{}}"
        self._session = _Session(get, limit, is_held)  # it calls nothing but get()

    def pages(self, search: arxiv.Search) -> Iterator[arxiv.Result]:
        """All results but those that are held; the package alone would count those as missing and go astray."""
        start = 0
        while start == 0 or start < self._session.total:
            yield from self.results(search, offset=start)
            start += self.page_size


class _Session:
    """Stands where the package expects a requests.Session."""

    def __init__(self, get: Get, limit: int, is_held: IsHeld | None) -> None:
        self._get, self._limit, self._is_held = get, limit, is_held
        self.total = 0
        self._left_out: set[str] = set()

    def get(self, url: str, headers: object = None) -> SimpleNamespace:
        answer = self._get(url)
        feed, numbers = check(answer, self._limit)
        self.total = numbers.total
        body = legal(answer.body) if self._is_held is None else self._without_held(feed, numbers)
        return SimpleNamespace(status_code=200, content=body)

    def _without_held(self, feed: _Element, numbers: Numbers) -> bytes:
        """The page as if it were the last one, and had only what is news."""
        entries = feed.findall("atom:entry", _NS)
        held = [entry for entry in entries if self._leaves_out(*_gist(entry))]
        for entry in held:
            feed.remove(entry)
        for total in feed.iterfind("search:totalResults", _NS):
            total.text = str(numbers.start + len(entries) - len(held))
        return bytes(etree.tostring(feed))

    def _leaves_out(self, arxiv_id: str, *said: str) -> bool:
        if self._is_held is None or not self._is_held(arxiv_id, *said):
            return False
        if arxiv_id in self._left_out:
            raise SourceError("broken", f"{arxiv_id} came twice")
        self._left_out.add(arxiv_id)
        return True


def _gist(entry: _Element) -> tuple[str, str, str, str]:
    """What tells whether an entry is news: its id, when it was updated, title and abstract."""
    identifier, updated, title, abstract = (
        entry.findtext(f"{_ATOM}{name}", "") for name in ("id", "updated", "title", "summary")
    )
    found = parse_id(identifier)
    return found.id if found else "", updated, clean(title), clean_abstract(abstract)


def check(answer: Answer, limit: int) -> tuple[_Element, Numbers]:
    """The feed and its numbers; SourceError unless it is the page that its address asks for, whole and plausible."""
    if answer.status not in (200, 400):
        raise SourceError("broken", f"HTTP {answer.status}", status=answer.status)
    feed = parse_xml(answer.body, "feed")
    entries = feed.findall("atom:entry", _NS)
    _refuse_errors(entries, answer.status)
    numbers = Numbers(_number(feed, "totalResults"), _number(feed, "startIndex"))
    if numbers.total > limit:
        raise SourceError("too_large", f"{numbers.total} results, more than {limit}: ask for less at a time")
    asked = parse_qs(urlsplit(answer.url).query)
    _require_page(numbers, len(entries), int(asked["start"][0]), int(asked["max_results"][0]))
    return feed, numbers


def _refuse_errors(entries: list[_Element], status: int) -> None:
    for entry in entries:
        identifier = clean(entry.findtext(f"{_ATOM}id"))
        if "/api/errors" in identifier:
            message = clean(entry.findtext("atom:summary", namespaces=_NS)) or identifier
            raise SourceError("broken", message, status=status)
        # The package would skip such an entry without a word.
        if not all((entry.findtext(f"{_ATOM}{name}") or "").strip() for name in _REQUIRED):
            raise SourceError("broken", f"an entry without id or dates: {identifier!r}", status=status)
    if status != 200:
        raise SourceError("broken", f"HTTP {status}", status=status)


def _number(feed: _Element, name: str) -> int:
    text = clean(feed.findtext(f"search:{name}", namespaces=_NS))
    if not (text.isascii() and text.isdigit()):
        raise SourceError("broken", f"a feed without {name}")
    return int(text)


def _require_page(numbers: Numbers, found: int, start: int, size: int) -> None:
    if numbers.start != start:
        raise SourceError("broken", f"results from {numbers.start} on where {start} was asked for")
    expected = min(size, max(0, numbers.total - start))
    if found < expected:
        raise SourceError("truncated", f"{found} entries of {expected}, {numbers.total} in all")
    if found > expected:
        raise SourceError("broken", f"{found} entries where {expected} were expected")


def metadata(api_url: str, get: Get, ids: Sequence[str]) -> Iterator[Record]:
    """Records of the identifiers that arXiv knows; the others are simply absent."""
    unique = list(dict.fromkeys(str(_valid(one)) for one in ids))
    for first in range(0, len(unique), IDS_A_CALL):
        batch = unique[first : first + IDS_A_CALL]
        client = Client(api_url, get, len(batch), len(batch))
        search = arxiv.Search(id_list=batch, max_results=len(batch))
        asked = {_valid(one).id for one in batch}
        for record in _records(client.results(search)):
            if record.arxiv_id not in asked:
                raise SourceError("broken", f"{record.arxiv_id} was not asked for")
            yield record


def recent(
    api_url: str, get: Get, categories: Sequence[str], since: datetime, until: datetime, is_held: IsHeld
) -> Iterator[Record]:
    """Papers whose v1 was submitted in [since, until), oldest first, without those that are held."""
    if since.tzinfo is None or until.tzinfo is None:
        raise ValueError("aware datetimes are required")
    client = Client(api_url, get, PAGE_SIZE, MAX_RESULTS, is_held)
    search = arxiv.Search(
        query=_query(categories, since, until),
        max_results=MAX_RESULTS,
        sort_by=arxiv.SortCriterion.SubmittedDate,
        sort_order=arxiv.SortOrder.Ascending,
    )
    # The filter counts in whole minutes; the seconds are cut here.
    return (record for record in _records(client.pages(search)) if since <= record.submitted < until)


def _query(categories: Sequence[str], since: datetime, until: datetime) -> str:
    names = [name for code in categories for name in (names_of(code) or (code,))]
    either = " OR ".join(f"cat:{name}" for name in dict.fromkeys(names))
    first, last = (moment.astimezone(UTC).strftime("%Y%m%d%H%M") for moment in (since, until))
    return f"({either}) AND submittedDate:[{first} TO {last}]"


def _records(results: Iterable[arxiv.Result]) -> Iterator[Record]:
    """Typed records; a paper that comes twice means the server repeats a page."""
    seen: set[str] = set()
    for result in _parsed(results):
        record = record_of(result)
        if record.arxiv_id in seen:
            raise SourceError("broken", f"{record.arxiv_id} came twice")
        seen.add(record.arxiv_id)
        yield record


def _parsed(results: Iterable[arxiv.Result]) -> Iterator[arxiv.Result]:
    """The package passes up what its parser stumbles over, such as a date that is none."""
    try:
        yield from results
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise SourceError("broken", f"an entry that cannot be read: {error}") from error


def record_of(result: arxiv.Result) -> Record:
    """The package's result in our terms."""
    found = parse_id(result.entry_id)
    title = clean(result.title)
    if found is None or not title:
        raise SourceError("broken", f"an entry without id or title: {result.entry_id!r}")
    authors = [(name, author.affiliation) for author in result.authors if (name := clean(author.name))]
    abstract, comment = clean_abstract(result.summary), clean(result.comment)
    return Record(
        found.id,
        found.version or 1,
        title,
        abstract,
        authors=tuple(name for name, _ in authors),
        affiliations=tuple(tuple(map(clean, affiliations)) for _, affiliations in authors),
        categories=canonical_all([result.primary_category, *result.categories]),
        submitted=result.published,
        updated=result.updated,
        comment=comment,
        doi=clean(result.doi),
        journal=clean(result.journal_ref),
        withdrawn=bool(_WITHDRAWN.search(comment) or _WITHDRAWN.match(abstract)),
    )


def _valid(one: str) -> ArxivId:
    found = parse_id(one)
    if found is None:
        raise ValueError(f"not an arXiv identifier: {one!r}")
    return found
