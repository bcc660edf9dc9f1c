"""What is to be told becomes a Job of kind `notify`, and is told: to chats, to subscribers, to the dead man's switch.

A job's subject names the message, so that it is found once however often one looks. It is done only after the other
side has taken the message; what may be taken later is tried again later, and given up at the last strike.
"""

import datetime as dt
import logging
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing, suppress

from django.conf import settings

from digest_site import clock, logs
from papers import jobs
from papers.models import Job

from . import chats, letters, news, ping, subscriptions
from .errors import NotTaken, Refused, Unreachable
from .letters import Mailbag

log = logging.getLogger(__name__)

# People who run the site hear of trouble before readers get their letters.
CHATS_FIRST, PINGS, LETTERS = 20, 10, 0
# So long we remember what was told: longer than anything stays news.
REMEMBERED = dt.timedelta(days=30)


def find() -> int:
    """Make a job of everything that somebody should be told; how many subjects there are."""
    told_to_chats = [f"{name}@{chats.short(url)}" for name in news.subjects() for url in settings.NOTIFY_URLS]
    found = {CHATS_FIRST: told_to_chats, PINGS: ping.due(), LETTERS: list(letters.due())}
    for priority, subjects in found.items():
        jobs.enqueue(Job.Kind.NOTIFY, subjects, priority=priority)
    return sum(map(len, found.values()))


def deliver(
    seconds: float,
    *,
    tell: Callable[[], None] = lambda: None,
    stop: Callable[[], bool] = lambda: False,
    waiting_too: bool = False,
) -> Counter[str]:
    """Tell what is due for so long, one message after the other, each once; how many were `told` and `failed`.

    One process at a time does this: a second one is of more use to the papers. `tell` is called before each.
    """
    count: Counter[str] = Counter()
    jobs.sweep()
    if Job.objects.filter(kind=Job.Kind.NOTIFY, state=Job.State.RUNNING).exists():
        return count
    until, failed, bag = time.monotonic() + seconds, list[int](), Mailbag()
    with closing(bag.server) as server:
        while time.monotonic() < until and not server.is_down and not stop():
            claimed = jobs.claim([Job.Kind.NOTIFY], waiting_too=waiting_too, not_these=failed)
            if not claimed:
                break
            tell()
            if _tell(claimed[0], bag):
                count["told"] += 1
            else:
                count["failed"] += 1
                failed.append(claimed[0].pk)
    return count


def _tell(job: Job, bag: Mailbag) -> bool:
    """Tell one message and end its job, whatever happens; whether the other side took it."""
    with logs.about(f"{job.kind} {job.subject}"), suppress(jobs.LostLease):
        try:
            kind, _, rest = job.subject.partition(":")
            TELL[kind](rest, bag)
        except NotTaken as error:
            log.warning("%s: %s", error.kind, error)
            _not_taken(job, error)
        except Exception as error:  # noqa: BLE001 - the last line of defence: one message must not stop the others
            log.exception("failed")
            jobs.retry_or_give_up(job, "bug", f"{type(error).__name__}: {error}")
        else:
            jobs.finish(job)
            return True
    return False


def _not_taken(job: Job, error: NotTaken) -> None:
    if isinstance(error, Refused):
        jobs.give_up(job, error.kind, str(error))
    elif isinstance(error, Unreachable):
        until = clock.machine_now() + jobs.backoff(job.attempts)
        jobs.postpone(job, until, error.kind, str(error))
    else:
        jobs.retry_or_give_up(job, error.kind, str(error))


def _chat(rest: str, kind: str) -> None:
    """`rest` is NAME@ADDRESS, of which the address is shortened."""
    name, _, address = rest.partition("@")
    said, url = news.words(f"{kind}:{name}"), chats.of_short(address)
    if said and url:
        chats.send(url, *said)


def forget() -> None:
    """Delete addresses that nobody needs any more, and what was told so long ago that it cannot be found again."""
    subscriptions.forget()
    ended = Job.objects.filter(kind=Job.Kind.NOTIFY, state__in=[Job.State.DONE, Job.State.DEAD])
    ended.filter(changed_at__lt=clock.machine_now() - REMEMBERED).delete()


TELL: dict[str, Callable[[str, Mailbag], None]] = {
    **{kind: lambda rest, bag, kind=kind: _chat(rest, kind) for kind in news.WORDS},
    "ping": lambda rest, bag: ping.send(rest),
    "mail": letters.send_day,
    "confirm": letters.send_question,
}
