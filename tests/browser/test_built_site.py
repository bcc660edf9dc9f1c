"""The built site in a real Chromium, from a plain file server and under a sub-path: search, stars, reading on."""

import datetime as dt
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from selenium.webdriver import Chrome
from selenium.webdriver.support.ui import WebDriverWait

from papers.models import Term
from posts.models import Digest
from posts.static_site import build
from tests.base import make_public_paper

# The mark has the test database made, though no test here opens it.
pytestmark = [pytest.mark.browser, pytest.mark.django_db]

DAYS = [dt.date(2025, 12, 31), dt.date(2026, 1, 27), dt.date(2026, 1, 28)]
QUERIES = {
    "口音转换": 6, "口音": 6, "转口": 0, "streaming ACCENT": 6, "accen": 0, "accen*": 6, '"accent conversion"': 6,
    '"conversion accent"': 0, "口音 -streaming": 0, "2601.02801": 1, "合成": 2, "Ada 合成": 2, "示例": 0,
}  # fmt: skip


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture(scope="module")
def address(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """Where the built site is served; the live search has answered the same questions."""
    root = tmp_path_factory.mktemp("host")
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(root))) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        base = f"http://127.0.0.1:{server.server_port}/digest"
        with django_db_blocker.unblock(), transaction.atomic():
            _make_rows()
            build(root / "digest", base)
            found = {
                query: len(Client().get("/search/", {"q": query}).context["hits"].papers) for query in QUERIES
            }
            transaction.set_rollback(True)
        assert found == QUERIES
        yield base
        server.shutdown()


def _make_rows() -> None:
    Term.objects.all().delete()
    Digest.objects.get_or_create(
        slug="speech", defaults={"title": "语音", "categories": ["cs.SD", "eess.AS"]}
    )
    for day in DAYS:
        for number in range(2):
            paper = make_public_paper(f"{day:%y%m}.{day.day * 100 + number:05}", day)
            if day == DAYS[0]:
                paper.tags.add("合成")


def wait(chromium: Chrome, script: str) -> Any:
    """The first value of `script` that counts as true."""
    return WebDriverWait(chromium, 10).until(lambda window: window.execute_script(f"return {script}"))


def test_the_browser_finds_what_the_server_finds(chromium: Chrome, address: str) -> None:
    for query, number in QUERIES.items():
        chromium.get(f"{address}/search/?q={query.replace(' ', '+')}")
        said = wait(
            chromium,
            "/篇$|^没有/.test(document.querySelector('.ledger')?.textContent) && document.querySelector('.ledger').textContent",
        )
        assert said.startswith(f"{number} 篇" if number else "没有找到"), query
        assert len(chromium.execute_script("return [...document.querySelectorAll('.entry')]")) == number


def test_facets_narrow_a_search_and_results_lead_to_papers(chromium: Chrome, address: str) -> None:
    chromium.get(f"{address}/search/?q=口音&tag=合成")
    wait(chromium, "document.querySelectorAll('.entry').length === 2")
    link = chromium.execute_script("return document.querySelector('.entry h3 a').href")
    assert link.startswith(f"{address}/papers/2512.")
    chromium.get(link)
    assert chromium.title.startswith("含")


def test_stars_are_kept_and_shown_without_a_server(chromium: Chrome, address: str) -> None:
    chromium.get(f"{address}/papers/2601.02801/")
    chromium.execute_script("document.querySelector('[data-star]').click()")
    chromium.get(f"{address}/stars/")
    wait(
        chromium, "location.search === '?ids=2601.02801' && document.querySelectorAll('.entry').length === 1"
    )
    chromium.execute_script("localStorage.clear()")


def test_days_since_a_date_are_read_one_after_another(chromium: Chrome, address: str) -> None:
    chromium.get(f"{address}/d/speech/?since=2026-01-27")
    wait(chromium, "document.querySelectorAll('.entry').length === 4")
    shown = chromium.execute_script(
        "return [...document.querySelectorAll('main h2 a')].map((a) => a.textContent)"
    )
    assert shown[0] == "2026-01-27" and "2026-01-28" in shown


def test_no_page_of_the_built_site_complains(chromium: Chrome, address: str) -> None:
    chromium.get_log("browser")
    for path in (
        "/",
        "/d/speech/2026/01/28/",
        "/papers/2601.02801/",
        "/archive/",
        "/search/?q=口音",
        "/statistics/",
    ):
        chromium.get(address + path)
    assert [
        entry["message"] for entry in chromium.get_log("browser") if "favicon" not in entry["message"]
    ] == []
