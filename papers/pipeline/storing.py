"""Storing what sources say of papers, in bulk: the listing's own words first, arXiv's metadata when it arrives.

What an update may not touch: a withdrawal's notice never takes the place of title and abstract, `submitted`
is v1's, authors come from sources that name them one by one, and people's texts are none of our business.
"""

import datetime as dt
import re
from collections.abc import Iterable, Sequence
from copy import copy
from typing import Any

from django.db import transaction

from digest_site import clock
from papers import jobs, taxonomy
from papers.harvest import Item, OaiRecord, Record
from papers.models import Announcement, Category, Generation, Job, Paper, Summary, WrongState

from . import words

Kind = Announcement.Kind
Status = Summary.Status
COMPARED = ("title", "abstract", "authors", "categories", "updated", "comment", "doi", "journal", "withdrawn")
EDITABLE = ("categories", "comment", "doi", "journal")
# What a reader of a public page sees of a paper beside the Chinese text.
VISIBLE = ("version", "title", "abstract", "authors", "categories", "withdrawn", "comment", "doi", "journal")


def announced_ids(day: dt.date, categories: Sequence[str]) -> set[str]:
    """Ids that arXiv announced on a date as new, cross-listed or late in any of these categories."""
    rows = Announcement.objects.filter(date=day, category__in=categories).exclude(kind=Kind.REPLACE)
    return set(rows.values_list("arxiv_id", flat=True))


def id_order(arxiv_id: str) -> tuple[int, int, int, str, int]:
    """Ids are given at announcement, so this is the order of announcement."""
    return taxonomy.ArxivId(arxiv_id).sort_key


def followed() -> list[str]:
    """The categories that any active digest follows."""
    return list(Category.objects.filter(followed=True).values_list("code", flat=True))


def open_work(day: dt.date, categories: Sequence[str]) -> None:
    """A summary and its jobs for each paper of the date; machine work starts as soon as it is stored."""
    papers = list(
        Paper.objects.filter(arxiv_id__in=announced_ids(day, categories), summary=None).only(
            "arxiv_id", "withdrawn"
        )
    )
    if not papers:
        return
    with transaction.atomic():
        Summary.objects.bulk_create([Summary(paper=paper) for paper in papers], ignore_conflicts=True)
        jobs.enqueue(Job.Kind.TRANSLATE, [paper.arxiv_id for paper in papers])
        jobs.enqueue(Job.Kind.FULLTEXT, [paper.arxiv_id for paper in papers if not paper.withdrawn])


# The listing's words


def store_items(items: Iterable[Item]) -> None:
    """A listing's own words serve as metadata until arXiv's arrive; they never replace those."""
    items = [item for item in items if item.kind != Kind.REPLACE and item.title]
    known = stored(item.arxiv_id for item in items)
    new = [_paper_of_item(item) for item in items if item.arxiv_id not in known]
    licensed = {item.arxiv_id: item.licence for item in items if item.licence}
    if new:
        Paper.objects.upsert(new)
    told = [paper for paper in known.values() if not paper.licence and paper.arxiv_id in licensed]
    for paper in told:
        paper.licence = licensed[paper.arxiv_id]
    _write(told, ["licence"])


def _paper_of_item(item: Item) -> Paper:
    return Paper(
        arxiv_id=item.arxiv_id,
        version=item.version or 1,
        title=item.title,
        abstract=item.abstract,
        authors=list(item.authors),
        categories=list(taxonomy.canonical_all(item.categories)),
        comment=item.comment,
        doi=item.doi,
        journal=item.journal,
        licence=item.licence,
    )


# The API's metadata


def store_records(records: Iterable[Record]) -> None:
    """Upsert the API's metadata; an index that is behind what we know changes nothing."""
    records = list(records)
    before = stored(record.arxiv_id for record in records)
    news = [record for record in records if _is_news(record, before.get(record.arxiv_id))]
    _update([_paper_of_record(record) for record in news], before)


def _is_news(record: Record, paper: Paper | None) -> bool:
    """Whether the record says anything that we did not have from the API or the archive already."""
    if paper is None or paper.fetched_at is None:
        return True
    if record.version != paper.version:
        return record.version > paper.version
    if record.withdrawn and paper.withdrawn:
        return False  # the notice stands in the abstract's place
    return any(_differs(getattr(record, name), getattr(paper, name)) for name in COMPARED)


def _differs(one: object, other: object) -> bool:
    return list(one) != list(other) if isinstance(one, tuple) and isinstance(other, list) else one != other


def _paper_of_record(record: Record) -> Paper:
    return Paper(
        arxiv_id=record.arxiv_id,
        version=record.version,
        title=record.title,
        abstract=record.abstract,
        authors=list(record.authors),
        categories=list(taxonomy.canonical_all(record.categories)),
        submitted=record.submitted,
        updated=record.updated,
        comment=record.comment,
        doi=record.doi,
        journal=record.journal,
        withdrawn=record.withdrawn,
        fetched_at=clock.now(),
    )


# OAI-PMH's: versions, licence, withdrawal, and the words where only they changed


def store_changes(records: Iterable[OaiRecord]) -> None:
    """Update the papers that we have by what OAI-PMH says of them; unknown ones are not ours.

    A record whose authors changed is left to the API, which names them one by one: it only adds
    the history, and the id stays among those that want metadata.
    """
    before = stored(record.arxiv_id for record in records)
    known = [record for record in records if record.versions and record.arxiv_id in before]
    newer = [record for record in known if _is_whole(record, before[record.arxiv_id])]
    _update([_paper_of_change(record, before[record.arxiv_id]) for record in newer], before)
    now = stored(record.arxiv_id for record in newer) if newer else {}
    told = [paper for record in known if (paper := _told(record, (before | now)[record.arxiv_id]))]
    _write(told, ["versions", "licence", "withdrawn"])


def _told(record: OaiRecord, paper: Paper) -> Paper | None:
    """The paper with its history, licence and mark; None where it has them already."""
    fields = {
        "versions": _history(record, paper.versions),
        "licence": record.licence or paper.licence,
        "withdrawn": record.withdrawn or paper.withdrawn,
    }
    if all(getattr(paper, name) == value for name, value in fields.items()):
        return None
    for name, value in fields.items():
        setattr(paper, name, value)
    return paper


def _is_whole(record: OaiRecord, paper: Paper) -> bool:
    """Whether the record is news, and nothing else is needed to bring the paper up to date."""
    version = record.version or 0
    if version == paper.version:
        return paper.fetched_at is None or _is_edited(record, paper)
    return version > paper.version and _same_authors(record, paper)


def _is_edited(record: OaiRecord, paper: Paper) -> bool:
    """Whether arXiv changed the record of the same version: a category, a journal, a withdrawal."""
    if record.withdrawn or paper.withdrawn:
        return not paper.withdrawn
    return any(_differs(getattr(record, name), getattr(paper, name)) for name in EDITABLE)


def _paper_of_change(record: OaiRecord, paper: Paper) -> Paper:
    return Paper(
        arxiv_id=record.arxiv_id,
        version=record.version or paper.version,
        title=record.title,
        abstract=record.abstract,
        authors=paper.authors,
        categories=list(taxonomy.canonical_all(record.categories)) or paper.categories,
        submitted=record.submitted,
        updated=record.versions[-1].date,
        comment=record.comment,
        doi=record.doi,
        journal=record.journal,
        withdrawn=record.withdrawn,
        fetched_at=clock.now(),
    )


def split_authors(names: str) -> list[str]:
    """OAI-PMH's one string of authors as names; affiliations in parentheses are left out."""
    bare = names
    while (shorter := re.sub(r"\([^()]*\)", " ", bare)) != bare:
        bare = shorter
    return [" ".join(name.split()) for name in re.split(r",\s*(?:and\s+)?|\s+and\s+", bare) if name.strip()]


def _same_authors(record: OaiRecord, paper: Paper) -> bool:
    ours = [author["name"] if isinstance(author, dict) else str(author) for author in paper.authors]
    return list(map(words.normal, split_authors(record.authors))) == list(map(words.normal, ours))


def _history(record: OaiRecord, known: Sequence[Any]) -> list[dict[str, Any]]:
    """One row a version; the words that a later version replaced stay with the version they were of."""
    rows = {row["version"]: row for row in known if isinstance(row, dict)}
    for version in record.versions:
        rows[version.number] = rows.get(version.number, {}) | {
            "version": version.number,
            "submitted": version.date.isoformat(),
            "size": version.size,
            "withdrawn": version.withdrawn,
        }
    if record.licence and record.version:
        rows[record.version]["licence"] = record.licence
    return [rows[number] for number in sorted(rows)]


# What an update means for the texts


def stored(arxiv_ids: Iterable[str]) -> dict[str, Paper]:
    """Our papers among these ids, by id."""
    return Paper.objects.in_bulk(list(dict.fromkeys(arxiv_ids)), field_name="arxiv_id")


def _update(papers: Sequence[Paper], before: dict[str, Paper]) -> None:
    """Write papers whole. Changed words go into the history and send the Chinese text back to review."""
    changed = []
    for paper in papers:
        if old := before.get(paper.arxiv_id):
            _keep_what_withdrawal_hides(paper, old)
            if _says_something_else(old, paper):
                paper.versions = [*_without(old.versions, old.version), _superseded(old)]
                changed.append(paper)
    if not papers:
        return
    with transaction.atomic():
        Paper.objects.upsert(papers)
        _write(changed, ["versions"])
        _write([paper for paper in papers if _is_first_dated(paper, before)], ["submitted"])
        _review_again([paper.arxiv_id for paper in changed])
        _tell_readers(paper for paper in papers if _looks_different(paper, before.get(paper.arxiv_id)))


def _keep_what_withdrawal_hides(paper: Paper, old: Paper) -> None:
    """A withdrawal is a mark: the paper keeps its words, and the notice is its comment."""
    paper.withdrawn = paper.withdrawn or (old.withdrawn and old.version == paper.version)
    if paper.withdrawn:
        paper.comment = paper.comment or paper.abstract[:1000]
        paper.title, paper.abstract = old.title, old.abstract


def _says_something_else(old: Paper, new: Paper) -> bool:
    if not old.abstract:
        return False  # an old post knew only the title: the first abstract is no change
    pairs = [(old.title, new.title), (old.abstract, new.abstract)]
    if old.fetched_at is not None and new.version > old.version:
        return not all(words.same(*pair) for pair in pairs)
    # Another source of the same version: its spelling of the same words is no news.
    return not all(words.alike(*pair) for pair in pairs)


def _superseded(old: Paper) -> dict[str, Any]:
    row = next((row for row in old.versions if row.get("version") == old.version), {})
    return row | {"version": old.version, "title": old.title, "abstract": old.abstract}


def _without(versions: Iterable[dict[str, Any]], number: int) -> list[dict[str, Any]]:
    return [row for row in versions if row.get("version") != number]


def _review_again(arxiv_ids: Sequence[str]) -> None:
    """A new abstract: an approved text goes back to review, a machine's text back to the model."""
    if not arxiv_ids:
        return
    summaries = Summary.objects.filter(paper__arxiv_id__in=arxiv_ids).select_related("current")
    affected = list(summaries.exclude(status__in=[Status.REJECTED, Status.MANUAL]).select_related("paper"))
    for summary in affected:
        if summary.status == Status.APPROVED and summary.current:
            _back_to_review(summary)
    ids = [summary.paper.arxiv_id for summary in affected]
    jobs.enqueue(Job.Kind.TRANSLATE, ids, again=True, priority=5)


def _back_to_review(summary: Summary) -> None:
    try:
        summary.offer(summary.current, why="source")
    except WrongState:
        return  # an editor moved it in this moment; it is in people's hands already


def _is_first_dated(paper: Paper, before: dict[str, Paper]) -> bool:
    """v1's submission never moves, but the listing's own words came without it."""
    old = before.get(paper.arxiv_id)
    return old is not None and old.submitted is None and paper.submitted is not None


def _looks_different(paper: Paper, old: Paper | None) -> bool:
    return old is not None and any(getattr(paper, name) != getattr(old, name) for name in VISIBLE)


def _tell_readers(papers: Iterable[Paper]) -> None:
    ids = [paper.arxiv_id for paper in papers]
    if ids and Summary.objects.shown().filter(paper__arxiv_id__in=ids).exists():
        Generation.bump()


def _write(papers: Iterable[Paper], fields: list[str]) -> None:
    """Update these fields of rows that exist, a few queries for all of them."""
    if not (papers := list(papers)):
        return
    Paper.objects.bulk_create(
        [_keyed_by_arxiv_id(paper) for paper in papers],
        update_conflicts=True,
        unique_fields=["arxiv_id"],
        update_fields=fields,
        batch_size=200,
    )


def _keyed_by_arxiv_id(paper: Paper) -> Paper:
    """The same row without our own key, which would be a second conflict in an upsert."""
    row = copy(paper)
    row.pk = None
    return row
