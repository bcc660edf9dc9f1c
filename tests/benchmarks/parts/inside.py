"""Measurements inside one process: what a page costs that nobody has asked for since the last publication."""

import datetime as dt
import gzip
import time
from collections.abc import Callable
from itertools import islice
from statistics import median

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from papers.models import Revision
from posts import jekyll
from posts.last_change import LAST_CHANGE
from posts.models import DailyPost, Entry
from posts.page_cache import shelf
from tests.benchmarks.parts.processes import REPO

COLD = {
    "day page": "{day}",
    "category page": "/categories/cs.SD/",
    "paper page": "{paper}",
    "category feed": "/feeds/category/cs.SD/atom.xml",
    "mixed feed": "/feeds/category/cs.SD+eess.AS-cs.LG/rss.xml",
    "digest feed": "/feeds/d/speech/feed.json",
    "feed of days": "/feeds/d/speech/days/atom.xml",
    "home": "/",
    "archive": "/archive/",
}
COLD_BAR = 40
FORTY_BAR = 60 * 1024
ROUNDS = 9

client = Client(SERVER_NAME="127.0.0.1")


def get(address: str, **headers: str) -> bytes:
    shelf.clear()
    response = client.get(address, headers=headers)
    assert response.status_code in (200, 304), (address, response.status_code)
    return response.content


def milliseconds(call: Callable[[], object]) -> tuple[float, float]:
    """(CPU at best, time on the clock mostly); other work on the machine disturbs the first less."""
    costs, clocks = [], []
    for _ in range(ROUNDS):
        started, used = time.perf_counter(), time.process_time()
        call()
        costs.append(1000 * (time.process_time() - used))
        clocks.append(1000 * (time.perf_counter() - started))
    return min(costs), median(clocks)


def queries(address: str, **headers: str) -> int:
    """How many; without the question whether anything changed, which SQLite's files often answer."""
    with CaptureQueriesContext(connection) as caught:
        get(address, **headers)
    return sum(query["sql"] != LAST_CHANGE for query in caught)


def main() -> None:
    newest = DailyPost.objects.select_related("digest").latest("date")
    known = {
        "day": newest.get_absolute_url(),
        "paper": f"/papers/{newest.entries.first().paper.arxiv_id}/",
    }
    for name, address in COLD.items():
        cold(name, address.format(**known))
    conditional("/feeds/category/cs.SD/atom.xml")
    forty(newest)


def cold(name: str, address: str) -> None:
    get(address)
    cost, clock = milliseconds(lambda: get(address))
    print(
        f"cold {name}: {clock:.0f} ms, {cost:.0f} ms of it CPU at best, {queries(address)} queries"
        f" (bar: ≤ {COLD_BAR} ms)"
    )


def conditional(address: str) -> None:
    """A reader who has the newest, at a process that has not made the feed."""
    response = client.get(address)
    headers = {"If-None-Match": response["ETag"]}
    _, clock = milliseconds(lambda: get(address, **headers))
    with CaptureQueriesContext(connection) as caught:
        get(address, **headers)
    others = sum(query["sql"] != LAST_CHANGE for query in caught)
    print(
        f"unchanged feed, asked for with its tag: {len(caught)} reads by primary key and {others} others,"
        f" {clock:.2f} ms (bar: ≤ 1 and 0)"
    )


def forty(newest: DailyPost) -> None:
    """A day of forty papers: its size, and that it needs no more queries than one of twenty."""
    address = newest.get_absolute_url()
    before = queries(address)
    earlier = DailyPost.objects.filter(date__lt=newest.date).latest("date")
    own = list(newest.entries.values_list("pk", flat=True))
    Entry.objects.filter(post=earlier).update(post=newest)
    print(f"queries of a day: {before} with {len(own)} papers, {queries(address)} with 40 (bar: the same)")
    if texts := recorded(40):
        for entry, text in zip(newest.entries.select_related("paper__summary"), texts, strict=True):
            Revision.objects.filter(pk=entry.paper.summary.public_id).update(
                abstract=text.abstract, reading=text.reading
            )
    body = get(address)
    assert body.count(b"<article") == 40, "forty papers were to be on the page"
    size = len(gzip.compress(body, 6))
    print(
        f"day of 40 papers with {'recorded' if texts else 'invented'} texts: {size / 1024:.1f} KB compressed of"
        f" {len(body) / 1024:.0f} (bar: ≤ {FORTY_BAR // 1024})"
    )
    Entry.objects.filter(post=newest).exclude(pk__in=own).update(post=earlier)


def recorded(number: int) -> list[jekyll.OldEntry]:
    """Real Chinese texts, where ../shared has them: invented ones repeat themselves and are compressed too well."""
    paths = sorted(REPO.parent.glob("shared/data/seed-posts/20*.md"), reverse=True)
    posts = (
        jekyll.read(path.read_text(encoding="utf-8"), dt.date.fromisoformat(path.name[:10])) for path in paths
    )
    return list(islice((entry for post in posts for entry in post.entries if entry.reading), number))
