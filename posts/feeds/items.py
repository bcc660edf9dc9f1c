"""What feeds say of a paper or of a day, whichever format they say it in."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse

from posts import cards, rendering
from posts.models import Entry

# RFC 4151. Not the site's address on purpose: readers show every item again when identifiers change.
TAG = "tag:arxiv-chinese-digest.invalid,2026:"
MOST_AUTHORS = 40
SUMMARY_LENGTH = 300


@dataclass(frozen=True)
class Item:
    """Plain text but for `content`, which is HTML with whole addresses; times aware."""

    id: str
    url: str
    title: str
    summary: str
    content: str
    published: dt.datetime
    updated: dt.datetime
    authors: list[str] = field(default_factory=list)
    categories: list[cards.Chip] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    source: str = ""
    facts: dict[str, Any] = field(default_factory=dict)


def tag_uri(*parts: str) -> str:
    return TAG + "/".join(quote(part, safe="/+") for part in parts)


def absolute(path: str) -> str:
    """An address that means the same whatever host was asked."""
    return f"{settings.SITE_URL}{path}"


def of_papers(entries: Iterable[Entry]) -> list[Item]:
    """One item for each entry that `newest` gave, in its order."""
    return [_of_paper(card, card.entry.public_at) for card in cards.of_entries(entries)]


def _of_paper(card: cards.Card, published: dt.datetime) -> Item:
    paper = card.paper
    url = absolute(reverse("posts-paper", args=[paper.arxiv_id]))
    return Item(
        id=tag_uri("paper", paper.arxiv_id),
        url=url,
        title=rendering.plain(card.revision.title),
        summary=shortened(rendering.plain(card.revision.abstract)),
        content=render_to_string("feeds/paper.html", {"card": card, "url": url}),
        published=published,
        updated=max(published, card.summary.public_changed_at or published),
        authors=card.authors[:MOST_AUTHORS],
        categories=card.categories,
        tags=[tag.name for tag in paper.tags.all()],
        source=card.abs_url,
        facts=_facts(card),
    )


def _facts(card: cards.Card) -> dict[str, Any]:
    return {
        "id": card.paper.arxiv_id,
        "version": card.version,
        "title": card.paper.title,
        "reviewed": card.is_reviewed,
        "withdrawn": card.paper.withdrawn,
        "pdf": card.pdf_url,
        "licence": card.paper.licence,
    }


def shortened(text: str) -> str:
    return text if len(text) <= SUMMARY_LENGTH else text[: SUMMARY_LENGTH - 1] + "…"
