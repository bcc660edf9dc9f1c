"""Taking turns at arXiv: one request in ARXIV_DELAY_SECONDS and one connection, over all processes and machines.

A row in the database reserves the next turn; see https://info.arxiv.org/help/api/tou.html. What arXiv
says when it is overloaded (429, 503, 406, "Rate exceeded.") holds up everybody's next turn: as long
as Retry-After wants, else longer each time, with jitter.
"""

import datetime as dt
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from digest_site import clock
from papers import holders
from papers.harvest import SourceError
from papers.models import Beat, Slot

NAME = "arxiv"
EXCUSES = "arxiv-excuses"
# A request that takes longer than this has lost its place; harvest's own total deadline is not much longer.
HOLD = dt.timedelta(seconds=320)
# Who would have to wait longer than this is turned away, and its job waits instead of its process.
PATIENCE = 120.0
LONGEST = dt.timedelta(hours=1)
A_DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Away:
    """arXiv has asked all of us to stay away: until when, on the machine's clock, after how many excuses in a row."""

    until: dt.datetime
    excuses: int

    @property
    def seconds(self) -> float:
        """How long that still is."""
        return max(0.0, (self.until - clock.machine_now()).total_seconds())

    @property
    def is_long(self) -> bool:
        """Whether requests are turned away instead of waiting for their turn."""
        return self.seconds > PATIENCE

    def __str__(self) -> str:
        until = timezone.localtime(self.until)
        return f"arXiv 要求稍候，{until:%m-%d %H:%M:%S}（{until.tzinfo}）以前不再去问"


def kept_away() -> Away | None:
    """What arXiv asked for when it was overloaded, as long as it lasts."""
    beat = Beat.objects.filter(name=EXCUSES).first()
    if beat is None:
        return None
    # With a holder somebody is asking again right now.
    slot = Slot.objects.filter(name=NAME, holder="", next_at__gt=clock.machine_now()).first()
    return Away(slot.next_at, int(beat.note)) if slot and slot.next_at else None


@contextmanager
def wait_turn() -> Iterator[None]:
    """The next request may happen inside this block; the turn after it comes a delay after its end.

    :raises SourceError: throttled, when arXiv has asked all of us to stay away for longer than PATIENCE.
    """
    if not settings.ARXIV_DELAY_SECONDS:
        yield
        return
    holder = holders.holder()
    while (wait := _reserve(holder)) > 0:
        if wait > PATIENCE:
            raise SourceError("throttled", f"arXiv 要求稍候，还有 {wait:.0f} 秒", retry_after=wait)
        time.sleep(min(wait, settings.ARXIV_DELAY_SECONDS))
    pause = dt.timedelta(seconds=settings.ARXIV_DELAY_SECONDS)
    try:
        yield
        Beat.objects.filter(name=EXCUSES).delete()
    except SourceError as error:
        if error.state == "throttled":
            pause = _pause(error.retry_after)
        raise
    finally:
        Slot.objects.filter(name=NAME, holder=holder).update(
            holder="", held_until=None, next_at=clock.machine_now() + pause
        )


def _reserve(holder: str) -> float:
    """Take the turn (0) or say how many seconds to wait before asking again."""
    now = clock.machine_now()
    free = (Q(next_at=None) | Q(next_at__lte=now)) & (Q(held_until=None) | Q(held_until__lte=now))
    pause = dt.timedelta(seconds=settings.ARXIV_DELAY_SECONDS)
    # Should this process die, its turn ends with HOLD, or as soon as another one here sees that it is gone.
    if Slot.objects.filter(free, name=NAME).update(holder=holder, held_until=now + HOLD, next_at=now + pause):
        return 0
    slot, _ = Slot.objects.get_or_create(name=NAME)
    if not holders.is_alive(slot.holder):
        Slot.objects.filter(name=NAME, holder=slot.holder).update(holder="", held_until=None)
    return max(0.02, (slot.next_at - now).total_seconds() if slot.next_at else 0)


def _pause(retry_after: float | None) -> dt.timedelta:
    """How long everybody stays away: what arXiv asked for, and longer with each excuse in a row."""
    beat, _ = Beat.objects.get_or_create(name=EXCUSES, defaults={"at": clock.machine_now(), "note": "0"})
    excuses = min(int(beat.note) + 1, 12)
    Beat.objects.filter(name=EXCUSES).update(note=str(excuses), at=clock.machine_now())
    steps = 2**excuses if retry_after is not None else 10 * 2 ** (excuses - 1)
    planned = min(LONGEST, dt.timedelta(seconds=settings.ARXIV_DELAY_SECONDS * steps))
    jitter = 1 + secrets.randbelow(500) / 1000
    return max(planned * jitter, dt.timedelta(seconds=min(retry_after or 0, A_DAY.total_seconds())))
