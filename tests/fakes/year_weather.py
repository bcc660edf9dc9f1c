"""The bad days of a simulated year: what arXiv does to us, and when our own machine is off."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random

from tests.fakes.arxiv_world import ONE_DAY, eastern, public_at


@dataclass(frozen=True)
class Episode:
    """A fault in force on targets that begin with `prefix` during [start, end)."""

    start: datetime
    end: datetime
    fault: str
    prefix: str = "/"


class Weather:
    """The bad days of a year, as `World` asks for them."""

    def __init__(self, episodes: Iterable[Episode]) -> None:
        self.episodes = sorted(episodes, key=lambda episode: episode.start)

    def __call__(self, now: datetime, path: str) -> Iterator[str]:
        for episode in self.episodes:
            if episode.start > now:
                return
            if now < episode.end and path.startswith(episode.prefix):
                yield episode.fault


def outages(
    seed: int = 1, first: date = date(2026, 1, 1), days: int = 365
) -> list[tuple[datetime, datetime]]:
    """When our own machine is off, half-open, in order: six outages between an hour and three weeks."""
    random = Random(f"{seed} outages")
    lengths = [1, 7, 20, 50, 120, 21 * 24]
    random.shuffle(lengths)
    step = days / len(lengths)
    starts = [
        eastern(first + int(step * (n + random.uniform(0.05, 0.6))) * ONE_DAY, 18)
        for n in range(len(lengths))
    ]
    return [(start, start + timedelta(hours=hours)) for start, hours in zip(starts, lengths, strict=True)]


def episodes(seed: int, listing_days: Sequence[date]) -> list[Episode]:
    """Stale listings (until three hours after 20:00) and feeds (five hours), throttling and downtime."""
    random = Random(f"{seed} weather")
    found: list[Episode] = []
    for day in listing_days:
        dice, evening, midnight = random.random(), public_at(day), eastern(day, 0)
        if dice < 0.04:
            found.append(Episode(evening, evening + timedelta(hours=3), "stale-list", "/list/"))
        elif dice < 0.08:
            found.append(Episode(midnight, midnight + timedelta(hours=5), "stale-rss", "/"))
        elif dice < 0.10:
            found.append(Episode(midnight, midnight + timedelta(hours=30), "rss-missing-entries", "/"))
        elif dice < 0.20:
            found.append(_throttled(random, evening))
        elif dice < 0.22:
            found.append(Episode(evening, evening + timedelta(hours=random.uniform(0.3, 8)), "down"))
    return found


def _throttled(random: Random, evening: datetime) -> Episode:
    start = evening + timedelta(hours=random.uniform(-1, 4))
    fault = random.choice(("rate-429", "rate-429", "rate-200", "rate-503", "refuse-406"))
    return Episode(
        start, start + timedelta(hours=random.uniform(0.5, 12)), fault, random.choice(("/api/", "/api/", "/"))
    )
