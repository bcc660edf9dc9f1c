"""A simulated year of arXiv, listed by the real pipeline through its bad days, and held against the truth.

The fake arXiv runs as a process of its own, so that the CPU that is measured is ours alone. Our clock steps
through the year, several runs a day, except while our machine is off. Beside it: what a plain window of the
last 24 hours, at most 100 papers, would have shown of the same year.

    python -m tests.benchmarks.year [--days 365] [--scale 1] [--seed 1] [--verbose]
"""

import argparse
import datetime as dt
import itertools
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import django

from tests.fakes import year
from tests.fakes.arxiv import tell
from tests.fakes.arxiv_world import EASTERN, World, public_at

ROOT = Path(__file__).resolve().parents[2]
CATEGORIES = ["cs.SD", "eess.AS"]
# Eastern hours at which we look: the task comes every twenty minutes, the year is long.
HOURS = (0.3, 8, 14, 20.2)
HARMLESS = {"stale-rss", "rss-missing-entries"}
# The old site ran more than once a morning, since the index fills up for hours.
OLD_ANCHOR, OLD_RUNS, OLD_CAP = dt.time(0, 50), (dt.time(2, 30), dt.time(4, 30)), 100


@dataclass
class Tally:
    """What the year cost and brought."""

    runs: int = 0
    cpu: dict[str, float] = field(default_factory=Counter)
    requests: Counter[str] = field(default_factory=Counter)
    shown_at: dict[str, int] = field(default_factory=dict)
    failures: int = 0


def main(arguments: list[str] | None = None) -> int:
    options = parse(arguments)
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="digest-year-") as folder, fake_arxiv(options) as base:
        set_up(Path(folder), base)
        world = year.world(seed=options.seed, days=options.days, scale=options.scale)
        runs = moments(options)
        tally = live(world, runs, base, options.verbose)
        return report(world, runs, tally, options, time.monotonic() - started)


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.year", description=__doc__)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--scale", type=float, default=1.0, help="times the real volume of cs.SD and eess.AS")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--verbose", action="store_true", help="name what was missed or came late")
    return parser.parse_args(arguments)


SERVER = """
import sys
from contextlib import suppress
from tests.fakes import year
from tests.fakes.arxiv import FakeArxiv
seed, days, scale = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
fake = FakeArxiv(year.world(seed=seed, days=days, scale=scale))
print(fake.base_url, flush=True)
with suppress(KeyboardInterrupt):
    fake.serve_forever()
"""


@contextmanager
def fake_arxiv(options: argparse.Namespace) -> Iterator[str]:
    """The year's arXiv in another process; its base address."""
    command = [sys.executable, "-c", SERVER, str(options.seed), str(options.days), str(options.scale)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def set_up(folder: Path, base: str) -> None:
    """A database of our own, and settings that point at the fake."""
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "digest_site.settings",
        "DATABASE_URL": os.environ.get("BENCH_DATABASE_URL", f"sqlite:///{folder / 'db.sqlite3'}"),
        "ARXIV_API_URL": f"{base}/api/query",
        "ARXIV_RSS_URL": base,
        "ARXIV_OAI_URL": f"{base}/oai",
        "ARXIV_SITE_URL": base,
        "ARXIV_DELAY_SECONDS": "0",
        "LOG_LEVEL": "CRITICAL",
    }
    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)


def moments(options: argparse.Namespace) -> list[dt.datetime]:
    """The instants at which we run, in order; none while our machine is off."""
    off = year.outages(options.seed, year.FIRST, options.days)
    first = dt.datetime.combine(year.FIRST, dt.time(7), EASTERN)
    found = []
    for day in range(options.days):
        midnight = dt.datetime.combine(year.FIRST + dt.timedelta(days=day), dt.time(), EASTERN)
        for hour in HOURS:
            at = (midnight.replace(hour=int(hour)) + dt.timedelta(minutes=hour % 1 * 60)).astimezone(dt.UTC)
            if at >= first and not any(start <= at < end for start, end in off):
                found.append(at)
    return found


def live(world: World, runs: Sequence[dt.datetime], base: str, verbose: bool) -> Tally:
    """The year, run by run: list what is due, put the posts together."""
    from django.conf import settings
    from django.db.models import Max

    from papers import pipeline
    from papers.harvest import SourceError
    from posts import daily
    from posts.models import Entry

    tally, last = Tally(), 0
    for number, at in enumerate(runs):
        settings.NOW = at
        tell(base, now=at.isoformat(), forget=True)
        before = time.process_time()
        touched = pipeline.due_days(CATEGORIES)
        for day in touched:
            try:
                pipeline.ingest(day, CATEGORIES)
            except SourceError as error:
                tally.failures += 1
                if verbose:
                    print(f"  {at:%F %R} {day}: {error}")
        tally.cpu["listing"] += time.process_time() - before
        before = time.process_time()
        daily.assemble_open_days()
        tally.cpu["posts"] += time.process_time() - before
        if touched:
            count(tell(base), tally.requests)
        new = Entry.objects.filter(pk__gt=last)
        tally.shown_at |= dict.fromkeys(new.values_list("paper__arxiv_id", flat=True), number)
        last = new.aggregate(last=Max("pk"))["last"] or last
        tally.runs += 1
    return tally


def count(state: dict[str, Any], requests: Counter[str]) -> None:
    for seen in state["requests"]:
        door = seen["path"].split("/")[1].split("?")[0] or "down"
        if door == "api":
            door = "api by id" if "search_query=&" in seen["path"] else "api search"
        requests[door] += 1


# Held against the truth


def truth(world: World, runs: Sequence[dt.datetime]) -> dict[str, dt.date]:
    """id -> the date that first announced it as new or cross-listed while we were there to see it."""
    first, last = runs[0], runs[-1]
    newest = world.calendar.latest_public(last)
    begun = world.calendar.latest_public(first)
    dates: dict[str, dt.date] = {}
    for day in world.days():
        if begun <= day <= newest:
            for entry in world.batch(CATEGORIES, day):
                if not entry.kind.startswith("replace"):
                    dates.setdefault(entry.paper.arxiv_id, day)
    return dates


def reachable(world: World, runs: Sequence[dt.datetime]) -> dict[dt.date, int]:
    """date -> the first run at which arXiv's own listing of it answered properly."""
    found: dict[dt.date, int] = {}
    days = [day for day in world.days() if public_at(day) <= runs[-1]]
    for day in days:
        for number, at in enumerate(runs):
            if at < public_at(day):
                continue
            path = "/list/cs.SD/new" if world.calendar.latest_public(at) == day else "/catchup/cs.SD/x"
            if not set(world.weather(at, path)) - HARMLESS - ({"stale-list"} if "catchup" in path else set()):
                found[day] = number
                break
    return found


def report(
    world: World, runs: Sequence[dt.datetime], tally: Tally, options: argparse.Namespace, wall: float
) -> int:
    from papers.models import Paper
    from posts.models import Entry

    dates, first = truth(world, runs), reachable(world, runs)
    shown = dict(Entry.objects.values_list("paper__arxiv_id", "post__date"))
    prompt = {name for name in shown.keys() & dates.keys() if tally.shown_at[name] <= first[dates[name]] + 1}
    at_once = sum(tally.shown_at[name] <= first[dates[name]] for name in prompt)
    twice = Entry.objects.count() - len(shown)
    misdated = [name for name, day in dates.items() if name in shown and shown[name] != day]
    stored = Paper.objects.count()
    thousand = max(stored, 1) / 1000
    by_id = tally.requests["api by id"]
    line("announced papers", len(dates), f"in {options.days} days, {tally.runs} runs")
    line("shown within one run of becoming reachable", share(len(prompt), len(dates)), "% (bar 100.00)")
    line("shown in that very run", share(at_once, len(dates)), "%")
    line("duplicates", twice, "(bar 0)")
    line("on another date than their own", len(misdated), "papers")
    line("shown but never announced", len(shown.keys() - dates.keys()), "papers")
    line("API requests for metadata", f"{by_id / max(len(dates), 1):.4f}", "a paper (bar 0.02)")
    line(
        "all requests", f"{sum(tally.requests.values()) / len(dates):.3f}", f"a paper {dict(tally.requests)}"
    )
    line("CPU of listing and storing", f"{tally.cpu['listing'] / thousand:.2f}", "s / 1,000 papers (bar 5)")
    line("CPU of posts", f"{tally.cpu['posts'] / thousand:.2f}", "s / 1,000 papers")
    plain = window(world, runs, dates, options)
    line(
        "the plain 24 h window, at most 100",
        share(len(plain), len(dates)),
        "% of the same papers (45 on the old site)",
    )
    line("wall time", f"{wall:.0f}", f"s ({tally.failures} listings failed and were asked again)")
    if options.verbose:
        name_them(dates, shown, prompt, tally, first, runs, misdated)
    good = len(prompt) == len(dates) and not twice and tally.cpu["listing"] <= 5 * thousand
    return 0 if good and by_id <= len(dates) / 50 else 1


def name_them(
    dates: dict[str, dt.date],
    shown: dict[str, dt.date],
    prompt: set[str],
    tally: Tally,
    first: dict[dt.date, int],
    runs: Sequence[dt.datetime],
    misdated: list[str],
) -> None:
    for name in sorted(dates.keys() - prompt):
        at = runs[tally.shown_at[name]] if name in tally.shown_at else None
        print(f"  {name} of {dates[name]}: reachable {runs[first[dates[name]]]:%F %R}, shown {at}")
    for name in misdated:
        print(f"  {name} of {dates[name]} stands under {shown[name]}")
    for name in sorted(shown.keys() - dates.keys()):
        print(f"  {name} was never announced, stands under {shown[name]}")


def window(
    world: World, runs: Sequence[dt.datetime], dates: dict[str, dt.date], options: argparse.Namespace
) -> set[str]:
    """What runs at 02:30 and 04:30 (UTC) find with v1 submitted in the 24 hours before 08:50 in Beijing."""
    off = year.outages(options.seed, year.FIRST, options.days)
    found: set[str] = set()
    kept = world.now
    days = [year.FIRST + dt.timedelta(days=number) for number in range(options.days)]
    for day, hour in itertools.product(days, OLD_RUNS):
        at = dt.datetime.combine(day, hour, dt.UTC)
        if any(start <= at < end for start, end in off) or set(world.weather(at, "/api/query")):
            continue
        world.set_now(at)
        end = dt.datetime.combine(day, OLD_ANCHOR, dt.UTC)
        fresh = world.submitted_between(end - dt.timedelta(days=1), end - dt.timedelta(microseconds=1))
        seen = [
            paper.arxiv_id
            for paper in reversed(fresh)
            if world.indexed_version(paper) and set(CATEGORIES) & set(paper.categories_on(day))
        ]
        found |= set(seen[:OLD_CAP]) & dates.keys()
    world.set_now(kept)
    return found


def share(part: int, whole: int) -> str:
    # Rounded down: 99.996 is not 100.
    return f"{int(part / max(whole, 1) * 10_000) / 100:.2f}"


def line(name: str, value: object, unit: str) -> None:
    print(f"{name}: {value} {unit}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
