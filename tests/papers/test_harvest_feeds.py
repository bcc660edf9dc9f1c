from collections import Counter
from datetime import date

import pytest

from papers.harvest import SourceError
from papers.harvest.feeds import read_atom, read_rss
from tests.papers import harvest_server
from tests.papers.harvest_server import Reply, recorded

server = harvest_server.server

HEAD = """<?xml version='1.0' encoding='UTF-8'?>
<rss xmlns:arxiv="http://arxiv.org/schemas/atom" xmlns:dc="http://purl.org/dc/elements/1.1/" version="2.0"><channel>
<title>cs.SD updates on arXiv.org</title><lastBuildDate>Thu, 29 Jan 2026 05:00:02 +0000</lastBuildDate>
<pubDate>Thu, 29 Jan 2026 00:00:00 -0500</pubDate>"""


def item(number="2601.18904v1", kind="new", day="Wed, 28 Jan 2026 00:00:00 -0500", title="A title"):
    return f"""<item><title>{title}</title><link>https://arxiv.org/abs/{number}</link>
    <description>arXiv:{number} Announce Type: {kind} \nAbstract: First.\n  Second.</description>
    <guid isPermaLink="false">oai:arXiv.org:{number}</guid><category>eess.AS</category><category>cs.SY</category>
    <pubDate>{day}</pubDate><arxiv:announce_type>{kind}</arxiv:announce_type>
    <dc:rights>http://creativecommons.org/licenses/by/4.0/</dc:rights><arxiv:DOI>10.1/x</arxiv:DOI>
    <arxiv:journal_reference>J 1</arxiv:journal_reference><dc:creator>Ada Lovelace,  Deepti, , Paul Erdős</dc:creator></item>"""


def feed(*items):
    return f"{HEAD}{''.join(items)}</channel></rss>".encode()


def test_every_field_of_an_item_is_read():
    (one,) = read_rss(feed(item("hep-th/9901001v2")), ("cs.SD",)).items()
    assert (one.arxiv_id, one.version, one.kind, one.title) == ("hep-th/9901001", 2, "new", "A title")
    assert one.abstract == "First.\n\nSecond."
    assert one.authors == ("Ada Lovelace", "Deepti", "Paul Erdős")
    assert one.categories == ("eess.AS", "eess.SY")
    assert one.licence == "http://creativecommons.org/licenses/by/4.0/"
    assert (one.doi, one.journal) == ("10.1/x", "J 1")


def test_a_feed_of_yesterday_built_again_today_is_yesterdays():
    sheet = read_rss(feed(item(), item("2601.18905v1")), ("cs.SD",))
    assert sheet.date == date(2026, 1, 28)


def test_a_feed_prints_no_counts():
    sheet = read_rss(feed(item()), ("cs.SD",))
    assert sheet.printed == {"new": None, "cross": None, "replace": None}
    assert (sheet.total, sheet.shown) == (None, 1)


def test_a_replaced_cross_list_is_a_replacement():
    kinds = [one.kind for one in read_rss(feed(item(kind="replace-cross"), item(kind="cross")), ()).items()]
    assert kinds == ["replace", "cross"]


def test_a_weekend_feed_is_empty_and_not_an_error():
    rss = read_rss(recorded("rss/rss_cs.CL_weekend-empty_20260801.xml"), ("cs.CL",))
    atom = read_atom(recorded("rss/atom_cs_weekend-empty_20251123.xml"), ("cs",))
    assert (rss.date, rss.items()) == (date(2026, 8, 1), [])
    assert (atom.date, atom.items()) == (date(2025, 11, 23), [])


@pytest.mark.parametrize("broken", [item(kind="wonder"), item("nonsense"), item(title=" ")])
def test_one_unreadable_item_breaks_the_feed(broken):
    with pytest.raises(SourceError) as caught:
        read_rss(feed(item(), broken), ()).items()
    assert caught.value.state == "broken"


def test_items_of_two_days_are_no_announcement():
    sheet = read_rss(feed(item(), item("2601.00001v1", day="Tue, 27 Jan 2026 00:00:00 -0500")), ())
    assert sheet.date == date(2026, 1, 28)
    with pytest.raises(SourceError):
        sheet.items()


def test_a_feed_as_long_as_feeds_may_be_may_have_lost_its_end():
    sheet = read_rss(feed(*(item(f"2601.{number:05}v1") for number in range(1, 2001))), ())
    with pytest.raises(SourceError) as caught:
        sheet.items()
    assert caught.value.state == "truncated"


@pytest.mark.parametrize("day", ["", "yesterday"])
def test_a_feed_without_a_readable_date_is_broken(day):
    with pytest.raises(SourceError) as caught:
        read_rss(feed(item(day=day)), ())
    assert caught.value.state == "broken"


def test_a_feed_cut_in_the_middle_is_truncated():
    whole = feed(item(), item("2601.18905v1"))
    for end in range(len(HEAD) + 20, len(whole) - 6, 37):
        with pytest.raises(SourceError) as caught:
            read_rss(whole[:end], ())
        assert caught.value.state == "truncated"


def test_recorded_excerpts_are_read_in_both_forms():
    rss = read_rss(recorded("rss/rss_cs.CL_20260427_excerpt.xml"), ("cs.CL",))
    assert (rss.date, len(rss.items())) == (date(2026, 4, 27), 3)
    assert rss.items()[0].arxiv_id == "2604.22002"
    assert rss.items()[0].abstract.startswith("Social media platforms")
    assert "Deepti" in rss.items()[0].authors
    atom = read_atom(recorded("rss/atom_cs.AI_20250820_excerpt.xml"), ("cs.AI",))
    assert atom.date == date(2025, 8, 20)
    assert Counter(one.kind for one in atom.items()) == {"cross": 5, "new": 2}
    assert all(one.licence and one.version == 1 and one.authors and one.categories for one in atom.items())


def test_the_kind_depends_on_the_union_asked_for():
    alone = {
        one.arxiv_id: one.kind
        for one in read_rss(recorded("rss/reconstructed_rss_cs.SD_20260128.xml"), ()).items()
    }
    union = recorded("rss/reconstructed_rss_cs.SD+eess.AS_20260128.xml")
    together = {one.arxiv_id: one.kind for one in read_rss(union, ()).items()}
    assert alone.keys() <= together.keys()
    assert any(alone[one] == "cross" and together[one] == "new" for one in alone)


def test_rss_and_atom_of_a_day_agree():
    rss = read_rss(recorded("rss/reconstructed_rss_cs.SD+eess.AS_20260127.xml"), ()).items()
    atom = read_atom(recorded("rss/reconstructed_atom_cs.SD+eess.AS_20260127.xml"), ()).items()
    assert len(rss) > 50
    assert [(one.arxiv_id, one.version, one.kind, one.title) for one in rss] == [
        (one.arxiv_id, one.version, one.kind, one.title) for one in atom
    ]
    assert {one.kind for one in rss} == {"new", "cross", "replace"}


def test_the_union_is_asked_for_in_one_request_without_twins(server):
    server.say("/rss/cs.SD+eess.SY", feed(item()))
    server.say(
        "/atom/cs.SD",
        Reply(b"<feed xmlns='http://www.w3.org/2005/Atom'><updated>2026-01-28T05:00:04Z</updated></feed>"),
    )
    assert server.arxiv().rss(["cs.SD", "cs.SY", "eess.SY"]).categories == ("cs.SD", "eess.SY")
    assert server.arxiv().rss(["cs.SD"], atom=True).date == date(2026, 1, 28)
    assert server.asked == ["/rss/cs.SD+eess.SY", "/atom/cs.SD"]


@pytest.mark.parametrize("status", [400, 200])
def test_an_unknown_category_is_said_in_a_feed_of_its_own(server, status):
    error = HEAD.replace("cs.SD updates on arXiv.org", "Feed error for query: x")
    error += "<description>Bad subject class 'NOPE'.</description></channel></rss>"
    server.say("/rss/cs.NOPE", Reply(error.encode(), status))
    with pytest.raises(SourceError, match="Bad subject class") as caught:
        server.arxiv().rss(["cs.NOPE"])
    assert (caught.value.state, caught.value.status) == ("unknown_category", 400)


def test_the_recorded_error_feed_is_an_unknown_category(server):
    server.say("/rss/cs.NOPE", Reply(recorded("rss/reconstructed_rss_error_bad-category_HTTP400.xml"), 400))
    with pytest.raises(SourceError) as caught:
        server.arxiv().rss(["cs.NOPE"])
    assert caught.value.state == "unknown_category"


def test_another_400_is_broken(server):
    server.say("/rss/cs.SD", Reply(b"<html>Bad request</html>", 400))
    with pytest.raises(SourceError) as caught:
        server.arxiv().rss(["cs.SD"])
    assert (caught.value.state, caught.value.status) == ("broken", 400)
