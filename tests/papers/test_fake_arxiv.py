"""The fake arXiv answers as arXiv does, or every test that leans on it proves nothing."""

import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from time import monotonic, sleep

import arxiv as arxiv_package
import feedparser
import pytest
import requests
from lxml import etree, html

from tests.fakes import arxiv_feeds, arxiv_oai, replay, year
from tests.fakes.arxiv import FAULTS, FakeArxiv, FakePaper, World, main, tell
from tests.fakes.arxiv_world import Calendar, first_version, next_version, public_at

REPO = Path(__file__).resolve().parents[2]
DATA = replay.DATA
TUESDAY, WEDNESDAY, THURSDAY = date(2026, 1, 27), date(2026, 1, 28), date(2026, 1, 29)
NAMES = {
    "a": "http://www.w3.org/2005/Atom",
    "o": "http://a9.com/-/spec/opensearch/1.1/",
    "x": "http://arxiv.org/schemas/atom",
    "dc": "http://purl.org/dc/elements/1.1/",
    "p": "http://www.openarchives.org/OAI/2.0/",
    "r": "http://arxiv.org/OAI/arXivRaw/",
    "p2": "http://arxiv.org/OAI/arXiv/",
}
PDF = b"%PDF-1.5\n" + b"0" * 3000 + b"\n%%EOF\n"

needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="no ../shared/data beside this checkout")


def make_paper(arxiv_id: str, announced: date = WEDNESDAY, **fields) -> FakePaper:
    defaults = {
        "title": f"A study of {arxiv_id} with $\\alpha < 1$",
        "abstract": "We gain 12.5% & more.",
        "authors": ["Ada Lovelace", "José García"],
        "categories": ["cs.SD"],
        "versions": [first_version(announced)],
        "pdf": PDF,
    }
    return FakePaper(arxiv_id, **(defaults | fields))


def make_world(*papers: FakePaper, now: str = "2026-01-28T12:00:00+00:00") -> World:
    return World(papers, datetime.fromisoformat(now))


def crowd(count: int, announced: date = WEDNESDAY) -> list[FakePaper]:
    return [make_paper(f"2601.{20000 + n}", announced) for n in range(count)]


@pytest.fixture
def world() -> World:
    """cs.SD on Wednesday 28 January 2026: one new, one cross-list, one replacement; one new on Tuesday."""
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
def arxiv(world):
    with FakeArxiv(world) as server:
        yield server


def at(server: FakeArxiv, instant: str) -> None:
    server.world.set_now(datetime.fromisoformat(instant))


def get(server: FakeArxiv, path: str, **options) -> requests.Response:
    return requests.get(server.site_url + path, timeout=5, **options)


def api(server: FakeArxiv, **arguments) -> requests.Response:
    return requests.get(server.api_url, arguments, timeout=5)


def ids_of(answer: requests.Response) -> list[str]:
    return [
        name.text.split("/abs/")[-1]
        for name in etree.fromstring(answer.content).findall("a:entry/a:id", NAMES)
    ]


def total_of(answer: requests.Response) -> int:
    return int(etree.fromstring(answer.content).findtext("o:totalResults", namespaces=NAMES))


def kinds_of(answer: requests.Response) -> dict[str, str]:
    """Id to kind of a day's RSS feed."""
    items = etree.fromstring(answer.content).iter("item")
    return {
        item.findtext("guid").removeprefix("oai:arXiv.org:"): item.findtext(
            "x:announce_type", namespaces=NAMES
        )
        for item in items
    }


def sections_of(answer: requests.Response) -> dict[str, list[str]]:
    """Heading to ids of a listing page."""
    lists = html.fromstring(answer.content).xpath("//dl[@id='articles']")
    return {part.findtext("h3"): part.xpath("dt/a[@title='Abstract']/@id") for part in lists}


# --- the API


def test_the_api_finds_a_category_newest_first(arxiv):
    answer = api(arxiv, search_query="cat:cs.SD", sortBy="submittedDate", sortOrder="descending")
    assert answer.headers["Content-Type"].startswith("application/atom+xml")
    assert ids_of(answer) == ["2601.19002v1", "2601.19001v1", "2601.18000v1", "2601.10000v2"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("cat:cs.SD OR cat:eess.AS", 5),
        ("cat:cs.SD AND cat:eess.AS", 1),
        ("cat:cs.SD ANDNOT cat:eess.AS", 3),
        ("cat:cs.*", 4),
        ("cat:cs*", 4),
        ("(cat:cs.SD OR cat:eess.AS) AND submittedDate:[202601270000 TO 202601272359]", 3),
        ("cat:cs.SD AND submittedDate:[202601260000 TO 202601262359]", 1),
        ("submittedDate:[20260126 TO 20260126]", 1),
        ('ti:"New and better"', 1),
        ("au:Lovelace AND ti:better", 1),
        ("cat:cs.XX", 0),
    ],
)
def test_the_api_reads_the_query_language(arxiv, query, found):
    assert total_of(api(arxiv, search_query=query)) == found


def test_the_date_filter_is_about_version_one(arxiv):
    answer = api(arxiv, search_query="submittedDate:[202601130000 TO 202601132359]")
    assert ids_of(answer) == ["2601.10000v2"]


@pytest.mark.parametrize("query", ["(cat:cs.SD", "cat:cs.SD AND", "AND", "submittedDate:[2026 TO x]", ")"])
def test_a_malformed_query_is_an_error_feed(arxiv, query):
    answer = api(arxiv, search_query=query)
    assert answer.status_code == 400
    assert etree.fromstring(answer.content).findtext("a:entry/a:title", namespaces=NAMES) == "Error"


def test_an_id_list_gives_versions_as_asked_and_leaves_out_unknown_ids(arxiv):
    answer = api(arxiv, id_list="2601.10000v1,2601.19001,0808.05394,2601.10000v9,2601.10000")
    assert ids_of(answer) == ["2601.10000v1", "2601.19001v1", "2601.10000v2"]
    assert total_of(answer) == 3
    titles = [
        e.findtext("a:title", namespaces=NAMES)
        for e in etree.fromstring(answer.content).iter(f"{{{NAMES['a']}}}entry")
    ]
    assert (titles[0], titles[2]) == ("Old and better", "New and better")


def test_a_malformed_id_is_http_400(arxiv):
    answer = api(arxiv, id_list="abc")
    assert answer.status_code == 400
    assert b"incorrect id format for abc" in answer.content


def test_old_ids_work_at_every_door():
    paper = make_paper("hep-th/9901001", date(2026, 1, 27), categories=["hep-th"], html=b"<html></html>")
    with FakeArxiv(make_world(paper)) as server:
        assert ids_of(api(server, id_list="hep-th/9901001v1")) == ["hep-th/9901001v1"]
        for path in (
            "/abs/hep-th/9901001",
            "/pdf/hep-th/9901001v1",
            "/html/hep-th/9901001v1",
            "/pdf/hep-th%2F9901001",
        ):
            assert get(server, path).status_code == 200


def test_start_and_max_results_page_through_and_2000_is_the_most():
    with FakeArxiv(make_world(*crowd(2100))) as server:
        asked = {"search_query": "cat:cs.SD", "sortBy": "submittedDate"}
        first = api(server, **asked, max_results=3000)
        assert (len(ids_of(first)), total_of(first)) == (2000, 2100)
        rest = api(server, **asked, start=2000, max_results=2000)
        assert len(set(ids_of(first)) | set(ids_of(rest))) == 2100
        assert api(server, **asked, max_results=30001).status_code == 400


def test_long_id_lists_can_be_posted(arxiv):
    answer = requests.post(arxiv.api_url, {"id_list": "2601.19001,2601.19002"}, timeout=5)
    assert ids_of(answer) == ["2601.19001v1", "2601.19002v1"]


def test_the_index_grows_between_two_polls():
    slow = make_paper("2601.19009", api_lag=3)
    with FakeArxiv(make_world(make_paper("2601.19008"), slow, now="2026-01-28T01:30:00+00:00")) as server:
        assert total_of(api(server, search_query="cat:cs.SD")) == 1
        at(server, "2026-01-28T04:00:00+00:00")
        assert total_of(api(server, search_query="cat:cs.SD")) == 2


def test_a_later_cross_list_is_not_known_before_it_is_announced():
    paper = make_paper("2601.19001", TUESDAY, categories=["cs.CL"], cross_listed={"cs.SD": THURSDAY})
    with FakeArxiv(make_world(paper)) as server:
        assert total_of(api(server, search_query="cat:cs.SD")) == 0
        assert b"cs.SD" not in api(server, id_list="2601.19001").content
        assert b"cs.SD" not in get(server, "/abs/2601.19001").content
        at(server, "2026-01-29T12:00:00+00:00")
        assert total_of(api(server, search_query="cat:cs.SD")) == 1
        assert sections_of(get(server, "/list/cs.SD/new")) == {
            "Cross submissions (showing 1 of 1 entries)": ["2601.19001"]
        }
        assert list(kinds_of(get(server, "/rss/cs.SD")).values()) == ["cross"]


class Client(arxiv_package.Client):
    """The arxiv package, pointed at the fake."""

    def __init__(self, server: FakeArxiv, page_size: int = 100) -> None:
        super().__init__(page_size=page_size, delay_seconds=0, num_retries=1)
        self.query_url_format = server.api_url + "?{}"


@pytest.mark.parametrize("serialisation", ["2025", "old"])
def test_the_arxiv_package_reads_both_serialisations(serialisation):
    paper = make_paper(
        "2601.19001",
        comment="4 pages",
        doi="10.1000/x",
        journal="J. Sound 1",
        categories=["cs.SD", "eess.AS"],
    )
    with FakeArxiv(make_world(paper), serialisation=serialisation) as server:
        (result,) = Client(server).results(arxiv_package.Search(id_list=["2601.19001"]))
    assert result.get_short_id() == "2601.19001v1"
    assert result.title == "A study of 2601.19001 with $\\alpha < 1$"
    assert (result.summary.strip(), result.comment, result.doi) == (
        "We gain 12.5% & more.",
        "4 pages",
        "10.1000/x",
    )
    assert (result.primary_category, result.categories) == ("cs.SD", ["cs.SD", "eess.AS"])
    assert [author.name for author in result.authors] == ["Ada Lovelace", "José García"]
    assert result.published == paper.versions[0].submitted
    assert result.pdf_url.endswith("arxiv.org/pdf/2601.19001v1")


def test_the_arxiv_package_pages_to_the_end():
    with FakeArxiv(make_world(*crowd(25))) as server:
        search = arxiv_package.Search("cat:cs.SD", max_results=25)
        assert len({r.entry_id for r in Client(server, page_size=10).results(search)}) == 25
        assert len(server.requests) == 3


# --- RSS and Atom of the day


def test_rss_shows_the_old_day_until_midnight_in_new_york(arxiv):
    at(arxiv, "2026-01-28T01:30:00+00:00")  # 20:30 of the 27th in New York
    assert list(kinds_of(get(arxiv, "/rss/cs.SD"))) == ["2601.18000v1"]
    at(arxiv, "2026-01-28T05:30:00+00:00")
    assert len(kinds_of(get(arxiv, "/rss/cs.SD"))) == 3


def test_the_kind_depends_on_the_whole_union(arxiv):
    assert kinds_of(get(arxiv, "/rss/cs.SD"))["2601.19002v1"] == "cross"
    assert kinds_of(get(arxiv, "/rss/cs.SD+eess.AS"))["2601.19002v1"] == "new"
    assert kinds_of(get(arxiv, "/rss/cs.SD+eess.AS"))["2601.10000v2"] == "replace"


@pytest.mark.parametrize("day", ["2026-01-31", "2026-02-01", "2026-01-20"])
def test_a_weekend_or_holiday_feed_is_valid_and_empty(arxiv, day):
    at(arxiv, f"{day}T12:00:00+00:00")
    answer = get(arxiv, "/rss/cs.SD")
    parsed = feedparser.parse(answer.content)
    assert (answer.status_code, parsed.bozo, parsed.entries) == (200, False, [])


def test_feedparser_reads_both_feeds_with_licence_and_kind(arxiv):
    for door in ("rss", "atom"):
        parsed = feedparser.parse(get(arxiv, f"/{door}/cs.SD+eess.AS").content)
        assert not parsed.bozo
        assert [entry.arxiv_announce_type for entry in parsed.entries] == ["new", "new", "new", "replace"]
        assert {entry.rights for entry in parsed.entries} == {
            "http://arxiv.org/licenses/nonexclusive-distrib/1.0/"
        }
        assert {entry.published_parsed[:3] for entry in parsed.entries} == {(2026, 1, 28)}


def test_an_alias_and_any_case_are_the_same_category():
    with FakeArxiv(make_world(make_paper("2601.19001", categories=["eess.SY"]))) as server:
        for name in ("eess.SY", "cs.SY", "CS.sy", "eess"):
            assert list(kinds_of(get(server, f"/rss/{name}")).values()) == ["new"]


@pytest.mark.parametrize("door", ["rss", "atom"])
def test_an_unknown_category_is_a_feed_with_http_400(arxiv, door):
    answer = get(arxiv, f"/{door}/cs.SD+cs.NOPE")
    assert answer.status_code == 400
    assert feedparser.parse(answer.content).feed.title.startswith("Feed error for query")


def test_replacements_from_version_six_on_are_not_listed():
    paper = make_paper("2501.00001", date(2026, 1, 6))
    for day in (7, 8, 9, 12):
        next_version(paper, date(2026, 1, day))
    next_version(paper, WEDNESDAY)
    with FakeArxiv(make_world(paper)) as server:
        assert paper.versions[-1].number == 6
        assert kinds_of(get(server, "/rss/cs.SD")) == {}
        assert sections_of(get(server, "/list/cs.SD/new")) == {}


# --- listings


def test_the_listing_is_public_from_eight_in_the_evening(arxiv):
    for instant, day in [
        ("2026-01-28T00:59:00+00:00", "Tuesday, 27"),
        ("2026-01-28T01:00:00+00:00", "Wednesday, 28"),
    ]:
        at(arxiv, instant)
        assert f"<h3>Showing new listings for {day} January 2026</h3>" in get(arxiv, "/list/cs.SD/new").text


def test_in_summer_that_is_an_hour_earlier_in_utc():
    with FakeArxiv(
        make_world(make_paper("2607.00001", date(2026, 7, 15)), now="2026-07-15T00:00:00+00:00")
    ) as server:
        assert "Wednesday, 15 July 2026" in get(server, "/list/cs.SD/new").text


def test_a_listing_has_three_sections_with_their_counts(arxiv):
    assert sections_of(get(arxiv, "/list/cs.SD/new")) == {
        "New submissions (showing 1 of 1 entries)": ["2601.19001"],
        "Cross submissions (showing 1 of 1 entries)": ["2601.19002"],
        "Replacement submissions (showing 1 of 1 entries)": ["2601.10000"],
    }


def test_replacements_are_listed_without_their_abstract(arxiv):
    tree = html.fromstring(get(arxiv, "/list/cs.SD/new").content)
    counts = [len(part.xpath(".//p[@class='mathjax']")) for part in tree.xpath("//dl[@id='articles']")]
    assert counts == [1, 1, 0]


def test_a_listing_entry_has_what_arxiv_prints(arxiv):
    entry = html.fromstring(get(arxiv, "/list/cs.SD/new").content).xpath("//dl[@id='articles']")[1]
    assert (
        " ".join(entry.xpath("string(dt)").split())
        == "[2] arXiv:2601.19002 (cross-list from eess.AS) [pdf, other]"
    )
    assert entry.xpath("string(.//div[@class='list-title mathjax'])").split()[:4] == [
        "Title:",
        "A",
        "study",
        "of",
    ]
    assert entry.xpath(".//div[@class='list-authors']/a/text()") == ["Ada Lovelace", "José García"]
    assert " ".join(entry.xpath("string(.//div[@class='list-subjects'])").split()) == (
        "Subjects: Audio and Speech Processing (eess.AS); Sound (cs.SD)"
    )


def test_a_listing_pages_with_skip_and_show():
    with FakeArxiv(make_world(*crowd(60))) as server:
        pages = [sections_of(get(server, f"/list/cs.SD/new?skip={skip}&show=25")) for skip in (0, 25, 50)]
        assert [next(iter(page)) for page in pages] == [
            "New submissions (showing first 25 of 60 entries)",
            "New submissions (continued, showing 25 of 60 entries)",
            "New submissions (continued, showing last 10 of 60 entries)",
        ]
        assert len({name for page in pages for ids in page.values() for name in ids}) == 60
        assert "Total of 60 entries" in get(server, "/list/cs.SD/new?show=25").text


@pytest.mark.parametrize("path", ["/list/cs.sd/new", "/list/cs.NOPE/new", "/list/cs.SD/new?show=9999"])
def test_a_listing_that_does_not_exist_is_http_400(arxiv, path):
    assert get(arxiv, path).status_code == 400


def test_a_quiet_category_says_so(arxiv):
    assert "No updates today." in get(arxiv, "/list/math.KT/new").text


def test_catchup_shows_a_past_day_and_the_next(arxiv):
    answer = get(arxiv, "/catchup/cs.SD/2026-01-27?abs=True")
    assert sections_of(answer) == {"New submissions (showing 1 of 1 entries)": ["2601.18000"]}
    assert "Catchup results for Sound (cs.SD) on Tue, 27 Jan 2026" in answer.text
    assert "/catchup/cs.SD/2026-01-28?abs=True&amp;page=1" in answer.text
    assert "We gain" in answer.text
    assert "We gain" not in get(arxiv, "/catchup/cs.SD/2026-01-27").text


@pytest.mark.parametrize(
    "path",
    [
        "cs.SD/2025-10-20",
        "cs.SD/2026-01-29",
        "cs.SD/26-01-27",
        "cs.NOPE/2026-01-27",
        "cs.SD/2026-01-27?show=25",
    ],
)
def test_catchup_refuses_what_arxiv_refuses(arxiv, path):
    assert get(arxiv, f"/catchup/{path}").status_code == 400


def test_catchup_redirects_an_alias(arxiv):
    answer = get(arxiv, "/catchup/cs.SY/2026-01-27?abs=True", allow_redirects=False)
    assert (answer.status_code, answer.headers["Location"]) == (301, "/catchup/eess.SY/2026-01-27?abs=True")


def test_catchup_pages_hold_two_thousand():
    with FakeArxiv(make_world(*crowd(2050))) as server:
        page = sections_of(get(server, "/catchup/cs.SD/2026-01-28?abs=False&page=2"))
        assert list(page) == ["New submissions (continued, showing last 50 of 2050 entries)"]


def test_a_catchup_of_tonights_batch_is_empty_before_eight(arxiv):
    at(arxiv, "2026-01-28T00:30:00+00:00")
    assert "No updates for Wed, 28 Jan 2026" in get(arxiv, "/catchup/cs.SD/2026-01-28").text


# --- OAI-PMH


def oai(server: FakeArxiv, **arguments) -> etree._Element:
    answer = requests.get(server.oai_url, {k.rstrip("_"): v for k, v in arguments.items()}, timeout=5)
    assert answer.status_code == 200  # errors too
    return etree.fromstring(answer.content)


def oai_error(tree: etree._Element) -> str:
    return tree.find("p:error", NAMES).get("code")


def harvest(server: FakeArxiv, **arguments) -> list[str]:
    """All identifiers of a list, following the tokens; repeated ones stay."""
    found, tree = [], oai(server, verb="ListRecords", **arguments)
    while True:
        found += [node.text for node in tree.iterfind(".//p:identifier", NAMES)]
        token = tree.findtext(".//p:resumptionToken", namespaces=NAMES)
        if not token:
            return found
        tree = oai(server, verb="ListRecords", resumptionToken=token)


def test_arxiv_raw_has_every_version_with_its_date(arxiv):
    tree = oai(arxiv, verb="GetRecord", identifier="oai:arXiv.org:2601.10000", metadataPrefix="arXivRaw")
    versions = tree.findall(".//r:version", NAMES)
    assert [one.get("version") for one in versions] == ["v1", "v2"]
    submitted = parsedate_to_datetime(versions[1].findtext("r:date", namespaces=NAMES))
    assert submitted == arxiv.world.paper("2601.10000").versions[1].submitted
    assert tree.findtext(".//p:datestamp", namespaces=NAMES) == "2026-01-28"


def test_format_arxiv_gives_the_current_version_s_date_as_created(arxiv):
    tree = oai(arxiv, verb="GetRecord", identifier="oai:arXiv.org:2601.10000", metadataPrefix="arXiv")
    assert tree.findtext(".//p2:created", namespaces=NAMES) == "2026-01-27"
    assert tree.findtext(".//p2:keyname", namespaces=NAMES) == "Lovelace"


def test_a_withdrawn_version_has_source_type_i():
    paper = make_paper("2601.10000", date(2026, 1, 14))
    next_version(paper, WEDNESDAY, withdrawn=True, comment="withdrawn by the authors")
    with FakeArxiv(make_world(paper)) as server:
        tree = oai(server, verb="GetRecord", identifier="oai:arXiv.org:2601.10000", metadataPrefix="arXivRaw")
        assert [node.text for node in tree.iterfind(".//r:source_type", NAMES)] == ["D", "I"]
        gone = get(server, "/pdf/2601.10000v2")
        assert gone.status_code == 404 and "withdrawn" in html.fromstring(gone.content).xpath(
            "string(//main//h1)"
        )
        assert get(server, "/pdf/2601.10000v1").status_code == 200


def test_tokens_lead_to_every_record_and_repeat_one_at_each_border():
    papers = [*crowd(5, TUESDAY), *(make_paper(f"2601.3000{n}") for n in range(5))]
    with FakeArxiv(make_world(*papers), oai_limit=4) as server:
        found = harvest(server, metadataPrefix="arXivRaw", from_="2026-01-01")
    assert len(set(found)) == 10
    assert Counter(Counter(found).values()) == {1: 8, 2: 2}


def test_a_token_must_be_quoted_again_and_ends_at_midnight():
    with FakeArxiv(make_world(*crowd(5)), oai_limit=2) as server:
        tree = oai(server, verb="ListRecords", metadataPrefix="arXivRaw")
        token = tree.findtext(".//p:resumptionToken", namespaces=NAMES)
        raw = get(server, f"/oai?verb=ListRecords&resumptionToken={token}")
        assert oai_error(etree.fromstring(raw.content)) == "badResumptionToken"
        at(server, "2026-01-29T00:00:01+00:00")
        assert oai_error(oai(server, verb="ListRecords", resumptionToken=token)) == "badResumptionToken"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"verb": "ListRecords", "metadataPrefix": "arXiv", "set": "math:math:KT"}, "noRecordsMatch"),
        ({"verb": "ListRecords", "metadataPrefix": "arXiv", "from_": "yesterday"}, "badArgument"),
        ({"verb": "ListRecords"}, "badArgument"),
        ({"verb": "ListRecords", "metadataPrefix": "marc"}, "cannotDisseminateFormat"),
        (
            {"verb": "GetRecord", "metadataPrefix": "arXiv", "identifier": "oai:arXiv.org:2601.19001v1"},
            "idDoesNotExist",
        ),
        (
            {"verb": "GetRecord", "metadataPrefix": "arXiv", "identifier": "oai:arXiv.org:1305.9999"},
            "idDoesNotExist",
        ),
        ({"verb": "Dance"}, "badVerb"),
    ],
)
def test_oai_errors_come_with_http_200(arxiv, arguments, code):
    assert oai_error(oai(arxiv, **arguments)) == code


def test_sets_narrow_and_records_appear_at_half_past_ten(arxiv):
    asked = {"metadataPrefix": "arXivRaw", "from_": "2026-01-28"}
    assert len(harvest(arxiv, **asked, set="cs:cs:SD")) == 3
    assert len(harvest(arxiv, **asked, set="eess")) == 2
    at(arxiv, "2026-01-28T03:00:00+00:00")  # 22:00 in New York
    assert oai_error(oai(arxiv, verb="ListRecords", **asked)) == "noRecordsMatch"


def test_identify_sets_and_formats_answer(arxiv):
    assert oai(arxiv, verb="Identify").findtext(".//p:granularity", namespaces=NAMES) == "YYYY-MM-DD"
    sets = [node.text for node in oai(arxiv, verb="ListSets").iterfind(".//p:setSpec", NAMES)]
    assert {"cs", "cs:cs", "cs:cs:SD", "eess:eess:AS", "physics:hep-th"} <= set(sets) and len(sets) == len(
        set(sets)
    )
    formats = [
        node.text for node in oai(arxiv, verb="ListMetadataFormats").iterfind(".//p:metadataPrefix", NAMES)
    ]
    assert {"arXiv", "arXivRaw"} <= set(formats)


# --- files and pages


def test_a_pdf_is_404_until_some_hours_after_the_announcement():
    with FakeArxiv(
        make_world(make_paper("2601.19001", pdf_from=4), now="2026-01-28T04:59:00+00:00")
    ) as server:
        early = get(server, "/pdf/2601.19001v1")
        assert early.status_code == 404 and "PDF unavailable" in early.text
        at(server, "2026-01-28T05:00:00+00:00")
        assert get(server, "/pdf/2601.19001v1").content == PDF


def test_nothing_of_a_paper_is_there_before_its_announcement(arxiv):
    at(arxiv, "2026-01-28T00:59:00+00:00")
    for path in ("/abs/2601.19001", "/pdf/2601.19001v1", "/html/2601.19001v1", "/pdf/2601.10000v2"):
        assert get(arxiv, path).status_code == 404
    assert ids_of(api(arxiv, id_list="2601.19001,2601.10000")) == ["2601.10000v1"]


def test_files_can_be_forbidden_missing_or_made_for_a_version():
    papers = [
        make_paper("2601.19001", pdf=403, html=None),
        make_paper("2601.19002", pdf=lambda number: b"%%PDF v%d" % number, html=b"<article>"),
    ]
    with FakeArxiv(make_world(*papers)) as server:
        assert get(server, "/pdf/2601.19001v1").status_code == 403
        assert get(server, "/html/2601.19001v1").status_code == 404
        assert get(server, "/pdf/2601.19002").content == b"%PDF v1"
        assert get(server, "/pdf/2601.19002.pdf", allow_redirects=False).status_code == 301
        assert get(server, "/html/2601.19002v1").content == b"<article>"


def test_the_abstract_page_shows_the_history(arxiv):
    page = get(arxiv, "/abs/2601.10000v1")
    tree = html.fromstring(page.content)
    assert tree.xpath("string(//h1[@class='title mathjax'])") == "Title:Old and better"
    assert tree.xpath("//div[@class='submission-history']/strong/text()") == ["[v1]", "[v2]"]


def test_unknown_requests_are_kept(arxiv):
    assert get(arxiv, "/favicon.ico").status_code == 404
    assert arxiv.unknown == ["GET /favicon.ico"]


# --- the log


def test_the_log_knows_the_smallest_gap_and_who_overlapped(arxiv):
    assert arxiv.smallest_gap() == float("inf")
    for _ in range(3):
        get(arxiv, "/list/cs.SD/new", headers={"User-Agent": "reader (mailto:me@example.org)"})
    assert arxiv.most_at_once() == 1
    assert 0 < arxiv.smallest_gap() < 1
    assert arxiv.requests[0].headers["User-Agent"].startswith("reader")
    arxiv.fault("slow", value=0.3)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda _: get(arxiv, "/list/cs.SD/new"), range(2)))
    assert arxiv.most_at_once() == 2


# --- faults


def wait_until(condition: Callable[[], bool]) -> None:
    end = monotonic() + 5
    while not condition() and monotonic() < end:
        sleep(0.005)


def broken(server: FakeArxiv, path: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        requests.get(server.site_url + path, timeout=0.3)


@pytest.mark.parametrize(
    ("name", "status", "start"),
    [
        ("rate-429", 429, b"Rate exceeded."),
        ("rate-429-retry-after", 429, b"Rate exceeded."),
        ("rate-503", 503, b"Service"),
        ("rate-200", 200, b"Rate exceeded."),
        ("refuse-406", 406, b""),
        ("forbid-403", 403, b"<html>"),
        ("html-200", 200, b"<!DOCTYPE html>"),
        ("empty-body", 200, b""),
    ],
)
def test_faults_that_answer_instead(arxiv, name, status, start):
    arxiv.fault(name, times=1, path="^/list/")
    assert api(arxiv, search_query="cat:cs.SD").status_code == 200
    answer = get(arxiv, "/list/cs.SD/new")
    assert answer.status_code == status
    assert answer.content[: len(start) or 1] == start
    assert ("Retry-After" in answer.headers) == (name in ("rate-429-retry-after", "rate-503"))
    assert get(arxiv, "/list/cs.SD/new").status_code == 200
    assert arxiv.fired[name] == 1


@pytest.mark.parametrize("name", ["down", "reset"])
def test_a_connection_can_be_reset(arxiv, name):
    arxiv.fault(name, times=1)
    broken(arxiv, "/list/cs.SD/new", requests.ConnectionError)
    assert get(arxiv, "/list/cs.SD/new").status_code == 200
    assert len(arxiv.requests) == 2


def test_a_hang_lasts_until_the_client_gives_up(arxiv):
    arxiv.fault("hang", times=1)
    broken(arxiv, "/list/cs.SD/new", requests.ReadTimeout)
    wait_until(lambda: arxiv.requests[0].ended is not None)
    get(arxiv, "/list/cs.SD/new")
    assert arxiv.most_at_once() == 1
    assert arxiv.requests[0].ended - arxiv.requests[0].started < 5


def test_a_cut_body_is_shorter_than_it_says(arxiv):
    arxiv.fault("cut-body")
    broken(arxiv, "/list/cs.SD/new", requests.exceptions.ChunkedEncodingError)


def test_malformed_xml_fits_its_length_and_does_not_parse(arxiv):
    arxiv.fault("malformed-xml")
    for path in ("/rss/cs.SD", "/oai?verb=Identify", "/api/query?search_query=cat:cs.SD"):
        with pytest.raises(etree.XMLSyntaxError):
            etree.fromstring(get(arxiv, path).content)


def test_two_feeds_are_not_one_document(arxiv):
    arxiv.fault("two-feeds")
    answer = api(arxiv, search_query="cat:cs.SD")
    assert answer.content.count(b"</feed>") == 2


def test_the_api_can_be_empty_in_four_ways():
    with FakeArxiv(make_world(*crowd(6))) as server:
        asked = {"search_query": "cat:cs.SD", "max_results": 3}
        server.fault("api-empty", times=1)
        answer = api(server, **asked)
        assert (total_of(answer), ids_of(answer)) == (6, [])
        server.fault("empty-page-2", times=1)
        assert len(ids_of(api(server, **asked))) == 3
        assert ids_of(api(server, **asked, start=3)) == []
        server.fault("api-lag", times=1)
        assert total_of(api(server, **asked)) == 0
        server.fault("error-entry", times=1)
        answer = api(server, **asked)
        assert answer.status_code == 200 and b"<title>Error</title>" in answer.content


def test_a_server_can_ignore_start():
    with FakeArxiv(make_world(*crowd(6)), faults=["ignore-start"]) as server:
        pages = [
            ids_of(api(server, search_query="cat:cs.SD", start=start, max_results=3)) for start in (0, 3)
        ]
        assert pages[0] == pages[1]


def test_a_stale_list_shows_yesterday(arxiv):
    arxiv.fault("stale-list")
    assert "Tuesday, 27 January 2026" in get(arxiv, "/list/cs.SD/new").text


def test_a_stale_feed_is_yesterday_s_with_today_s_build_date(arxiv):
    arxiv.fault("stale-rss")
    channel = etree.fromstring(get(arxiv, "/rss/cs.SD").content).find("channel")
    assert parsedate_to_datetime(channel.findtext("lastBuildDate")).date() == WEDNESDAY
    assert [item.findtext("guid") for item in channel.iter("item")] == ["oai:arXiv.org:2601.18000v1"]
    assert parsedate_to_datetime(channel.findtext("item/pubDate")).date() == TUESDAY


def test_lists_can_hide_entries_or_not_know_them():
    with FakeArxiv(make_world(*crowd(30))) as server:
        server.fault("truncated-list", times=1)
        ((heading, names),) = sections_of(get(server, "/list/cs.SD/new")).items()
        assert (heading, len(names)) == ("New submissions (showing 30 of 30 entries)", 20)
        server.fault("list-missing-entries", times=1)
        ((heading, names),) = sections_of(get(server, "/list/cs.SD/new")).items()
        assert (heading, len(names)) == ("New submissions (showing 27 of 27 entries)", 27)
        server.fault("rss-missing-entries", times=1)
        assert len(kinds_of(get(server, "/rss/cs.SD"))) == 27
        assert len(kinds_of(get(server, "/rss/cs.SD"))) == 30


def test_the_server_s_clock_can_be_wrong(arxiv):
    assert parsedate_to_datetime(get(arxiv, "/rss/cs.SD").headers["Date"]) == arxiv.world.now()
    arxiv.fault("wrong-clock", value=3600)
    assert parsedate_to_datetime(get(arxiv, "/rss/cs.SD").headers["Date"]) == arxiv.world.now() + timedelta(
        hours=1
    )


@pytest.mark.parametrize(
    ("name", "status", "body"),
    [
        ("pdf-404", 404, b"<!DOCTYPE html>"),
        ("pdf-html", 200, b"<!DOCTYPE html>"),
        ("pdf-truncated", 200, b"%PDF-1.5"),
        ("pdf-zero", 200, b""),
    ],
)
def test_pdfs_can_be_bad(arxiv, name, status, body):
    arxiv.fault(name)
    answer = get(arxiv, "/pdf/2601.19001v1")
    assert answer.status_code == status
    assert answer.content.startswith(body) and len(answer.content) != len(PDF)
    assert (b"%%EOF" in answer.content) is False


def test_a_huge_pdf_says_so_in_its_length(arxiv):
    arxiv.fault("pdf-huge")
    with get(arxiv, "/pdf/2601.19001v1", stream=True) as answer:
        assert int(answer.headers["Content-Length"]) > 50 * 1024 * 1024
        assert next(answer.iter_content(8)) == b"%PDF-1.5"


def test_html_can_be_missing_or_a_failed_conversion():
    with FakeArxiv(make_world(make_paper("2601.19001", html=b"<article>"))) as server:
        server.fault("html-404", times=1)
        assert get(server, "/html/2601.19001v1").status_code == 404
        server.fault("html-untitled", times=1)
        answer = get(server, "/html/2601.19001v1")
        assert (answer.status_code, html.fromstring(answer.content).findtext(".//title")) == (
            200,
            "Untitled Document",
        )
        assert get(server, "/html/2601.19001v1").content == b"<article>"


def test_every_fault_is_documented_and_an_unknown_one_is_refused(arxiv):
    documented = set(re.findall(r"[a-z]+(?:-[a-z0-9]+)*", sys.modules[FakeArxiv.__module__].__doc__))
    assert set(FAULTS) <= documented
    with pytest.raises(ValueError, match="unknown fault"):
        arxiv.fault("sulk")


# --- as a process


def test_it_runs_as_a_process_that_obeys_its_control_door():
    command = [
        sys.executable,
        "-m",
        "tests.fakes.arxiv",
        "--now",
        "2026-09-16T12:00:00Z",
        "--fault",
        "rate-429",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=REPO) as process:
        try:
            address = process.stdout.readline().strip()
            assert requests.get(f"{address}/rss/cs.SD", timeout=5).status_code == 429
            state = tell(
                address,
                now="2026-09-17T12:00:00Z",
                off="all",
                on=[{"name": "rate-503", "times": 1, "path": "^/oai"}],
            )
            assert (state["now"], state["fired"]) == ("2026-09-17T12:00:00+00:00", {"rate-429": 1})
            assert "17 September 2026" in requests.get(f"{address}/list/cs.SD/new", timeout=5).text
            assert requests.get(f"{address}/oai?verb=Identify", timeout=5).status_code == 503
            assert len(tell(address)["requests"]) == 3
            assert requests.post(f"{address}/_control", '{"on": ["sulk"]}', timeout=5).status_code == 400
        finally:
            process.kill()


@pytest.mark.parametrize("arguments", ["--now yesterday", "--port 70000", "--port {taken}", "--fault sulk"])
def test_a_process_that_cannot_start_says_why_in_a_line(arxiv, arguments, capsys):
    taken = arxiv.base_url.rpartition(":")[2]
    with pytest.raises(SystemExit) as ended:
        main(arguments.format(taken=taken).split())
    assert ended.value.code == 2 and "error: " in capsys.readouterr().err.splitlines()[-1]


# --- the calendar


@pytest.mark.parametrize(
    ("submitted", "listed"),
    [
        ("2026-01-27T18:59:59+00:00", "2026-01-28"),  # Tuesday 13:59:59 in New York
        ("2026-01-27T19:00:00+00:00", "2026-01-29"),
        ("2026-01-29T20:00:00+00:00", "2026-02-02"),  # Thursday afternoon comes on Sunday evening
        ("2026-01-30T19:00:00+00:00", "2026-02-03"),  # Friday afternoon waits for Monday evening
        (
            "2026-03-09T18:00:00+00:00",
            "2026-03-11",
        ),  # the Monday after the clocks went forward: 14:00 is 18:00 UTC
        ("2026-03-06T18:30:00+00:00", "2026-03-09"),  # the Friday before: 13:30
        ("2026-01-16T20:00:00+00:00", "2026-01-21"),  # Martin Luther King Day takes Tuesday's listing away
        ("2026-07-02T19:00:00+00:00", "2026-07-07"),  # the holiday of a Friday takes Monday's
    ],
)
def test_a_submission_lands_in_its_batch(submitted, listed):
    calendar = Calendar()
    day = date.fromisoformat(listed)
    assert calendar.batch_of(datetime.fromisoformat(submitted)) == day
    first, end = calendar.window(day)
    assert first <= datetime.fromisoformat(submitted) < end


# --- against recorded answers


def shape(node: etree._Element) -> tuple:
    """Tag, attribute names and the set of shapes below: what a parser can rely on."""
    return (
        node.tag,
        tuple(sorted(node.attrib)),
        frozenset(shape(child) for child in node if isinstance(child.tag, str)),
    )


def order(node: etree._Element) -> list[str]:
    """The children's tags, runs of one tag once."""
    tags = [child.tag for child in node]
    return [tag for tag, before in zip(tags, [None, *tags], strict=False) if tag != before]


def recorded(name: str) -> etree._Element:
    return etree.fromstring((DATA / name).read_bytes())


def as_paper(entry: etree._Element) -> FakePaper:
    """A recorded API entry as a fake paper, so that the same answer can be written again."""
    text = lambda path: entry.findtext(path, namespaces=NAMES)  # noqa: E731
    name, _, number = text("a:id").split("/abs/")[-1].rpartition("v")
    published, updated = (datetime.fromisoformat(text(f"a:{tag}")) for tag in ("published", "updated"))
    versions = [first_version(published.date() + timedelta(days=1))] * int(number)
    for n in range(int(number)):
        when = updated if n == int(number) - 1 else published
        when = published if n == 0 else when
        versions[n] = type(versions[0])(n + 1, when, when.date())
    authors = entry.findall("a:author", NAMES)
    affiliated = {
        a.findtext("a:name", namespaces=NAMES): a.findtext("x:affiliation", namespaces=NAMES) for a in authors
    }
    return FakePaper(
        name,
        text("a:title"),
        text("a:summary"),
        list(affiliated),
        [node.get("term") for node in entry.findall("a:category", NAMES)],
        comment=text("x:comment"),
        doi=text("x:doi"),
        journal=text("x:journal_ref"),
        versions=versions,
        affiliations={who: where for who, where in affiliated.items() if where},
    )


@needs_data
@pytest.mark.parametrize(
    ("name", "old"),
    [
        ("cs-all_submittedDate-20251217_n405.xml", False),
        ("cat-cs.LG_n50_20260422.xml", False),
        ("id_2312.00752_latest-v2.xml", False),
        ("all-Einstein_n10_20180205_old-serialisation.xml", True),
    ],
)
def test_api_entries_have_the_recorded_structure(name, old):
    feed = recorded(f"atom/{name}")
    entries = feed.findall("a:entry", NAMES)
    papers = [as_paper(entry) for entry in entries]
    now = datetime.now(UTC)
    pairs = [(paper, paper.versions[-1]) for paper in papers]
    results = arxiv_feeds.Results("cat:x", "", 0, 500, len(papers), now, now.date(), pairs)
    ours = etree.fromstring(arxiv_feeds.api_feed(results, old).encode())
    assert order(ours) == order(feed)
    assert shape(ours)[:2] == shape(feed)[:2]
    for mine, theirs in zip(ours.findall("a:entry", NAMES), entries, strict=True):
        assert shape(mine) == shape(theirs), theirs.findtext("a:id", namespaces=NAMES)
        for tag in ("a:id", "a:published", "a:updated", "a:title", "x:comment"):
            words = [(node.findtext(tag, namespaces=NAMES) or "").split() for node in (mine, theirs)]
            assert words[0] == words[1]


@needs_data
def test_error_and_empty_feeds_have_the_recorded_structure(arxiv):
    pairs = [("abc", "arxivpy_id_abc_s0_m100_HTTP400.xml"), ("0000.0000", "arxivpy_id_0000.0000_s0_m100.xml")]
    for asked, name in pairs:
        ours = etree.fromstring(api(arxiv, id_list=asked).content)
        assert (shape(ours), order(ours)) == (
            shape(recorded(f"atom/{name}")),
            order(recorded(f"atom/{name}")),
        )


@needs_data
def test_day_feeds_have_the_recorded_structure(arxiv):
    rss, atom = (etree.fromstring(get(arxiv, f"/{door}/cs.SD").content) for door in ("rss", "atom"))
    theirs = recorded("rss/rss_cs.CL_20260427_excerpt.xml")
    assert shape(rss) == shape(theirs)
    assert order(rss.find("channel")) == order(theirs.find("channel"))
    assert order(rss.find("channel/item")) == order(theirs.find("channel/item"))
    theirs = recorded("rss/atom_cs.AI_20250820_excerpt.xml")
    assert shape(atom) == shape(theirs)
    assert order(atom.find("a:entry", NAMES)) == order(theirs.find("a:entry", NAMES))


@needs_data
def test_empty_and_error_feeds_have_the_recorded_structure(arxiv):
    at(arxiv, "2026-08-01T12:00:00+00:00")
    assert shape(etree.fromstring(get(arxiv, "/rss/cs.CL").content)) == shape(
        recorded("rss/rss_cs.CL_weekend-empty_20260801.xml")
    )
    assert shape(etree.fromstring(get(arxiv, "/atom/cs").content)) == shape(
        recorded("rss/atom_cs_weekend-empty_20251123.xml")
    )
    ours = etree.fromstring(get(arxiv, "/rss/cs.NOPE").content)
    theirs = recorded("rss/reconstructed_rss_error_bad-category_HTTP400.xml")
    assert shape(ours) == shape(theirs)
    assert ours.findtext("channel/description") == theirs.findtext("channel/description")


@needs_data
@pytest.mark.parametrize(("prefix", "pages"), [("arXivRaw", 4), ("arXiv", 4)])
def test_oai_records_have_the_generated_structure(prefix, pages):
    paper = make_paper("2601.19001", comment="4 pages", doi="10.1/x", journal="J. 1")
    with FakeArxiv(make_world(paper)) as server:
        ours = shape(oai(server, verb="ListRecords", metadataPrefix=prefix).find(".//p:record", NAMES))
    theirs = [
        shape(node)
        for page in range(1, pages + 1)
        for node in recorded(f"oai/generated_ListRecords_{prefix}_page{page}.xml").iterfind(
            ".//p:record", NAMES
        )
    ]
    assert paths(ours) <= set().union(*(paths(one) for one in theirs))
    needed = set.intersection(*(paths(one) for one in theirs))
    assert needed <= paths(ours)


def paths(node: tuple, above: tuple = ()) -> set[tuple]:
    here = (*above, node[0])
    return {(here, node[1])}.union(*(paths(child, here) for child in node[2]))


@needs_data
def test_oai_errors_and_identify_have_the_generated_structure(arxiv):
    for arguments, name in [
        ({"verb": "Identify"}, "Identify"),
        ({"verb": "ListSets"}, "ListSets"),
        ({"verb": "ListRecords", "metadataPrefix": "arXiv", "set": "eess:eess:IV"}, "error_noRecordsMatch"),
        ({"verb": "ListRecords", "resumptionToken": "x"}, "error_badResumptionToken"),
    ]:
        theirs = recorded(f"oai/generated_{name}.xml")
        assert paths(shape(oai(arxiv, **arguments))) == paths(shape(theirs))


# --- the replay and the year


def test_without_shared_data_the_replay_says_so(tmp_path):
    with pytest.raises(replay.NoSharedData, match="announced_"):
        replay.world(data=tmp_path)


@needs_data
@pytest.mark.parametrize("union", ["cs.SD", "eess.AS", "cs.SD+eess.AS"])
def test_the_replay_gives_the_feed_that_arxiv_s_program_made(union):
    with FakeArxiv(replay.world(now=datetime(2026, 1, 28, 12, tzinfo=UTC))) as server:
        ours = kinds_of(get(server, f"/rss/{union}"))
    items = recorded(f"rss/reconstructed_rss_{union}_20260128.xml").iter("item")
    theirs = {
        item.findtext("guid").removeprefix("oai:arXiv.org:"): item.findtext(
            "x:announce_type", namespaces=NAMES
        )
        for item in items
    }
    assert ours == theirs


@needs_data
def test_the_replay_has_real_files_and_times_inside_the_windows():
    world = replay.world()
    for paper in world.papers.values():
        assert [one.number for one in paper.versions] == list(range(1, len(paper.versions) + 1))
        assert paper.pdf.suffix == ".pdf"
        for version in paper.versions:
            first, end = world.calendar.window(version.announced)
            assert first <= version.submitted < end
    assert replay.world().papers == world.papers
    with FakeArxiv(world) as server:
        name = world.listing("cs.SD", WEDNESDAY)[0].paper.arxiv_id
        assert get(server, f"/pdf/{name}v1").content.startswith(b"%PDF")


@pytest.fixture(scope="module")
def whole_year() -> World:
    return year.world(seed=3, real_volumes=False)


def test_a_year_is_the_same_for_the_same_seed():
    one, same, other = (year.world(seed, days=40, real_volumes=False) for seed in (3, 3, 4))
    assert [(p.arxiv_id, p.title, p.versions) for p in one.papers.values()] == [
        (p.arxiv_id, p.title, p.versions) for p in same.papers.values()
    ]
    assert one.weather.episodes == same.weather.episodes != other.weather.episodes
    assert one.papers.keys() != other.papers.keys()


def test_the_year_has_everything_that_makes_a_day_hard(whole_year):
    papers = whole_year.papers.values()
    held = [
        p for p in papers if p.versions[0].submitted < whole_year.calendar.window(p.versions[0].announced)[0]
    ]
    assert 0.04 < len(held) / len(papers) < 0.12
    assert max(len(p.versions) for p in papers) == 7
    assert sum(any(v.withdrawn for v in p.versions) for p in papers) > 5
    assert sum(p.cross_listed != {} and {"cs.SD", "eess.AS"}.isdisjoint(p.categories) for p in papers) > 20
    assert {e.fault for e in whole_year.weather.episodes} >= {
        "stale-list",
        "stale-rss",
        "rate-429",
        "rate-200",
        "down",
    }


def test_the_year_s_versions_and_batches_are_in_order(whole_year):
    calendar = whole_year.calendar
    for paper in whole_year.papers.values():
        for before, after in zip(paper.versions, paper.versions[1:], strict=False):
            assert before.submitted < after.submitted and before.announced < after.announced
        assert all(
            v.submitted < calendar.deadline(v.announced) < public_at(v.announced) for v in paper.versions
        )
    for day in whole_year.days():
        assert calendar.is_listing_day(day)
    ids = {
        d: [e.paper.arxiv_id for e in whole_year.events(d) if e.action == "new"] for d in whole_year.days()
    }
    in_year = [names for day, names in ids.items() if day.year == 2026 and names]
    assert all(max(a) < min(b) for a, b in zip(in_year, in_year[1:], strict=False))


def test_a_day_of_submissions_misses_most_of_what_was_announced(whole_year):
    """The old site's window, from 00:50 UTC to 00:50 UTC, finds fewer than half of a year's papers."""
    announced = found = 0
    for day in whole_year.days():
        end = datetime(day.year, day.month, day.day, 0, 50, tzinfo=UTC)
        for entry in whole_year.batch(["cs.SD", "eess.AS"], day):
            if day.year == 2026 and entry.kind in ("new", "cross"):
                announced += 1
                found += end - timedelta(days=1) <= entry.paper.versions[0].submitted < end
    assert 0.3 < found / announced < 0.55


def test_the_weather_is_felt_at_the_doors(whole_year):
    episode = next(e for e in whole_year.weather.episodes if e.fault == "rate-429")
    with FakeArxiv(whole_year) as server:
        for instant, status in [(episode.start, 429), (episode.end, 200)]:
            server.world.set_now(instant)
            assert get(server, "/api/query?search_query=cat:cs.SD").status_code == status


def test_a_page_of_oai_is_xml_with_hostile_text():
    paper = make_paper(
        "2601.19001", title='<b>&"quoted"</b>', authors=["O'Brien & Söhne"], abstract="]]> a < b"
    )
    world = make_world(paper)
    for text in (
        arxiv_oai.Repository(world).answer(
            {"verb": "ListRecords", "metadataPrefix": "arXivRaw", "set": '"<'}
        ),
        arxiv_oai.Repository(world).answer({"verb": "ListRecords", "metadataPrefix": "arXiv"}),
    ):
        etree.fromstring(text.encode())
