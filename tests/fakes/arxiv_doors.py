"""The fake arXiv's doors: a request target and the faults it meets -> an Answer. No sockets here."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, timedelta
from pathlib import Path
from urllib.parse import parse_qsl, unquote

from tests.fakes import arxiv_feeds as feeds
from tests.fakes import arxiv_pages as pages
from tests.fakes import arxiv_query as query_language
from tests.fakes import arxiv_taxonomy as taxonomy
from tests.fakes.arxiv_faults import Fault
from tests.fakes.arxiv_oai import Repository
from tests.fakes.arxiv_text import midnight_build
from tests.fakes.arxiv_world import ONE_DAY, FakePaper, Listed, Version, World, public_at

_ATOM, _RSS, _XML = "application/atom+xml; charset=utf-8", "application/rss+xml; charset=utf-8", "text/xml"
_HTML, _PDF = "text/html; charset=utf-8", "application/pdf"
_NEW_ID = re.compile(r"(?P<id>\d{4}\.\d{4,5})(?:v(?P<version>\d+))?")
_OLD_ID = re.compile(r"(?P<archive>[a-z-]+)(?:\.[A-Z]{2})?/(?P<number>\d{7})(?:v(?P<version>\d+))?")
_SHOWS = (5, 10, 25, 50, 100, 250, 500, 1000, 2000)
_HUGE = 60 * 1024 * 1024
_CATCHUP_DAYS = 91


@dataclass
class Answer:
    """A reply. `length` is a Content-Length that the body does not have; `padding` bytes come with the body."""

    status: int
    body: bytes
    content_type: str
    headers: dict[str, str] = field(default_factory=dict)
    length: int | None = None
    padding: int = 0

    @property
    def is_short(self) -> bool:
        return self.length is not None and self.length > len(self.body) + self.padding


class Doors:
    """Answers targets about a world; `serialisation` is the API's, the limits are page sizes."""

    def __init__(
        self, world: World, serialisation: str, api_limit: int, list_limit: int, oai_limit: int
    ) -> None:
        self.world = world
        self.serialisation = serialisation
        self.api_limit = api_limit
        self.list_limit = list_limit
        self.oai = Repository(world, oai_limit)

    def answer(self, target: str, faults: Mapping[str, Fault]) -> Answer | None:
        """None for a door that arXiv does not have. Of a target's several `?` parts the last adds to the first."""
        path, _, query = target.partition("?")
        arguments = dict(parse_qsl(query.replace("?", "&"), keep_blank_values=True))
        for pattern, door in _ROUTES:
            found = pattern.fullmatch(unquote(path))
            if found:
                return door(self, arguments, faults, **found.groupdict())
        return None

    # --- /api/query

    def api(self, asked: Mapping[str, str], faults: Mapping[str, Fault]) -> Answer:
        now = self.world.now()
        try:
            if "error-entry" in faults:
                return _text(200, feeds.api_error("arXiv API is temporarily unavailable", now), _ATOM)
            start, size = _whole(asked, "start", 0), _whole(asked, "max_results", 10)
            if size > 30000 or start >= 30000:
                raise query_language.BadQuery("start and max_results must not exceed 30000")
            found = self._search(asked, faults)
        except query_language.BadQuery as error:
            return _text(400, feeds.api_error(str(error), now), _ATOM)
        return _text(200, self._page(asked, found, start, size, faults), _ATOM)

    def _page(
        self, asked: Mapping[str, str], found: list, start: int, size: int, faults: Mapping[str, Fault]
    ) -> str:
        size = min(size, self.api_limit)
        first = 0 if "ignore-start" in faults else start
        page = [] if {"empty-page-2", "api-empty"} & set(faults) else found[first : first + size]
        results = feeds.Results(
            asked.get("search_query", ""),
            asked.get("id_list", ""),
            start,
            size,
            len(found),
            self.world.now(),
            self.world.latest_batch(),
            page,
        )
        return feeds.api_feed(results, old=self.serialisation == "old")

    def _search(
        self, asked: Mapping[str, str], faults: Mapping[str, Fault]
    ) -> list[tuple[FakePaper, Version]]:
        lag = (faults["api-lag"].value or 24) if "api-lag" in faults else 0
        text, names = asked.get("search_query", "").strip(), asked.get("id_list", "").strip()
        if names:
            found = [pair for name in names.split(",") if (pair := self._indexed(name.strip(), lag))]
            if text:
                query = query_language.parse(text, self.world)
                found = [pair for pair in found if query.matches(*pair)]
        else:
            found = query_language.run(self.world, text, lag) if text else []
        by_list = names and asked.get("sortBy", "relevance") == "relevance"
        return found if by_list else _sorted(found, asked)

    def _indexed(self, name: str, lag: float) -> tuple[FakePaper, Version] | None:
        arxiv_id, number = _parsed(name)
        if not arxiv_id:
            raise query_language.BadQuery(f"incorrect id format for {name}")
        paper = self.world.paper(arxiv_id)
        newest = paper and self.world.indexed_version(paper, lag)
        if not paper or not newest:
            return None
        version = paper.version(number) if number else newest
        return (paper, version) if version and version.number <= newest.number else None

    # --- /rss/<cats>, /atom/<cats>

    def feed(self, asked: Mapping[str, str], faults: Mapping[str, Fault], door: str, names: str) -> Answer:
        today = self.world.today()
        categories = [_proper(name) for name in names.split("+")]
        write, content_type = (feeds.rss, _RSS) if door == "rss" else (feeds.atom, _ATOM)
        problem = _bad_category(categories)
        if problem:
            day = feeds.Day(categories, today, midnight_build(today), error=problem)
            return _text(400, write(day), content_type)
        shown = self.world.calendar.listing_day_before(today) if "stale-rss" in faults else today
        entries = self.world.feed(categories, shown)[:2000]
        if "rss-missing-entries" in faults:
            entries = _thinned(entries)
        return _text(200, write(feeds.Day(categories, shown, midnight_build(today), entries)), content_type)

    # --- /oai

    def harvest(self, asked: Mapping[str, str], faults: Mapping[str, Fault]) -> Answer:
        return _text(200, self.oai.answer(asked), _XML)

    # --- /list/<cat>/new, /catchup/<cat>/<date>

    def new(self, asked: Mapping[str, str], faults: Mapping[str, Fault], name: str) -> Answer:
        show = asked.get("show", str(_SHOWS[-1]))
        if not _known(name) or not show.isdigit() or int(show) not in _SHOWS:
            return _bad_request("Invalid archive, category or show")
        skip = int(asked["skip"]) if asked.get("skip", "").isdigit() else 0
        day = self.world.latest_batch()
        if "stale-list" in faults:
            day = self.world.calendar.listing_day_before(day)
        show = min(int(show), self.list_limit)
        return _text(200, pages.listing(self._listing(name, day, skip, show, faults)), _HTML)

    def catchup(self, asked: Mapping[str, str], faults: Mapping[str, Fault], name: str, day: str) -> Answer:
        problem = self._catchup_problem(asked, name, day)
        if problem:
            return _bad_request(problem)
        if name in taxonomy.CANONICAL:
            query = "&".join(f"{key}={value}" for key, value in asked.items())
            address = f"/catchup/{taxonomy.CANONICAL[name]}/{day}" + (f"?{query}" if query else "")
            return Answer(301, b"", _HTML, {"Location": address})
        on, skip = date.fromisoformat(day), (int(asked.get("page", 1)) - 1) * self.list_limit
        page = self._listing(name, on, skip, self.list_limit, faults, asked.get("abs") == "True")
        following = self.world.calendar.listing_day_after(on)
        return _text(
            200, pages.catchup(page, following if public_at(following) <= self.world.now() else None), _HTML
        )

    def _catchup_problem(self, asked: Mapping[str, str], name: str, day: str) -> str:
        """Why arXiv answers 400; the date is compared with the server's own, which is UTC."""
        today = self.world.now().astimezone(UTC).date()
        if set(asked) - {"abs", "page"}:
            return "Unexpected parameters. Only accepted parameters are: 'page', and 'abs'"
        if not _known(name):
            return "Invalid subject. Subject must be an archive, category or 'grp_physics'"
        if asked.get("abs", "False") not in ("True", "False"):
            return "Invalid abs value"
        if not asked.get("page", "1").isdigit() or asked.get("page") == "0":
            return "Invalid page value"
        try:
            on = date.fromisoformat(day)
        except ValueError:
            return "Invalid date format. Use format: YYYY-MM-DD"
        if not today - _CATCHUP_DAYS * ONE_DAY <= on <= today:
            return f"Invalid date: {on}. Catchup only allowed for past 90 days"
        return ""

    def _listing(
        self, name: str, day: date, skip: int, show: int, faults: Mapping[str, Fault], abstracts: bool = True
    ) -> pages.Listing:
        entries = self.world.listing(name, day) if public_at(day) <= self.world.now() else []
        if "list-missing-entries" in faults:
            entries = _thinned(entries)
        kept = len(entries) - max(1, len(entries) // 3) if "truncated-list" in faults else len(entries)
        hidden = frozenset(entry.paper.arxiv_id for entry in entries[kept:])
        return pages.Listing(name, day, entries, skip, show, abstracts, hidden)

    # --- /abs, /pdf, /html

    def abstract(self, asked: Mapping[str, str], faults: Mapping[str, Fault], name: str) -> Answer:
        paper, version = self._public(name)
        if paper is None or version is None:
            return _missing(name, f"Article identifier '{name}' not found", "arXiv has no such article.")
        public = self.world.public_versions(paper)
        return _text(200, pages.abstract_page(paper, version, public, self.world.latest_batch()), _HTML)

    def pdf(self, asked: Mapping[str, str], faults: Mapping[str, Fault], name: str) -> Answer:
        if name.endswith(".pdf"):
            return Answer(301, b"", _HTML, {"Location": f"/pdf/{name.removesuffix('.pdf')}"})
        answer = self._file(name, "pdf", faults)
        return _spoiled_pdf(answer, faults)

    def html(self, asked: Mapping[str, str], faults: Mapping[str, Fault], name: str) -> Answer:
        if "html-untitled" in faults:
            return _text(200, pages.untitled_page(), _HTML)
        return self._file(name, "html", faults)

    def _file(self, name: str, kind: str, faults: Mapping[str, Fault]) -> Answer:
        """The file of a version, or the page that says why there is none."""
        paper, version = self._public(name)
        if paper is None or version is None:
            return _missing(name, f"Article identifier '{name}' not found", "arXiv has no such article.")
        if version.withdrawn:
            words = f"{name} has been withdrawn and is unavailable."
            return _missing(name, f"The requested paper {paper.arxiv_id} has been withdrawn", words)
        hours = paper.pdf_from if kind == "pdf" else paper.html_from
        ready = public_at(version.announced) + timedelta(hours=hours)
        content = paper.pdf if kind == "pdf" else paper.html
        if callable(content):
            content = content(version.number)
        if content is None or self.world.now() < ready or f"{kind}-404" in faults:
            return _no_file(name, kind)
        return _content(name, content, _PDF if kind == "pdf" else _HTML)

    def _public(self, name: str) -> tuple[FakePaper | None, Version | None]:
        arxiv_id, number = _parsed(name)
        paper = self.world.paper(arxiv_id)
        public = self.world.public_versions(paper) if paper else []
        wanted = [one for one in public if number in (None, one.number)]
        return paper, wanted[-1] if wanted else None


_ROUTES = [
    (re.compile(r"/api/query/?"), Doors.api),
    (re.compile(r"/(?P<door>rss|atom)/(?P<names>[^/]+)"), Doors.feed),
    (re.compile(r"/oai2?"), Doors.harvest),
    (re.compile(r"/list/(?P<name>[^/]+)/new"), Doors.new),
    (re.compile(r"/catchup/(?P<name>[^/]+)/(?P<day>[^/]+)"), Doors.catchup),
    (re.compile(r"/abs/(?P<name>.+)"), Doors.abstract),
    (re.compile(r"/pdf/(?P<name>.+)"), Doors.pdf),
    (re.compile(r"/html/(?P<name>.+)"), Doors.html),
]


def _text(status: int, text: str, content_type: str) -> Answer:
    return Answer(status, text.encode(), content_type)


def _bad_request(words: str) -> Answer:
    return _text(400, pages.missing_file("", "Bad Request", words), _HTML)


def _missing(name: str, heading: str, words: str) -> Answer:
    return _text(404, pages.missing_file(name, heading, words), _HTML)


def _no_file(name: str, kind: str) -> Answer:
    if kind == "pdf":
        return _missing(name, "PDF unavailable", f"No PDF for '{name}' can be shown at the moment.")
    return _missing(name, f"No HTML for '{name}'", "HTML is not available for the source of this paper.")


def _content(name: str, content: bytes | Path | int, content_type: str) -> Answer:
    if isinstance(content, int):
        heading = "Forbidden: source is not public" if content == 403 else "File temporarily unavailable"
        return _text(content, pages.missing_file(name, heading, "The file cannot be shown."), _HTML)
    return Answer(200, content.read_bytes() if isinstance(content, Path) else content, content_type)


def _spoiled_pdf(answer: Answer, faults: Mapping[str, Fault]) -> Answer:
    if "pdf-html" in faults:
        return _text(200, pages.missing_file("", "reCAPTCHA", "Please show that you are a human."), _HTML)
    if "pdf-huge" in faults:
        return Answer(200, b"%PDF-1.5\n", _PDF, length=_HUGE + 9, padding=_HUGE)
    if "pdf-truncated" in faults and answer.status == 200:
        answer.body = answer.body[: len(answer.body) // 2]
    if "pdf-zero" in faults:
        return Answer(200, b"", _PDF)
    return answer


def _whole(asked: Mapping[str, str], name: str, default: int) -> int:
    text = asked.get(name) or str(default)
    if not re.fullmatch(r"\d+", text):
        raise query_language.BadQuery(f"{name} must be a non-negative integer")
    return int(text)


def _sorted(
    found: list[tuple[FakePaper, Version]], asked: Mapping[str, str]
) -> list[tuple[FakePaper, Version]]:
    """By the wanted key; relevance, which nobody can imitate, is the id."""
    keys = {
        "submittedDate": lambda pair: (pair[0].versions[0].submitted, pair[0].arxiv_id),
        "lastUpdatedDate": lambda pair: (pair[1].submitted, pair[0].arxiv_id),
        "relevance": lambda pair: pair[0].arxiv_id,
    }
    by = asked.get("sortBy") or "relevance"
    if by not in keys:
        raise query_language.BadQuery("sortBy must be in: relevance, lastUpdatedDate, submittedDate")
    order = asked.get("sortOrder") or "descending"
    if order not in ("ascending", "descending"):
        raise query_language.BadQuery("sortOrder must be in: ascending, descending")
    return sorted(found, key=keys[by], reverse=order == "descending")


def _parsed(name: str) -> tuple[str, int | None]:
    """Canonical id and version; an empty id when it is none. The subject of an old id is dropped."""
    new, old = _NEW_ID.fullmatch(name), _OLD_ID.fullmatch(name)
    if new:
        return new["id"], int(new["version"]) if new["version"] else None
    if old:
        return f"{old['archive']}/{old['number']}", int(old["version"]) if old["version"] else None
    return "", None


def _known(name: str) -> bool:
    return name in taxonomy.NAMES or name in taxonomy.ARCHIVES


def _proper(name: str) -> str:
    """Feeds accept any case."""
    known = {one.lower(): one for one in [*taxonomy.NAMES, *taxonomy.ARCHIVES]}
    return known.get(name.lower(), name)


def _bad_category(categories: Sequence[str]) -> str:
    for name in categories:
        archive, _, subject = name.partition(".")
        if _known(name):
            continue
        if archive not in taxonomy.ARCHIVES:
            return f"Bad archive '{archive}'. Valid archives are: {', '.join(taxonomy.ARCHIVES)}."
        valid = ", ".join(code for code in taxonomy.NAMES if code.startswith(archive + "."))
        return (
            f"Bad subject class '{subject}'. Valid subject classes for the archive '{archive}' are: {valid}."
        )
    return ""


def _thinned(entries: list[Listed]) -> list[Listed]:
    """Without a tenth of the entries, at least one, spread over all kinds and always the same ones."""
    return [entry for number, entry in enumerate(entries) if number % 10]
