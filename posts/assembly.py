"""From a batch to a daily post: which papers, in which section, in which order, and what is held back."""

import datetime as dt
import logging
from collections.abc import Iterable

from django.db import transaction
from django.db.models import Min

from digest_site import clock, logs
from papers import batches, ledger
from papers.models import Announcement, Generation, Paper
from papers.taxonomy import id_order

from .models import DailyPost, Digest, Entry

log = logging.getLogger(__name__)

Section = Entry.Section
Kind = Announcement.Kind
SECTIONS = [Section.NEW, Section.CROSS, Section.LATE]


def assemble(digest: Digest, day: dt.date) -> DailyPost:
    """The digest's post of a date, made or brought up to date; safe to repeat at any time.

    1. The papers whose first announcement in the digest's categories is this date belong here.
    2. One that sits in the draft of another date moves here; what was published somewhere stays there.
    3. Rules of the digest hold entries back, but never what readers have already seen.
    4. Entries are numbered by section and id; readers are told if a published post has changed.

    Entries are added and moved, never taken out.
    """
    with transaction.atomic():
        post = _post(digest, day)
        sections = announced(digest, day)
        entries = _entries(post, set(sections))
        before = [_state(entry) for entry in entries]
        for entry in entries:
            _place(entry, post, sections.get(entry.paper.arxiv_id))
        _number(entries)
        changed = [entry for entry, was in zip(entries, before, strict=True) if _state(entry) != was]
        _store(changed)
        _count(post, entries, bool(changed))
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
    """arXiv id -> section, of the papers whose first date this is.

    New in any of the digest's categories is new; cross-lists come after. A later cross-list of a paper
    that an earlier date has is no news, in whatever order we learn of the two.
    """
    rows = Announcement.objects.filter(category__in=ledger.codes(digest.categories)).exclude(
        kind=Kind.REPLACE
    )
    kinds: dict[str, set[str]] = {}
    for arxiv_id, kind in rows.filter(date=day).values_list("arxiv_id", "kind"):
        kinds.setdefault(arxiv_id, set()).add(kind)
    first = dict(
        rows.filter(arxiv_id__in=kinds).order_by().values_list("arxiv_id").annotate(first=Min("date"))
    )
    return {
        arxiv_id: next(section for section in SECTIONS if section in found)
        for arxiv_id, found in kinds.items()
        if first[arxiv_id] == day
    }


def _entries(post: DailyPost, arxiv_ids: set[str]) -> list[Entry]:
    """Those it has, those that belong here and are nowhere yet, and those that move here from a draft."""
    known = Entry.objects.filter(digest=post.digest).select_related("post", "paper__summary")
    staying = {entry.paper.arxiv_id: entry for entry in known.filter(post=post)}
    others = arxiv_ids - staying.keys()
    elsewhere = {entry.paper.arxiv_id: entry for entry in known.filter(paper__arxiv_id__in=others)}
    moving = {name: entry for name, entry in elsewhere.items() if _may_move(entry)}
    papers = Paper.objects.filter(arxiv_id__in=others - elsewhere.keys()).select_related("summary")
    new = {paper.arxiv_id: Entry(digest=post.digest, paper=paper) for paper in papers}
    return list((new | moving | staying).values())


def _may_move(entry: Entry) -> bool:
    """Only from a post that no reader has ever seen."""
    return entry.post.published_at is None


def _state(entry: Entry) -> tuple[object, ...]:
    return entry.pk, entry.post_id, entry.section, entry.position, entry.held


def _place(entry: Entry, post: DailyPost, section: str | None) -> None:
    """`section` is None for what is here although no announcement says so any more: it stays as it is."""
    was_seen = entry.post_id == post.pk and _is_seen(entry)
    entry.post = post
    entry.section = section or entry.section
    if section and not was_seen:
        entry.held = held_back(post.digest, entry.paper)


def _is_seen(entry: Entry) -> bool:
    """Whether readers have it before them: a rule that changed since takes nothing away from them."""
    summary = getattr(entry.paper, "summary", None)
    is_shown = summary is not None and summary.public_id is not None and not entry.held
    return is_shown and entry.post.status == DailyPost.Status.PUBLISHED


def held_back(digest: Digest, paper: Paper) -> str:
    """Which rule of the digest keeps a paper out of the post; empty for none."""
    if digest.primary_only and paper.primary_category not in ledger.codes(digest.categories):
        return "只收主分类"
    text = f"{paper.title}\n{paper.abstract}".casefold()
    if hit := _first_in(text, digest.exclude_keywords):
        return f"排除词：{hit}"[:100]
    if digest.include_keywords and not _first_in(text, digest.include_keywords):
        return "不含收录词"
    return ""


def _first_in(text: str, keywords: Iterable[str]) -> str:
    return next((word for word in keywords if word.strip() and word.strip().casefold() in text), "")


def _number(entries: list[Entry]) -> None:
    """Positions: by section, then in the order in which arXiv gave the ids."""
    ordered = sorted(
        entries, key=lambda entry: (SECTIONS.index(entry.section), id_order(entry.paper.arxiv_id))
    )
    for position, entry in enumerate(ordered, start=1):
        entry.position = position


def _store(changed: list[Entry]) -> None:
    """Two queries, however many entries; two runs at once end with the same rows."""
    new, moved = [entry for entry in changed if entry.pk is None], [entry for entry in changed if entry.pk]
    Entry.objects.bulk_create(
        new,
        update_conflicts=True,
        unique_fields=["digest", "paper"],
        update_fields=["section", "position", "held"],
    )
    Entry.objects.bulk_update(moved, ["post", "section", "position", "held"], batch_size=200)
    for entry in new:
        with logs.about(f"assemble {entry.paper.arxiv_id}"):
            log.info("%s in %s%s", entry.section, entry.post, f", held: {entry.held}" if entry.held else "")


def _lacking(post: DailyPost, entries: list[Entry]) -> int:
    """How many papers arXiv printed that stand nowhere; one whose announcement was lost may stand in the post still."""
    [look] = ledger.looks_at([post.date], post.digest.categories)
    missing = sum(listing.missing for listing in look.listings)
    if not missing:
        return 0
    rows = Announcement.objects.filter(category__in=ledger.codes(post.digest.categories))
    ids = [entry.paper.arxiv_id for entry in entries]
    known = set(rows.filter(arxiv_id__in=ids).exclude(kind=Kind.REPLACE).values_list("arxiv_id", flat=True))
    return max(0, missing - sum(entry.paper.arxiv_id not in known for entry in entries))


def _count(post: DailyPost, entries: list[Entry], changed: bool) -> None:
    """What arXiv announced and this post has or still lacks. Readers of a published post see it at once."""
    number = len(entries) + _lacking(post, entries)
    if not changed and post.fetched == number:
        return
    DailyPost.objects.filter(pk=post.pk).update(fetched=number)
    post.fetched = number
    if post.status == DailyPost.Status.PUBLISHED:
        DailyPost.objects.filter(pk=post.pk).update(changed_at=clock.now())
        Generation.bump()
