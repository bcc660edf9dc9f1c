"""What OAI-PMH says of the papers that we have: versions, licence, withdrawal, and the words where only they changed."""

import re
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from digest_site import clock
from papers import taxonomy
from papers.harvest import OaiRecord
from papers.models import Paper

from . import words
from .updating import differs, revise, save, stored, write

EDITABLE = ("categories", "comment", "doi", "journal")


def store_changes(records: Iterable[OaiRecord]) -> Collection[str]:
    """Update the papers that we have by what OAI-PMH says of them; their ids, since unknown ones are not ours.

    A record whose authors changed is left to the API, which names them one by one: it only adds
    the history, and the id stays among those that want metadata.
    """
    before = stored(record.arxiv_id for record in records)
    known = [record for record in records if record.versions and record.arxiv_id in before]
    newer = [record for record in known if _is_whole(record, before[record.arxiv_id])]
    changed = [_paper_of_change(record, before[record.arxiv_id]) for record in newer]
    reworded = revise(changed, before)
    whole = {paper.arxiv_id: paper for paper in changed}
    now = before | whole
    told = [paper for record in known if (paper := _told(record, now[record.arxiv_id]))]
    save(changed, before, reworded=reworded)
    write([paper for paper in told if paper.arxiv_id not in whole], ["versions", "licence", "withdrawn"])
    return before.keys()


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
    """Whether arXiv changed the record of the same version: a category, a journal, a withdrawal, a title."""
    if record.withdrawn or paper.withdrawn:
        return not paper.withdrawn
    if any(differs(getattr(record, name), getattr(paper, name)) for name in EDITABLE):
        return True
    return not (words.same(record.title, paper.title) and words.same(record.abstract, paper.abstract))


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
    theirs = split_authors(record.authors)
    return len(theirs) == len(ours) and all(map(words.same, theirs, ours))


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
