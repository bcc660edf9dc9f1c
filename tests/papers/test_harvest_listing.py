from datetime import date

import pytest

from papers.harvest import SourceError
from tests.papers import harvest_server
from tests.papers.harvest_server import Reply

server = harvest_server.server
DAY = "Showing new listings for Wednesday, 28 January 2026"


def entry(number, title="A title", subjects="Sound (cs.SD)", abstract="", more=""):
    paragraph = f"<p class='mathjax'>{abstract}</p>" if abstract else ""
    return f"""<dt><a name='item1'>[1]</a> <a href ="/abs/{number}" title="Abstract" id="{number}"> arXiv:{number} </a>
      [<a href="/pdf/{number}" title="Download PDF" id="pdf-{number}">pdf</a>,
       <a href="https://arxiv.org/html/{number}v1" title="View HTML">html</a>]</dt>
      <dd><div class='meta'><div class='list-title mathjax'><span class='descriptor'>Title:</span> {title}</div>
      <div class='list-authors'><a href="/search/?a">Ada Lovelace</a>, <a href="/search/?b">Paul Erdős</a></div>{more}
      <div class='list-subjects'><span class='descriptor'>Subjects:</span>
      <span class="primary-subject">{subjects}</span></div>{paragraph}</div></dd>"""


def section(name, shown, total, *entries):
    heading = f"<h3>{name} (showing {shown} of {total} entries)</h3>"
    return f"<dl id='articles'>{heading}{''.join(entries)}</dl>"


def page(*parts, day=DAY, total=None):
    counted = "" if total is None else f"<div class='paging'>Total of {total} entries</div>"
    head = f"<html><body><h1>Sound</h1><h3>{day}</h3>{counted}" if day else "<html><body>"
    return f"{head}{''.join(parts)}{counted}</body></html>".encode()


FULL = page(
    section("New submissions", 2, 2, entry("2601.18904", abstract="One."), entry("2601.18905")),
    section("Cross submissions", 1, 1, entry("hep-th/9901001")),
    section("Replacement submissions", 1, 1, entry("2512.00001")),
    total=4,
)


def sheet_of(server, *bodies):
    server.say("/list/cs.SD/new", *bodies)
    return server.arxiv().new_list("cs.SD")


def test_a_listing_says_its_date_and_counts_before_an_entry_is_read(server):
    sheet = sheet_of(server, page(section("New submissions", 9, 9, entry("2601.18904")), total=9))
    assert sheet.date == date(2026, 1, 28)
    assert sheet.printed == {"new": 9, "cross": 0, "replace": 0}
    assert (sheet.total, sheet.shown, sheet.source, sheet.categories) == (9, 1, "list", ("cs.SD",))
    with pytest.raises(SourceError) as caught:
        sheet.items()
    assert caught.value.state == "truncated"


def test_entries_come_in_order_with_their_kinds(server):
    items = sheet_of(server, FULL).items()
    assert [(item.arxiv_id, item.kind) for item in items] == [
        ("2601.18904", "new"),
        ("2601.18905", "new"),
        ("hep-th/9901001", "cross"),
        ("2512.00001", "replace"),
    ]
    assert server.asked == ["/list/cs.SD/new?skip=0&show=2000"]


def test_every_field_of_an_entry_is_read(server):
    more = """<div class='list-comments mathjax'><span class='descriptor'>Comments:</span>
      9 pages, code at <a href="https://github.com/a/b" class="link-external">this https URL</a></div>
      <div class='list-journal-ref'><span class='descriptor'>Journal-ref:</span> ApJ 123 (2026)</div>
      <div class='list-doi'><span class='descriptor'>DOI:</span> <a href="#">10.1234/x</a></div>"""
    subjects = (
        "Audio and Speech Processing (eess.AS)</span>; Systems and Control (eess.SY); Sound (cs.SD)<span>"
    )
    abstract = "A bound of $x &lt; y$.\n<br>See <a href='http://a.b'>this http URL</a>."
    one = entry("2601.18904", "On $\\ell_1$ &amp; <i>more</i>", subjects, abstract, more)
    item = sheet_of(server, page(section("New submissions", 1, 1, one), total=1)).items()[0]
    assert item.title == "On $\\ell_1$ & more"
    assert item.authors == ("Ada Lovelace", "Paul Erdős")
    assert item.categories == ("eess.AS", "eess.SY", "cs.SD")
    assert item.comment == "9 pages, code at https://github.com/a/b"
    assert (item.journal, item.doi) == ("ApJ 123 (2026)", "10.1234/x")
    assert item.abstract == "A bound of $x < y$.\n\nSee http://a.b."
    assert (item.version, item.licence) == (None, "")


@pytest.mark.parametrize(
    "name",
    [
        "New submissions",
        "New submissions for Wednesday, 28 January 2026",
        "NEW SUBMISSIONS",
        "New  submissions",
    ],
)
def test_the_wording_of_a_heading_may_vary(server, name):
    assert sheet_of(server, page(section(name, 1, 1, entry("2601.18904")))).items()[0].kind == "new"


def test_replacements_may_be_called_so_for_short(server):
    body = page(
        section("Replacements", 1, 1, entry("2512.00001")), section("Cross-lists", 1, 1, entry("2601.1890"))
    )
    sheet = sheet_of(server, body)
    assert sheet.printed == {"new": 0, "cross": 1, "replace": 1}


@pytest.mark.parametrize("words", ["No updates today.", "No updates for this time period."])
def test_a_day_without_updates_is_an_empty_sheet_and_not_an_error(server, words):
    sheet = sheet_of(server, page(f"<p>{words}</p>"))
    assert (sheet.total, sheet.items()) == (0, [])


@pytest.mark.parametrize(
    "body",
    [
        FULL[: FULL.index(b"2601.18905")],
        FULL[: FULL.index(b"Cross sub")],
        FULL[: FULL.rindex(b"list-title")],
        FULL.replace(b'href ="/abs/2601.18905"', b'href ="/abs/nonsense"'),
        FULL.replace(b"/abs/2512.00001", b"/abs/../2512.00001"),
        FULL.replace(b"Total of 4", b"Total of 5"),
        FULL.replace(b"showing 1 of 1", b"showing 1 of 2"),
        FULL.replace(b"<h3>Cross submissions (showing 1 of 1 entries)</h3>", b""),
        page(section("New submissions", 1, 1, entry("2601.18904"), entry("2601.18905"))),
    ],
)
def test_a_listing_that_does_not_add_up_is_truncated(server, body):
    with pytest.raises(SourceError) as caught:
        sheet_of(server, body).items()
    assert caught.value.state == "truncated"


@pytest.mark.parametrize(
    "body",
    [
        page(section("New submissions", 1, 1, entry("2601.18904")), day=""),
        page(
            section("New submissions", 1, 1, entry("2601.18904")),
            day="Showing new listings for Wednesday, 31 Juni 2026",
        ),
        page(entry("2601.18904")),
        FULL.replace(b"showing", b"displaying"),
    ],
)
def test_a_listing_without_date_or_counts_is_broken(server, body):
    with pytest.raises(SourceError) as caught:
        sheet_of(server, body)
    assert caught.value.state == "broken"


def test_a_long_listing_is_read_page_by_page(server):
    first = page(
        section("New submissions", 2, 2, entry("2601.00001"), entry("2601.00002")),
        "<h3>Cross submissions (showing first 1 of 2 entries)</h3><dl>",
        entry("2601.00003"),
        "</dl>",
        total=5,
    )
    second = page(
        "<dl><h3>Cross submissions (continued, showing last 1 of 2 entries)</h3>",
        entry("2601.00004"),
        "</dl>",
        section("Replacement submissions", 1, 1, entry("2512.00005")),
        total=5,
    )
    sheet = sheet_of(server, first, second)
    assert sheet.printed == {"new": 2, "cross": 2, "replace": 1}
    assert [item.arxiv_id[-1] for item in sheet.items()] == list("12345")
    assert server.asked == ["/list/cs.SD/new?skip=0&show=2000", "/list/cs.SD/new?skip=2000&show=2000"]


def test_a_listing_whose_second_page_is_of_another_day_is_broken(server):
    first = page(section("New submissions", 1, 2, entry("2601.00001")), total=2)
    second = page(section("New submissions", 1, 2, entry("2601.00002")), day=DAY.replace("28", "29"), total=2)
    with pytest.raises(SourceError) as caught:
        sheet_of(server, first, second)
    assert caught.value.state == "broken"


def test_a_server_that_repeats_its_first_page_does_not_keep_us(server):
    first = page(section("New submissions", 1, 50, entry("2601.00001")), total=50)
    with pytest.raises(SourceError):
        sheet_of(server, first)
    assert len(server.asked) == 10


def test_catchup_is_read_alike_and_asks_for_abstracts(server):
    body = page(section("New submissions", 1, 1, entry("2601.18904", abstract="One.")), day="", total=1)
    body = body.replace(
        b"<body>", b"<body><h1>Catchup results for Sound (cs.SD) on Wed, 28 Jan 2026</h1>Total of 1 entries"
    )
    server.say("/catchup/cs.SD/2026-01-28", body)
    sheet = server.arxiv().catchup("cs.SD", date(2026, 1, 28))
    assert (sheet.source, sheet.date, sheet.total) == ("catchup", date(2026, 1, 28), 1)
    assert sheet.items()[0].abstract == "One."
    assert server.asked == ["/catchup/cs.SD/2026-01-28?abs=True&page=1"]


def test_an_alias_asks_for_its_canonical_category(server):
    server.say("/list/eess.SY/new", page("<p>No updates today.</p>"))
    assert server.arxiv().new_list("cs.SY").categories == ("eess.SY",)


@pytest.mark.parametrize("status", [400, 404])
def test_a_category_that_does_not_exist_is_told_from_a_refused_page(server, status):
    for category, state in (("cs.NOPE", "unknown_category"), ("cs.SD", "broken")):
        server.say(f"/list/{category}/new", Reply(b"<html><body>no</body></html>", status))
        with pytest.raises(SourceError) as caught:
            server.arxiv().new_list(category)
        assert (caught.value.state, caught.value.status) == (state, status)
