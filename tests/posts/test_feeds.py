"""Feeds: who is in them, in which order, under which identifier, and what becomes of corrections."""

import datetime as dt
import json
from typing import Any

import feedparser
import pytest
from django.test import Client

from papers.models import Summary
from posts.models import DailyPost, Entry
from tests.base import (
    DAY,
    chief,
    make_digest,
    make_editor,
    make_entry,
    make_paper,
    make_post,
    make_public_paper,
    make_summary,
    most_queries,
)

pytestmark = pytest.mark.django_db

FOLDERS = [
    "all/",
    "category/cs.SD/",
    "category/cs.SD+eess.AS-cs.LG/",
    "tag/语音/",
    "d/speech/",
    "d/speech/days/",
    "search/",
]
FORMATS = ["rss.xml", "atom.xml", "feed.json"]


def address(folder: str, format: str = "atom.xml") -> str:
    return f"/feeds/{folder}{format}" + ("?q=口音" if folder == "search/" else "")


def read(client: Client, folder: str, format: str = "atom.xml") -> Any:
    response = client.get(address(folder, format))
    assert response.status_code == 200, response.content.decode()
    parsed = feedparser.parse(response.content)
    assert not parsed.bozo, parsed.get("bozo_exception")
    return parsed


def titles(client: Client, folder: str) -> list[str]:
    return [entry.title for entry in read(client, folder).entries]


def ids(client: Client, folder: str) -> list[str]:
    return [entry.id.rsplit("/")[-1] for entry in read(client, folder).entries]


def make_shown(arxiv_id: str, at: dt.datetime, date: dt.date = DAY, **fields: Any) -> Summary:
    """A public paper whose text was approved at that time, in a post published on its date."""
    paper = make_public_paper(arxiv_id, date, **fields)
    morning = dt.datetime.combine(date, dt.time(1), tzinfo=dt.UTC)
    DailyPost.objects.filter(date=date).update(published_at=morning, changed_at=morning)
    Summary.objects.filter(paper=paper).update(public_since=at, public_changed_at=at)
    return Summary.objects.get(paper=paper)


def noon(day: int) -> dt.datetime:
    return dt.datetime(2026, 1, day, 12, tzinfo=dt.UTC)


@pytest.mark.parametrize("format", FORMATS[:2])
@pytest.mark.parametrize("folder", FOLDERS)
def test_every_feed_is_read_by_a_real_reader(client: Client, folder: str, format: str) -> None:
    make_public_paper("2601.19786").tags.add("语音")
    feed = read(client, folder, format)
    assert feed.version == {"rss.xml": "rss20", "atom.xml": "atom10"}[format]
    assert len(feed.entries) == 1
    assert "我们在人说话的同时转换口音" in feed.entries[0].content[0].value


@pytest.mark.parametrize("folder", FOLDERS)
def test_every_feed_is_there_as_json_too(client: Client, folder: str) -> None:
    make_public_paper("2601.19786").tags.add("语音")
    response = client.get(address(folder, "feed.json"))
    feed = response.json()
    assert response["Content-Type"] == "application/feed+json; charset=utf-8"
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    assert feed["feed_url"].startswith("http://127.0.0.1:8000/feeds/")
    assert [set(item) >= {"id", "url", "content_html", "date_published"} for item in feed["items"]] == [True]


@pytest.mark.parametrize("format", FORMATS)
def test_an_item_holds_the_whole_text_in_both_languages(client: Client, format: str) -> None:
    make_public_paper("2601.19786")
    body = client.get(address("all/", format)).content.decode()
    for text in ("Streaming Accent Conversion", "We convert accents", "口音转换", "延迟太高", "审校：主编"):
        assert text in body
    for link in ("https://arxiv.org/abs/2601.19786v1", "https://arxiv.org/pdf/2601.19786v1"):
        assert link in body
    assert "http://www.w3.org/1998/Math/MathML" in body or "math" in body


def test_the_chinese_title_is_the_items_title(client: Client) -> None:
    make_public_paper("2601.19786")
    assert titles(client, "all/") == ["含 k 个码本的流式口音转换"]


def test_formulae_stay_mathml(client: Client) -> None:
    make_public_paper("2601.19786")
    assert "<math" in client.get("/feeds/all/feed.json").json()["items"][0]["content_html"]


def test_a_machines_text_says_so(client: Client) -> None:
    digest = make_digest(slug="machine", categories=["cs.SD"], policy="machine")
    post = make_post(digest=digest)
    make_entry(post, make_summary())
    post.publish()
    assert "机器翻译，未经审校" in read(client, "d/machine/").entries[0].content[0].value


def test_identifiers_do_not_know_the_sites_address(client: Client, settings: Any) -> None:
    make_public_paper("2601.19786")
    before = read(client, "all/").entries[0].id
    settings.SITE_URL = "https://elsewhere.example"
    after = read(client, "d/speech/", "rss.xml").entries[0]
    assert before == after.id
    assert after.link == "https://elsewhere.example/papers/2601.19786/"
    assert before.startswith("tag:")


def test_links_ignore_the_host_that_was_asked(client: Client, settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    make_public_paper("2601.19786")
    body = client.get(address("all/"), headers={"Host": "evil.example"}).content.decode()
    assert "evil.example" not in body


def test_a_correction_updates_the_item_and_makes_no_second_one(client: Client) -> None:
    summary = make_shown("2601.19786", noon(28))
    old = read(client, "all/").entries[0]
    summary.edit(make_editor(), summary.current, title="改正后的标题", abstract="改正。", reading="")
    summary.approve(chief())
    (new,) = read(client, "all/").entries
    assert (new.id, new.published, new.title) == (old.id, old.published, "改正后的标题")
    assert new.updated > old.updated
    assert "修改标题" in new.content[0].value


def test_published_and_updated_are_two_times(client: Client) -> None:
    make_shown("2601.19786", noon(28))
    Summary.objects.update(public_changed_at=noon(30))
    (entry,) = read(client, "all/").entries
    assert (entry.published, entry.updated) == ("2026-01-28T12:00:00Z", "2026-01-30T12:00:00Z")


def test_what_is_withdrawn_disappears(client: Client) -> None:
    summary = make_shown("2601.19786", noon(28))
    other = make_shown("2601.19787", noon(28), title="Another")
    assert len(ids(client, "all/")) == 2
    summary.withdraw(chief(), "译错了")
    assert ids(client, "all/") == ["2601.19787"]
    other.paper.entries.get().post.withdraw(chief(), "发早了")
    for folder in FOLDERS[:3]:
        assert ids(client, folder) == []


def test_a_publish_is_in_the_feed_at_once(client: Client) -> None:
    post = make_post()
    make_entry(post)
    assert ids(client, "d/speech/") == []
    post.publish(chief())
    assert len(ids(client, "d/speech/")) == 1


def test_a_weekend_or_a_second_publication_empties_nothing(client: Client) -> None:
    make_public_paper("2601.19786")
    post = DailyPost.objects.get()
    make_post(dt.date(2026, 2, 2), published=True)
    before = client.get(address("all/")).content
    post.publish(chief())
    assert ids(client, "all/") == ["2601.19786"]
    assert client.get(address("all/")).content == before


def test_the_order_is_the_order_in_which_readers_could_see_them(client: Client) -> None:
    make_shown("2601.10001", noon(10), dt.date(2026, 1, 10))
    make_shown("2601.10002", noon(29), dt.date(2026, 1, 11))
    make_shown("2601.10003", noon(5), dt.date(2026, 1, 20))
    make_shown("2601.10004", noon(12), dt.date(2026, 1, 12))
    assert ids(client, "all/") == ["2601.10002", "2601.10003", "2601.10004", "2601.10001"]


def test_papers_of_one_day_keep_their_order(client: Client) -> None:
    for number in range(1, 4):
        make_shown(f"2601.1000{number}", noon(27))
    assert ids(client, "all/") == ["2601.10001", "2601.10002", "2601.10003"]


def test_a_paper_in_two_digests_is_one_item_dated_by_the_first(client: Client) -> None:
    summary = make_shown("2601.10001", noon(10), dt.date(2026, 1, 10))
    make_shown("2601.10002", noon(15), dt.date(2026, 1, 15))
    vision = make_post(dt.date(2026, 1, 20), digest=make_digest(slug="vision"), published=True)
    DailyPost.objects.filter(pk=vision.pk).update(published_at=noon(20))
    make_entry(vision, summary)
    assert ids(client, "all/") == ["2601.10002", "2601.10001"]
    assert ids(client, "d/vision/") == ["2601.10001"]
    assert read(client, "d/vision/").entries[0].published == "2026-01-20T12:00:00Z"


def test_a_text_approved_late_in_an_old_post_still_reaches_readers(client: Client) -> None:
    make_shown("2601.00001", noon(30), dt.date(2025, 6, 2))
    first = dt.date(2025, 7, 1)
    for number in range(70):
        date = first + dt.timedelta(days=number)
        make_shown(f"2507.{number:05}", dt.datetime.combine(date, dt.time(2), tzinfo=dt.UTC), date)
    found = ids(client, "all/")
    assert (found[0], len(found)) == ("2601.00001", 50)
    assert found[1] == "2507.00069"


def test_a_rare_category_is_found_behind_many_other_days(client: Client) -> None:
    make_shown("2501.00001", noon(1), dt.date(2025, 1, 2), categories=["math.NA"])
    for number in range(65):
        date = dt.date(2025, 7, 1) + dt.timedelta(days=number)
        make_shown(f"2507.{number:05}", noon(1), date)
    assert ids(client, "category/math.NA/") == ["2501.00001"]


def test_categories_add_and_subtract(client: Client) -> None:
    make_public_paper("2601.10001", categories=["cs.SD"])
    make_public_paper("2601.10002", categories=["eess.AS", "cs.LG"])
    make_public_paper("2601.10003", categories=["astro-ph.CO"])
    make_public_paper("2601.10004", categories=["eess.SY"])
    expected = {
        "cs.SD": {1},
        "cs.SD+eess.AS": {1, 2},
        "cs.SD+eess.AS-cs.LG": {1},
        "eess.AS-cs.LG": set(),
        "astro-ph.CO+cs.SD": {1, 3},
        "astro-ph": {3},
        "cs.SY": {4},
        "CS.sd": {1},
        "cs": {1, 2},
        "eess-eess.SY": {2},
    }
    for text, numbers in expected.items():
        assert set(ids(client, f"category/{text}/")) == {f"2601.1000{n}" for n in numbers}, text


def test_all_spellings_of_a_mixture_are_one_feed(client: Client) -> None:
    make_public_paper("2601.10001")
    spelled = [client.get(address(f"category/{text}/")).content for text in ("cs.SD+cs.SY", "EESS.SY+cs.sd")]
    assert spelled[0] == spelled[1]
    assert b'rel="self"' in spelled[0]
    assert b"/feeds/category/cs.SD+eess.SY/atom.xml" in spelled[0]


@pytest.mark.parametrize(
    "folder",
    ["category/cs.XX/", "category/cs.SD+/", "category/-cs.SD/", "category/cs.SDcs.LG/", "tag/无此标签/"]
    + ["d/nowhere/", "d/nowhere/days/", "category/+/", "tag/%00/", "search/"],
)
def test_what_is_not_there_is_not_found_with_a_line_of_help(client: Client, folder: str) -> None:
    response = client.get(f"/feeds/{folder}atom.xml")
    assert response.status_code == 404
    assert any(line in response.content.decode() for line in ("没有", "请在地址里"))


def test_the_feed_of_days_has_one_item_a_day(client: Client) -> None:
    for number in (1, 2):
        make_public_paper(f"2601.1000{number}")
    make_public_paper("2601.10003", dt.date(2026, 1, 29))
    days = read(client, "d/speech/days/").entries
    assert [day.title for day in days] == ["语音与音频 2026年1月29日：1 篇", "语音与音频 2026年1月28日：2 篇"]
    assert days[1].id.endswith(":day/speech/2026-01-28")
    assert "http://127.0.0.1:8000/papers/2601.10002/" in days[1].content[0].value


def test_a_search_feed_finds_what_the_search_page_finds(client: Client) -> None:
    make_public_paper("2601.10001")
    assert client.get("/feeds/search/feed.json?q=口音").json()["items"]
    assert client.get("/feeds/search/feed.json?author=Ada+Example").json()["items"]
    assert not client.get("/feeds/search/feed.json?q=天文").json()["items"]


def test_tags_with_any_name_have_feeds(client: Client) -> None:
    make_public_paper("2601.10001").tags.add("TTS/VC 语音")
    assert ids(client, "tag/TTS%2FVC%20%E8%AF%AD%E9%9F%B3/") == ["2601.10001"]
    assert ids(client, "tag/tts/vc 语音/") == ["2601.10001"]


def test_the_subscription_list_names_every_feed_of_the_site(client: Client) -> None:
    response = client.get("/feeds.opml")
    for folder in ("all", "d/speech", "category/cs.SD", "category/eess.AS"):
        assert f"http://127.0.0.1:8000/feeds/{folder}/atom.xml" in response.content.decode()
    assert response["Content-Type"].startswith("text/x-opml")


def test_the_subscription_list_follows_the_categories_asked_for(client: Client) -> None:
    body = client.get("/feeds.opml?cat=cs.CV,cs.SY").content.decode()
    assert "category/cs.CV/atom.xml" in body
    assert "category/eess.SY/atom.xml" in body
    assert "cs.SD" not in body
    assert client.get("/feeds.opml?cat=nonsense").status_code == 404


@pytest.mark.parametrize("papers", [1, 60])
@pytest.mark.parametrize("folder", FOLDERS)
def test_the_number_of_queries_does_not_grow(
    client: Client, folder: str, papers: int, django_assert_max_num_queries: Any
) -> None:
    for number in range(papers):
        make_public_paper(f"2601.{number:05}").tags.add("语音")
    assert Entry.objects.count() == papers
    client.get("/search/?q=口音")
    with django_assert_max_num_queries(most_queries()):
        client.get(address(folder))


def test_json_is_utf_8_without_escapes(client: Client) -> None:
    make_public_paper("2601.10001")
    body = client.get("/feeds/all/feed.json").content
    assert "口音转换" in body.decode()
    assert json.loads(body)["language"] == "zh-CN"


def test_a_paper_not_yet_reviewed_is_in_no_feed(client: Client) -> None:
    paper = make_paper("2601.10001")
    paper.tags.add("语音")
    make_entry(make_post(published=True), make_summary("needs_review", paper))
    for folder in FOLDERS:
        for format in FORMATS:
            assert "2601.10001" not in client.get(address(folder, format)).content.decode()


def test_an_english_heading_of_the_old_site_stands_once_in_an_item(client: Client) -> None:
    paper = make_paper("2601.19787", title="Old Heading", abstract="")
    make_entry(make_post(published=True), make_summary("approved", paper, title="Old Heading"))
    item = client.get("/feeds/all/feed.json").json()["items"][0]
    assert item["title"] == "Old Heading"
    assert "Old Heading" not in item["content_html"] and "<h2>Abstract</h2>" not in item["content_html"]
