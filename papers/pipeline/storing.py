"""Storing what listings and the API say of papers, in bulk: the listing's own words first, arXiv's metadata when it arrives."""

from collections.abc import Iterable, Mapping
from typing import Any

from digest_site import clock
from papers import taxonomy
from papers.harvest import Item, Record
from papers.models import Announcement, Paper

from .updating import differs, stored, update

Kind = Announcement.Kind
COMPARED = ("title", "abstract", "authors", "categories", "updated", "comment", "doi", "journal", "withdrawn")

# The listing's words


def store_items(items: Iterable[Item]) -> None:
    """A listing's own words serve as metadata until arXiv's arrive; they never replace those."""
    items = [item for item in items if item.kind != Kind.REPLACE and item.title]
    if not items:
        return
    rows = Paper.objects.filter(arxiv_id__in=[item.arxiv_id for item in items]).order_by()
    licences = dict(rows.values_list("arxiv_id", "licence"))
    if new := [_paper_of_item(item) for item in items if item.arxiv_id not in licences]:
        Paper.objects.upsert(new, new=True)
    told = {
        item.arxiv_id: item.licence for item in items if item.licence and licences.get(item.arxiv_id) == ""
    }
    if told:
        _write_licences(told)


def _write_licences(told: Mapping[str, str]) -> None:
    for licence in set(told.values()):
        ids = [arxiv_id for arxiv_id, its in told.items() if its == licence]
        Paper.objects.filter(arxiv_id__in=ids, licence="").update(licence=licence)


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
    rows = Paper.objects.filter(arxiv_id__in=[record.arxiv_id for record in records]).order_by()
    held = {row["arxiv_id"]: row for row in rows.values("arxiv_id", "version", "fetched_at", *COMPARED)}
    news = [record for record in records if _is_news(record, held.get(record.arxiv_id))]
    update([_paper_of_record(record) for record in news], stored(record.arxiv_id for record in news))


def _is_news(record: Record, held: Mapping[str, Any] | None) -> bool:
    """Whether the record says anything that we did not have from the API or the archive already."""
    if held is None or held["fetched_at"] is None:
        return True
    if record.version != held["version"]:
        return record.version > held["version"]
    if record.withdrawn and held["withdrawn"]:
        return False  # the notice stands in the abstract's place
    return any(differs(getattr(record, name), held[name]) for name in COMPARED)


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
