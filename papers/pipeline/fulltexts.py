"""The full text of one paper: arXiv's HTML, else the PDF, to readable text; then the reading may start."""

import datetime as dt

from django.db import transaction

from digest_site import clock
from papers import batches, extract, jobs
from papers.harvest import Download, SourceError
from papers.models import Announcement, FullText, Job, Paper, Summary

from . import outside

# A file that is not there yet is normal for hours after the announcement (research: 1 to 24 h).
FILE_WAITS = [dt.timedelta(hours=hours) for hours in (1, 2, 3, 6, 12, 24)]
FILES_ARE_LATE = dt.timedelta(days=2)
# What asking again cannot change, and what is worth a few more tries.
FINAL = {"withdrawn", "forbidden", "too_large"}
DAMAGED = {"broken", "truncated"}


def read_fulltext(job: Job) -> None:
    """Get and store the text of the paper's newest version; the paper is complete without it."""
    paper = Paper.objects.get(arxiv_id=job.subject)
    if paper.withdrawn:
        return jobs.give_up(job, "withdrawn", "已撤稿，没有全文")
    if Summary.objects.filter(paper=paper, status=Summary.Status.REJECTED).exists():
        return jobs.give_up(job, "rejected", "论文已被拒绝")
    if FullText.objects.filter(paper=paper, version=paper.version).exists():
        return _read_it(job, paper)
    try:
        source, text = _first_readable(paper.arxiv_id, paper.version)
    except SourceError as error:
        return _no_file(job, paper, error)
    except extract.Unreadable as error:
        return _no_text(job, error)
    with transaction.atomic():
        _store(paper, source, text)
        _read_it(job, paper)


def _store(paper: Paper, source: str, text: extract.Extracted) -> None:
    FullText.objects.update_or_create(
        paper=paper,
        version=paper.version,
        defaults={
            "source": source,
            "engine": text.engine,
            "text": text.text,
            "sections": text.sections,
            "notes": text.notes,
            "cut": [],
            "extracted_at": clock.now(),
        },
    )


def _read_it(job: Job, paper: Paper) -> None:
    with transaction.atomic():
        jobs.enqueue(Job.Kind.ANALYSE, [paper.arxiv_id])
        jobs.finish(job)


def _first_readable(arxiv_id: str, version: int) -> tuple[str, extract.Extracted]:
    """HTML first; what is missing, damaged or cannot be read there is looked for in the PDF."""
    arxiv = outside.arxiv()
    try:
        return "html", _text_of(arxiv.html(arxiv_id, version))
    except extract.Unreadable:
        pass
    except SourceError as error:
        if error.state not in {"missing", "too_large", "forbidden", *DAMAGED}:
            raise
    return "pdf", _text_of(arxiv.pdf(arxiv_id, version))


def _text_of(download: Download) -> extract.Extracted:
    return extract.text_of(download.data, download.content_type)


def _no_text(job: Job, error: extract.Unreadable) -> None:
    """A scan, a bomb, a locked file: the reason is recorded, and only a busy machine is worth another try."""
    reason = f"全文无法读取：{error}"
    if error.permanent:
        return jobs.give_up(job, error.reason, reason)
    jobs.retry_or_give_up(job, error.reason, reason)


def _no_file(job: Job, paper: Paper, error: SourceError) -> None:
    """404 on a fresh paper is normal: ask again on a rising schedule for two days."""
    if error.state in FINAL:
        return jobs.give_up(job, error.state, str(error))
    if error.state in DAMAGED:
        return jobs.retry_or_give_up(job, error.state, str(error), wait=error.retry_after)
    if error.state != "missing":
        wait = jobs.backoff(job.attempts, error.retry_after)
        return jobs.postpone(job, clock.machine_now() + wait, error.state, str(error))
    if clock.now() - _announced_at(paper) > FILES_ARE_LATE:
        return jobs.give_up(job, "missing", "公布两天后仍没有 HTML 和 PDF")
    wait = FILE_WAITS[min(job.attempts, len(FILE_WAITS)) - 1]
    jobs.postpone(job, clock.machine_now() + wait, "missing", str(error))


def _announced_at(paper: Paper) -> dt.datetime:
    """When arXiv last announced the paper: a new version's files are as late as a new paper's."""
    days = Announcement.objects.filter(arxiv_id=paper.arxiv_id).values_list("date", flat=True)
    told = [batches.announced_at(day) for day in days]
    return max((at for at in told if at <= clock.now()), default=paper.submitted or clock.now())
