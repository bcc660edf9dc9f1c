"""Bad days: every fault of a failure table, dealt out one by one over the requests of a day."""

import threading
from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from tests.fakes.arxiv_faults import Fault
from tests.fakes.model import FakeModel
from tests.fakes.model_faults import TEXTS

DOWNLOADS = {"pdf", "html"}
# Asked for once more with more room; after a second one of these the work is a person's.
CUT = {"length", "limit-as-stop", "runaway"}


class Weather:
    """A world's weather: the next fault that this door can have; at a listing's door never two in a row."""

    def __init__(self, names: Iterable[str]) -> None:
        self.left = list(names)
        self.spared: set[str] = set()
        self.lock = threading.Lock()

    def __call__(self, instant: datetime, path: str) -> Iterable[str]:
        door = path.split("/")[1]
        with self.lock:
            if door in self.spared:
                self.spared.discard(door)
                return []
            for name in self.left:
                if Fault(name).applies(path):
                    self.left.remove(name)
                    self.spared |= {door} - DOWNLOADS
                    return [name]
        return []


class MoodyModel(FakeModel):
    """A model that answers with what it was dealt, some for each piece of work, until nothing is left of it.

    After a reply that reads well but is wrong, or was cut, the next one to the same question is right: that is the
    repair's.
    """

    def forget(self) -> None:
        super().forget()
        self.most = 3
        self.left: list[str] = []
        self.dealt: Counter[tuple[str, str]] = Counter()
        self.owed: set[tuple[str, str]] = set()

    def deal(self, behaviours: Iterable[str]) -> None:
        self.left = list(behaviours)

    def _behaviour(self, model: str, purpose: str, paper: str) -> str:
        work = purpose, paper
        if work in self.owed:
            self.owed.discard(work)
        elif self.dealt[work] < self.most and self.left:
            self.dealt[work] += 1
            behaviour = self.left.pop(0)
            if behaviour in TEXTS or behaviour in CUT:
                self.owed.add(work)
            return behaviour
        return super()._behaviour(model, purpose, paper)
