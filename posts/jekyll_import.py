"""The old site's posts into the tables: published on their dates, marked as the machine's.

Everything has a unique key, so importing twice is importing once. A later version of a post merges: new
papers join, texts that no person has touched take the later wording, what was public stays. A text that a
paper has had before is no news, so an older version of a post changes nothing.
"""

import datetime as dt
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.db import transaction

from digest_site import clock
from papers import batches, pipeline, taxonomy
from papers.models import Generation, Job, Paper, Revision, Summary

from .jekyll import Malformed, OldEntry, OldPost, is_tag
from .jekyll_reading import read
from .models import DailyPost, Digest, Entry

_FILE = re.compile(r"(?P<date>\d{4}-\d\d-\d\d)-.+\.(?:md|markdown)")
# Where a Jekyll site keeps its posts, seen from where people may stand.
_FOLDERS = [".", "_posts", "site/_posts"]
Text = dict[str, str]


@dataclass
class Imported:
    """What an import did. `malformed` are (file, line, message)."""

    posts: int = 0
    entries: int = 0
    fresh: int = 0
    changed: int = 0
    failed_steps: int = 0
    kept: list[str] = field(default_factory=list)
    malformed: list[tuple[Path, int, str]] = field(default_factory=list)


def files_in(folder: Path) -> list[Path]:
    """The posts of a Jekyll site, oldest first."""
    for place in (folder / name for name in _FOLDERS):
        if found := sorted(path for path in place.glob("*") if _FILE.fullmatch(path.name)):
            return found
    return []


def import_files(
    digest: Digest, files: Sequence[Path], *, tell: Callable[[int], None] = lambda done: None
) -> Imported:
    """Take every file that can be read; the others are reported, and change nothing."""
    result = Imported()
    for done, path in enumerate(files, start=1):
        try:
            post = read_file(path)
        except Malformed as error:
            result.malformed.append((path, error.line, error.message))
        else:
            import_post(digest, post, result)
        tell(done)
    if result.fresh:
        pipeline.ask_for_unannounced()  # what posts do not say: English abstracts, dates, comments, licences
    return result


def read_file(path: Path) -> OldPost:
    """:raises Malformed: the file is no post, or not in UTF-8."""
    data = path.read_bytes()
    named = _FILE.fullmatch(path.name)
    try:
        date = dt.date.fromisoformat(named["date"] if named else "")
        return read(data.decode("utf-8"), date)
    except UnicodeDecodeError as error:
        raise Malformed(data.count(b"\n", 0, error.start) + 1, "不是 UTF-8") from error
    except ValueError as error:
        if isinstance(error, Malformed):
            raise
        raise Malformed(1, "文件名里没有这样的日期") from error


def import_post(digest: Digest, old: OldPost, result: Imported) -> None:
    """One post, all or nothing.

    1. The day and its papers, with what the post says of them where we know nothing better.
    2. Texts: the first one of a paper, or a later wording where no person has touched it.
    3. Entries in the printed order, with the facts of their layout.
    4. What the old site failed at becomes a step that the pipeline may complete.
    5. The day is public from the end of its window on.
    """
    with transaction.atomic():
        merge = _Merge(digest, old)
        merge.texts()
        merge.entries()
        result.failed_steps += merge.failed_steps()
        merge.publish()
    result.posts += 1
    result.entries += len(old.entries)
    result.fresh += merge.fresh
    result.changed += merge.changed
    result.kept += merge.kept


class _Merge:
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
        self.fresh = self.changed = 0
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

    def failed_steps(self) -> int:
        """Readings the old site could not make: full texts to be fetched, due at the next run."""
        failures = {
            entry.arxiv_id: entry.note
            for entry in self.old.entries
            if entry.note is not None and not _has_reading(self.summaries[entry.arxiv_id])
        }
        known = Job.objects.filter(kind=Job.Kind.FULLTEXT, subject__in=failures)
        fresh = failures.keys() - set(known.values_list("subject", flat=True))
        Job.objects.bulk_create([_failed(arxiv_id, failures[arxiv_id]) for arxiv_id in sorted(fresh)])
        return len(fresh)

    def publish(self) -> None:
        if self.is_new:
            self.post.tags.add(*filter(is_tag, self.old.tags))
        if not self.is_older:
            self.describe()
        if self.post.status == DailyPost.Status.DRAFT:
            self.post.import_published(self.end)
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


def post_layout(old: OldPost) -> dict[str, Any]:
    """What the tables do not know of an old post: printed counts, order of tags, form."""
    return {
        "fetched": old.fetched,
        "shown": len(old.entries) if old.form.shown is None else old.form.shown,
        "tags": list(old.tags),
        "form": old.form.as_json(),
    }


def entry_layout(old: OldEntry, place: int) -> dict[str, Any]:
    """What the tables do not know of an old entry.

    `authors` and `categories` are as printed: arXiv may say others later, and what is no arXiv category
    (I.2.7) is none in the tables either. `note` stands where a reading would; `titled` says that the
    heading is English and the Chinese title has a line of its own.
    """
    return {
        "place": place,
        "version": old.version,
        "authors": list(old.authors),
        "categories": list(old.categories),
        "note": old.note,
        "titled": bool(old.chinese_title),
        "form": old.form.as_json(),
    }


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


def _failed(arxiv_id: str, note: str | None) -> Job:
    """A step that failed before our time, due again at the next run."""
    return Job(
        kind=Job.Kind.FULLTEXT,
        subject=arxiv_id,
        state=Job.State.WAITING,
        attempts=1,
        strikes=1,
        next_try_at=clock.machine_now(),
        error_class="missing",
        reason=(note or "旧站没有写出解读")[:500],
    )


def _has_reading(summary: Summary) -> bool:
    return any(text is not None and text.reading for text in (summary.current, summary.public))
