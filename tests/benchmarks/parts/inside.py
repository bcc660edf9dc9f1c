"""Measurements inside one process: what a page costs that nobody has asked for since the last publication."""

import gzip
import time
from collections.abc import Callable
from statistics import median

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from posts.models import DailyPost, Entry
from posts.page_cache import shelf

COLD = {
    "day page": "{day}",
    "category page": "/categories/cs.SD/",
    "paper page": "{paper}",
    "category feed": "/feeds/category/cs.SD/atom.xml",
    "mixed feed": "/feeds/category/cs.SD+eess.AS-cs.LG/rss.xml",
    "digest feed": "/feeds/d/speech/feed.json",
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


def milliseconds(call: Callable[[], object]) -> list[float]:
    taken = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        call()
        taken.append(1000 * (time.perf_counter() - started))
    return sorted(taken)


def queries(address: str, **headers: str) -> int:
    with CaptureQueriesContext(connection) as caught:
        get(address, **headers)
    return len(caught)


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
    taken = milliseconds(lambda: get(address))
    print(
        f"cold {name}: {taken[0]:.0f} ms at best, {median(taken):.0f} ms mostly, {queries(address)} queries"
        f" (bar: ≤ {COLD_BAR} ms)"
    )


def conditional(address: str) -> None:
    """A reader who has the newest, at a process that has not made the feed."""
    response = client.get(address)
    headers = {"If-None-Match": response["ETag"]}
    taken = milliseconds(lambda: get(address, **headers))
    print(
        f"unchanged feed, asked for with its tag: {queries(address, **headers)} read by primary key, {taken[0]:.2f} ms"
        " (bar: ≤ 1)"
    )


def forty(newest: DailyPost) -> None:
    """A day of forty papers: its size, and that it needs no more queries than one of twenty."""
    address = newest.get_absolute_url()
    before = queries(address)
    earlier = DailyPost.objects.filter(date__lt=newest.date).latest("date")
    Entry.objects.filter(post=earlier).update(post=newest)
    body = get(address)
    assert body.count(b"<article") == 2 * newest.fetched, "forty papers were to be on the page"
    size = len(gzip.compress(body, 6))
    print(
        f"day of 40 papers: {size / 1024:.1f} KB compressed of {len(body) / 1024:.0f} (bar: ≤ {FORTY_BAR // 1024})"
    )
    print(f"queries of a day: {before} with 20 papers, {queries(address)} with 40 (bar: the same)")
    Entry.objects.filter(post=newest, paper__lte=newest.entries.order_by("paper")[19].paper_id).update(
        post=earlier
    )
