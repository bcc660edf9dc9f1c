"""A day of a digest from announcement to draft post: the use case behind command, schedule and button."""

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from digest_site import clock
from papers import batches, ledger, pipeline
from papers.models import Category, Job

from .assembly import assemble
from .models import DailyPost, Digest

Tell = Callable[[str, pipeline.Progress], None]


@dataclass
class DayRun:
    """What a run did for one digest and date. `left` counts what is still to do."""

    digest: Digest
    day: dt.date
    ledger: ledger.DayLedger
    post: DailyPost | None = None
    left: int = 0
    troubles: list[str] = field(default_factory=list)


def quiet(step: str, progress: pipeline.Progress) -> None:
    """Tell nobody."""


def default_day() -> dt.date:
    """The newest date that arXiv has announced."""
    return batches.latest(clock.now())


def fetch(digests: Sequence[Digest], days: Sequence[dt.date], *, tell: Tell = quiet) -> list[DayRun]:
    """List these dates for these digests, oldest first, and put their drafts together.

    :raises NotYet: a date has no announcement, or not yet.
    """
    categories = union(digests)
    pipeline.list_days(
        sorted(days), categories, foreground=True, tell=lambda progress: tell("列表", progress)
    )
    return [_run(digest, day, []) for day in sorted(days) for digest in digests]


def union(digests: Iterable[Digest]) -> list[str]:
    """All categories of these digests, each once: a category is asked for once a date."""
    return sorted({code for digest in digests for code in digest.categories})


def summarize(
    digests: Sequence[Digest], days: Sequence[dt.date], *, limit: int | None = None, tell: Tell = quiet
) -> list[DayRun]:
    """Translate, read and analyse the papers of these dates, in the foreground; waiting jobs are due."""
    ids = sorted(
        {
            arxiv_id
            for day in days
            for digest in digests
            for arxiv_id in pipeline.announced_ids(day, digest.categories)
        }
    )
    chosen = ids if limit is None else ids[:limit]
    pipeline.work_off(
        [Job.Kind.TRANSLATE, Job.Kind.FULLTEXT, Job.Kind.ANALYSE],
        subjects=lambda: chosen,
        foreground=True,
        tell=lambda progress: tell("译读", progress),
    )
    return [_run(digest, day, chosen) for day in days for digest in digests]


def run_daily(digests: Sequence[Digest], day: dt.date, *, tell: Tell = quiet) -> list[DayRun]:
    """Close the earlier open dates, then list, summarize and assemble `day`."""
    days = sorted({*ledger.open_days(day, union(digests)), day})
    fetch(digests, days, tell=tell)
    summarize(digests, days, tell=tell)
    return [_finish(digest, date) for date in days for digest in digests]


def assemble_open_days() -> None:
    """Drafts of the dates that are not settled, for the worker: papers and texts keep coming in."""
    now = clock.now()
    for digest in Digest.objects.filter(active=True):
        for day in {*ledger.open_days(batches.latest(now), digest.categories), *_recent_days(digest)}:
            _finish(digest, day)


def _recent_days(digest: Digest) -> list[dt.date]:
    newest = digest.posts.order_by("-date").values_list("date", flat=True)
    return list(newest[:3])


def follow_categories() -> None:
    """Have the categories followed that some active digest wants."""
    wanted = union(Digest.objects.filter(active=True))
    Category.objects.exclude(code__in=wanted).filter(followed=True).update(followed=False)
    Category.objects.filter(code__in=wanted, followed=False).update(followed=True)


def _finish(digest: Digest, day: dt.date) -> DayRun:
    """Publish what the policy lets the machine publish; people publish the rest."""
    run = _run(digest, day, sorted(pipeline.announced_ids(day, digest.categories)))
    if digest.policy == Digest.Policy.MACHINE and run.post and run.post.entries.exists():
        run.post.publish()
    return run


def _run(digest: Digest, day: dt.date, subjects: Sequence[str]) -> DayRun:
    book = ledger.of_day(day, digest.categories)
    run = DayRun(digest, day, book, troubles=list(book.troubles))
    run.left = ledger.work_left(subjects) + (not book.listed)
    if book.listed or book.stored:
        run.post = assemble(digest, day)
    return run
