"""How fast a cluster works off a backlog, against a fake arXiv and a fake model in processes of their own.

    python -m tests.benchmarks.speed [--papers 300]

1. The day is listed and its texts are fetched without a delay, while model work is halted.
2. The halt is lifted: translations of 2 s and readings of 4 s, timed until the last one is stored.
3. A second day with arXiv's delay of three seconds: gaps between requests, and downloads beside model calls.

CPU is that of the cluster's processes, extraction children included, over 1 and 2.
"""

import argparse
import datetime as dt
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

import django
from django.core.management import call_command

from tests.fakes import arxiv, crowd, latexml, year
from tests.fakes.arxiv_world import FakePaper, World
from tests.fakes.demo import NEWEST, cluster, descendants, queue, settings_of
from tests.fakes.edition import environment
from tests.fakes.model import FakeModel
from tests.fakes.pdf import make_pdf

CONCURRENCY = 32
WORKERS = 2
SECONDS = {"translation": 2.0, "reading": 4.0}
BEFORE = crowd.days_before(NEWEST, 2)[0]
THROTTLED_PAPERS = 4
NOWS = {BEFORE: f"{BEFORE:%F}T06:00:00+00:00", NEWEST: f"{NEWEST:%F}T06:00:00+00:00"}
GIVE_UP_AFTER = 900.0
# A text of about 40,000 characters, as long as a conference paper.
PARAGRAPHS = 18

BARS = {"wall": 1.15, "cpu": 0.3, "pss": 400.0, "gap": 3.0}


def main() -> int:
    options = parse()
    if options.serve:
        return serve(options.papers)
    with tempfile.TemporaryDirectory(prefix="digest-speed-") as folder, servers(options.papers) as addresses:
        os.environ.update(addresses | settings(Path(folder)))
        django.setup()
        call_command("migrate", verbosity=0)
        kept = [*backlog(options.papers), *throttled()]
    return 0 if all(kept) else 1


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--papers", type=int, default=300)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def settings(folder: Path) -> dict[str, str]:
    told = argparse.Namespace(workers=WORKERS, concurrency=CONCURRENCY)
    return settings_of(folder, told) | {"NOW": NOWS[BEFORE], "LOG_LEVEL": "WARNING"}


# --- the fakes -------------------------------------------------------------------------------------------------------


def serve(papers: int) -> int:
    """Both fakes until standard input closes; prints their addresses as one line of JSON."""
    days = [crowd.world([BEFORE], papers), crowd.world([NEWEST], THROTTLED_PAPERS)]
    world = World([paper for day in days for paper in day.papers.values()])
    for number, paper in enumerate(world.papers.values()):
        lengthen(paper, as_html=number % 2 == 0)
    world.set_now(dt.datetime.fromisoformat(NOWS[BEFORE]))
    with arxiv.FakeArxiv(world) as source, FakeModel(delay=SECONDS) as model:
        print(json.dumps(environment(source, model)), flush=True)
        with suppress(KeyboardInterrupt):
            sys.stdin.read()
    return 0


def lengthen(paper: FakePaper, *, as_html: bool) -> None:
    """A text as long as a paper, as HTML or as PDF."""
    text = year.plain(paper.abstract)
    sections = [
        {"heading": f"{number} {heading}", "paragraphs": [text] * PARAGRAPHS}
        for number, heading in enumerate(crowd.SECTIONS, 1)
    ]
    title, authors = year.plain(paper.title), [*map(year.plain, paper.authors)]
    if as_html:
        told = {"title": title, "authors": authors, "abstract": text, "sections": sections}
        paper.html = lambda version: latexml.make_html(told)
    else:
        paper.pdf = lambda version: make_pdf(title, authors, sections)


@contextmanager
def servers(papers: int) -> Iterator[dict[str, str]]:
    command = [sys.executable, "-m", "tests.benchmarks.speed", "--serve", "--papers", str(papers)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield json.loads(process.stdout.readline())
    finally:
        process.stdin.close()
        process.wait(10)


def model_calls() -> dict[str, Any]:
    with urllib.request.urlopen(os.environ["OPENAI_BASE_URL"].removesuffix("/v1") + "/_calls") as answer:
        return json.load(answer)


# --- 1 and 2: the backlog --------------------------------------------------------------------------------------------


def backlog(papers: int) -> Iterator[bool]:
    from papers.models import Job
    from papers.pipeline import clear_halt
    from papers.pipeline.halts import halt

    halt("bench", "the texts come first")
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with cluster() as process:
        watch = Watch(process.pid)
        queue("papers.tasks.ingest", f"{BEFORE:%F}")
        fetched = watch.until(lambda: done(Job.Kind.FULLTEXT) >= papers)
        clear_halt()
        worked = watch.until(lambda: done(Job.Kind.TRANSLATE, Job.Kind.ANALYSE) >= 2 * papers)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) / papers
    calls = model_calls()
    ideal = sum(SECONDS[call["purpose"]] for call in calls["calls"]) / CONCURRENCY
    print(f"speed: texts fetched and read: {fetched / papers:.2f} s/paper, one at a time")
    print(
        f"speed: model calls: {calls['hits']} for {papers} papers, {len(calls['unexpected'])} not understood"
    )
    yield tell(
        "wall", worked / ideal, f"× {ideal:.1f} s of model time ÷ {CONCURRENCY}, {worked:.1f} s", BARS["wall"]
    )
    yield tell("most model calls at once", calls["most_at_once"], "calls", None, least=CONCURRENCY)
    yield tell("CPU", cpu, "s/paper", BARS["cpu"])
    yield tell("memory of the cluster", watch.most_pss, "MB PSS", BARS["pss"])
    yield calls["hits"] == 2 * papers


def done(*kinds: str) -> int:
    from papers.models import Job

    return Job.objects.filter(kind__in=kinds, state=Job.State.DONE).count()


class Watch:
    """Looks at the tables and at the cluster's memory, and rings the bell where the next minute would."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.most_pss = 0.0

    def until(self, reached: Callable[[], bool]) -> float:
        """Seconds until it was so."""
        started = looked = time.monotonic()
        queue("papers.tasks.summarize")
        while not reached():
            if time.monotonic() - started > GIVE_UP_AFTER:
                raise SystemExit("speed: the work was not done in time")
            if time.monotonic() - looked > 2:
                looked = time.monotonic()
                self.most_pss = max(self.most_pss, sum(map(pss, descendants(self.pid))))
            time.sleep(0.2)
        return time.monotonic() - started


def pss(pid: int) -> float:
    """A process's share of memory in MB; shared pages count once over all that share them."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1024
    return 0.0


# --- 3: arXiv's rule -------------------------------------------------------------------------------------------------


def throttled() -> Iterator[bool]:
    from papers.models import Job

    base = os.environ["ARXIV_SITE_URL"]
    arxiv.tell(base, forget=True, now=NOWS[NEWEST])
    os.environ |= {"ARXIV_DELAY_SECONDS": f"{BARS['gap']:g}", "NOW": NOWS[NEWEST]}
    earlier, calls_before = done(Job.Kind.ANALYSE), model_calls()["hits"]
    with cluster() as process:
        queue("papers.tasks.ingest", f"{NEWEST:%F}")
        Watch(process.pid).until(lambda: done(Job.Kind.ANALYSE) >= earlier + THROTTLED_PAPERS)
    asked = sorted(seen["started"] for seen in arxiv.tell(base)["requests"])
    gap = min(later - one for one, later in pairwise(asked))
    # What the fake sees also has the jitter of two connections in it.
    yield tell("least time between two requests to arXiv", gap, "s", None, least=BARS["gap"] - 0.05)
    calls = model_calls()["calls"][calls_before:]
    beside = sum(any(call["start"] < at < call["end"] for call in calls) for at in asked)
    yield tell("requests to arXiv while the model worked", beside, f"of {len(asked)}", None, least=1)


def tell(name: str, value: float, unit: str, bar: float | None, least: float | None = None) -> bool:
    kept = value >= least if least is not None else bar is None or value <= bar
    limit = f"at least {least:g}" if least is not None else f"at most {bar:g}"
    print(f"speed: {name}: {value:.2f} {unit} (bar: {limit}){'' if kept else ' MISSED'}", flush=True)
    return kept


if __name__ == "__main__":
    sys.exit(main())
