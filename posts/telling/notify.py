"""Telling people: published days, alarms, and the ping that a day is truly done, each once.

What there is to tell is found in the tables and becomes a Job of kind `notify`; its subject names it, so
that it is found once however often one looks. A job is done only after the other side has taken the
message; a failure is tried again later, and given up at the last strike.
"""

import datetime as dt
import hashlib
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import requests
from django.conf import settings
from django.utils import timezone

from digest_site import clock, logs
from papers import batches, jobs, ledger
from papers.models import Beat, Halt, Job, Summary
from posts.models import DailyPost, Digest

from . import mailing

# Nobody is told about what happened before: an import or a restored backup is not news.
NEWS = dt.timedelta(days=2)
DAYS_PINGED = 5
TIMEOUT = 20
PING = "ping"
AGENT = "arxiv-chinese-digest"


class NotTaken(Exception):
    """The other side did not take the message; trying again may help."""


# --- Finding ---------------------------------------------------------------------------------------------------


def find() -> int:
    """Make a job of everything that somebody should be told; how many subjects there are."""
    subjects = [*_by_address(_news()), *_pings(), *mailing.due()]
    jobs.enqueue(Job.Kind.NOTIFY, subjects)
    return len(subjects)


def _by_address(news: Iterable[str]) -> list[str]:
    """One job an address, so that one dead chat does not repeat the message in the others."""
    return [f"{subject}@{_short(url)}" for subject in news for url in settings.NOTIFY_URLS]


def _short(url: str) -> str:
    """What stands for an address in the Job table, where no secret may stand."""
    return hashlib.sha256(url.encode()).hexdigest()[:12]


def _news() -> Iterator[str]:
    since = clock.machine_now() - NEWS
    fresh = DailyPost.objects.published().filter(
        published_at__gte=clock.now() - NEWS, date__gte=(clock.now() - 2 * NEWS).date()
    )
    for pk in fresh.values_list("pk", flat=True):
        yield f"published:{pk}"
    for pk in Halt.objects.filter(since__gte=since, cleared_at=None).values_list("pk", flat=True):
        yield f"halt:{pk}"
    for alarm in ledger.alarms(_categories())[-DAYS_PINGED:]:
        yield f"alarm:{alarm.date:%F}"
    if Job.objects.filter(state=Job.State.DEAD, changed_at__gte=since).exclude(kind=Job.Kind.NOTIFY).exists():
        yield f"dead:{timezone.localdate(clock.machine_now()):%F}"


def _categories() -> list[str]:
    return sorted({code for digest in Digest.objects.filter(active=True) for code in digest.categories})


def _pings() -> list[str]:
    """The last days that are truly done. A day without an announcement is done when the one before it is."""
    if not settings.PING_URL:
        return []
    today = timezone.localdate(clock.now())
    days = [today - dt.timedelta(days=back) for back in range(DAYS_PINGED)]
    return [f"{PING}:{day:%F}" for day in days if is_done(batch_of(day))]


def batch_of(day: dt.date) -> dt.date:
    """The newest announcement date up to `day`."""
    while not batches.is_announcement_day(day):
        day -= dt.timedelta(days=1)
    return day


def is_done(day: dt.date) -> bool:
    """Whether the date is truly done, for every active digest: complete, worked off, published.

    Complete and settled by arXiv's own count, no machine work left, no paper without a Chinese text; and
    something of it is public, unless arXiv announced nothing. What editors have not yet looked at may wait.
    """
    digests = list(Digest.objects.filter(active=True))
    return bool(digests) and all(_is_done(digest, day) for digest in digests)


def _is_done(digest: Digest, day: dt.date) -> bool:
    book = ledger.of_day(day, digest.categories)
    if book.silent:
        return True
    if book.colour != "green" or book.dead:
        return False
    post = DailyPost.objects.published().filter(digest=digest, date=day).first()
    if post is None:
        return book.announced == 0
    entries = post.entries.filter(held="")
    textless = entries.filter(paper__summary__current=None).exclude(
        paper__summary__status=Summary.Status.REJECTED
    )
    return not textless.exists() and (not entries.exists() or post.entries.public().exists())


# --- Telling ---------------------------------------------------------------------------------------------------


def deliver(seconds: float, stop: Callable[[], bool] = lambda: False) -> int:
    """Tell what is due, one job after the other, for so long; how many were taken."""
    until = time.monotonic() + seconds
    told = 0
    with mailing.Post() as post:
        while time.monotonic() < until and not stop():
            claimed = jobs.claim([Job.Kind.NOTIFY])
            if not claimed:
                break
            told += _tell(claimed[0], post)
    return told


def _tell(job: Job, post: mailing.Post) -> int:
    with logs.about(f"{job.kind} {job.subject}"):
        try:
            kind, _, rest = job.subject.partition(":")
            TELL[kind](rest, post)
        except (NotTaken, mailing.NotTaken) as error:
            jobs.retry_or_give_up(job, "not_taken", str(error))
            return 0
        jobs.finish(job)
        return 1


def _ping(rest: str, post: mailing.Post) -> None:
    if not settings.PING_URL:
        return
    try:
        answer = requests.get(settings.PING_URL, timeout=TIMEOUT, headers={"User-Agent": AGENT})
    except requests.RequestException as error:
        raise NotTaken(type(error).__name__) from error
    if not answer.ok:
        raise NotTaken(f"HTTP {answer.status_code}")
    Beat.objects.update_or_create(name=PING, defaults={"at": clock.machine_now(), "note": rest})


def _message(words: Callable[[str], tuple[str, str] | None]) -> Callable[[str, mailing.Post], None]:
    """A teller for Apprise; `words` are title and text, None when there is no need any more."""

    def tell(rest: str, post: mailing.Post) -> None:
        name, _, short = rest.partition("@")
        said = words(name)
        url = next((url for url in settings.NOTIFY_URLS if _short(url) == short), None)
        if said and url:
            _apprise(url, *said)

    return tell


def _apprise(url: str, title: str, body: str) -> None:
    import apprise  # 16 MB that only a worker with something to tell needs

    service = apprise.Apprise(asset=apprise.AppriseAsset(app_id="arXiv 中文日报"))
    if not service.add(url):
        raise NotTaken("NOTIFY_URLS 里的这个地址无法识别")
    if not service.notify(title=title, body=body):
        raise NotTaken("对方没有接受")


def unreadable(urls: Sequence[str]) -> list[int]:
    """The places, counted from one, of addresses that Apprise does not understand."""
    if not urls:
        return []
    import apprise

    return [number for number, url in enumerate(urls, 1) if apprise.Apprise.instantiate(url) is None]


def _published(pk: str) -> tuple[str, str] | None:
    post = DailyPost.objects.published().filter(pk=pk).select_related("digest").first()
    if post is None:
        return None
    number = post.entries.public().count()
    return f"{post.digest.title} {post.date:%F}", f"{number} 篇\n{settings.SITE_URL}{post.get_absolute_url()}"


def _halt(pk: str) -> tuple[str, str] | None:
    halt = Halt.objects.filter(pk=pk, cleared_at=None).first()
    if halt is None:
        return None
    return (
        "模型调用已全部暂停",
        f"{logs.clean(halt.message)}\n排除后运行 manage.py resume，或在后台点“继续”。",
    )


def _alarm(day: str) -> tuple[str, str] | None:
    said = [one.message for one in ledger.alarms(_categories()) if f"{one.date:%F}" == day]
    if not said:
        return None
    return said[0], f"看 {settings.SITE_URL}/admin/ 的完整日历，或运行 manage.py daily。"


def _dead(day: str) -> tuple[str, str] | None:
    dead = Job.objects.filter(state=Job.State.DEAD).exclude(kind=Job.Kind.NOTIFY)
    number = dead.count()
    if not number:
        return None
    some = "\n".join(f"{job}：{job.reason or job.error_class}" for job in dead.order_by("-changed_at")[:5])
    return (
        f"有 {number} 项工作放弃了",
        f"{logs.clean(some)}\n看 {settings.SITE_URL}/admin/papers/job/?state__exact=dead",
    )


TELL: dict[str, Callable[[str, Any], None]] = {
    "published": _message(_published),
    "halt": _message(_halt),
    "alarm": _message(_alarm),
    "dead": _message(_dead),
    PING: _ping,
    **mailing.TELL,
}
