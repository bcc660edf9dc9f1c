"""The term base for readers: every term, and for each one sentences in which it occurs."""

import re
from collections.abc import Iterator
from itertools import groupby

from django.db.models.functions import Lower
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from papers.models import Term
from posts import search_index
from posts.cards import Card
from posts.search import search
from posts.views.searching import INDEX_AT_MOST, cards_of

LOOKED_AT = 8
SHOWN = 3


@require_safe
def glossary(request: HttpRequest) -> HttpResponse:
    terms = Term.objects.order_by(Lower("english"))
    letters = [(letter, list(group)) for letter, group in groupby(terms, key=_initial)]
    return render(request, "posts/glossary.html", {"letters": letters})


def _initial(term: Term) -> str:
    first = term.english[:1].upper()
    return first if "A" <= first <= "Z" else "#"


@require_safe
def term(request: HttpRequest, name: str) -> HttpResponse:
    """A term with our Chinese for it and public sentences that have it."""
    found = None if "\x00" in name else Term.objects.filter(english__iexact=name[:200]).first()
    if found is None:
        raise Http404("术语表里没有这个词")
    search_index.catch_up(INDEX_AT_MOST)
    cards = cards_of(search(f'"{found.english}"').papers[:LOOKED_AT])
    examples = [example for card in cards for example in _examples(card, found)][:SHOWN]
    return render(request, "posts/term.html", {"term": found, "examples": examples, "cards": cards})


def _examples(card: Card, found: Term) -> Iterator[tuple[Card, str, str]]:
    """The first pair of sentences of the abstract whose English has the term, as HTML."""
    word = re.compile(rf"\b{re.escape(found.english)}", re.IGNORECASE)
    for english, chinese in card.html.pairs:
        if chinese and word.search(english):
            yield card, english, chinese
            return
