"""The search index: one row a public paper, brought up to date when the content generation moved."""

import zlib
from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from papers import taxonomy
from papers.models import Generation, Paper
from posts import rendering
from posts.cards import author_names, topics_of
from posts.models import Entry, SearchState, SearchText
from posts.search import engine, rows_of
from posts.search_tokens import facet_token, text_tokens

BATCH = 200
INDEXED_AUTHORS = 60
# After so many new rows a planner without fresh statistics picks the slow way round.
WORTH_ANALYSING = 1_000


def catch_up(most: int | None = None) -> int:
    """Index what became public or changed, forget what left; at most `most` papers. How many are left.

    Cheap when nothing changed: two reads by primary key. Safe to call at any time, by anyone.
    """
    number = Generation.current()
    if SearchState.objects.filter(pk=1, generation=number).exists():
        return 0
    with transaction.atomic():
        _lock()
        _forget(list(_gone().values_list("pk", flat=True)))
        stale = _stale()
        now, later = stale[:most], stale[most:] if most is not None else []
        for start in range(0, len(now), BATCH):
            _index(now[start : start + BATCH])
        if len(now) >= WORTH_ANALYSING:
            rows_of("ANALYZE posts_searchtext")
        if not later:
            SearchState.objects.filter(pk=1).update(generation=number)
    return len(later)


def forget(papers: QuerySet[Paper]) -> None:
    """Have these papers read anew by the next `catch_up`, which a new generation calls for."""
    _forget(list(SearchText.objects.filter(paper__in=papers).values_list("pk", flat=True)))


def _lock() -> None:
    """One at a time: PostgreSQL locks the row, SQLite's transaction is immediate."""
    SearchState.objects.get_or_create(pk=1)
    SearchState.objects.select_for_update().get(pk=1)


def _gone() -> Any:
    return SearchText.objects.exclude(Exists(Entry.objects.public().filter(paper=OuterRef("paper"))))


def _stale() -> list[int]:
    """Papers, newest first, without a row for their public revision and their post's last change."""
    good = SearchText.objects.filter(
        paper=OuterRef("paper"),
        revision=OuterRef("paper__summary__public"),
        seen_at__gte=OuterRef("post__changed_at"),
    )
    papers = Entry.objects.public().exclude(Exists(good)).order_by("-paper").values_list("paper", flat=True)
    return list(dict.fromkeys(papers))


def _forget(ids: list[int]) -> None:
    for start in range(0, len(ids), BATCH):
        some = ids[start : start + BATCH]
        engine().drop(some)
        SearchText.objects.filter(pk__in=some).delete()


def _index(papers: list[int]) -> None:
    by_paper: dict[int, list[Entry]] = {}
    for entry in Entry.objects.public().filter(paper__in=papers).with_texts():
        by_paper.setdefault(entry.paper_id, []).append(entry)
    topics = topics_of(by_paper)
    rows = [
        _row(entries, [topic.name for topic in topics.get(paper, [])]) for paper, entries in by_paper.items()
    ]
    _forget(list(SearchText.objects.filter(paper__in=papers).values_list("pk", flat=True)))
    SearchText.objects.bulk_create(rows)
    engine().put({row.pk: row.tokens for row in rows})


def _row(entries: list[Entry], tags: list[str]) -> SearchText:
    paper, revision = entries[0].paper, entries[0].paper.summary.public
    facets = _facets(entries) | {"tag": tags}
    prose = map(rendering.plain, (revision.title, paper.title, revision.abstract, paper.abstract))
    words = text_tokens(*prose, paper.arxiv_id, *facets["author"], *facets["tag"])
    marks = [facet_token(kind, value) for kind, values in facets.items() for value in values]
    return SearchText(
        pk=row_id(paper.arxiv_id),
        paper=paper,
        revision=revision,
        seen_at=max(entry.post.changed_at for entry in entries),
        facets=facets,
        tokens=" ".join([*words, *marks]),
    )


def _facets(entries: list[Entry]) -> dict[str, list[str]]:
    paper = entries[0].paper
    return {
        "digest": _once(entry.post.digest.slug for entry in entries),
        "category": _once(paper.categories),
        "author": _once(author_names(paper)[:INDEXED_AUTHORS]),
        "month": _once(f"{entry.post.date:%Y-%m}" for entry in entries),
    }


def _once(values: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(values))


def row_id(arxiv_id: str) -> int:
    """A number that rises as arXiv announces, so that newest first is simply from the end.

    Identifiers before April 2007 were counted for each archive by itself: a hash of its name, which
    is another for each of arXiv's archives, keeps them apart.
    """
    parsed = taxonomy.parse_id(arxiv_id)
    if parsed is None:
        raise ValueError(f"not an arXiv identifier: {arxiv_id}")
    year, month, number, archive, _ = parsed.sort_key
    place = (zlib.crc32(archive.encode()) % 9_999 + 1) * 1_000 if archive else 0
    return (year * 100 + month) * 100_000_000 + place + number
