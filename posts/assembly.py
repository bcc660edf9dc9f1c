"""From a batch to a daily post: which papers, in which section, in which order, and what is held back."""

import datetime as dt
from collections.abc import Iterable

from django.db import transaction

from papers import batches, pipeline
from papers.models import Announcement, Generation, Paper

from .models import DailyPost, Digest, Entry

Section = Entry.Section
SECTIONS = [Section.NEW, Section.CROSS, Section.LATE]


def assemble(digest: Digest, day: dt.date) -> DailyPost:
    """The digest's post of a date, made or brought up to date; safe to repeat at any time.

    Entries are added and moved, never taken out: what has been in a post stays in it. A paper is new
    once per digest, so one that an earlier post has is left there.
    """
    with transaction.atomic():
        post = _post(digest, day)
        sections = announced(digest, day)
        papers = {
            paper.arxiv_id: paper
            for paper in Paper.objects.filter(arxiv_id__in=sections).order_by("arxiv_id")
        }
        present = {
            entry.paper_id: entry for entry in Entry.objects.filter(digest=digest, paper__in=papers.values())
        }
        here = [
            present.get(paper.pk) or Entry(post=post, digest=digest, paper=paper)
            for paper in papers.values()
            if paper.pk not in present or present[paper.pk].post_id == post.pk
        ]
        for entry in here:
            entry.section = sections[entry.paper.arxiv_id]
            entry.held = held_back(digest, entry.paper)
        _number(here)
        Entry.objects.bulk_create(
            here,
            update_conflicts=True,
            unique_fields=["digest", "paper"],
            update_fields=["section", "position", "held"],
        )
        _count(post, len(here))
    return post


def _post(digest: Digest, day: dt.date) -> DailyPost:
    start, end = batches.anchored_window(day, digest.anchor, digest.tzinfo)
    post, created = DailyPost.objects.get_or_create(
        digest=digest, date=day, defaults={"window_start": start, "window_end": end}
    )
    if created:
        post.tags.add("arxiv", *digest.categories)
    return post


def announced(digest: Digest, day: dt.date) -> dict[str, str]:
    """arXiv id -> section. New in any of the digest's categories is new; cross-lists come after."""
    kinds: dict[str, set[str]] = {}
    rows = Announcement.objects.filter(date=day, category__in=digest.categories)
    for arxiv_id, kind in rows.exclude(kind=Announcement.Kind.REPLACE).values_list("arxiv_id", "kind"):
        kinds.setdefault(arxiv_id, set()).add(kind)
    return {
        arxiv_id: next(section for section in SECTIONS if section in found)
        for arxiv_id, found in kinds.items()
    }


def held_back(digest: Digest, paper: Paper) -> str:
    """Which rule of the digest keeps a paper out of the post; empty for none."""
    if digest.primary_only and paper.primary_category not in digest.categories:
        return "只收主分类"
    text = f"{paper.title}\n{paper.abstract}".casefold()
    if hit := _first_in(text, digest.exclude_keywords):
        return f"排除词：{hit}"[:100]
    if digest.include_keywords and not _first_in(text, digest.include_keywords):
        return "不含收录词"
    return ""


def _first_in(text: str, keywords: Iterable[str]) -> str:
    return next((word for word in keywords if word.casefold() in text), "")


def _number(entries: list[Entry]) -> None:
    """Positions: by section, then in the order in which arXiv gave the ids."""
    entries.sort(key=lambda entry: (SECTIONS.index(entry.section), pipeline.id_order(entry.paper.arxiv_id)))
    for position, entry in enumerate(entries, start=1):
        entry.position = position


def _count(post: DailyPost, number: int) -> None:
    """Late papers join a published post at once: readers' pages have to know."""
    if post.fetched == number:
        return
    DailyPost.objects.filter(pk=post.pk).update(fetched=number)
    post.fetched = number
    if post.status == DailyPost.Status.PUBLISHED:
        Generation.bump()
