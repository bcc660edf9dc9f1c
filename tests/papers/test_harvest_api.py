"""The query API: first the ways it fails, as measured on the package alone, then what it says."""

from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest

from papers.harvest import SourceError, api
from tests.papers import harvest_server
from tests.papers.harvest_server import SHARED, Reply, recorded

server = harvest_server.server

FEED = """<?xml version='1.0' encoding='UTF-8'?>
<feed xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/" xmlns:arxiv="http://arxiv.org/schemas/atom"
 xmlns="http://www.w3.org/2005/Atom"><opensearch:itemsPerPage>100</opensearch:itemsPerPage>
<opensearch:totalResults>{total}</opensearch:totalResults><opensearch:startIndex>{start}</opensearch:startIndex>{entries}</feed>"""
SINCE, UNTIL = datetime(2026, 1, 27, tzinfo=UTC), datetime(2026, 1, 28, tzinfo=UTC)


def entry(number="2601.18904v1", published="2026-01-27T10:00:00Z", more="", title="A title", summary="Text."):
    return f"""<entry><id>http://arxiv.org/abs/{number}</id><title>{title}</title><updated>2026-01-27T12:00:00Z</updated>
    <summary>{summary}</summary><category term="cs.SD"/><category term="I.2.6"/><category term="cs.SY"/>
    <published>{published}</published><arxiv:primary_category term="eess.AS"/>
    <author><name>Ada Lovelace</name><arxiv:affiliation>Analytical Engines</arxiv:affiliation></author>
    <author><name>Paul Erdős</name></author>{more}</entry>"""


def feed(*entries, total=None, start=0):
    return FEED.format(
        total=len(entries) if total is None else total, start=start, entries="".join(entries)
    ).encode()


def failure(server, *replies, ids=("2601.18904",)):
    server.say("/api/query", *replies)
    with pytest.raises(SourceError) as caught:
        server.arxiv().metadata(ids)
    return caught.value


ERROR = """<entry><id>https://arxiv.org/api/errors#incorrect_id_format_for_abc</id><title>Error</title>
<summary>incorrect id format for abc</summary><updated>2026-01-28T00:00:00Z</updated></entry>"""


@pytest.mark.parametrize("status", [200, 400])
def test_an_error_entry_is_an_error_whatever_its_status(server, status):
    error = failure(server, Reply(feed(ERROR), status))
    assert (error.state, error.status) == ("broken", status)
    assert "incorrect id format" in error.message


def test_the_recorded_error_entry_is_an_error(server):
    error = failure(server, Reply(recorded("atom/arxivpy_id_abc_s0_m100_HTTP400.xml"), 400))
    assert (error.state, error.message) == ("broken", "incorrect id format for abc")


@pytest.mark.parametrize(
    ("body", "state"),
    [
        (feed(total=1), "truncated"),
        (feed(entry(), total=2), "too_large"),
        (feed(entry(), entry("2601.18905v1"), total=1), "broken"),
        (feed(entry(), start=100), "broken"),
        (feed(entry()).replace(b"totalResults", b"total"), "broken"),
        (feed(entry()).replace(b"<published>2026-01-27T10:00:00Z</published>", b""), "broken"),
        (feed(entry(title=" ")), "broken"),
        (feed(entry("2601.99999v1")), "broken"),
        (feed(entry())[:-200], "truncated"),
        (b"<rss/>", "broken"),
        (b"<html><body>arXiv is down</body></html>", "broken"),
    ],
)
def test_an_answer_that_contradicts_itself_or_the_question_is_an_error(server, body, state):
    assert failure(server, Reply(body)).state == state
    assert len(server.asked) == 1


@pytest.mark.parametrize("status", [400, 404])
def test_a_bad_status_is_an_error_after_one_request(server, status):
    assert failure(server, Reply(feed(entry()), status)).status == status
    assert len(server.asked) == 1


def test_nothing_found_is_an_empty_answer_only_if_the_total_says_so(server):
    server.say("/api/query", feed(total=0))
    assert server.arxiv().metadata(["2601.18904"]) == []


def test_an_empty_second_page_is_an_error_and_not_the_end(server, monkeypatch):
    monkeypatch.setattr(api, "PAGE_SIZE", 1)
    server.say("/api/query", feed(entry(), total=2), feed(total=2, start=1))
    with pytest.raises(SourceError) as caught:
        server.arxiv().recent(["cs.SD"], SINCE, UNTIL)
    assert caught.value.state == "truncated"
    assert len(server.asked) == 2


def test_a_server_that_ignores_start_is_found_out_on_the_second_page(server, monkeypatch):
    monkeypatch.setattr(api, "PAGE_SIZE", 1)
    for second in (feed(entry(), total=4000), feed(entry(), total=4000, start=1)):
        server.asked.clear()
        server.turns = 0
        server.say("/api/query", feed(entry(), total=4000), second)
        with pytest.raises(SourceError) as caught:
            server.arxiv().recent(["cs.SD"], SINCE, UNTIL)
        assert caught.value.state == "broken"
        assert len(server.asked) == 2


def test_more_results_than_we_are_ready_for_are_refused_at_once(server):
    server.say("/api/query", feed(*(entry() for _ in range(500)), total=5001))
    with pytest.raises(SourceError) as caught:
        server.arxiv().recent(["cs.LG"], SINCE, UNTIL)
    assert caught.value.state == "too_large"
    assert len(server.asked) == 1


def test_every_field_of_a_record_is_read(server):
    more = """<arxiv:comment>9 pages</arxiv:comment><arxiv:journal_ref>J 1</arxiv:journal_ref><arxiv:doi>10.1/x</arxiv:doi>"""
    server.say(
        "/api/query",
        feed(entry("2601.18904v3", more=more, title="Two\n  lines", summary="  One\ntwo.\n  Three.\n")),
    )
    (record,) = server.arxiv().metadata(["2601.18904"])
    assert (record.arxiv_id, record.version, record.title) == ("2601.18904", 3, "Two lines")
    assert record.abstract == "One two.\n\nThree."
    assert record.authors == ("Ada Lovelace", "Paul Erdős")
    assert record.affiliations == (("Analytical Engines",), ())
    assert record.categories == ("eess.AS", "cs.SD", "eess.SY")
    assert record.submitted == datetime(2026, 1, 27, 10, tzinfo=UTC)
    assert record.updated == datetime(2026, 1, 27, 12, tzinfo=UTC)
    assert (record.comment, record.journal, record.doi, record.withdrawn) == (
        "9 pages",
        "J 1",
        "10.1/x",
        False,
    )


@pytest.mark.parametrize(
    ("comment", "summary", "withdrawn"),
    [
        ("This paper has been withdrawn by the author due to an error", "Text.", True),
        ("Withdrawn due to a mistake in section 3", "Text.", True),
        ("", "This submission has been withdrawn by arXiv administrators", True),
        ("", "This paper was withdrawn.", True),
        ("12 pages", "We study how money is withdrawn in games.", False),
        ("12 pages, no code", "Text.", False),
    ],
)
def test_a_withdrawal_is_guessed_from_the_wording(server, comment, summary, withdrawn):
    server.say("/api/query", feed(entry(more=f"<arxiv:comment>{comment}</arxiv:comment>", summary=summary)))
    assert server.arxiv().metadata(["2601.18904"])[0].withdrawn is withdrawn


def test_a_hundred_ids_a_request_each_once(server):
    numbers = [f"2601.{number:05}" for number in range(1, 251)]
    server.say(
        "/api/query", *(feed(*(entry(f"{one}v1") for one in numbers[at : at + 100])) for at in (0, 100, 200))
    )
    records = server.arxiv().metadata([*numbers, numbers[0], f"arXiv:{numbers[1]}"])
    assert [record.arxiv_id for record in records] == numbers
    asked = [parse_qs(urlsplit(path).query) for path in server.asked]
    assert [len(one["id_list"][0].split(",")) for one in asked] == [100, 100, 50]
    assert all(one["max_results"][0] == str(len(one["id_list"][0].split(","))) for one in asked)


def test_unknown_ids_are_simply_absent(server):
    server.say("/api/query", feed(entry("hep-th/9901001v2")))
    assert [one.arxiv_id for one in server.arxiv().metadata(["2601.99999", "hep-th/9901001"])] == [
        "hep-th/9901001"
    ]


def test_no_ids_no_request(server):
    assert server.arxiv().metadata([]) == []
    assert server.asked == []


def test_a_malformed_id_is_refused_before_it_costs_a_batch(server):
    with pytest.raises(ValueError, match="abc"):
        server.arxiv().metadata(["2601.18904", "abc"])
    assert server.asked == []


def test_recent_papers_are_asked_for_under_every_name_and_in_utc(server):
    server.say("/api/query", feed())
    eastern = datetime.fromisoformat("2026-01-26T19:00:00-05:00")
    assert server.arxiv().recent(["eess.SY", "cs.SD"], eastern, UNTIL) == []
    asked = parse_qs(urlsplit(server.asked[0]).query)
    assert asked["search_query"] == [
        "(cat:eess.SY OR cat:cs.SY OR cat:cs.SD) AND submittedDate:[202601270000 TO 202601280000]"
    ]
    assert (asked["sortBy"], asked["sortOrder"]) == (["submittedDate"], ["ascending"])


def test_recent_pages_are_joined_and_cut_to_the_second(server, monkeypatch):
    monkeypatch.setattr(api, "PAGE_SIZE", 2)
    times = ["2026-01-27T00:00:00Z", "2026-01-27T23:59:59Z", "2026-01-28T00:00:00Z"]
    one, two, three = (entry(f"2601.0000{number}v1", at) for number, at in enumerate(times, 1))
    server.say("/api/query", feed(one, two, total=3), feed(three, total=3, start=2))
    assert [found.arxiv_id for found in server.arxiv().recent(["cs.SD"], SINCE, UNTIL)] == [
        "2601.00001",
        "2601.00002",
    ]
    assert [parse_qs(urlsplit(path).query)["start"][0] for path in server.asked] == ["0", "2"]


def test_what_is_held_is_left_out_and_the_pages_are_still_counted_by_arxivs_numbers(server, monkeypatch):
    monkeypatch.setattr(api, "PAGE_SIZE", 2)
    one, two, three = (entry(f"2601.0000{number}v1", "2026-01-27T00:00:00Z") for number in (1, 2, 3))
    server.say("/api/query", feed(one, two, total=3), feed(three, total=3, start=2))
    told = []

    def is_held(arxiv_id, updated, title, abstract):
        told.append((arxiv_id, updated, bool(title), bool(abstract)))
        return arxiv_id != "2601.00003"

    records = server.arxiv().recent(["cs.SD"], SINCE, UNTIL, is_held=is_held)
    assert [found.arxiv_id for found in records] == ["2601.00003"]
    assert told[0] == ("2601.00001", "2026-01-27T12:00:00Z", True, True)
    assert [parse_qs(urlsplit(path).query)["start"][0] for path in server.asked] == ["0", "2"]


def test_a_page_of_held_papers_that_comes_twice_is_an_error(server, monkeypatch):
    monkeypatch.setattr(api, "PAGE_SIZE", 1)
    server.say("/api/query", feed(entry(), total=2), feed(entry(), total=2, start=1))
    with pytest.raises(SourceError) as caught:
        server.arxiv().recent(["cs.SD"], SINCE, UNTIL, is_held=lambda *_: True)
    assert caught.value.state == "broken"


def test_a_recorded_day_of_computer_science_is_read_whole(server):
    server.say("/api/query", recorded("atom/cs-all_submittedDate-20251217_n405.xml"))
    since, until = datetime(2025, 12, 17, tzinfo=UTC), datetime(2025, 12, 18, tzinfo=UTC)
    records = server.arxiv().recent(["cs.CL"], since, until)
    assert len(records) == 405
    assert sum("cs.CL" in record.categories for record in records) == 55
    assert sum(record.categories[0] == "cs.SD" for record in records) == 5
    assert sum(record.version > 1 for record in records) >= 20
    assert all(record.authors and record.abstract and since <= record.submitted < until for record in records)


@pytest.mark.parametrize(
    ("name", "ids"),
    [
        ("id_2312.00752_latest-v2", ["2312.00752"]),
        ("arxivpy_id_quant-ph_0201082v1_s0_m100", ["quant-ph/0201082v1"]),
        ("arxivpy_id_astro-ph_0601001_s0_m100", ["astro-ph/0601001"]),
        ("arxivpy_id_2104.12255v1_s0_m100", ["2104.12255v1"]),
    ],
)
def test_recorded_lookups_are_read(server, name, ids):
    server.say("/api/query", recorded(f"atom/{name}.xml"))
    (record,) = server.arxiv().metadata(ids)
    assert ids[0].startswith(record.arxiv_id)
    assert record.title
    assert record.categories


def test_every_recorded_feed_is_plausible_or_an_error_by_design():
    recorded("atom/all-BIPV_n3_20260729.xml")
    for path in sorted((SHARED / "atom").glob("*.xml")):
        body = path.read_bytes()
        feed_ = api.parse_xml(body, "feed")
        entries = feed_.findall("{http://www.w3.org/2005/Atom}entry")
        if "HTTP400" in path.name:
            continue
        api._refuse_errors(entries, 200)
        numbers = api.Numbers(api._number(feed_, "totalResults"), api._number(feed_, "startIndex"))
        api._require_page(numbers, len(entries), numbers.start, api._number(feed_, "itemsPerPage"))
