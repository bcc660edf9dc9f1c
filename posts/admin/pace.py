"""How fast this editor is, measured; and so how long the rest of the queue will take."""

import statistics
from dataclasses import dataclass
from typing import Any

from papers.models import Sitting

LAST = 20
FEW = 3
# What is longer was a pause, what is shorter was no reading.
LONGEST, SHORTEST = 20 * 60, 2
UNKNOWN = 150.0


@dataclass(frozen=True)
class Pace:
    """Seconds a text; `measured` says from how many of the editor's own, 0 where it is only a guess."""

    seconds: float = UNKNOWN
    measured: int = 0

    def left(self, number: int) -> str:
        """约剩 25 分钟"""
        minutes = max(1, round(self.seconds * number / 60))
        if minutes < 90:
            return f"约剩 {minutes} 分钟"
        return f"约剩 {minutes / 60:.1f} 小时"

    @property
    def how_known(self) -> str:
        if self.measured:
            return f"按您最近 {self.measured} 篇的速度，每篇 {self.seconds / 60:.1f} 分钟"
        return f"先按每篇 {UNKNOWN / 60:.1f} 分钟估计；您处理过 {FEW} 篇后按您自己的速度"


def of(user: Any) -> Pace:
    """The median of the editor's last decisions: one long look does not change it."""
    times = (
        Sitting.objects.filter(user=user, closed_at__isnull=False)
        .order_by("-closed_at")
        .values_list("opened_at", "closed_at")[:LAST]
    )
    seconds = [(closed - opened).total_seconds() for opened, closed in times]
    usual = [one for one in seconds if SHORTEST <= one <= LONGEST]
    return Pace(statistics.median(usual), len(usual)) if len(usual) >= FEW else Pace()
