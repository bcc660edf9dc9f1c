"""A paper's page: one address for life."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from papers import taxonomy
from papers.models import Summary
from posts import cards
from posts.models import Entry
from posts.related import related_to


def card_or_404(arxiv_id: str) -> cards.Card:
    """The public card of a paper; its `entry` is the first post it appeared in."""
    entries = list(
        Entry.objects.public()
        .filter(paper__arxiv_id=arxiv_id)
        .order_by("post__date", "digest")
        .with_texts()
        .select_related("post__digest")
    )
    if not entries:
        raise Http404("这篇论文尚未公开，或不在本站收录范围内")
    return cards.of_entries(entries[:1])[0]


def canonical_or_404(name: str) -> str:
    """The identifier that `name` means, in any spelling and version."""
    found = taxonomy.parse_id(name)
    if found is None:
        raise Http404("这不是 arXiv 编号")
    return found.id


@require_safe
def paper(request: HttpRequest, name: str) -> HttpResponse:
    arxiv_id = canonical_or_404(name)
    if _was_withdrawn(arxiv_id):
        return render(request, "posts/withdrawn.html", {"arxiv_id": arxiv_id}, status=410)
    card = card_or_404(arxiv_id)
    if name != arxiv_id:
        return HttpResponsePermanentRedirect(reverse("posts-paper", args=[arxiv_id]))
    return render(request, "posts/paper.html", _context(card))


def _was_withdrawn(arxiv_id: str) -> bool:
    """A person took away a text that readers had seen: its address says so instead of vanishing."""
    return Summary.objects.filter(
        paper__arxiv_id=arxiv_id,
        public=None,
        public_since__isnull=False,
        paper__entries__post__status="published",
    ).exists()


def _context(card: cards.Card) -> dict[str, Any]:
    return {
        "card": card,
        "entries": Entry.objects.public().filter(paper=card.paper).select_related("post__digest"),
        "corrections": card.summary.corrections.select_related("by"),
        "related": related_to(card),
    }
