"""Searches of every kind against the index of `library.index`, timed one by one."""

import json
import sys
import time
from collections.abc import Iterator
from math import ceil
from random import Random

from django.test import Client

from papers.models import Paper, Revision
from posts.page_cache import shelf
from posts.search import search

BAR = 20.0
COMMON = ["语音", "模型", "我们", "speech", "model", "with", "训练数据", "the", "语音 模型", "识别 -语音"]
RARE = ["天文", "zebrafish", "量子纠缠", "语音 zebrafish", "模型 天文"]
client = Client(SERVER_NAME="127.0.0.1")

Case = tuple[str, dict[str, str]]


def cases() -> Iterator[Case]:
    """What people type: frequent and rare words of both languages, phrases, names, numbers, facets."""
    random = Random(3)
    papers = list(Paper.objects.filter(pk__in=[random.randint(1, Paper.objects.count()) for _ in range(40)]))
    titles = dict(Revision.objects.filter(pk__in=[paper.pk for paper in papers]).values_list("pk", "title"))
    for word in COMMON + RARE:
        yield word, {}
        yield word, {"category": "cs.CL"}
    for paper in papers:
        words = paper.title.split()
        at = random.randrange(max(1, len(words) - 2))
        yield " ".join(words[at : at + 2]), {}
        yield f'"{paper.title}"', {}
        yield titles[paper.pk][:2], {}
        yield titles[paper.pk][2:6], {"tag": "语音合成"}
        yield paper.authors[0], {}
        yield "", {"author": paper.authors[0]}
        yield paper.arxiv_id, {}
        yield words[0][:4] + "*", {"month": f"20{paper.arxiv_id[:2]}-{paper.arxiv_id[2:4]}"}


def main(path: str) -> None:
    found: dict[str, list[int]] = {}
    taken: dict[str, list[tuple[float, str]]] = {"search": [], "search page": []}
    for text, filters in cases():
        name = f"{text} {filters}"
        for _ in range(2):
            started = time.perf_counter()
            found[name] = search(text, filters).papers
            cost = time.perf_counter() - started
        taken["search"].append((cost * 1000, name))
        shelf.clear()
        started = time.perf_counter()
        client.get("/search/", {"q": text} | filters)
        taken["search page"].append(((time.perf_counter() - started) * 1000, name))
    for kind, costs in taken.items():
        report(kind, sorted(costs), BAR if kind == "search" else None)
    with open(path, "w", encoding="utf-8") as file:
        json.dump(found, file)


def report(kind: str, costs: list[tuple[float, str]], bar: float | None) -> None:
    p50, p95 = (costs[ceil(part * len(costs)) - 1][0] for part in (0.5, 0.95))
    said = f" (bar: p95 ≤ {bar:.0f} ms)" if bar else ""
    print(f"{kind}: p50 {p50:.1f} ms, p95 {p95:.1f} ms over {len(costs)} searches{said}", flush=True)
    for cost, name in costs[-3:]:
        print(f"  slowest: {cost:.1f} ms {name}", file=sys.stderr)
