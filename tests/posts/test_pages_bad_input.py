"""Whatever is asked, a reader gets a page, a redirect or a 404 with a helpful line; never an error."""

import pytest
from django.test import Client
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from tests.base import make_public_paper
from tests.posts.test_pages_public import addresses

FINE = {200, 301, 302, 400, 404}
STARTS = [
    "/",
    "/d/",
    "/d/speech/",
    "/d/speech/2026/",
    "/papers/",
    "/categories/",
    "/tags/",
    "/feeds/",
    "/stars/",
]
NASTY = [
    "\x00",
    "%00",
    "../",
    "\ud800",
    "'",
    '"',
    "<script>",
    "١",
    "９",
    "-1",
    "1e9",
    "v0",
    "\u202e",
    "𝔘",
    " ",
    "\n",
]
PIECES = st.one_of(
    st.sampled_from([*NASTY, "2601.19786", "cs.SD", "2026", "13", "speech", "md", ".json"]),
    st.text(max_size=8),
)
QUERIES = [
    "page",
    "since",
    "year",
    "digest",
    "q",
    "category",
    "tag",
    "author",
    "month",
    "ids",
    "preview",
    "sentence",
]


class AnyAddress(TestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        make_public_paper("2601.19786").tags.add("语音合成")
        cls.addresses = [address.split("?")[0] for address in addresses()]

    @settings(deadline=None, max_examples=150)
    @given(st.sampled_from(STARTS), st.lists(PIECES, max_size=4), st.sampled_from(["", "/", ".md", ".xml"]))
    def test_any_address(self, start: str, pieces: list[str], end: str) -> None:
        address = start + "/".join(pieces) + end
        self.check(address.encode("utf-8", "surrogatepass").decode("utf-8", "replace"), {})

    @settings(deadline=None, max_examples=150)
    @given(
        st.data(),
        st.dictionaries(st.sampled_from(QUERIES), st.one_of(PIECES, st.integers().map(str)), max_size=4),
    )
    def test_any_query(self, data: st.DataObject, query: dict[str, str]) -> None:
        safe = {name: value.encode("utf-8", "replace").decode() for name, value in query.items()}
        self.check(data.draw(st.sampled_from(sorted(set(self.addresses)))), safe)

    def check(self, address: str, query: dict[str, str]) -> None:
        response = self.client.get(address, query)
        # The one address whose 503 is an answer: it tells a monitor of an alarm.
        fine = [*FINE, 503] if address == "/ledger.json" else FINE
        assert response.status_code in fine, (address, query, response.status_code)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "address",
    [
        "/d/speech/2026/02/30/",
        "/d/speech/0000/01/01/",
        "/d/speech/9999/12/31/",
        "/d/nothing/",
        "/papers/9999.99999/",
        "/papers/not-a-paper/",
        "/categories/cs.SD/?page=0",
        "/categories/cs.SD/?page=2",
        "/categories/cs.SD/?page=９",
        "/tags/没有/",
        "/archive/?year=1066",
        "/archive/?digest=nothing",
        "/nothing-here/",
    ],
)
def test_what_is_not_there_gets_a_helpful_page(client: Client, address: str) -> None:
    make_public_paper("2601.19786")
    response = client.get(address)
    assert response.status_code == 404
    assert "最新的日报" in response.content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("since", ["", "x", "2026-13-01", "9999-12-31", "0001-01-01", "2026-01-28T10:00"])
def test_a_range_from_any_date_is_a_page(client: Client, since: str) -> None:
    make_public_paper("2601.19786")
    assert client.get("/d/speech/", {"since": since}).status_code == 200


@pytest.mark.django_db
def test_a_report_is_kept_for_the_editors_and_nothing_else_changes(client: Client) -> None:
    paper = make_public_paper("2601.19786")
    address = "/papers/2601.19786/report/"
    assert client.post(address, {"message": ""}).status_code == 400
    assert client.post(address, {"message": "译错了\x00", "sentence": "第一句"}).status_code == 200
    assert [(report.message, report.sentence) for report in paper.reports.all()] == [("译错了", "第一句")]


@pytest.mark.django_db
def test_a_report_from_another_site_or_a_robot_is_not_kept(client: Client) -> None:
    paper = make_public_paper("2601.19786")
    address = "/papers/2601.19786/report/"
    assert (
        client.post(address, {"message": "x"}, headers={"Origin": "https://evil.example"}).status_code == 400
    )
    assert client.post(address, {"message": "x", "website": "spam"}).status_code == 200
    assert paper.reports.count() == 0
