"""How fast a cluster works off a backlog, against a fake arXiv and a fake model in processes of their own.

    python -m tests.benchmarks.speed [--papers 300]

1. The day is listed and its texts are fetched and read without a delay, while model work is halted: the bar on the
   wall counts from the moment when the texts are here. Three hundred downloads at three seconds take a quarter of an hour.
2. The halt is lifted: translations of 2 s and readings of 4 s, timed from the bell until the last one is stored.
3. A second day of a few papers with arXiv's delay of three seconds: the gap between any two requests, and how many
   requests were made while the model worked.

CPU is that of the cluster's processes over 1 and 2, extraction children included; half of the texts are HTML, half PDF.
"""

import argparse
import os
import sys
import tempfile
from itertools import pairwise
from pathlib import Path

import django
from django.core.management import call_command

from tests.benchmarks.parts import wire
from tests.benchmarks.parts.watching import Tally, Watch, cpu_of_children
from tests.fakes import arxiv, crowd
from tests.fakes.demo import NEWEST, cluster, queue, settings_of

CONCURRENCY = 32
WORKERS = 2
SECONDS = {"translation": 2.0, "reading": 4.0}
BEFORE = crowd.days_before(NEWEST, 2)[0]
THROTTLED_PAPERS = 4
DELAY = 3.0
# What the fake sees of the delay also has the jitter of two connections in it.
JITTER = 0.05


def main() -> int:
    papers = parse().papers
    days = {BEFORE: papers, NEWEST: THROTTLED_PAPERS}
    with (
        tempfile.TemporaryDirectory(prefix="digest-speed-") as folder,
        wire.servers(days, SECONDS) as addresses,
    ):
        os.environ.update(addresses | settings(Path(folder)))
        django.setup()
        call_command("migrate", verbosity=0)
        tally = Tally("speed")
        backlog(papers, tally)
        throttled(tally)
    return 0 if tally.kept else 1


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--papers", type=int, default=300)
    return parser.parse_args()


def settings(folder: Path) -> dict[str, str]:
    told = argparse.Namespace(workers=WORKERS, concurrency=CONCURRENCY)
    return settings_of(folder, told) | {"NOW": wire.noon(BEFORE), "LOG_LEVEL": "WARNING"}


def backlog(papers: int, tally: Tally) -> None:
    from papers.models import Job
    from papers.pipeline import clear_halt
    from papers.pipeline.halts import halt

    halt("bench", "the texts come first")
    before = cpu_of_children()
    with cluster() as process:
        watch = Watch(process.pid)
        queue("papers.tasks.ingest", f"{BEFORE:%F}")
        fetched = watch.until(lambda: done(Job.Kind.FULLTEXT) >= papers)
        clear_halt()
        worked = watch.until(
            lambda: done(Job.Kind.TRANSLATE, Job.Kind.ANALYSE) >= 2 * papers, "papers.tasks.summarize"
        )
    cpu = (cpu_of_children() - before) / papers
    calls = wire.model_calls()
    ideal = sum(SECONDS[call["purpose"]] for call in calls["calls"]) / CONCURRENCY
    tally.say("texts fetched and read, one at a time", fetched / papers, "s/paper")
    tally.at_most(2 * papers, "model calls", calls["hits"], f"for {papers} papers")
    tally.say("wall", worked, f"s, of model time ÷ {CONCURRENCY}: {ideal:.2f} s")
    tally.at_most(1.15, "wall ÷ (model time ÷ 32)", worked / ideal, "×")
    tally.say("model calls in flight on average", in_flight(calls["calls"]), "calls")
    tally.at_least(CONCURRENCY, "most model calls at once", calls["most_at_once"], "calls")
    tally.at_most(0.3, "CPU", cpu, "s/paper")
    tally.at_most(400, "memory of the cluster", watch.most_pss, "MB PSS")


def done(*kinds: str) -> int:
    from papers.models import Job

    return Job.objects.filter(kind__in=kinds, state=Job.State.DONE).count()


def in_flight(calls: list[dict[str, float]]) -> float:
    """Of the time between the first call's start and the last one's end."""
    span = max(call["end"] for call in calls) - min(call["start"] for call in calls)
    return sum(call["end"] - call["start"] for call in calls) / span


def throttled(tally: Tally) -> None:
    from papers.models import Job

    base = os.environ["ARXIV_SITE_URL"]
    arxiv.tell(base, forget=True, now=wire.noon(NEWEST))
    os.environ |= {"ARXIV_DELAY_SECONDS": f"{DELAY:g}", "NOW": wire.noon(NEWEST)}
    earlier, calls_before = done(Job.Kind.ANALYSE), wire.model_calls()["hits"]
    with cluster() as process:
        queue("papers.tasks.ingest", f"{NEWEST:%F}")
        Watch(process.pid).until(lambda: done(Job.Kind.ANALYSE) >= earlier + THROTTLED_PAPERS)
    asked = sorted(seen["started"] for seen in arxiv.tell(base)["requests"])
    gap = min(later - one for one, later in pairwise(asked))
    tally.at_least(DELAY - JITTER, "least time between two requests to arXiv", gap, "s")
    calls = wire.model_calls()["calls"][calls_before:]
    beside = sum(any(call["start"] < at < call["end"] for call in calls) for at in asked)
    tally.at_least(1, "requests to arXiv while the model worked", beside, f"of {len(asked)}")


if __name__ == "__main__":
    sys.exit(main())
