"""One old post into the tables: published on its date, marked as the machine's.

Everything has a unique key, so importing twice is importing once. A later version of a post merges: new
papers join, texts that no person has touched take the later wording, what was public stays. A text that a
paper has had before is no news, so an older version of a post changes nothing.
"""

import datetime as dt
from collections.abc import Iterable

from django.db import transaction

from digest_site import clock
from papers import batches, jobs, taxonomy
from papers.models import Generation, Job, Paper, Revision, Summary
from posts import search_index
from posts.jekyll import OldEntry, OldPost, is_tag, tag_of
from posts.models import DailyPost, Digest, Entry

from .layout import entry_layout, post_layout

Text = dict[str, str]


def merge(digest: Digest, old: OldPost) -> "Merge":
    """One post, all or nothing.

    1. The day and its papers, with what the post says of them where we know nothing better.
    2. Texts: the first one of a paper, or a later wording where no person has touched it.
    3. Entries in the printed order, with the facts of their layout.
    4. What the old site failed at becomes a step that the pipeline may complete.
    5. The day is public from the end of its window on.
    """
    with transaction.atomic():
        done = Merge(digest, old)
        done.texts()
        done.entries()
        done.steps()
        done.publish()
    return done


class Merge:
    """One old post on its way into the tables."""

    def __init__(self, digest: Digest, old: OldPost) -> None:
        self.digest = digest
        self.old = old
        self.start, self.end = _window(digest, old)
        self.post, self.is_new = DailyPost.objects.get_or_create(
            digest=digest,
            date=old.date,
            defaults={"window_start": self.start, "window_end": self.end, "fetched": old.fetched},
        )
        self.papers = _papers(old)
        self.summaries = _summaries(self.papers.values())
        self.fresh = self.changed = self.failed_steps = 0
        self.kept: list[str] = []
        self.is_older = False

    def texts(self) -> None:
        had = _texts_of(self.summaries.values())
        for entry in self.old.entries:
            summary = self.summaries[entry.arxiv_id]
            text = _text(entry)
            if text in had.get(summary.pk, []):
                self.is_older |= _was_replaced(summary, text)
            elif not summary.takes_imports:
                self.kept.append(f"{entry.arxiv_id}：已有人处理，文字未动")
            elif not _says_less(summary, text):
                self.take(summary, entry, text)

    def take(self, summary: Summary, entry: OldEntry, text: Text) -> None:
        if summary.public:
            self.changed += 1
            text["reading"] = text["reading"] or summary.public.reading
        else:
            self.fresh += 1
        revision = Revision.objects.create(
            summary=summary,
            base=summary.public,
            paper_version=entry.version or 1,
            made_at=self.end,
            **text,
        )
        summary.imported(revision, self.end)

    def entries(self) -> None:
        """Printed order and layout; a paper that another published post has stays there."""
        papers = [paper.pk for paper in self.papers.values()]
        present = {
            entry.paper_id: entry
            for entry in Entry.objects.filter(digest=self.digest, paper__in=papers).select_related("post")
        }
        fresh, moved = [], []
        for place, old in enumerate(self.old.entries, start=1):
            paper = self.papers[old.arxiv_id]
            entry = present.get(paper.pk)
            if entry is None:
                fresh.append(self.place(Entry(digest=self.digest, paper=paper), old, place))
            elif entry.post_id != self.post.pk and entry.post.published_at:
                self.kept.append(f"{old.arxiv_id}：已在 {entry.post.date:%F} 的日报里")
            elif not self.is_older:
                moved.append(self.place(entry, old, place))
        self.move_others(papers)
        Entry.objects.bulk_create(fresh)
        Entry.objects.bulk_update(moved, ["post", "position", "held", "layout"])

    def place(self, entry: Entry, old: OldEntry, place: int) -> Entry:
        """Where the post has it and how it is set; of what people have in hand, only the place."""
        entry.post, entry.position, entry.held = self.post, place, ""
        if entry.layout is None or self.summaries[old.arxiv_id].takes_imports:
            entry.layout = entry_layout(old, place)
        else:
            entry.layout["place"] = place
        return entry

    def move_others(self, papers: Iterable[int]) -> None:
        """What an earlier version had and this one has not comes after it: once public, always public."""
        if self.is_older or self.is_new:
            return
        others = list(self.post.entries.exclude(paper__in=papers).order_by("position", "pk"))
        for place, entry in enumerate(others, start=len(self.old.entries) + 1):
            entry.position = place
            if entry.layout is not None:
                entry.layout["place"] = place
        Entry.objects.bulk_update(others, ["position", "layout"])

    def steps(self) -> None:
        """Readings the old site could not make become full texts to be fetched; those it has since made do not."""
        has_reading = {name for name, summary in self.summaries.items() if _has_reading(summary)}
        notes = {entry.arxiv_id: entry.note for entry in self.old.entries if entry.note is not None}
        reasons = {name: note.strip() or "旧站没有写出解读" for name, note in notes.items()}
        lacking = {name: reason for name, reason in reasons.items() if name not in has_reading}
        self.failed_steps = jobs.take_over(Job.Kind.FULLTEXT, lacking, "missing")
        jobs.settle(Job.Kind.FULLTEXT, has_reading)

    def publish(self) -> None:
        if self.is_new:
            self.post.tags.add(*filter(is_tag, map(tag_of, self.old.tags)))
        if not self.is_older:
            self.describe()
        if self.post.status == DailyPost.Status.DRAFT:
            self.post.import_published(self.end)
            search_index.forget_all()
        elif self.fresh or self.changed:
            DailyPost.objects.filter(pk=self.post.pk).update(changed_at=clock.now())
            Generation.bump()

    def describe(self) -> None:
        """The printed window and counts; where we have listed the date ourselves, ours stay."""
        layout = post_layout(self.old)
        if layout == self.post.layout:
            return
        printed = {"fetched": self.old.fetched, "window_start": self.start, "window_end": self.end}
        known = self.post.layout or {}
        if not self.is_new and known.get("fetched") != self.post.fetched:
            printed = {}
        DailyPost.objects.filter(pk=self.post.pk).update(layout=layout, **printed)


def _window(digest: Digest, old: OldPost) -> tuple[dt.datetime, dt.datetime]:
    """The window as instants; layouts that print only its width end it at the digest's anchor."""
    if old.start and old.end:
        return old.start.replace(tzinfo=digest.tzinfo), old.end.replace(tzinfo=digest.tzinfo)
    _, end = batches.anchored_window(old.date, digest.anchor, digest.tzinfo)
    return end - dt.timedelta(hours=old.form.hours or 24), end


def _papers(old: OldPost) -> dict[str, Paper]:
    ids = [entry.arxiv_id for entry in old.entries]
    known = Paper.objects.in_bulk(ids, field_name="arxiv_id")
    unknown = [entry for entry in old.entries if entry.arxiv_id not in known]
    if unknown:
        Paper.objects.upsert([_paper(entry) for entry in unknown])
        known |= Paper.objects.in_bulk([entry.arxiv_id for entry in unknown], field_name="arxiv_id")
    return known


def _paper(entry: OldEntry) -> Paper:
    return Paper(
        arxiv_id=entry.arxiv_id,
        version=entry.version or 1,
        title=entry.title,
        authors=list(entry.authors),
        categories=list(taxonomy.canonical_all(entry.categories)),
    )


def _summaries(papers: Iterable[Paper]) -> dict[str, Summary]:
    """A summary for each paper, by arXiv id."""
    papers = list(papers)
    mine = Summary.objects.filter(paper__in=papers)
    Summary.objects.bulk_create([Summary(paper=paper) for paper in papers], ignore_conflicts=True)
    rows = mine.select_related("paper", "current", "public")
    return {summary.paper.arxiv_id: summary for summary in rows}


def _texts_of(summaries: Iterable[Summary]) -> dict[int, list[Text]]:
    """Every text that a summary has had, newest first."""
    texts: dict[int, list[Text]] = {}
    for revision in Revision.objects.filter(summary__in=list(summaries)):
        texts.setdefault(revision.summary_id, []).append(revision.text)
    return texts


def _text(entry: OldEntry) -> Text:
    """The old site had no Chinese titles: its own heading, English, is the title until somebody writes one."""
    return {
        "title": entry.chinese_title or entry.title,
        "abstract": entry.abstract,
        "reading": entry.reading,
    }


def _was_replaced(summary: Summary, text: Text) -> bool:
    """Whether the public has since seen a later wording of the old site's."""
    return summary.takes_imports and summary.public is not None and summary.public.text != text


def _says_less(summary: Summary, text: Text) -> bool:
    """The same words again, only without the reading: a later run that failed takes nothing away."""
    return (
        summary.public is not None
        and not text["reading"]
        and summary.public.text == text | {"reading": summary.public.reading}
    )


def _has_reading(summary: Summary) -> bool:
    return any(text is not None and text.reading for text in (summary.current, summary.public))
