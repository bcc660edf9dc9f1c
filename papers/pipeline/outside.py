"""The doors to the outside, made from settings: arXiv with its throttle, and the model."""

import datetime as dt
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from django.conf import settings
from django.db.models import Q

from digest_site import clock
from papers import llm
from papers.harvest import Arxiv
from papers.models import Slot

# A request that takes longer than this has lost its place; harvest's own total deadline is shorter.
HOLD = dt.timedelta(seconds=200)


@contextmanager
def wait_turn() -> Iterator[None]:
    """arXiv's one request in ARXIV_DELAY_SECONDS and one connection, over all processes and machines.

    The row in the database reserves the next slot; see https://info.arxiv.org/help/api/tou.html.
    """
    if not settings.ARXIV_DELAY_SECONDS:
        yield
        return
    holder = f"{os.getpid()}:{secrets.token_hex(6)}"
    while (wait := _reserve(holder)) > 0:
        time.sleep(wait)
    try:
        yield
    finally:
        Slot.objects.filter(name="arxiv", holder=holder).update(holder="", held_until=None)


def _reserve(holder: str) -> float:
    """Take the slot (0) or say how many seconds to wait before asking again."""
    now = clock.machine_now()
    free = (Q(next_at=None) | Q(next_at__lte=now)) & (Q(held_until=None) | Q(held_until__lte=now))
    taken = Slot.objects.filter(free, name="arxiv").update(
        holder=holder,
        held_until=now + HOLD,
        next_at=now + dt.timedelta(seconds=settings.ARXIV_DELAY_SECONDS),
    )
    if taken:
        return 0
    slot, _ = Slot.objects.get_or_create(name="arxiv")
    ahead = (slot.next_at - now).total_seconds() if slot.next_at else 0
    return max(0.05, min(ahead, settings.ARXIV_DELAY_SECONDS))


def arxiv() -> Arxiv:
    """A client of arXiv at the addresses of the settings."""
    return Arxiv(
        api_url=settings.ARXIV_API_URL,
        rss_url=settings.ARXIV_RSS_URL,
        oai_url=settings.ARXIV_OAI_URL,
        site_url=settings.ARXIV_SITE_URL,
        contact=settings.ARXIV_CONTACT,
        wait_turn=wait_turn,
        now=clock.now,
    )


def model() -> llm.Model:
    """The model server of the settings; one client a process, made after the worker's fork."""
    return _model(
        settings.OPENAI_BASE_URL, settings.OPENAI_API_KEY, settings.LLM_DEADLINE_SECONDS, os.getpid()
    )


@cache
def _model(base_url: str, api_key: str, deadline: int, pid: int) -> llm.Model:
    return llm.Model(base_url=base_url, api_key=api_key or "none", deadline=deadline)
