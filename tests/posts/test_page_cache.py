"""The page cache: one making for each content generation, and never a stale or a private page."""

import datetime as dt
import gzip
import threading
from collections.abc import Callable

import pytest
from django.db import OperationalError, connection
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext

from digest_site import clock
from papers.models import Generation
from posts import page_cache
from posts.last_change import LAST_CHANGE, Change
from posts.page_cache import PageCache, shelf
from tests.base import chief, make_editor, make_entry, make_post, make_public_paper, make_summary

pytestmark = pytest.mark.django_db

HOME = "/d/speech/2026/01/28/"


def test_a_second_request_costs_one_read_by_primary_key(client: Client) -> None:
    make_public_paper()
    first = client.get(HOME)
    with CaptureQueriesContext(connection) as queries:
        second = client.get(HOME)
    assert [query["sql"] for query in queries] == [LAST_CHANGE]
    assert second.content == first.content


def test_a_publish_is_seen_by_the_next_request(client: Client) -> None:
    post = make_post()
    make_entry(post)
    assert client.get(HOME).status_code == 404
    assert "2026年1月28日" not in client.get("/").content.decode()
    post.publish(chief())
    assert client.get(HOME).status_code == 200
    assert "2026年1月28日" in client.get("/").content.decode()


def test_an_approval_changes_the_page_at_once(client: Client) -> None:
    post = make_post(published=True)
    summary = make_summary("needs_review")
    make_entry(post, summary)
    assert "流式口音转换" not in client.get(HOME).content.decode()
    summary.approve(make_editor())
    assert "流式口音转换" in client.get(HOME).content.decode()


def test_an_unchanged_page_is_not_sent_twice(client: Client) -> None:
    make_public_paper()
    Generation.objects.update(changed_at=clock.machine_now() - dt.timedelta(hours=1))
    first = client.get(HOME)
    assert first["Cache-Control"] == "public, max-age=60, s-maxage=5"
    by_tag = client.get(HOME, headers={"If-None-Match": first["ETag"]})
    by_date = client.get(HOME, headers={"If-Modified-Since": first["Last-Modified"]})
    assert (by_tag.status_code, by_tag.content) == (304, b"")
    assert by_date.status_code == 304


def test_a_bump_without_a_change_keeps_the_tag(client: Client) -> None:
    make_public_paper()
    tag = client.get(HOME)["ETag"]
    Generation.bump()
    assert client.get(HOME, headers={"If-None-Match": tag}).status_code == 304


def test_a_changed_page_has_another_tag(client: Client) -> None:
    make_public_paper()
    tag = client.get(HOME)["ETag"]
    make_public_paper(title="Another")
    response = client.get(HOME, headers={"If-None-Match": tag})
    assert response.status_code == 200
    assert response["ETag"] != tag


def test_a_session_cookie_goes_past_the_cache(client: Client) -> None:
    make_public_paper()
    client.get(HOME)
    client.force_login(make_editor())
    with CaptureQueriesContext(connection) as queries:
        client.get(HOME)
    assert len(queries) > 1


def test_not_found_and_posts_are_not_kept(client: Client) -> None:
    client.get("/d/speech/2026/01/29/")
    client.post("/search/", {"q": "x"})
    assert len(shelf._pages) == 0


def test_head_says_what_get_says_without_the_body(client: Client) -> None:
    make_public_paper()
    for _ in range(2):
        head, get = client.head(HOME), client.get(HOME)
        assert (head.status_code, head.content) == (200, b"")
        assert head["ETag"] == get["ETag"]
        assert head["Content-Length"] == get["Content-Length"]


def test_pages_are_zipped_once_for_those_who_can_read_it(client: Client) -> None:
    make_public_paper()
    plain = client.get(HOME)
    zipped = client.get(HOME, headers={"Accept-Encoding": "br, gzip"})
    refused = client.get(HOME, headers={"Accept-Encoding": "gzip;q=0"})
    assert gzip.decompress(zipped.content) == plain.content == refused.content
    assert zipped["Vary"] == plain["Vary"] == "Accept-Encoding"


def test_the_shelf_forgets_the_least_used_when_it_is_full(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("posts.page_cache.MOST_ENTRIES", 3)
    cache = PageCache(lambda request: HttpResponse("x"))
    for number in range(10):
        cache(request_for(f"/{number}"))
    assert len(shelf._pages) == 3


def test_the_shelf_keeps_no_more_bytes_than_it_may(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("posts.page_cache.MOST_BYTES", 10_000)
    cache = PageCache(lambda request: HttpResponse(request.path * 100))
    for number in range(100):
        cache(request_for(f"/{number:02}"))
        cache(request_for("/00"))
    assert 5_000 < shelf._bytes <= 10_000
    assert shelf._bytes == sum(page.size for page in shelf._pages.values())
    PageCache(lambda request: HttpResponse("x" * 20_000))(request_for("/too-large"))
    assert shelf._bytes <= 10_000


def test_a_page_is_made_by_one_thread_while_the_others_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("posts.page_cache.last_change", Change)
    made, arrived = [], threading.Barrier(4)

    def slow(request: HttpRequest) -> HttpResponse:
        made.append(request.path)
        threading.Event().wait(0.2)
        return HttpResponse("page")

    cache = PageCache(slow)

    def ask() -> None:
        arrived.wait()
        bodies.append(cache(request_for("/same")).content)

    bodies: list[bytes] = []
    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert bodies == [b"page"] * 4
    assert made == ["/same"]


def test_a_page_that_fails_leaves_nobody_waiting() -> None:
    def broken(request: HttpRequest) -> HttpResponse:
        raise RuntimeError("no page")

    cache = PageCache(broken)
    for _ in range(2):
        with pytest.raises(RuntimeError):
            cache(request_for("/broken"))


def request_for(path: str) -> HttpRequest:
    return RequestFactory().get(path)


# Without a database


@pytest.fixture
def away(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    def go() -> None:
        def refuse() -> Change:
            raise OperationalError("connection refused\nIs the server running?")

        monkeypatch.setattr(page_cache, "last_change", refuse)

    return go


def test_a_page_that_we_have_outlives_the_database(client: Client, away: Callable[[], None]) -> None:
    make_public_paper()
    before = client.get(HOME)
    away()
    assert client.get(HOME).content == before.content


def test_a_page_that_we_do_not_have_is_to_be_asked_for_again(
    client: Client, away: Callable[[], None], caplog: pytest.LogCaptureFixture
) -> None:
    away()
    answers = [client.get("/archive/") for _ in range(3)]
    assert {answer.status_code for answer in answers} == {503}
    assert answers[0]["Retry-After"] == "30" and "no-store" in answers[0]["Cache-Control"]
    assert [record.getMessage() for record in caplog.records if record.name == "posts.database"] == [
        "数据库不能用：connection refused；一能用就自动继续"
    ]


def test_a_view_that_loses_the_database_is_a_503_too(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object) -> None:
        raise OperationalError("server closed the connection unexpectedly")

    monkeypatch.setattr("posts.views.health.ledgers.state", refuse)
    assert client.get("/ledger.json").status_code == 503
