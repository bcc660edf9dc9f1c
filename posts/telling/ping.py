"""PING_URL, for a dead man's switch: asked once a calendar day, only when the day is truly done."""

import datetime as dt

import requests
from django.conf import settings
from django.utils import timezone

from digest_site import clock
from papers import batches, ledger
from papers.models import Beat, Summary
from posts.models import DailyPost, Digest

from .errors import Unreachable

NAME = "ping"
DAYS = 5
TIMEOUT = 20
AGENT = "arxiv-chinese-digest"


def due() -> list[str]:
    """The subjects of the last days that are truly done: `ping:2026-01-28`."""
    if not settings.PING_URL:
        return []
    return [f"{NAME}:{day:%F}" for day in _days() if is_done(batch_of(day))]


def _days() -> list[dt.date]:
    today = timezone.localdate(clock.now())
    return [today - dt.timedelta(days=back) for back in range(DAYS)]


def batch_of(day: dt.date) -> dt.date:
    """The newest announcement date up to `day`: one without an announcement is done when that one is."""
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


def send(day: str) -> None:
    """Ask PING_URL, unless the day is too old to matter to anybody.

    :raises Unreachable: it did not answer with a 2xx; it is asked until it does.
    """
    if not settings.PING_URL or dt.date.fromisoformat(day) not in _days():
        return
    try:
        answer = requests.get(settings.PING_URL, timeout=TIMEOUT, headers={"User-Agent": AGENT})
    except requests.RequestException as error:
        raise Unreachable(type(error).__name__) from None
    if not answer.ok:
        raise Unreachable(f"HTTP {answer.status_code}")
    Beat.objects.update_or_create(name=NAME, defaults={"at": clock.machine_now(), "note": day})
