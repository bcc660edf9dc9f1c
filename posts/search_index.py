"""The search index: one row a public paper, brought up to date when the content generation moved."""

import datetime as dt
import zlib
from collections.abc import Iterable

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.functions import Coalesce

from digest_site import clock
from papers import taxonomy
from papers.models import Generation, Paper, Summary
from posts import rendering
from posts.cards import author_names, topics_of
from posts.models import Entry, SearchState, SearchText
from posts.search import A_MONTH, engine
from posts.search_tokens import facet_token, names, text_tokens

BATCH = 200
INDEXED_AUTHORS = 60
# After so many new rows a planner without fresh statistics picks the slow way round.
WORTH_ANALYSING = 1_000
# Transactions become visible a while after the moment they wrote down.
MARGIN = dt.timedelta(minutes=10)
MANY = 2_000
UNSEEN = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def catch_up(most: int | None = None) -> int:
    """Index what became public or changed, forget what left. How many papers are left to do.

    With `most`, for a search that somebody waits for: at most so many papers, found among what changed
    since the last time. Without, for a task: all there are, compared one by one.
    Cheap when nothing changed: two reads by primary key. Safe to call at any time, by anyone.
    """
    number = Generation.objects.filter(pk=1).values_list("number", flat=True).first() or 0
    reached = "whole" if most is None else "generation"
    if SearchState.objects.filter(pk=1, **{reached: number}).exists():
        return 0
    with transaction.atomic():
        state, now = _locked(), clock.now()
        among = _touched(state.looked_at - MARGIN) if most is not None and state.looked_at else None
        left = _reconcile(among, most)
        if not left:
            done = {"generation": number} | ({"whole": number} if among is None else {})
            SearchState.objects.filter(pk=1).update(looked_at=now, **done)
    return left


def _reconcile(among: set[int] | None, most: int | None) -> int:
    """Bring the index up to date, for these papers or for all; how many are left."""
    _forget(list(_gone(among).values_list("pk", flat=True)))
    stale = _stale(among)
    now = stale[:most]
    for start in range(0, len(now), BATCH):
        _index(now[start : start + BATCH])
    if len(now) >= WORTH_ANALYSING:
        engine().analyse()
    return len(stale) - len(now)


def forget(papers: QuerySet[Paper]) -> None:
    """Have these papers read anew by the next `catch_up`, which a new generation calls for."""
    SearchText.objects.filter(paper__in=papers).update(seen_at=UNSEEN)


def forget_all() -> None:
    """Have every paper compared by the next `catch_up`: after an import, which writes the dates of old."""
    SearchState.objects.update(looked_at=None, generation=0, whole=0)


def _locked() -> SearchState:
    """One at a time: PostgreSQL locks the row, SQLite's transaction is immediate."""
    SearchState.objects.get_or_create(pk=1)
    return SearchState.objects.select_for_update().get(pk=1)


def _touched(since: dt.datetime) -> set[int] | None:
    """Papers with a post, a text, metadata or tags that changed; None for so many that all are as quick."""
    changed = [
        Entry.objects.filter(post__changed_at__gte=since).values_list("paper"),
        Summary.objects.filter(public_changed_at__gte=since).values_list("paper"),
        Paper.objects.filter(fetched_at__gte=since).values_list("pk"),
        SearchText.objects.filter(seen_at=UNSEEN).values_list("paper"),
    ]
    papers = {paper for rows in changed for (paper,) in rows.order_by()[:MANY]}
    return papers if len(papers) < MANY else None


def _gone(among: set[int] | None) -> QuerySet[SearchText]:
    rows = SearchText.objects.exclude(Exists(Entry.objects.public().filter(paper=OuterRef("paper"))))
    return rows if among is None else rows.filter(paper__in=among)


def _stale(among: set[int] | None) -> list[int]:
    """Papers, newest first, without a row that has seen their text, metadata and posts as they are."""
    fetched = Coalesce(OuterRef("paper__fetched_at"), OuterRef("post__changed_at"))
    good = SearchText.objects.filter(
        paper=OuterRef("paper"),
        revision=OuterRef("paper__summary__public"),
        seen_at__gte=OuterRef("post__changed_at"),
    ).filter(seen_at__gte=fetched)
    entries = Entry.objects.public() if among is None else Entry.objects.public().filter(paper__in=among)
    papers = entries.exclude(Exists(good)).order_by("-paper").values_list("paper", flat=True)
    return list(dict.fromkeys(papers))


def _forget(ids: list[int]) -> None:
    for start in range(0, len(ids), BATCH):
        some = ids[start : start + BATCH]
        engine().drop(some)
        SearchText.objects.filter(pk__in=some).delete()


def _index(papers: list[int]) -> None:
    by_paper: dict[int, list[Entry]] = {}
    for entry in Entry.objects.public().filter(paper__in=papers).with_texts().select_related("post__digest"):
        by_paper.setdefault(entry.paper_id, []).append(entry)
    topics = topics_of(by_paper)
    rows = [
        _row(entries, [topic.name for topic in topics.get(paper, [])]) for paper, entries in by_paper.items()
    ]
    _forget(list(SearchText.objects.filter(paper__in=papers).values_list("pk", flat=True)))
    store(rows)


def store(rows: list[SearchText]) -> None:
    """Have new rows found."""
    tokens = {row.pk: row.tokens for row in rows}
    if not engine().keeps_tokens:
        for row in rows:
            row.tokens = ""
    SearchText.objects.bulk_create(rows, batch_size=BATCH)
    engine().put(tokens)


def _row(entries: list[Entry], tags: list[str]) -> SearchText:
    paper, revision = entries[0].paper, entries[0].paper.summary.public
    facets = _facets(entries) | {"tag": tags}
    prose = map(rendering.plain, (revision.title, paper.title, revision.abstract, paper.abstract))
    # Of a reading only its names: all of it would find every paper that mentions a task, at 1.7 times the size.
    called = names(rendering.plain(revision.reading))
    words = text_tokens(*prose, paper.arxiv_id, *facets["author"], *facets["tag"], *called)
    marks = [facet_token(kind, value) for kind, values in facets.items() for value in values]
    return SearchText(
        pk=row_id(paper.arxiv_id),
        paper=paper,
        revision=revision,
        seen_at=max(filter(None, [paper.fetched_at, *(entry.post.changed_at for entry in entries)])),
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
    return (year * 100 + month) * A_MONTH + place + number
