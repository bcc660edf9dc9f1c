"""The fake arXiv answers as arXiv does, or every test that leans on it proves nothing."""

from datetime import date, datetime

import pytest
import requests
from lxml import etree

from tests.fakes.arxiv import FakeArxiv, FakePaper, World
from tests.fakes.arxiv_world import first_version, next_version

TUESDAY, WEDNESDAY, THURSDAY = date(2026, 1, 27), date(2026, 1, 28), date(2026, 1, 29)
ATOM = {
    "a": "http://www.w3.org/2005/Atom",
    "o": "http://a9.com/-/spec/opensearch/1.1/",
    "x": "http://arxiv.org/schemas/atom",
}


def make_paper(arxiv_id: str, announced: date = WEDNESDAY, **fields) -> FakePaper:
    defaults = {
        "title": f"A study of {arxiv_id} with $\\alpha < 1$",
        "abstract": "We gain 12.5% & more.",
        "authors": ["Ada Lovelace", "José García"],
        "categories": ["cs.SD"],
        "versions": [first_version(announced)],
        "pdf": b"%PDF-1.5\n" + b"0" * 1000,
    }
    return FakePaper(arxiv_id, **(defaults | fields))


def make_world(*papers: FakePaper, now: str = "2026-01-28T12:00:00+00:00") -> World:
    return World(papers, datetime.fromisoformat(now))


def ids_of(feed: bytes) -> list[str]:
    names = etree.fromstring(feed).findall("a:entry/a:id", ATOM)
    return [name.text.rsplit("/abs/")[-1] for name in names]


@pytest.fixture
def cast() -> World:
    """cs.SD on 28 January 2026: new, a cross-list from eess.AS, a replacement; the day before: one paper."""
    replaced = make_paper("2601.10000", date(2026, 1, 14), title="Old and better")
    next_version(replaced, WEDNESDAY, title="New and better")
    return make_world(
        make_paper("2601.19001"),
        make_paper("2601.19002", categories=["eess.AS", "cs.SD"]),
        make_paper("2601.19003", categories=["eess.AS"]),
        make_paper("2601.18000", TUESDAY),
        replaced,
    )


@pytest.fixture
def arxiv(cast):
    with FakeArxiv(cast) as server:
        yield server


def api(server: FakeArxiv, **arguments) -> requests.Response:
    return requests.get(server.api_url, arguments, timeout=5)


def test_the_api_finds_a_category(arxiv):
    answer = api(arxiv, search_query="cat:cs.SD", sortBy="submittedDate", sortOrder="descending")
    assert answer.status_code == 200
    assert ids_of(answer.content) == ["2601.19002v1", "2601.19001v1", "2601.18000v1", "2601.10000v2"]
