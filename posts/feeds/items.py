"""What feeds say of a paper or of a day, whichever format they say it in."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from papers.models import Correction
from posts import cards
from posts.feeds import content
from posts.feeds.site import absolute, tag_uri
from posts.models import Entry

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


def of_papers(entries: Iterable[Entry]) -> list[Item]:
    """One item for each entry that `newest` gave, in its order."""
    shown = cards.of_entries(entries)
    corrected: dict[int, list[Correction]] = defaultdict(list)
    for one in Correction.objects.filter(summary__in=[card.summary.pk for card in shown]):
        corrected[one.summary_id].append(one)
    return [_of_paper(card, corrected[card.summary.pk]) for card in shown]


def _of_paper(card: cards.Card, corrections: list[Correction]) -> Item:
    published = card.entry.public_at
    return Item(
        id=tag_uri("paper", card.paper.arxiv_id),
        url=absolute(card.url),
        title=card.plain_title,
        summary=shortened(content.text_of(card.html.abstract)),
        content=content.of_paper(card, corrections),
        published=published,
        updated=max(published, card.summary.public_changed_at or published),
        authors=card.authors[:MOST_AUTHORS],
        categories=card.categories,
        tags=[topic.name for topic in card.topics],
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
