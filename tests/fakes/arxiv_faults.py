"""Which of arXiv's bad moods are in force: the switchboard behind the fake's faults.

`FAULTS` names every fault and the doors it is about; the table in tests/fakes/arxiv.py says what each does.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from threading import Lock

ANY, API, FEEDS, LISTS = ".", "^/api/", "^/(rss|atom)/", "^/(list|catchup)/"
XML_DOORS = "^/(api|rss|atom|oai)"

# name -> which request targets (path with query) it applies to when nobody restricts it further
FAULTS: Mapping[str, str] = {
    "down": ANY,
    "rate-429": ANY,
    "rate-429-retry-after": ANY,
    "rate-503": ANY,
    "rate-200": ANY,
    "refuse-406": ANY,
    "forbid-403": ANY,
    "html-200": ANY,
    "empty-body": ANY,
    "error-entry": API,
    "reset": ANY,
    "hang": ANY,
    "slow": ANY,
    "cut-body": ANY,
    "wrong-clock": ANY,
    "malformed-xml": XML_DOORS,
    "two-feeds": API,
    "api-empty": API,
    "api-lag": API,
    "empty-page-2": r"^/api/.*\bstart=[1-9]",
    "ignore-start": API,
    "stale-list": "^/list/",
    "truncated-list": LISTS,
    "list-missing-entries": LISTS,
    "stale-rss": FEEDS,
    "rss-missing-entries": FEEDS,
    "pdf-404": "^/pdf/",
    "pdf-html": "^/pdf/",
    "pdf-truncated": "^/pdf/",
    "pdf-zero": "^/pdf/",
    "pdf-huge": "^/pdf/",
    "html-404": "^/html/",
    "html-untitled": "^/html/",
}


@dataclass
class Fault:
    """A fault that is switched on: `times` requests long (None: until switched off), on targets that match `path`
    (a regular expression; None: everywhere it makes sense). `value`: seconds of slow, hang, Retry-After and of
    the wrong clock, hours of api-lag; None is the fault's own."""

    name: str
    times: int | None = None
    path: str | None = None
    value: float | None = None

    def __post_init__(self) -> None:
        if self.name not in FAULTS:
            raise ValueError(f"unknown fault {self.name!r}; known: {', '.join(FAULTS)}")

    def applies(self, target: str) -> bool:
        spent = self.times is not None and self.times <= 0
        return not spent and bool(
            re.search(FAULTS[self.name], target) and re.search(self.path or ANY, target)
        )


class Switchboard:
    """The faults that are on, thread-safe, with a count of those that really happened (`fired`)."""

    def __init__(self, faults: Iterable[str | Fault] = ()) -> None:
        self._lock = Lock()
        self.on: list[Fault] = []
        self.fired: Counter[str] = Counter()
        for fault in faults:
            self.switch_on(fault)

    def switch_on(
        self,
        fault: str | Fault,
        times: int | None = None,
        path: str | None = None,
        value: float | None = None,
    ) -> None:
        ready = fault if isinstance(fault, Fault) else Fault(fault, times, path, value)
        with self._lock:
            self.on.append(ready)

    def switch_off(self, name: str | None = None) -> None:
        """All faults of that name, or all."""
        with self._lock:
            self.on = [fault for fault in self.on if name is not None and fault.name != name]

    def strike(self, target: str, weather: Iterable[str] = ()) -> dict[str, Fault]:
        """The faults this request meets, by name; counts them."""
        with self._lock:
            met = {fault.name: fault for fault in reversed(self.on) if fault.applies(target)}
            for fault in met.values():
                fault.times = None if fault.times is None else fault.times - 1
            met |= {name: Fault(name) for name in weather if name not in met and Fault(name).applies(target)}
            self.fired.update(met.keys())
            return met

    def is_down(self) -> bool:
        """Whether connections are to be refused before anything is read from them; counts it."""
        with self._lock:
            for fault in self.on:
                if fault.name == "down" and fault.path is None and fault.times != 0:
                    fault.times = None if fault.times is None else fault.times - 1
                    self.fired["down"] += 1
                    return True
            return False
