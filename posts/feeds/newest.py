"""The newest public papers of a feed, in the order in which readers could first see them.

A paper becomes public when both its post and its text are. Two cheap questions find the newest without
sorting all there are: entries of the posts published last, and papers whose text was approved since the
last of those.
"""

import datetime as dt

from django.db.models import DateTimeField, QuerySet
from django.db.models.functions import Coalesce, Greatest

from papers.models import Summary
from posts.models import DailyPost, Entry

ITEMS = 50
# Posts that are gone through before all are; the first few nearly always have enough.
FEW_POSTS, MANY_POSTS = 10, 60
# More than ITEMS: a paper that two digests announced counts once.
CANDIDATES = 2 * ITEMS

POST_SHOWN = Coalesce("published_at", "window_end")
ENTRY_SHOWN = Coalesce("post__published_at", "post__window_end")
PUBLIC_AT = Greatest(
    ENTRY_SHOWN, Coalesce("paper__summary__public_since", ENTRY_SHOWN), output_field=DateTimeField()
)
# (entry, paper, when it became public)
Row = tuple[int, int, dt.datetime]
# (entry or post, when it became public)
First = tuple[int, dt.datetime]


def newest(
    entries: QuerySet[Entry], posts: QuerySet[DailyPost], sparse: QuerySet[Entry] | None = None
) -> list[Entry]:
    """At most ITEMS of these public entries of these posts, newest first, one a paper, with `public_at`.

    `sparse` are the same entries, in a query that is quick where they are few among many others.
    """
    recent = _recent(posts)
    for number in (FEW_POSTS, MANY_POSTS):
        rows = _ranked(entries.filter(post__in=[pk for pk, _ in recent[:number]]))
        chosen = _firsts(entries, {paper for _, paper, _ in rows})
        misses_some = _may_miss_some(recent, number, rows, chosen)
        if not misses_some:
            break
    if misses_some:
        rows = _ranked(entries if sparse is None else sparse, 4 * CANDIDATES)
        chosen = _firsts(entries, {paper for _, paper, _ in rows})
    elif chosen and (late := _late(entries, rows, chosen)):
        chosen = _firsts(entries, {paper for _, paper, _ in rows + late})
    return _loaded(chosen[:ITEMS])


def _recent(posts: QuerySet[DailyPost]) -> list[First]:
    """The posts published last, and when they were."""
    ordered = posts.annotate(shown_at=POST_SHOWN).order_by("-shown_at", "-pk")
    return list(ordered.values_list("pk", "shown_at")[: MANY_POSTS + 1])


def _may_miss_some(recent: list[First], number: int, rows: list[Row], chosen: list[First]) -> bool:
    """Whether posts after the first `number`, or rows that were cut off, may hold papers newer than the last shown."""
    cut = [rows[-1][2]] if len(rows) == CANDIDATES else []
    older = [recent[number][1]] if len(recent) > number else []
    if not (cut or older):
        return False
    return len(chosen) < ITEMS or chosen[ITEMS - 1][1] < max(cut + older)


def _ranked(entries: QuerySet[Entry], most: int | None = None) -> list[Row]:
    ordered = entries.annotate(public_at=PUBLIC_AT).order_by("-public_at", "-post__date", "position", "pk")
    return list(ordered.values_list("pk", "paper", "public_at")[: most or CANDIDATES])


def _late(entries: QuerySet[Entry], rows: list[Row], chosen: list[First]) -> list[Row]:
    """Entries of older posts whose text was approved since the last paper that would be shown became public."""
    approved = Summary.objects.filter(public_since__gt=chosen[:ITEMS][-1][1]).order_by("-public_since")
    papers = set(approved.values_list("paper", flat=True)[: 3 * CANDIDATES])
    others = papers - {paper for _, paper, _ in rows}
    return _ranked(entries.filter(paper__in=others)) if others else []


def _firsts(entries: QuerySet[Entry], papers: set[int]) -> list[First]:
    """Of each paper the entry by which it became public first; the newest of these first."""
    every = entries.filter(paper__in=papers).annotate(public_at=PUBLIC_AT)
    seen: dict[int, tuple[int, dt.datetime]] = {}
    for pk, paper, moment in every.order_by("public_at", "post__date", "-position", "-pk").values_list(
        "pk", "paper", "public_at"
    ):
        seen.setdefault(paper, (pk, moment))
    return list(seen.values())[::-1]


def _loaded(chosen: list[First]) -> list[Entry]:
    whole = Entry.objects.filter(pk__in=[pk for pk, _ in chosen]).with_texts()
    by_pk = {entry.pk: entry for entry in whole}
    for pk, moment in chosen:
        by_pk[pk].public_at = moment
    return [by_pk[pk] for pk, _ in chosen]
