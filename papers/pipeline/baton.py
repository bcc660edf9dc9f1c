"""One process a machine takes new work at a time; the others see to what they have begun, or to other tasks.

Without it every worker of a cluster would sit in a long run, and the short tasks (heartbeat, listing,
assembling) would wait behind them. The baton is a row with a lease, so a killed holder blocks nobody.
"""

import datetime as dt
import time
from collections.abc import Callable

from django.db.models import Q

from digest_site import clock
from papers import holders, jobs
from papers.models import Slot

# After this long another process may take over; until one does, the holder goes on.
SHIFT = dt.timedelta(seconds=30)
LOOK_SECONDS = 1.0


class Baton:
    """`relay` asks for somebody to take over, once, when the shift is over."""

    def __init__(self, relay: Callable[[], None]) -> None:
        self.relay = relay
        self.name = f"work:{holders.HOST}"
        self.me = holders.holder()
        self.held = self.asked = False
        self.began = self.looked = time.monotonic()

    def take(self) -> bool:
        """Whether it is our turn: nobody holds the baton, or its holder is gone or at the end of a shift."""
        now = clock.machine_now()
        slot, _ = Slot.objects.get_or_create(name=self.name)
        free = Q(holder="") | Q(held_until__lt=now) | Q(next_at__lte=now)
        if not holders.is_alive(slot.holder):
            free |= Q(holder=slot.holder)
        changes = {"holder": self.me, "held_until": now + jobs.LEASE, "next_at": now + SHIFT}
        self.held = Slot.objects.filter(free, name=self.name).update(**changes) == 1
        return self.held

    def keep(self) -> bool:
        """Whether it is still ours; renews the lease, and calls for relief at the end of the shift."""
        if not self.held or time.monotonic() - self.looked < LOOK_SECONDS:
            return self.held
        self.looked = time.monotonic()
        if not self.asked and self.looked - self.began > SHIFT.total_seconds():
            self.asked = True
            self.relay()
        mine = Slot.objects.filter(name=self.name, holder=self.me)
        self.held = mine.update(held_until=clock.machine_now() + jobs.LEASE) == 1
        return self.held

    def drop(self) -> None:
        if self.held:
            self.held = False
            Slot.objects.filter(name=self.name, holder=self.me).update(holder="", held_until=None)
