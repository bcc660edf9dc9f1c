"""Feeds and conditional requests: one row for a reader who has the newest, never an old copy for one who has not."""

import datetime as dt
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.http import parse_http_date

from digest_site import clock
from papers.models import Generation, Summary
from posts.last_change import LAST_CHANGE
from posts.page_cache import shelf
from tests.base import chief, make_digest, make_editor, make_entry, make_post, make_public_paper

pytestmark = pytest.mark.django_db

FEED = "/feeds/category/cs.SD/atom.xml"
ONE_ROW = [LAST_CHANGE]
FOLDERS = ["all/", "category/cs.SD/", "tag/语音/", "d/speech/", "d/speech/days/", "search/"]


@pytest.fixture
def paper() -> Any:
    paper = make_public_paper("2601.19786")
    paper.tags.add("语音")
    settle()
    return paper


def settle() -> None:
    """The last change was an hour ago."""
    Generation.objects.update(changed_at=clock.machine_now() - dt.timedelta(hours=1))


def forget_everything() -> None:
    """As in a process that has just begun."""
    shelf.clear()


def asked_again(client: Client, address: str, **headers: str) -> tuple[Any, list[str]]:
    names = {"tag": "If-None-Match", "date": "If-Modified-Since"}
    with CaptureQueriesContext(connection) as queries:
        response = client.get(address, headers={names[name]: value for name, value in headers.items()})
    return response, [query["sql"] for query in queries]


@pytest.mark.parametrize("folder", FOLDERS)
@pytest.mark.parametrize("format", ["rss.xml", "atom.xml", "feed.json"])
@pytest.mark.parametrize("process", ["same", "another"])
def test_an_unchanged_feed_costs_one_row(
    client: Client, paper: Any, folder: str, format: str, process: str
) -> None:
    address = f"/feeds/{folder}{format}" + ("?q=口音" if folder == "search/" else "")
    first = client.get(address)
    if process == "another":
        forget_everything()
    response, queries = asked_again(client, address, tag=first["ETag"])
    assert (response.status_code, response.content, queries) == (304, b"", ONE_ROW)
    response, queries = asked_again(client, address, date=first["Last-Modified"])
    assert (response.status_code, queries) == (304, ONE_ROW)
    assert response["Access-Control-Allow-Origin"] == "*"
    assert response["Cache-Control"] == first["Cache-Control"]


def test_two_changes_in_one_second_are_two_to_a_reader_who_only_knows_dates(
    client: Client, paper: Any
) -> None:
    for _ in range(3):
        Generation.bump()
        first = client.get(FEED)
        assert parse_http_date(first["Last-Modified"]) <= clock.machine_now().timestamp()
        Generation.bump()
        for _ in range(2):
            assert asked_again(client, FEED, date=first["Last-Modified"])[0].status_code == 200
            forget_everything()
    settle()
    forget_everything()
    first = client.get(FEED)
    assert asked_again(client, FEED, date=first["Last-Modified"])[0].status_code == 304


def test_a_tag_wins_over_a_date(client: Client, paper: Any) -> None:
    first = client.get(FEED)
    for _ in range(2):
        response, _ = asked_again(client, FEED, tag='W/"other"', date=first["Last-Modified"])
        assert response.status_code == 200
        forget_everything()


def test_a_tag_of_one_feed_means_nothing_at_another(client: Client, paper: Any) -> None:
    tag = client.get(FEED)["ETag"]
    forget_everything()
    assert asked_again(client, "/feeds/all/atom.xml", tag=tag)[0].status_code == 200
    assert asked_again(client, "/feeds/category/cs.XX/atom.xml", tag=tag)[0].status_code == 404


def test_a_change_elsewhere_sends_no_feed_again(client: Client, paper: Any) -> None:
    first = client.get(FEED)
    other = make_post(digest=make_digest(slug="vision"))
    other.publish(chief())
    forget_everything()
    for _ in range(2):
        response, _ = asked_again(client, FEED, tag=first["ETag"])
        assert (response.status_code, response["ETag"]) == (304, first["ETag"])


def test_every_change_of_the_public_is_seen_by_tag(client: Client, paper: Any) -> None:
    summary = Summary.objects.get(paper=paper)
    tags = [client.get(FEED)["ETag"]]

    def expect_new() -> None:
        response, _ = asked_again(client, FEED, tag=tags[-1])
        assert response.status_code == 200
        tags.append(response["ETag"])

    summary.edit(make_editor(), summary.current, title="改正", abstract="改正。", reading="")
    assert asked_again(client, FEED, tag=tags[-1])[0].status_code == 304
    summary.approve(chief())
    expect_new()
    post = make_post(paper.entries.get().post.date.replace(day=29), published=True)
    make_entry(post)
    Generation.bump()
    expect_new()
    summary.withdraw(chief(), "译错了")
    expect_new()
    assert len(set(tags)) == 4


def test_another_release_of_the_software_is_no_old_copy(
    client: Client, paper: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = client.get(FEED)
    forget_everything()
    monkeypatch.setattr("posts.validators.SOFTWARE", "another release")
    response, queries = asked_again(client, FEED, tag=first["ETag"])
    assert len(queries) > 1
    assert response.status_code == 304


def test_several_tags_and_a_star_are_understood(client: Client, paper: Any) -> None:
    first = client.get(FEED)
    for tags in (f'"a", {first["ETag"]}', "*"):
        assert asked_again(client, FEED, tag=tags)[0].status_code == 304


@pytest.mark.parametrize("value", ["", "x", 'W/"', '"...."', 'W/"' + "a" * 5000, "*, *", "口音"])
def test_a_tag_of_any_form_is_harmless(client: Client, paper: Any, value: str) -> None:
    client.get(FEED)
    assert asked_again(client, FEED, tag=value)[0].status_code == 200
    forget_everything()
    assert asked_again(client, FEED, tag=value)[0].status_code == 200


def test_head_and_get_agree(client: Client, paper: Any) -> None:
    get, head = client.get(FEED), client.head(FEED)
    assert (head.status_code, head.content, head["ETag"]) == (200, b"", get["ETag"])


def test_feeds_are_for_pages_on_other_sites_too(client: Client, paper: Any) -> None:
    for address in (FEED, "/feeds.opml"):
        assert client.get(address)["Access-Control-Allow-Origin"] == "*"


def test_a_feed_is_the_same_for_somebody_logged_in(client: Client, paper: Any) -> None:
    tag = client.get(FEED)["ETag"]
    client.force_login(chief())
    response, queries = asked_again(client, FEED, tag=tag)
    assert (response.status_code, queries) == (304, ONE_ROW)
    assert "cookie" not in client.get(FEED)["Vary"].lower()


def test_caches_between_us_hold_a_feed_for_seconds(client: Client, paper: Any) -> None:
    response = client.get(FEED)
    assert response["Cache-Control"] == "public, max-age=900, s-maxage=5"
    assert response["X-Accel-Expires"] == "5"


def test_half_a_search_is_kept_by_nobody(client: Client, paper: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("posts.feeds.channels.INDEX_AT_MOST", 0)
    response = client.get("/feeds/search/atom.xml?q=口音")
    assert (response.status_code, response["Cache-Control"]) == (200, "no-store")
    monkeypatch.undo()
    assert "2601.19786" in client.get("/feeds/search/atom.xml?q=口音").content.decode()
