"""The same days and papers for programs: Markdown, JSON and BibTeX."""

import datetime as dt
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.template.loader import render_to_string
from django.views.decorators.http import require_safe

from posts import cards
from posts.models import DailyPost
from posts.views.common import date_or_404
from posts.views.days import public_posts, with_tallies
from posts.views.papers import canonical_or_404, card_or_404


def absolute(path: str) -> str:
    return f"{settings.SITE_URL}{path}"


def paper_record(card: cards.Card) -> dict[str, Any]:
    """A public paper as plain values."""
    paper = card.paper
    return {
        "arxiv_id": paper.arxiv_id,
        "version": card.version,
        "url": absolute(card.url),
        "title_zh": card.revision.title,
        "title_en": paper.title,
        "authors": card.authors,
        "categories": paper.categories,
        "tags": [topic.name for topic in card.topics],
        "abstract_zh": card.revision.abstract,
        "abstract_en": paper.abstract,
        "reading_zh": card.revision.reading,
        "reviewed": card.is_reviewed,
        "withdrawn": paper.withdrawn,
        "abs": card.abs_url,
        "pdf": card.pdf_url,
        "licence": paper.licence,
        "submitted": paper.submitted,
        "updated": paper.updated,
        "public_since": card.summary.public_since,
        "changed": card.summary.public_changed_at,
    }


def _json(data: dict[str, Any]) -> JsonResponse:
    response = JsonResponse(data, json_dumps_params={"ensure_ascii": False, "indent": 1})
    response["Access-Control-Allow-Origin"] = "*"
    return response


def _markdown(template: str, context: dict[str, Any]) -> HttpResponse:
    text = render_to_string(template, context)
    return HttpResponse(text, content_type="text/markdown; charset=utf-8")


def _post_or_404(slug: str, date: dt.date) -> DailyPost:
    return get_object_or_404(public_posts(), digest__slug=slug, date=date)


def _cards(post: DailyPost) -> list[cards.Card]:
    return cards.of_entries(post.entries.public().with_texts())


@require_safe
def day_markdown(request: HttpRequest, slug: str, year: str, month: str, day: str) -> HttpResponse:
    post = _post_or_404(slug, date_or_404(year, month, day))
    return _markdown("posts/day.md", {"post": post, "cards": _cards(post)})


@require_safe
def day_json(request: HttpRequest, slug: str, year: str, month: str, day: str) -> HttpResponse:
    post = _post_or_404(slug, date_or_404(year, month, day))
    made = _cards(post)
    papers = [paper_record(card) | {"section": card.entry.section} for card in made]
    return _json(
        {
            "digest": post.digest.slug,
            "title": post.digest.title,
            "date": post.date,
            "url": absolute(post.get_absolute_url()),
            "window": [post.window_start, post.window_end],
            "announced": post.fetched,
            "ledger": with_tallies([post], made)[0].ledger,
            "papers": papers,
        }
    )


@require_safe
def paper_markdown(request: HttpRequest, name: str) -> HttpResponse:
    return _markdown("posts/paper.md", {"card": card_or_404(canonical_or_404(name))})


@require_safe
def paper_json(request: HttpRequest, name: str) -> HttpResponse:
    return _json(paper_record(card_or_404(canonical_or_404(name))))


@require_safe
def paper_bibtex(request: HttpRequest, name: str) -> HttpResponse:
    text = card_or_404(canonical_or_404(name)).bibtex
    return HttpResponse(text, content_type="application/x-bibtex; charset=utf-8")
