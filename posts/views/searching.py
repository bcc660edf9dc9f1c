"""The search page: words, facets, papers newest first."""

from collections.abc import Callable, Collection

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import add_never_cache_headers
from django.views.decorators.http import require_safe

from posts import search_index
from posts.cards import Card, chip, of_entries
from posts.models import Digest, Entry
from posts.search import FACETS, Hits, search
from posts.views.common import PAGE_SIZE, Slice, page_number

MAX_QUERY = 200
# A search indexes this many new texts itself; more (after an import) is a command's work.
INDEX_AT_MOST = 100


@require_safe
def results(request: HttpRequest) -> HttpResponse:
    query = request.GET.get("q", "").strip()[:MAX_QUERY]
    filters = {kind: value[:MAX_QUERY] for kind in FACETS if (value := request.GET.get(kind, ""))}
    number = page_number(request)
    behind = search_index.catch_up(INDEX_AT_MOST)
    hits = search(query, filters)
    name = _names([*filters, *hits.facets])
    context = {
        "query": query,
        "asked": bool(query or filters),
        "filters": [(FACETS[kind], kind, name(kind, value)) for kind, value in filters.items()],
        "hits": hits,
        "facets": [
            (label, kind, [(value, name(kind, value), n) for value, n in hits.facets.get(kind, [])])
            for kind, label in FACETS.items()
            if kind not in filters
        ],
        "page": page_of(hits, number),
    }
    response = render(request, "posts/search.html", context)
    if behind:
        add_never_cache_headers(response)
    return response


def _names(kinds: Collection[str]) -> Callable[[str, str], str]:
    """What a facet's value is called: a digest by its title, a category with its name."""
    titles = dict(Digest.objects.values_list("slug", "title")) if "digest" in kinds else {}

    def name(kind: str, value: str) -> str:
        if kind == "category":
            return f"{value} {chip(value).name}".strip()
        return titles.get(value, value) if kind == "digest" else value

    return name


def page_of(hits: Hits, number: int) -> Slice:
    start, end = (number - 1) * PAGE_SIZE, number * PAGE_SIZE
    return Slice(cards_of(hits.papers[start:end]), number, len(hits.papers) > end)


def cards_of(papers: list[int]) -> list[Card]:
    """Cards of these papers in this order; one that is no longer public is left out."""
    by_paper = {
        entry.paper_id: entry for entry in Entry.objects.public().filter(paper__in=papers).with_texts()
    }
    return of_entries(by_paper[pk] for pk in papers if pk in by_paper)
