"""The API's word on papers, a hundred ids a call; and the job for papers that no listing announced, an old site's above all."""

import datetime as dt
from collections.abc import Sequence

from django.db.models import Exists, OuterRef, QuerySet

from papers import jobs, taxonomy
from papers.harvest import Arxiv
from papers.models import Announcement, Job, Paper, Poll

from . import archive, outside
from .announcing import confirm, followed
from .histories import store_changes
from .storing import store_records

IDS_A_CALL = 100
# The subject of the `metadata` job that is about no date.
UNANNOUNCED = "unannounced"
NAMED = 8


def ask_metadata(arxiv: Arxiv, ids: Sequence[str]) -> None:
    """Ask the API for these ids, in as few calls as possible, and store what it says.

    :raises SourceError: the API gave no proper answer; what earlier calls brought is stored.
    """
    for start in range(0, len(ids), IDS_A_CALL):
        records = arxiv.metadata(ids[start : start + IDS_A_CALL])
        store_records(records)
        confirm(Poll.Source.API, [record.arxiv_id for record in records])


def ask_for_unannounced() -> None:
    """Have arXiv asked, at its pace, for what we do not know of papers that no listing announced."""
    jobs.enqueue(Job.Kind.METADATA, [UNANNOUNCED], again=True)


def complete_unannounced(job: Job) -> None:
    """Do that job: the API for the words and dates, then the archive for the licences, which the API has not.

    What the API does not know is asked for again a few times; then the job is given up and names it.
    """
    arxiv = outside.arxiv()
    ask_metadata(arxiv, _ids(_unannounced().filter(fetched_at=None)))
    _ask_licences(arxiv)
    if not (unknown := _ids(_unannounced().filter(fetched_at=None))):
        return jobs.finish(job)
    few = "、".join(unknown[:NAMED])
    jobs.retry_or_give_up(job, "missing", f"API 不认识 {len(unknown)} 篇：{few}")


def _unannounced() -> QuerySet[Paper]:
    return Paper.objects.exclude(Exists(Announcement.objects.filter(arxiv_id=OuterRef("arxiv_id"))))


def _ids(papers: QuerySet[Paper]) -> list[str]:
    """In the order of announcement, oldest first."""
    return sorted(papers.order_by().values_list("arxiv_id", flat=True), key=taxonomy.id_order)


def _ask_licences(arxiv: Arxiv) -> None:
    """All that the archive changed since the month of the oldest of them: far fewer requests than papers."""
    wanted = _ids(_unannounced().filter(licence="").exclude(fetched_at=None))
    if not wanted:
        return
    year, month, *_ = taxonomy.ArxivId(wanted[0]).sort_key
    for code in followed():
        for records in archive.records_since(arxiv, code, dt.date(year, month, 1)):
            store_changes(records)
