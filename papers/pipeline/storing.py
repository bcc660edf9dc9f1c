"""Storing what sources say of papers: the listing's own words first, the API's when they arrive."""

import datetime as dt
from collections.abc import Iterable, Sequence

from django.db import transaction

from digest_site import clock
from papers import batches, jobs, taxonomy
from papers.harvest import Arxiv, Item, Record
from papers.models import Announcement, Category, FullText, Job, Paper, Summary

Kind = Announcement.Kind
IDS_A_CALL = 100


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


def store_items(items: Iterable[Item]) -> None:
    """A listing's own words serve as metadata until the API's arrive; they never replace those."""
    items = [item for item in items if item.kind != Kind.REPLACE and item.title]
    known = set(
        Paper.objects.filter(arxiv_id__in=[item.arxiv_id for item in items]).values_list(
            "arxiv_id", flat=True
        )
    )
    Paper.objects.upsert([_paper_of(item) for item in items if item.arxiv_id not in known])
    licensed = {item.arxiv_id: item.licence for item in items if item.licence}
    papers = list(Paper.objects.filter(arxiv_id__in=licensed, licence=""))
    for paper in papers:
        paper.licence = licensed[paper.arxiv_id]
    Paper.objects.bulk_update(papers, ["licence"], batch_size=200)


def _paper_of(item: Item) -> Paper:
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
    )


def store_records(records: Sequence[Record]) -> None:
    """Upsert the API's metadata; a changed title or abstract is sent to be translated anew."""
    before = {
        paper.arxiv_id: paper
        for paper in Paper.objects.filter(arxiv_id__in=[record.arxiv_id for record in records])
    }
    newer = [
        record
        for record in records
        if record.arxiv_id not in before or record.version >= before[record.arxiv_id].version
    ]
    with transaction.atomic():
        Paper.objects.upsert([_paper_of_record(record) for record in newer])
        changed = [
            record.arxiv_id
            for record in newer
            if record.arxiv_id in before and _text_changed(before[record.arxiv_id], record)
        ]
        _translate_again(changed)


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


def _text_changed(paper: Paper, record: Record) -> bool:
    """Whether the words changed; white space does not count, and a withdrawal notice is no abstract."""
    if record.withdrawn:
        return False
    old, new = f"{paper.title} {paper.abstract}", f"{record.title} {record.abstract}"
    return old.split() != new.split()


def _translate_again(arxiv_ids: Sequence[str]) -> None:
    """A new abstract for a paper that has a Chinese text: the text goes back to the model, then to review."""
    with_text = Summary.objects.filter(paper__arxiv_id__in=arxiv_ids).exclude(status=Summary.Status.REJECTED)
    jobs.enqueue(
        Job.Kind.TRANSLATE, with_text.values_list("paper__arxiv_id", flat=True), again=True, priority=5
    )


def fetch_metadata(arxiv: Arxiv, day: dt.date, categories: Sequence[str]) -> int:
    """The API's word on every id of the date that it has not given yet; how many it still does not know.

    :raises SourceError: the API gave no proper answer; what earlier calls brought is stored.
    """
    wanted = sorted(without_metadata(day, categories))
    for start in range(0, len(wanted), IDS_A_CALL):
        store_records(arxiv.metadata(wanted[start : start + IDS_A_CALL]))
    return len(without_metadata(day, categories)) if wanted else 0


def without_metadata(day: dt.date, categories: Sequence[str]) -> set[str]:
    """Ids of the date whose API metadata is unknown, or older than the version that was announced."""
    rows = Announcement.objects.filter(date=day, category__in=categories)
    newest = dict(rows.values_list("arxiv_id", "version"))
    stored = {
        paper.arxiv_id: paper
        for paper in Paper.objects.filter(arxiv_id__in=newest).only("arxiv_id", "version", "fetched_at")
    }
    replaced = set(rows.filter(kind=Kind.REPLACE).values_list("arxiv_id", flat=True))
    wanted = set()
    for arxiv_id, version in newest.items():
        paper = stored.get(arxiv_id)
        if paper is None and arxiv_id in replaced:
            continue  # a new version of a paper that we never had
        if (
            paper is None
            or paper.fetched_at is None
            or paper.version < (version or 1)
            or (arxiv_id in replaced and paper.fetched_at < batches.announced_at(day))
        ):
            wanted.add(arxiv_id)
    return wanted


def open_work(day: dt.date, categories: Sequence[str]) -> None:
    """A summary and its jobs for each paper of the date; machine work starts as soon as it is stored."""
    papers = Paper.objects.filter(arxiv_id__in=announced_ids(day, categories))
    with transaction.atomic():
        Summary.objects.bulk_create(
            [Summary(paper=paper) for paper in papers.filter(summary=None)], ignore_conflicts=True
        )
        waiting = papers.filter(summary__status=Summary.Status.WAITING)
        jobs.enqueue(Job.Kind.TRANSLATE, waiting.values_list("arxiv_id", flat=True))
        unread = papers.exclude(summary__status=Summary.Status.REJECTED).exclude(
            pk__in=FullText.objects.values("paper")
        )
        jobs.enqueue(
            Job.Kind.FULLTEXT,
            unread.filter(withdrawn=False).values_list("arxiv_id", flat=True),
        )
