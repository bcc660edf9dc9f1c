"""Writing papers that arXiv has news of, and what that means for their texts.

What an update may not touch: a withdrawal's notice never takes the place of title and abstract, `submitted`
is v1's, authors come from sources that name them one by one, and people's texts are none of our business.
"""

from collections.abc import Iterable, Sequence
from copy import copy
from typing import Any

from django.db import transaction

from digest_site import clock
from papers import jobs
from papers.models import Generation, Job, Paper, Summary, WrongState

from . import words

Status = Summary.Status
# Not of the source that is being stored, but of the row as it was.
KEPT = ("submitted", "versions", "licence")
# What a reader of a public page sees of a paper beside the Chinese text.
VISIBLE = ("version", "title", "abstract", "authors", "categories", "withdrawn", "comment", "doi", "journal")


def stored(arxiv_ids: Iterable[str]) -> dict[str, Paper]:
    """Our papers among these ids, by id."""
    return Paper.objects.in_bulk(list(dict.fromkeys(arxiv_ids)), field_name="arxiv_id")


def differs(one: object, other: object) -> bool:
    """Whether two values of a field differ; a tuple of a source and a list of a row are alike."""
    return list(one) != list(other) if isinstance(one, tuple) and isinstance(other, list) else one != other


def update(papers: Sequence[Paper], before: dict[str, Paper]) -> None:
    """Write papers whole. Changed words go into the history and send the Chinese text back to review."""
    save(papers, before, reworded=revise(papers, before))


def revise(papers: Sequence[Paper], before: dict[str, Paper]) -> list[str]:
    """Give papers, in memory, what they keep of the rows as they are; ids of those whose words changed."""
    reworded = []
    for paper in papers:
        if old := before.get(paper.arxiv_id):
            _keep_what_others_told(paper, old)
            _keep_what_withdrawal_hides(paper, old)
            if _says_something_else(old, paper):
                paper.versions = [*_without(old.versions, old.version), _superseded(old)]
                reworded.append(paper.arxiv_id)
    return reworded


def save(papers: Sequence[Paper], before: dict[str, Paper], *, reworded: Sequence[str]) -> None:
    """Write revised papers, and what follows from it for their texts and readers."""
    if not papers:
        return
    with transaction.atomic():
        Paper.objects.upsert(papers, also=KEPT)
        _review_again(reworded)
        _tell_readers(paper for paper in papers if _looks_different(paper, before.get(paper.arxiv_id)))


def _keep_what_others_told(paper: Paper, old: Paper) -> None:
    """v1's submission never moves, but the listing's own words came without it; the rest only OAI-PMH knows."""
    paper.submitted = old.submitted or paper.submitted
    paper.versions, paper.licence = old.versions, old.licence


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
    words_then = {"title": old.title, "abstract": old.abstract, "replaced": clock.now().isoformat()}
    return row | {"version": old.version} | words_then


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


def _looks_different(paper: Paper, old: Paper | None) -> bool:
    return old is not None and any(getattr(paper, name) != getattr(old, name) for name in VISIBLE)


def _tell_readers(papers: Iterable[Paper]) -> None:
    ids = [paper.arxiv_id for paper in papers]
    if ids and Summary.objects.shown().filter(paper__arxiv_id__in=ids).exists():
        Generation.bump()


def write(papers: Iterable[Paper], fields: list[str]) -> None:
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
