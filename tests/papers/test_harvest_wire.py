"""How every source fails: the same door, tried through the feed, the pages, OAI-PMH and the files."""

import gzip
import pickle
import time
from datetime import UTC, datetime

import pytest

from papers.harvest import SourceError, downloads
from papers.harvest.markup import parse_xml
from papers.harvest.wire import seconds_to_wait
from tests.papers import harvest_server
from tests.papers.harvest_server import Reply, recorded

server = harvest_server.server

EMPTY_RSS = b"""<?xml version='1.0' encoding='UTF-8'?><rss version="2.0"><channel><title>cs.SD updates on arXiv.org</title>
<pubDate>Sat, 31 Jan 2026 00:00:00 -0500</pubDate></channel></rss>"""

CALLS = {
    "/rss/cs.SD": lambda arxiv: arxiv.rss(["cs.SD"]),
    "/list/cs.SD/new": lambda arxiv: arxiv.new_list("cs.SD"),
    "/catchup/cs.SD/2026-01-28": lambda arxiv: arxiv.catchup(
        "cs.SD", datetime(2026, 1, 28, tzinfo=UTC).date()
    ),
    "/api/query": lambda arxiv: arxiv.metadata(["2601.18904"]),
    "/oai": lambda arxiv: arxiv.oai("cs.SD", None),
    "/pdf/2601.18904v1": lambda arxiv: arxiv.pdf("2601.18904", 1),
    "/html/2601.18904v1": lambda arxiv: arxiv.html("2601.18904", 1),
}


def failure(server, path, reply, **changes):
    server.say(path, reply)
    with pytest.raises(SourceError) as caught:
        CALLS[path](server.arxiv(**changes))
    return caught.value


@pytest.mark.parametrize("path", CALLS)
@pytest.mark.parametrize(
    ("reply", "state"),
    [
        (Reply(b"Rate exceeded."), "throttled"),
        (Reply(b"Rate exceeded.", 429), "throttled"),
        (Reply(b"busy", 503), "throttled"),
        (Reply(b"no", 406), "throttled"),
        (Reply(b"no", 403), "forbidden"),
        (Reply(b"oops", 500), "unreachable"),
        (Reply(b"oops", 502), "unreachable"),
        (Reply(b""), "broken"),
        (Reply(b"  \n"), "broken"),
        (Reply(act="reset"), "unreachable"),
        (Reply(b"x" * 1000, act="cut"), "truncated"),
        (Reply(b"plain words"), "broken"),
    ],
)
def test_every_source_says_how_it_failed(server, path, reply, state):
    assert failure(server, path, reply).state == state
    assert len(server.asked) == 1  # nothing is retried here


@pytest.mark.parametrize("path", ["/rss/cs.SD", "/api/query", "/oai", "/pdf/2601.18904v1", "/list/cs.SD/new"])
def test_a_page_for_readers_in_place_of_the_answer_is_broken(server, path):
    page = b"<!DOCTYPE html><html><head><title>arXiv.org</title></head><body><h1>Sorry</h1></body></html>"
    assert failure(server, path, Reply(page)).state == "broken"


@pytest.mark.parametrize("path", CALLS)
def test_a_server_that_hangs_is_unreachable_soon(server, path):
    begun = time.monotonic()
    assert failure(server, path, Reply(act="hang"), timeout=(1, 0.2)).state == "unreachable"
    assert time.monotonic() - begun < 2


def test_a_trickle_cannot_outlast_the_deadline(server):
    begun = time.monotonic()
    error = failure(server, "/pdf/2601.18904v1", Reply(b"%PDF-" + b" " * 1000, act="trickle"), deadline=0.2)
    assert error.state == "unreachable"
    assert time.monotonic() - begun < 2


def test_a_server_that_is_not_there_is_unreachable(server):
    arxiv = server.arxiv(rss_url="http://127.0.0.1:9")
    with pytest.raises(SourceError) as caught:
        arxiv.rss(["cs.SD"])
    assert caught.value.state == "unreachable"
    message = "unreachable: http://127.0.0.1:9/rss/cs.SD: Failed to establish a new connection: [Errno 111] Connection refused"
    assert str(caught.value) == message
    server.turns = 0  # a turn was taken for the request that never arrived


def test_an_announced_size_over_the_limit_is_not_even_read(server):
    reply = Reply(b"%PDF-1.7", headers={"Content-Length": "50000001"})
    assert failure(server, "/pdf/2601.18904v1", reply).state == "too_large"


def test_a_body_that_grows_over_the_limit_is_dropped(server, monkeypatch):
    monkeypatch.setitem(downloads.CAPS, "pdf", 1000)
    reply = Reply(b"%PDF-" + b"x" * 5000, headers={"Transfer-Encoding": "identity", "Connection": "close"})
    assert failure(server, "/pdf/2601.18904v1", reply).state == "too_large"


def test_a_bomb_is_measured_after_it_is_unpacked(server, monkeypatch):
    monkeypatch.setitem(downloads.CAPS, "html", 100_000)
    bomb = gzip.compress(b"<" + b" " * 10_000_000)
    assert len(bomb) < 100_000
    reply = Reply(bomb, headers={"Content-Encoding": "gzip"})
    assert failure(server, "/html/2601.18904v1", reply).state == "too_large"


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120.0),
        (" 7 ", 7.0),
        ("Wed, 28 Jan 2026 06:05:00 GMT", 300.0),
        ("Wed, 28 Jan 2026 05:00:00 GMT", 0.0),
        ("soon", None),
        ("-5", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after_is_read_as_seconds_or_as_a_date(header, seconds):
    assert seconds_to_wait(header, datetime(2026, 1, 28, 6, tzinfo=UTC)) == seconds


def test_a_throttled_answer_passes_its_retry_after_up(server):
    error = failure(server, "/rss/cs.SD", Reply(b"", 429, {"Retry-After": "90"}))
    assert (error.retry_after, error.status) == (90.0, 429)
    assert failure(server, "/oai", Reply(b"", 503)).retry_after is None


def test_redirects_among_our_hosts_are_followed_and_each_takes_its_turn(server):
    server.say("/rss/cs.SD", Reply(status=301, headers={"Location": "/rss/elsewhere"}))
    server.say("/rss/elsewhere", EMPTY_RSS)
    assert server.arxiv().rss(["cs.SD"]).items() == []
    assert server.turns == 2


@pytest.mark.parametrize(
    "target",
    [
        "http://evil.example/rss",
        "//evil.example/rss",
        "file:///etc/passwd",
        "http://127.0.0.1:1/rss",
        "http://a@{host}/",
    ],
)
def test_redirects_elsewhere_are_refused(server, target):
    target = target.replace("{host}", server.url.removeprefix("http://"))
    assert failure(server, "/rss/cs.SD", Reply(status=302, headers={"Location": target})).state == "forbidden"


def test_a_ring_of_redirects_ends(server):
    assert (
        failure(server, "/rss/cs.SD", Reply(status=302, headers={"Location": "/rss/cs.SD"})).state == "broken"
    )
    assert len(server.asked) == 6


def test_we_say_who_we_are_and_what_we_take_and_keep_no_connection(server):
    server.say("/rss/cs.SD", EMPTY_RSS)
    server.arxiv().rss(["cs.SD"])
    sent = server.headers[0]
    assert "editor@example.org" in sent["User-Agent"]
    assert "application/rss+xml" in sent["Accept"]
    assert sent["Connection"] == "close"
    assert "Authorization" not in sent


@pytest.mark.parametrize("category", ["../../etc", "cs.SD?x=1", "cs.SD/new", "", "c s", "cs.SD#"])
def test_what_cannot_be_a_category_is_never_asked_for(server, category):
    for call in (server.arxiv().new_list, lambda code: server.arxiv().rss([code])):
        with pytest.raises(SourceError) as caught:
            call(category)
        assert caught.value.state == "unknown_category"
    assert server.asked == []


def test_one_stray_control_character_does_not_cost_the_document():
    root = parse_xml(b"<feed><a>x\x0cy&#12;z&#x1F;</a><b>&#10;&#xA;&#48;</b></feed>", "feed")
    assert root.findtext("a") == "xyz"
    assert root.findtext("b") == "\n\n0"


def test_entities_are_not_resolved(tmp_path):
    (tmp_path / "secret").write_text("secret")
    bomb = f'<!DOCTYPE feed [<!ENTITY e SYSTEM "file://{tmp_path}/secret">]><feed><a>&e;</a></feed>'
    assert "secret" not in "".join(parse_xml(bomb.encode(), "feed").itertext())


def test_two_answers_in_one_body_are_broken():
    with pytest.raises(SourceError) as caught:
        parse_xml(recorded("atom/malformed_two-concatenated-feeds.xml.txt"), "feed")
    assert caught.value.state == "broken"


def test_no_connection_is_used_twice(server):
    server.say("/rss/cs.SD", Reply(EMPTY_RSS, act="keep"))
    arxiv = server.arxiv()
    for _ in range(5):
        arxiv.rss(["cs.SD"])
    assert len(set(server.peers)) == 5


def test_an_error_survives_a_process_border():
    error = pickle.loads(pickle.dumps(SourceError("throttled", "HTTP 429", 5.0, 429)))
    assert (error.state, error.message, error.retry_after, error.status) == (
        "throttled",
        "HTTP 429",
        5.0,
        429,
    )
