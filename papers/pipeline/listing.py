"""Listing a batch: ask every source, keep what it printed, store what it announced, fetch metadata.

1. RSS of the union, while it shows that date: where it says what the listings said hours before, they need no second look.
2. arXiv's own listing of the date, one category at a time, with its printed count kept first.
3. Once a day OAI-PMH: metadata, versions, licences, withdrawals; the API's last ten days where that leaves something open.
4. A summary and its jobs for every paper announced as new, cross-listed or late.
5. Metadata for ids that are still unknown or changed, a hundred a call.
"""

import datetime as dt
import logging
from collections.abc import Iterable, Sequence

from django.db import transaction

from digest_site import clock, logs
from papers import batches, jobs, ledger
from papers.harvest import Arxiv, SourceError
from papers.models import Announcement, Job, Paper, Summary

from . import archive, outside, sources
from .announcing import announced_on
from .metadata import UNANNOUNCED, ask_metadata, complete_unannounced
from .polls import Inquiry, Listed
from .sources import FILLED_AFTER, is_out_of_sight

log = logging.getLogger("papers.listing")

# After this the archive's daily harvest brings what ever comes.
ASKS_FOR = dt.timedelta(days=4)

Kind = Announcement.Kind


def ingest_subject(day: dt.date, categories: Iterable[str]) -> str:
    """The subject of a `list` job: which date, which categories."""
    return f"{day:%F}:{'+'.join(sorted(ledger.codes(categories)))}"


def parse_subject(subject: str) -> tuple[dt.date, list[str]]:
    day, _, codes = subject.partition(":")
    return dt.date.fromisoformat(day), codes.split("+")


def ingest(day: dt.date, categories: Sequence[str]) -> Listed:
    """List one date for these categories; safe to repeat at any time for any past date.

    :raises SourceError: a category's own listing could not be read; what others said is stored, the
        date stays open.
    """
    inquiry = Inquiry(outside.arxiv(), day, ledger.codes(categories), Listed(day))
    error = list_date(inquiry)
    complete([day], inquiry)
    if error:
        raise error
    return inquiry.listed


def list_date(inquiry: Inquiry) -> SourceError | None:
    """Steps 1 to 4; the error that keeps the date open, if there was one."""
    sources.ask_rss(inquiry)
    seconded = sources.seconded(inquiry)
    ask = sources.list_category if sources.is_in_reach(inquiry.day) else archive.list_from_archive
    errors = [error for code in inquiry.categories if code not in seconded and (error := ask(inquiry, code))]
    strangers = archive.ask_changes(inquiry)
    sources.ask_api(inquiry, of_strangers=strangers)
    for date in sorted({inquiry.day, *inquiry.listed.dates}):
        open_work(date, inquiry.categories)
    if errors or not (seconded or inquiry.listed.entries):
        _raise_alarm(inquiry)
    # One category that does not exist must not end the asking for the others.
    return min(errors, key=lambda error: error.state == "unknown_category", default=None)


def _raise_alarm(inquiry: Inquiry) -> None:
    """A day on which nothing came, or of which something is lost, is an error in the log, not a quiet day."""
    if alarm := ledger.alarm_of(ledger.looks_at([inquiry.day], inquiry.categories)[0]):
        log.error("%s", alarm)
        inquiry.listed.troubles.append(alarm)


def open_work(day: dt.date, categories: Sequence[str]) -> None:
    """A summary and its jobs for each paper of the date; machine work starts as soon as it is stored."""
    bare = Paper.objects.filter(arxiv_id__in=announced_on(day, categories), summary=None)
    papers = list(bare.order_by().only("arxiv_id", "withdrawn"))
    if not papers:
        return
    with transaction.atomic():
        Summary.objects.bulk_create([Summary(paper=paper) for paper in papers], ignore_conflicts=True)
        readable = [paper.arxiv_id for paper in papers if not paper.withdrawn]
        every = [paper.arxiv_id for paper in papers]
        jobs.enqueue_all({Job.Kind.TRANSLATE: every, Job.Kind.FULLTEXT: readable})
    for paper in papers:
        with logs.about(f"list {paper.arxiv_id}"):
            log.info("stored, announced on %s", day)


# Metadata


def complete(days: Sequence[dt.date], inquiry: Inquiry) -> None:
    """The API's word on every id of these dates that is still missing, once it can be expected to know."""
    due = [day for day in days if clock.now() >= batches.announced_at(day) + FILLED_AFTER]
    try:
        fetch_metadata(inquiry.arxiv, due, inquiry.categories)
    except SourceError as error:
        inquiry.listed.troubles.append(f"API 元数据：{error}")


def fetch_metadata(arxiv: Arxiv, days: Sequence[dt.date], categories: Sequence[str]) -> None:
    """Ask the API for the ids of these dates that want metadata, in as few calls as possible.

    :raises SourceError: the API gave no proper answer; what earlier calls brought is stored.
    """
    ask_metadata(arxiv, sorted(without_metadata(days, categories)))


def without_metadata(days: Sequence[dt.date], categories: Sequence[str]) -> set[str]:
    """Ids of these dates whose metadata is unknown, older than the version announced, or nobody's second opinion."""
    if not days:
        return set()
    rows = Announcement.objects.filter(date__in=days, category__in=categories)
    announced = list(rows.values_list("arxiv_id", "version", "kind", "date"))
    papers = Paper.objects.filter(arxiv_id__in={arxiv_id for arxiv_id, *_ in announced}).order_by()
    known = {paper[0]: paper[1:] for paper in papers.values_list("arxiv_id", "version", "fetched_at")}
    still_asked = clock.now() - ASKS_FOR
    wanted = {
        arxiv_id
        for arxiv_id, version, kind, day in announced
        if _wants_metadata(known.get(arxiv_id), version, kind, batches.announced_at(day) > still_asked)
    }
    return wanted | _unconfirmed([day for day in days if is_out_of_sight(day)], categories)


def _unconfirmed(days: Sequence[dt.date], categories: Sequence[str]) -> set[str]:
    """Ids of dates that neither a feed nor the API's last ten days reach any more: who asks for them by id is told."""
    if not days:
        return set()
    rows = Announcement.objects.filter(ledger.IN_TIME, date__in=days, category__in=categories)
    return {arxiv_id for _, arxiv_id in ledger.unconfirmed(rows.order_by())}


def _wants_metadata(
    known: tuple[int, dt.datetime | None] | None, announced: int | None, kind: str, is_recent: bool
) -> bool:
    if known is None:
        return kind != Kind.REPLACE  # else a new version of a paper that we never had
    version, fetched_at = known
    return fetched_at is None or (is_recent and version < (announced or 1))


# Jobs


def list_batch(job: Job) -> None:
    """Do a `list` job: one date, its categories. Metadata is a job of its own, for many dates at once."""
    day, categories = parse_subject(job.subject)
    inquiry = Inquiry(outside.arxiv(), day, categories, Listed(day))
    error = list_date(inquiry)
    if without_metadata([day], categories):
        jobs.enqueue(Job.Kind.METADATA, [ingest_subject(day, categories)], again=True)
    if error is None:
        return jobs.finish(job)
    if error.state == "unknown_category":
        return jobs.give_up(job, error.state, str(error))
    raise error


def complete_metadata(job: Job) -> None:
    """Do a `metadata` job: ask again for what arXiv did not know; other dates that wait go along."""
    if job.subject == UNANNOUNCED:
        return complete_unannounced(job)
    day, categories = parse_subject(job.subject)
    full = batches.announced_at(day) + FILLED_AFTER
    if clock.now() < full:
        wait = full - clock.now()
        return jobs.postpone(job, clock.machine_now() + wait, "missing", "arXiv 的元数据还没有更新")
    days = sorted({day, *_other_days(job, categories)})
    fetch_metadata(outside.arxiv(), days, categories)
    if not (missing := len(without_metadata([day], categories))):
        return jobs.finish(job)
    wait = jobs.backoff(job.attempts + 3)
    jobs.postpone(job, clock.machine_now() + wait, "missing", f"API 还没有 {missing} 篇的元数据")


def _other_days(job: Job, categories: Sequence[str]) -> list[dt.date]:
    """Dates of the same categories whose metadata is still to come."""
    open_jobs = Job.objects.filter(kind=Job.Kind.METADATA, subject__endswith=":" + "+".join(categories))
    subjects = open_jobs.exclude(state__in=[Job.State.DONE, Job.State.DEAD]).values_list("subject", flat=True)
    return [parse_subject(subject)[0] for subject in subjects]
