"""Feeds against the grammar of RFC 4287, a real reader, and every character there is."""

import datetime as dt
import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import quote

import feedparser
import pytest
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from posts.cards import Chip
from posts.feeds import atom, channels, expressions, jsonfeed, rss
from posts.feeds.items import Item
from posts.models import DailyPost, Entry
from tests.base import make_public_paper

NS = {"a": "http://www.w3.org/2005/Atom", "content": "http://purl.org/rss/1.0/modules/content/"}
GRAMMAR = etree.RelaxNG(etree.parse(str(Path(__file__).with_name("atom.rng"))))
# RFC 4151, the part that names an authority and a date.
TAG_URI = re.compile(r"tag:[a-z0-9.-]+\.[a-z]+,\d{4}:[A-Za-z0-9\-._~!$&'()*+,;=:@/?%]+")
MOMENT = dt.datetime(2026, 1, 28, 4, tzinfo=dt.UTC)
# Whatever a database can hold, and more: lone surrogates, NUL, form feeds, markup.
ANY = st.text(st.characters(exclude_categories=()), max_size=60) | st.text(
    "<>&\"'\x00\x0c]！\ud800\ufffe -%p0.05;"
)


def channel(title: str = "标题", query: str = "") -> channels.Channel:
    return channels.Channel(
        "/feeds/all/", title, title, "/", Entry.objects.none(), DailyPost.objects.none(), query
    )


def make_item(text: str, **fields: Any) -> Item:
    plain: dict[str, Any] = {"id": "tag:x.invalid,2026:1", "url": "http://127.0.0.1:8000/papers/1/"}
    names = ("title", "summary", "content", "source")
    lists = {
        "authors": [text],
        "tags": [text],
        "categories": [Chip("cs.SD", text, "/")],
        "facts": {"id": text},
    }
    times = {"published": MOMENT, "updated": MOMENT}
    return Item(**plain | dict.fromkeys(names, text) | lists | times | fields)


@pytest.fixture
def fifty(db: Any) -> None:
    for number in range(3):
        make_public_paper(
            f"2601.1000{number}", title="Small $p<0.05$ & large", abstract="First.\n\nSecond <b>bold</b>."
        ).tags.add("语音 & 音频")


FOLDERS = [
    "all/",
    "category/cs.SD+eess.AS-cs.LG/",
    "tag/语音 & 音频/",
    "d/speech/",
    "d/speech/days/",
    "search/",
]


def get(client: Client, folder: str, format: str) -> bytes:
    query = "?q=口音" if folder == "search/" else ""
    return client.get(f"/feeds/{quote(folder, safe='/+')}{format}{query}").content


@pytest.mark.parametrize("folder", FOLDERS)
def test_atom_obeys_the_grammar_of_its_rfc(client: Client, fifty: None, folder: str) -> None:
    tree = etree.fromstring(get(client, folder, "atom.xml"))
    assert GRAMMAR.validate(tree), GRAMMAR.error_log
    assert tree.findall("a:entry", NS)


def test_the_grammar_refuses_what_the_rfc_refuses(client: Client, fifty: None) -> None:
    for path in ("a:id", "a:title", "a:updated", "a:entry/a:id", "a:entry/a:updated"):
        tree = etree.fromstring(get(client, "all/", "atom.xml"))
        element = tree.find(path, NS)
        element.getparent().remove(element)
        assert not GRAMMAR.validate(tree), path
    tree = etree.fromstring(get(client, "all/", "atom.xml"))
    tree.find("a:updated", NS).text = "yesterday"
    assert not GRAMMAR.validate(tree)


@pytest.mark.parametrize("folder", FOLDERS)
def test_what_the_grammar_cannot_say_holds_too(client: Client, fifty: None, folder: str) -> None:
    """RFC 4287 4.1.1: an author, one alternate a type; 4.2.6: absolute identifiers, each once."""
    tree = etree.fromstring(get(client, folder, "atom.xml"))
    assert tree.find("a:author/a:name", NS).text
    assert len(tree.xpath("a:link[@rel='alternate']", namespaces=NS)) == 1
    (own,) = tree.xpath("a:link[@rel='self']/@href", namespaces=NS)
    assert own.startswith("http://127.0.0.1:8000/feeds/")
    assert own.isascii()
    ids = tree.xpath("//a:id/text()", namespaces=NS)
    assert len(ids) == len(set(ids))
    for one in ids:
        assert TAG_URI.fullmatch(one), one
    for entry in tree.findall("a:entry", NS):
        assert entry.findtext("a:published", namespaces=NS) <= entry.findtext("a:updated", namespaces=NS)


@pytest.mark.parametrize("folder", FOLDERS)
def test_the_feed_is_what_its_own_link_gives(client: Client, fifty: None, folder: str) -> None:
    for format, path in (("atom.xml", "a:link"), ("rss.xml", "channel/a:link")):
        body = get(client, folder, format)
        own = etree.fromstring(body).find(path, NS).get("href")
        assert client.get(own.removeprefix("http://127.0.0.1:8000")).content == body


@pytest.mark.parametrize("folder", FOLDERS)
def test_rss_has_what_its_profile_asks_for(client: Client, fifty: None, folder: str) -> None:
    tree = etree.fromstring(get(client, folder, "rss.xml"))
    for name in ("title", "link", "description"):
        assert tree.findtext(f"channel/{name}")
    items = tree.findall("channel/item")
    guids = [item.find("guid") for item in items]
    assert all(guid.get("isPermaLink") == "false" and TAG_URI.fullmatch(guid.text) for guid in guids)
    assert len({guid.text for guid in guids}) == len(items) > 0
    for item in items:
        assert item.findtext("content:encoded", namespaces=NS).startswith("<p")
        assert re.fullmatch(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d [+-]\d{4}", item.findtext("pubDate"))


def test_a_sign_in_a_title_is_eaten_by_no_reader(db: None) -> None:
    item = make_item("词错误率 p<0.05 & q>1")
    for writer in (atom, rss):
        (entry,) = feedparser.parse(writer.write(channel(), [item], "2026-01-28T04:00:00Z")).entries
        assert entry.title == "词错误率 p&lt;0.05 &amp; q&gt;1"
    feed = json.loads(jsonfeed.write(channel(), [item], "2026-01-28T04:00:00Z"))
    assert feed["items"][0]["title"] == "词错误率 p<0.05 & q>1"


@settings(max_examples=200, deadline=None)
@given(text=ANY, title=ANY)
def test_no_character_breaks_a_feed(text: str, title: str) -> None:
    items = [make_item(text), make_item("次")]
    for writer in (atom, rss):
        body = writer.write(channel(title), items, "2026-01-28T04:00:00Z")
        tree = etree.fromstring(body)
        assert len(tree.findall("a:entry", NS) or tree.findall("channel/item")) == 2
    assert GRAMMAR.validate(etree.fromstring(atom.write(channel(title), items, "2026-01-28T04:00:00Z")))
    feed = json.loads(jsonfeed.write(channel(title), items, "2026-01-28T04:00:00Z").decode())
    assert len(feed["items"]) == 2
    assert "\x00" not in feed["title"]


@settings(max_examples=200, deadline=None)
@given(text=st.text(st.characters(exclude_categories=("Cs", "Cc", "Cn")), max_size=40))
def test_no_legal_character_is_lost(text: str) -> None:
    tree = etree.fromstring(atom.write(channel(), [make_item(text)], "2026-01-28T04:00:00Z"))
    assert (tree.findtext("a:entry/a:content", namespaces=NS) or "") == text


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.sampled_from(["cs.SD", "hep-th", "astro-ph.CO", "cond-mat.mes-hall", "cs", "q-alg"]),
        min_size=1,
        max_size=8,
    ),
    st.lists(st.sampled_from(["cs.LG", "math-ph", "nlin.CD", "cs.SY"]), max_size=8),
)
def test_a_mixture_means_what_it_says(wanted: list[str], unwanted: list[str]) -> None:
    found = expressions.parse("+".join(wanted) + "".join(f"-{code}" for code in unwanted))
    assert found is not None
    assert found == expressions.parse(str(found))
    assert set(found.wanted) == {"math.QA" if code == "q-alg" else code for code in wanted}
    assert set(found.unwanted) == {"eess.SY" if code == "cs.SY" else code for code in unwanted}


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    folder=st.sampled_from(["category/{}/", "tag/{}/", "d/{}/", "d/{}/days/", "{}"]),
    text=ANY | st.text("csSDeesAS.+- "),
    format=st.sampled_from(["rss.xml", "atom.xml", "feed.json"]),
    query=ANY,
)
def test_no_address_is_an_error(
    client: Client, db: None, folder: str, text: str, format: str, query: str
) -> None:
    path = quote(folder.format(text), safe="/", errors="replace")
    asked = quote(query, errors="replace")
    for address in (f"/feeds/{path}{format}", f"/feeds/search/{format}?q={asked}&author={asked}"):
        assert client.get(address).status_code in (200, 301, 404), address
    assert client.get(f"/feeds.opml?cat={asked}").status_code in (200, 404)


def test_the_subscription_list_is_opml(client: Client, db: None) -> None:
    tree = etree.fromstring(client.get("/feeds.opml").content)
    assert (tree.tag, tree.get("version")) == ("opml", "2.0")
    outlines = tree.xpath("//outline[@xmlUrl]")
    assert outlines
    for outline in outlines:
        assert outline.get("type") == "rss"
        address = outline.get("xmlUrl").removeprefix("http://127.0.0.1:8000")
        assert client.get(address).status_code == 200
