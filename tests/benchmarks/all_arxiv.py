"""One day of all arXiv, from the listing to reviewable: 1,300 papers in 20 digests, on both pairs of components.

    python -m tests.benchmarks.all_arxiv [--papers 1300] [--scaling 200]

A day is done when every paper is in its digests' posts with its translation, its reading and its findings. Without
arXiv's delay (1,300 downloads at three seconds are 65 minutes, which nothing here could change), and with a model that
answers in 0.5 and 1 s, so that it is the machine that is measured.

Then a smaller day with 2, 4 and 8 worker processes beside each other, sixteen calls in flight for each: papers a second.
One process of a machine takes new work at a time, in threads, so more of them are no faster: they must not be slower.
"""

import argparse
import datetime as dt
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import django
from django.core.management import call_command

from tests.benchmarks.parts import wire
from tests.benchmarks.parts.processes import REPO, has
from tests.benchmarks.parts.watching import Tally, Watch, cpu_of_children
from tests.fakes import arxiv
from tests.fakes.demo import NEWEST, cluster, queue, settings_of

PAIRS = ("sqlite", "postgresql+redis")
SECONDS = {"translation": 0.5, "reading": 1.0}
# Each the only primary category of its digest; cross-lists make papers of two.
CATEGORIES = [
    "cs.CV",
    "cs.LG",
    "cs.CL",
    "cs.AI",
    "cs.RO",
    "cs.CR",
    "cs.SE",
    "cs.IR",
    "cs.SD",
    "cs.HC",
    "eess.AS",
    "eess.IV",
    "stat.ML",
    "math.OC",
    "math.NA",
    "quant-ph",
    "hep-ph",
    "cond-mat.mtrl-sci",
    "astro-ph.GA",
    "physics.optics",
]
CALLS_A_WORKER = 16


def main() -> int:
    options = parse()
    if options.pair:
        return measure(options)
    runs = [[f"--papers={options.papers}", f"--pair={pair}"] for pair in PAIRS if can(pair)]
    runs += [[f"--papers={options.scaling}", "--pair=sqlite", f"--workers={count}"] for count in (2, 4, 8)]
    command = [sys.executable, "-m", "tests.benchmarks.all_arxiv"]
    return max(subprocess.call([*command, *run], cwd=REPO) for run in runs)


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--papers", type=int, default=1300)
    parser.add_argument("--scaling", type=int, default=200, help="papers of the runs with 2, 4 and 8 workers")
    parser.add_argument("--pair", choices=PAIRS, help=argparse.SUPPRESS)
    parser.add_argument("--workers", type=int, default=0, help=argparse.SUPPRESS)
    return parser.parse_args()


def can(pair: str) -> bool:
    found = pair == "sqlite" or has("redis-server")
    if not found:
        print(f"all_arxiv: {pair}: not measured, there is no redis-server here")
    return found


def measure(options: argparse.Namespace) -> int:
    """One run in a process of its own: Django knows one database."""
    with (
        tempfile.TemporaryDirectory(prefix="digest-day-") as folder,
        components(options.pair) as database,
        wire.servers({NEWEST: options.papers}, SECONDS, CATEGORIES) as addresses,
    ):
        os.environ.update(addresses | settings(Path(folder), options.workers) | database)
        django.setup()
        call_command("migrate", verbosity=0)
        follow(CATEGORIES)
        tally = Tally("all_arxiv")
        run(options, tally)
    return 0 if tally.kept else 1


@contextmanager
def components(pair: str) -> Iterator[dict[str, str]]:
    """The database and the broker of a pair, as environment variables."""
    if pair == "sqlite":
        yield {}
        return
    script = str(REPO / "scripts" / "servers")
    with tempfile.TemporaryDirectory(prefix="digest-servers-") as folder:
        told = subprocess.run([script, "start", folder], check=True, stdout=subprocess.PIPE, text=True).stdout
        try:
            yield dict(re.findall(r"(\w+)=(\S+)", told))
        finally:
            subprocess.run([script, "stop", folder], check=True)


def settings(folder: Path, workers: int) -> dict[str, str]:
    workers, concurrency = workers or 2, workers * CALLS_A_WORKER or 32
    told = argparse.Namespace(workers=workers, concurrency=concurrency)
    return settings_of(folder, told) | {"NOW": wire.noon(NEWEST), "LOG_LEVEL": "WARNING"}


def follow(categories: list[str]) -> None:
    from posts.models import Digest

    Digest.objects.all().delete()
    for code in categories:
        slug = code.replace(".", "-").lower()
        Digest.objects.create(slug=slug, title=code, categories=[code], anchor=dt.time(8, 50))


def run(options: argparse.Namespace, tally: Tally) -> None:
    before, started = cpu_of_children(), time.monotonic()
    with cluster() as process:
        watch = Watch(process.pid, give_up_after=1200)
        queue("papers.tasks.ingest", f"{NEWEST:%F}")
        watch.until(lambda: reviewable() >= options.papers)
        watch.until(lambda: in_posts() >= options.papers, "posts.tasks.assemble")
    wall, cpu = time.monotonic() - started, cpu_of_children() - before
    if options.workers:
        tally.say(f"{options.workers} workers", options.papers / wall, "papers/s")
        return
    asked = arxiv.tell(os.environ["ARXIV_SITE_URL"])["requests"]
    calls = wire.model_calls()
    name = options.pair
    tally.say(f"{name}: wall of {options.papers} papers in {len(CATEGORIES)} digests", wall, "s")
    tally.say(f"{name}: CPU", cpu / options.papers, "s/paper")
    tally.say(f"{name}: memory of the cluster", watch.most_pss, "MB PSS")
    tally.say(f"{name}: requests to arXiv", len(asked) / options.papers, "a paper")
    tally.at_most(2, f"{name}: model calls", calls["hits"] / options.papers, "a paper")
    tally.at_most(0, f"{name}: papers missing, twice, or not whole", wrong(options.papers), "papers")


def reviewable() -> int:
    """Papers with everything that the machine can give them."""
    from papers.models import Summary

    whole = Summary.objects.filter(status=Summary.Status.NEEDS_REVIEW)
    return whole.exclude(current__reading="").exclude(current=None).count()


def in_posts() -> int:
    from posts.models import Entry

    return Entry.objects.values("paper").distinct().count()


def wrong(papers: int) -> int:
    """Papers that differ from one paper, one text, one entry in each of its digests."""
    from posts.models import Digest, Entry

    wanted = sum(
        len(set(entry) & set(CATEGORIES))
        for entry in Entry.objects.values_list("paper__categories", flat=True)
    )
    entries = Entry.objects.count()
    assert Digest.objects.count() == len(CATEGORIES)
    return abs(papers - reviewable()) + abs(papers - in_posts()) + (wanted < entries)


if __name__ == "__main__":
    sys.exit(main())
