"""What the chats are told: published days, and alarms once a day for as long as they last.

`subjects` finds what there is to tell and gives each piece a name; `words` puts it into words when its turn has
come, or says that there is nothing to tell any more.
"""

import datetime as dt
from collections.abc import Callable, Iterator

from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils import timezone

from digest_site import clock, logs
from papers import pipeline
from papers.models import Halt, Job
from posts import ledgers
from posts.models import DailyPost

from .errors import NoSuchAddress

# Nobody is told about what happened before: an import or a restored backup is not news.
NEWS = dt.timedelta(days=2)
# After a long outage the newest gaps say enough.
MOST_GAPS = 5
SHOWN_JOBS = 5
Words = tuple[str, str] | None


def subjects() -> Iterator[str]:
    """Names such as `published:7` or `halt:3:2026-01-28`; the date makes it one message a day."""
    fresh = DailyPost.objects.published().filter(
        published_at__gte=clock.now() - NEWS, date__gte=(clock.now() - 2 * NEWS).date()
    )
    yield from (f"published:{pk}" for pk in fresh.values_list("pk", flat=True))
    today = f"{timezone.localdate(clock.machine_now()):%F}"
    if halt := pipeline.current_halt():
        yield f"halt:{halt.pk}:{today}"
    yield from (f"gap:{gap.date:%F}:{today}" for gap in ledgers.gaps()[-MOST_GAPS:])
    if _given_up().exists():
        yield f"dead:{today}"
    if _delayed().exists():
        yield f"budget:{today}"


def words(subject: str) -> Words:
    """Title and text, None when there is nothing to tell any more."""
    kind, _, rest = subject.partition(":")
    return WORDS[kind](rest)


def _published(pk: str) -> Words:
    post = DailyPost.objects.published().filter(pk=pk).select_related("digest").first()
    if post is None:
        return None
    number = post.entries.public().count()
    return f"{post.digest.title} {post.date:%F}", f"{number} 篇\n{settings.SITE_URL}{post.get_absolute_url()}"


def _halt(rest: str) -> Words:
    halt = Halt.objects.filter(pk=rest.partition(":")[0], cleared_at=None).first()
    if halt is None:
        return None
    advice = "排除后运行 manage.py resume，或在状态页点“继续”。"
    return "模型调用已全部暂停", f"{logs.clean(halt.message)}\n{advice}\n{_status_url()}"


def _gap(rest: str) -> Words:
    day = rest.partition(":")[0]
    message = next((gap.message for gap in ledgers.gaps() if f"{gap.date:%F}" == day), None)
    return (
        (message, f"运行 manage.py fetch --day {day}，或看完整日历。\n{_status_url()}") if message else None
    )


def _dead(day: str) -> Words:
    jobs = _given_up()
    if not (number := jobs.count()):
        return None
    newest = jobs.order_by("-changed_at")[:SHOWN_JOBS]
    some = "\n".join(f"{job}：{job.reason or job.error_class}" for job in newest)
    return f"有 {number} 项工作放弃了", f"{logs.clean(some)}\n{_status_url()}"


def _budget(day: str) -> Words:
    if not (number := _delayed().count()):
        return None
    spent = pipeline.spent_today()
    return (
        "今日模型费用已达上限",
        f"已用 {spent.amount:.2f} / {spent.ceiling}，{number} 项工作明日继续；或提高 LLM_DAILY_BUDGET。\n{_status_url()}",
    )


def _given_up() -> QuerySet[Job]:
    """Work given up lately: of messages only the letters and the ping, for a chat that is dead cannot be told so."""
    since = clock.machine_now() - NEWS
    dead = Job.objects.filter(state=Job.State.DEAD, changed_at__gte=since)
    return dead.exclude(Q(kind=Job.Kind.NOTIFY, subject__contains="@") | Q(error_class=NoSuchAddress.kind))


def _delayed() -> QuerySet[Job]:
    """What the day's ceiling has put off until midnight."""
    return Job.objects.filter(
        state=Job.State.WAITING, error_class="budget", next_try_at__gt=clock.machine_now()
    )


def _status_url() -> str:
    return f"{settings.SITE_URL}/admin/status/"


WORDS: dict[str, Callable[[str], Words]] = {
    "published": _published,
    "halt": _halt,
    "gap": _gap,
    "dead": _dead,
    "budget": _budget,
}
