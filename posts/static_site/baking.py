"""Making one page: a request of our own to the view behind its address, or for papers many at once."""

import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.core.handlers.wsgi import WSGIRequest
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.urls import resolve

from papers.models import Correction
from posts import cards
from posts.models import Entry
from posts.views import about, twins

from . import feeds
from .addresses import Links
from .pages import Page
from .state import State

# Each begins with its rarest letter: patterns that begin with a digit or a letter try at every one.
NEW_ID = re.compile(rb"\.(?<=\d{4}\.)\d{4,5}(?!\d)")
OLD_ID = re.compile(rb"/\d{7}(?!\d)")
RELATED = re.compile(r'<section aria-labelledby="related">.*?</section>', re.DOTALL)
SCRIPT = '<script src="/static/posts/static_site.js" defer></script>\n</body>'


class BrokenAddress(Exception):
    """A page that we list and the site does not have: a mistake of ours, not of the content."""


@dataclass(frozen=True)
class Baked:
    """A finished page: its bytes, and the papers whose words are in it."""

    page: Page
    data: bytes
    shows: list[int]
    links: set[str] = field(default_factory=set)


class Baker:
    """Makes pages for the site at `links.base`; settings.SITE_URL has to be the same."""

    def __init__(self, state: State, links: Links) -> None:
        self.state = state
        self.links = links
        self.neighbours: dict[int, cards.Card] = {}

    def bake(self, pages: Sequence[Page]) -> Iterable[Baked]:
        """Pages of one paper, and formats of one feed, share the work; the others are asked for one by one."""
        of_papers = [page for page in pages if page.paper]
        of_feeds = [page for page in pages if page.address.startswith(feeds.FOLDER)]
        yield from self._papers(of_papers)
        for page, data in feeds.bake(of_feeds):
            yield Baked(page, data, self._shows(data))
        for page in pages:
            if not page.paper and page not in of_feeds:
                yield self.finished(page, get(page.address))

    def finished(self, page: Page, response: HttpResponse) -> Baked:
        data = response.content
        links: set[str] = set()
        path = urlsplit(page.address).path
        if response.headers["Content-Type"].startswith("text/html"):
            text, links = self.html(data.decode(), page.address)
            data = text.encode()
        elif path.startswith("/sitemap"):
            data = self.links.in_sitemap(data.decode()).encode()
        return Baked(page, data, self._shows(data), links)

    def html(self, text: str, address: str) -> tuple[str, set[str]]:
        return self.links.in_html(text.replace("</body>", SCRIPT), address)

    def _shows(self, data: bytes) -> list[int]:
        """The papers whose identifiers stand in a page; of an old one its number is enough."""
        found = {data[match.start() - 4 : match.end()] for match in NEW_ID.finditer(data)}
        found |= {match[1:] for match in OLD_ID.findall(data)}
        return sorted({pk for name in found for pk in self.state.by_number.get(name.decode(), ())})

    # The pages of papers

    def _papers(self, pages: Sequence[Page]) -> Iterable[Baked]:
        wanted: dict[str, list[Page]] = {}
        for page in pages:
            wanted.setdefault(page.paper, []).append(page)
        entries = _entries_of([self.state.numbers[arxiv_id] for arxiv_id in wanted])
        firsts = cards.of_entries(sorted((rows[0] for rows in entries.values()), key=lambda row: row.pk))
        corrections = _corrections_of(firsts)
        self._look_up_neighbours(wanted)
        for card in firsts:
            context = {
                "card": card,
                "entries": entries[card.paper.pk],
                "corrections": corrections.get(card.summary.pk, []),
                "related": self._related(card.paper.pk),
            }
            for page in wanted[card.paper.arxiv_id]:
                yield self.finished(page, _paper_page(page, context))

    def _look_up_neighbours(self, arxiv_ids: Iterable[str]) -> None:
        """Cards of all papers that these have beside them, those seen before left out."""
        numbers = self.state.numbers
        wanted = {pk for arxiv_id in arxiv_ids for pk in self.state.related(numbers[arxiv_id])}
        found = _entries_of(sorted(wanted - self.neighbours.keys()))
        for card in cards.of_entries(rows[0] for rows in found.values()):
            self.neighbours[card.paper.pk] = card

    def _related(self, paper: int) -> list[cards.Card]:
        return [self.neighbours[pk] for pk in self.state.related(paper)]


def _entries_of(papers: Sequence[int]) -> dict[int, list[Entry]]:
    """The public entries of these papers, the earliest first, as the paper's own view takes them."""
    found: dict[int, list[Entry]] = {}
    rows = Entry.objects.public().filter(paper__in=papers).order_by("post__date", "digest")
    for entry in rows.with_texts():
        found.setdefault(entry.paper_id, []).append(entry)
    return found


def _corrections_of(shown: Iterable[cards.Card]) -> dict[int, list[Correction]]:
    found: dict[int, list[Correction]] = {}
    rows = Correction.objects.filter(summary__in=[card.summary.pk for card in shown])
    for correction in rows.select_related("by"):
        found.setdefault(correction.summary_id, []).append(correction)
    return found


def _paper_page(page: Page, context: dict[str, object]) -> HttpResponse:
    """What the paper's views answer, from rows that are at hand."""
    card: cards.Card = context["card"]  # type: ignore[assignment]
    kind = page.address.rpartition(".")[2]
    if page.address.endswith("/"):
        return HttpResponse(render_to_string("posts/paper.html", context, request_for(page.address)))
    if kind == "md":
        text = render_to_string("posts/paper.md", {"card": card})
        return HttpResponse(text, content_type="text/markdown; charset=utf-8")
    if kind == "bib":
        return HttpResponse(card.bibtex, content_type="application/x-bibtex; charset=utf-8")
    return JsonResponse(twins.paper_record(card), json_dumps_params={"ensure_ascii": False, "indent": 1})


# Requests of our own


def request_for(address: str) -> WSGIRequest:
    """What an anonymous reader's request looks like to a view."""
    parts, site = urlsplit(address), urlsplit(settings.SITE_URL)
    return WSGIRequest(
        {
            "REQUEST_METHOD": "GET",
            "HTTP_HOST": site.netloc,
            "PATH_INFO": unquote(parts.path).encode("utf-8").decode("latin-1"),
            "QUERY_STRING": parts.query,
            "SERVER_NAME": site.hostname or "",
            "SERVER_PORT": str(site.port or 443),
            "wsgi.url_scheme": site.scheme,
            "wsgi.input": io.BytesIO(),
        }
    )


def get(address: str) -> HttpResponse:
    """The answer of the view behind a live address.

    :raises BrokenAddress: anything but a page.
    """
    request = request_for(address)
    found = resolve(request.path_info)
    try:
        response = found.func(request, *found.args, **found.kwargs)
    except Http404 as error:
        raise BrokenAddress(f"{address}: {error}") from error
    if hasattr(response, "render"):
        response.render()
    if response.status_code != 200:
        raise BrokenAddress(f"{address}: {response.status_code}")
    return response


def not_found(baker: Baker) -> bytes:
    """404.html, which file hosts answer with."""
    request: HttpRequest = request_for("/404.html")
    text, _ = baker.html(about.not_found(request, Http404("")).content.decode(), "/404.html")
    return text.encode()


# Patching: a new title of a paper that is "related" on very many pages


def fragments(html: str, prefix: str) -> dict[str, str]:
    """The list items of a paper page's related papers, by arXiv id."""
    section = RELATED.search(html)
    items = re.findall(r"<li\b.*?</li>", section.group(), re.DOTALL) if section else []
    found = {}
    for item in items:
        if link := re.search(rf'href="{re.escape(prefix)}/papers/([^"]+)/"', item):
            found[link[1]] = item
    return found


def patched(html: str, prefix: str, fresh: dict[str, str]) -> str | None:
    """The page with these items in place of its own; None if it has none of one of them."""
    own = fragments(html, prefix)
    for arxiv_id, item in fresh.items():
        if arxiv_id not in own:
            return None
        html = html.replace(own[arxiv_id], item, 1)
    return html
