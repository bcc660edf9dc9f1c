"""The fake arXiv and the fake model in a process of their own, so that a bench counts the application's work alone.

    python -m tests.benchmarks.parts.wire --day 2026-09-16:300 --category cs.SD --translation 2 --reading 4

prints the environment that points at them as one line of JSON, and ends when its standard input closes. Every paper
has a text of about 40,000 characters, as long as a conference paper: every second one as HTML, the others as PDF.
"""

import argparse
import datetime as dt
import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from tests.fakes import arxiv, crowd, latexml, year
from tests.fakes.arxiv_world import FakePaper, World
from tests.fakes.edition import environment
from tests.fakes.model import FakeModel
from tests.fakes.pdf import make_pdf

SPEECH = ("cs.SD", "eess.AS")
PARAGRAPHS = 18


def noon(day: dt.date) -> str:
    """14:00 in Shanghai on that date: listing and feed are both out."""
    return f"{day:%F}T06:00:00+00:00"


@contextmanager
def servers(
    days: dict[dt.date, int], seconds: dict[str, float], categories: Sequence[str] = SPEECH
) -> Iterator[dict[str, str]]:
    """Both fakes, on the first of `days` (date -> papers); `seconds` a translation and a reading take."""
    told = [f"--day={day:%F}:{papers}" for day, papers in days.items()]
    told += [f"--category={code}" for code in categories]
    told += [f"--{purpose}={wait}" for purpose, wait in seconds.items()]
    command = [sys.executable, "-m", "tests.benchmarks.parts.wire", *told]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield json.loads(process.stdout.readline())
    finally:
        process.stdin.close()
        process.wait(10)


def model_calls() -> dict[str, Any]:
    """What the fake model has been asked so far (`FakeModel.counts`)."""
    with urllib.request.urlopen(os.environ["OPENAI_BASE_URL"].removesuffix("/v1") + "/_calls") as answer:
        return json.load(answer)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--day", action="append", default=[], help="DATE:PAPERS")
    parser.add_argument("--category", action="append", default=[])
    parser.add_argument("--translation", type=float, default=0)
    parser.add_argument("--reading", type=float, default=0)
    options = parser.parse_args()
    days = {
        dt.date.fromisoformat(day): int(papers) for day, _, papers in (d.partition(":") for d in options.day)
    }
    delay = {"translation": options.translation, "reading": options.reading}
    world = world_of(days, options.category)
    with arxiv.FakeArxiv(world) as source, FakeModel(delay=delay) as model:
        print(json.dumps(environment(source, model)), flush=True)
        with suppress(KeyboardInterrupt):
            sys.stdin.read()


def world_of(days: dict[dt.date, int], categories: Sequence[str]) -> World:
    parts = [crowd.world([day], papers, categories) for day, papers in days.items()]
    world = World([paper for part in parts for paper in part.papers.values()])
    for number, paper in enumerate(world.papers.values()):
        lengthen(paper, as_html=number % 2 == 0)
    world.set_now(dt.datetime.fromisoformat(noon(min(days))))
    return world


def lengthen(paper: FakePaper, *, as_html: bool) -> None:
    """A text as long as a paper's, as HTML or as PDF."""
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


if __name__ == "__main__":
    main()
