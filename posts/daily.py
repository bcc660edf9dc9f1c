"""A day of a digest from announcement to draft post: the use case behind command, schedule and button."""

import datetime as dt
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from django.conf import settings
from django.db.models import Subquery

from digest_site import clock
from papers import batches, ledger, pipeline
from papers.models import Announcement, Beat, Job, Poll

from .assembly import assemble
from .models import DailyPost, Digest, Entry

Tell = Callable[[str, pipeline.Progress], None]
LISTING_STEPS: dict[str, str] = {Job.Kind.LIST: "列表", Job.Kind.METADATA: "元数据"}
TEXT_KINDS = (Job.Kind.TRANSLATE, Job.Kind.FULLTEXT, Job.Kind.ANALYSE)
# Posts that the policy `machine` goes on filling; an older one changes when its date is listed again.
RECENT_POSTS = 5
# A poll that was asked this long before a look at the table may have been stored after it.
UNDER_WAY = dt.timedelta(hours=1)
LOOKS_BACK = dt.timedelta(days=30)
# So many jobs of a kind tell how long one of them takes.
ENOUGH_TO_TELL = 3


@dataclass
class DayRun:
    """What a run did for one digest and date. `left` counts what is still to do, `reasons` says why of each job."""

    digest: Digest
    day: dt.date
    ledger: ledger.DayLedger
    post: DailyPost | None = None
    left: int = 0
    troubles: list[str] = field(default_factory=list)
    reasons: dict[str, int] = field(default_factory=dict)


def quiet(step: str, progress: pipeline.Progress) -> None:
    """Tell nobody."""


def default_day() -> dt.date:
    """The newest date that arXiv has announced."""
    return ledger.newest_listing()


def fetch(
    digests: Sequence[Digest], days: Sequence[dt.date], *, again: bool = True, tell: Tell = quiet
) -> list[DayRun]:
    """List these dates for these digests, oldest first, and put their drafts together.

    Without `again` dates that were listed in the last hours are not asked for once more.

    :raises NotYet: a date has no announcement, or not yet.
    """
    for day in days:
        pipeline.require_announced(day)
    _list(digests, days, tell, again)
    return [_run(digest, day, []) for day in sorted(days) for digest in digests]


def _list(digests: Sequence[Digest], days: Iterable[dt.date], tell: Tell, again: bool = True) -> None:
    def told(step: pipeline.Step) -> None:
        progress = pipeline.Progress(queued=step.total - step.done, seconds=step.seconds)
        progress.ended[step.kind, Job.State.DONE] = step.done
        tell(LISTING_STEPS[step.kind], progress)

    pipeline.list_days(sorted(days), union(digests), foreground=True, again=again, tell=told)


def union(digests: Iterable[Digest]) -> list[str]:
    """All categories of these digests, each once: a category is asked for once a date."""
    return sorted(ledger.codes(code for digest in digests for code in digest.categories))


def summarize(
    digests: Sequence[Digest], days: Sequence[dt.date], *, limit: int | None = None, tell: Tell = quiet
) -> list[DayRun]:
    """Translate, read and analyse the papers of these dates, in the foreground; waiting jobs are due."""
    ids = sorted({arxiv_id for day in days for arxiv_id in _ids_of(digests, day)})
    chosen = ids if limit is None else ids[:limit]

    pace = _Pace()

    def told(progress: pipeline.Progress) -> None:
        left = ledger.work_left_by_kind(chosen)
        pace.judge(progress, left)
        progress.queued = max(0, sum(left.values()) - progress.running)
        tell("译读", progress)

    pipeline.work_off(TEXT_KINDS, subjects=lambda: chosen, foreground=True, tell=told)
    return [_run(digest, day, chosen) for day in days for digest in digests]


class _Pace:
    """How long the rest of a run takes: full texts at arXiv's pace, model calls at that of this run so far."""

    def __init__(self) -> None:
        self.started = time.monotonic()

    def judge(self, progress: pipeline.Progress, left: dict[str, int]) -> None:
        """Say so in `progress.seconds`, given the open jobs by kind. What was put off in this run is not done in it."""
        todo = {
            kind: max(0, left.get(kind, 0) - progress.ended.get((kind, Job.State.WAITING), 0))
            for kind in TEXT_KINDS
        }
        texts = todo[Job.Kind.FULLTEXT]
        a_text = pipeline.REQUESTS_A_TEXT * settings.ARXIV_DELAY_SECONDS
        fetching = texts * self._each(progress, [Job.Kind.FULLTEXT], a_text)
        # Each full text brings a reading.
        calls = todo[Job.Kind.TRANSLATE] + todo[Job.Kind.ANALYSE] + texts
        asking = calls * self._each(progress, [Job.Kind.TRANSLATE, Job.Kind.ANALYSE], 0)
        progress.seconds = max(fetching, asking) or None

    def _each(self, progress: pipeline.Progress, kinds: Sequence[str], unmeasured: float) -> float:
        """The seconds between the ends of two such jobs."""
        done = sum(number for (kind, _), number in progress.ended.items() if kind in kinds)
        return (time.monotonic() - self.started) / done if done >= ENOUGH_TO_TELL else unmeasured


def _ids_of(digests: Sequence[Digest], day: dt.date) -> set[str]:
    """What arXiv announced on a date, and what the post of that date has from the old site."""
    entries = Entry.objects.filter(digest__in=digests, post__date=day)
    return pipeline.announced_ids(day, union(digests)) | set(
        entries.values_list("paper__arxiv_id", flat=True)
    )


def run_daily(digests: Sequence[Digest], day: dt.date, *, tell: Tell = quiet) -> list[DayRun]:
    """Close the earlier open dates, then list, summarize and assemble `day`.

    :raises NotYet: the date has no announcement, or not yet.
    """
    pipeline.require_announced(day)
    _list(digests, {*open_before(digests, day), day}, tell)
    days = sorted({*days_with_work(digests, day), *ledger.open_days(day, union(digests)), day})
    summarize(digests, days, tell=tell)
    return [_finish(digest, date) for date in days for digest in digests]


def open_before(digests: Sequence[Digest], day: dt.date) -> list[dt.date]:
    """Earlier dates that lack something or whose second look is due, oldest first."""
    looks, now = ledger.open_looks(day, union(digests)), clock.now()
    return [look.date for look in looks if look.date < day and look.due_at and look.due_at <= now]


def days_with_work(digests: Sequence[Digest], day: dt.date) -> list[dt.date]:
    """Dates up to `day` with papers whose translation or reading is still to do, the old site's among them."""
    unfinished = Job.objects.filter(kind__in=TEXT_KINDS).exclude(state__in=[Job.State.DONE, Job.State.DEAD])
    subjects = Subquery(unfinished.values("subject"))
    rows = Announcement.objects.filter(category__in=union(digests), date__lte=day, arxiv_id__in=subjects)
    announced = rows.exclude(kind=Announcement.Kind.REPLACE).order_by().values_list("date", flat=True)
    entries = Entry.objects.filter(digest__in=digests, post__date__lte=day, paper__arxiv_id__in=subjects)
    return sorted({*announced, *entries.order_by().values_list("post__date", flat=True)})


def assemble_open_days() -> None:
    """Drafts of the dates that sources have spoken about since the last time, for the worker; all open ones daily."""
    for digest in Digest.objects.filter(active=True):
        for look in ledger.looks_at(_days_to_assemble(digest), digest.categories):
            if look.has_papers or (look.is_listed and not look.is_silent):
                assemble(digest, look.date)
        for post in digest.posts.order_by("-date")[:RECENT_POSTS]:
            if _machine_may_publish(post):
                post.publish()


def _days_to_assemble(digest: Digest) -> list[dt.date]:
    """What a poll may have changed; once a day everything open, since rules and metadata change without polls."""
    now = clock.now()
    beat, created = Beat.objects.get_or_create(name=f"assembled:{digest.slug}", defaults={"at": now})
    since, is_full = beat.at - UNDER_WAY, created or beat.note != f"{now:%F}"
    Beat.objects.filter(pk=beat.pk).update(at=now, note=f"{now:%F}")
    asked = Poll.objects.filter(asked_at__gte=since).order_by().values_list("date", flat=True).distinct()
    days = {day for day in asked if batches.is_weekday(day)}
    if is_full:
        days |= {*ledger.open_days(ledger.newest_day(), digest.categories)}
        days |= {*digest.posts.order_by("-date").values_list("date", flat=True)[:RECENT_POSTS]}
        days |= _without_post(digest, now.date() - LOOKS_BACK)
    return sorted(days)


def _without_post(digest: Digest, since: dt.date) -> set[dt.date]:
    """Listed dates whose draft nobody made: listing went on while this worker was off."""
    rows = Announcement.objects.filter(category__in=union([digest]), date__gte=since)
    made = digest.posts.filter(date__gte=since).values("date")
    return set(rows.exclude(date__in=made).order_by().values_list("date", flat=True).distinct())


def _finish(digest: Digest, day: dt.date) -> DayRun:
    """Publish what the policy lets the machine publish; people publish the rest."""
    run = _run(digest, day, sorted(_ids_of([digest], day)))
    if run.post and _machine_may_publish(run.post):
        run.post.publish()
    return run


def _machine_may_publish(post: DailyPost) -> bool:
    """Whether the policy has something to show that is not shown; what a person withdrew stays withdrawn."""
    if post.digest.policy != Digest.Policy.MACHINE or post.status == DailyPost.Status.WITHDRAWN:
        return False
    entries = post.entries.filter(held="")
    if post.status == DailyPost.Status.DRAFT:
        return entries.exists()
    return entries.machine_may_show().exists()


def _run(digest: Digest, day: dt.date, subjects: Sequence[str]) -> DayRun:
    book = ledger.of_day(day, digest.categories)
    run = DayRun(digest, day, book, troubles=list(book.troubles))
    run.post = digest.posts.filter(date=day).first()
    is_old_sites = run.post is not None and run.post.layout is not None and book.asked_at is None
    run.reasons = ledger.reasons_left(subjects)
    run.left = sum(run.reasons.values()) + (not book.listed and not is_old_sites)
    if book.stored or (book.listed and not book.silent):
        run.post = assemble(digest, day)
    return run
