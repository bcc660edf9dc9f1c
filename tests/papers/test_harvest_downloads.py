import pytest

from papers.harvest import SourceError
from tests.papers import harvest_server
from tests.papers.harvest_server import SHARED, Reply, recorded

server = harvest_server.server
PDF = b"%PDF-1.7\n" + b"x" * 100 + b"\n%%EOF\n"
HTML = b"<!DOCTYPE html><html><body><article class='ltx_document'>Text</article></body></html>"


def page(heading, text=""):
    banner = "<h1><a href='/'>arXiv</a></h1>"
    return f"<html><body>{banner}<h1>{heading}</h1><p>{text}</p></body></html>".encode()


def failure(server, kind, reply):
    server.say(f"/{kind}/2601.18904v1", reply)
    with pytest.raises(SourceError) as caught:
        getattr(server.arxiv(), kind)("2601.18904", 1)
    return caught.value


def test_a_pdf_is_asked_for_with_its_version_and_comes_whole(server):
    server.say("/pdf/hep-th/9901001v2", Reply(PDF, headers={"Content-Type": "application/pdf"}))
    got = server.arxiv().pdf("hep-th/9901001", 2)
    assert (got.data, got.content_type, got.kind, got.arxiv_id, got.version) == (
        PDF,
        "application/pdf",
        "pdf",
        "hep-th/9901001",
        2,
    )
    assert got.url == f"{server.url}/pdf/hep-th/9901001v2"


def test_html_is_handed_on_as_it_is(server):
    server.say("/html/2601.18904v1", Reply(HTML, headers={"Content-Type": "text/html; charset=utf-8"}))
    got = server.arxiv().html("2601.18904", 1)
    assert (got.data, got.content_type) == (HTML, "text/html; charset=utf-8")


def test_without_a_version_the_latest_is_asked_for(server):
    server.say("/pdf/2601.18904", PDF)
    assert server.arxiv().pdf("2601.18904", None).version is None


@pytest.mark.parametrize(
    ("kind", "heading", "text", "state"),
    [
        ("pdf", "No document for '2601.18904v1'", "Please inform us.", "missing"),
        ("pdf", "PDF unavailable", "Our automated conversion was unable to produce PDF.", "missing"),
        ("pdf", "file unavailable", "Our system has failed to produce PDF.", "missing"),
        ("pdf", "File unavailable for 2601.18904v1", "HTML or source was not provided.", "withdrawn"),
        ("pdf", "2601.18904v1", "This paper has been withdrawn by its author.", "withdrawn"),
        ("html", "No HTML for '2601.18904v1'", "HTML is not available for the source.", "missing"),
        ("html", "File unavailable for 2601.18904v1", "HTML or source was not provided.", "withdrawn"),
    ],
)
def test_the_heading_of_a_404_tells_withdrawn_from_not_yet(server, kind, heading, text, state):
    error = failure(server, kind, Reply(page(heading, text), 404))
    assert (error.state, error.message, error.status) == (state, heading, 404)


@pytest.mark.parametrize("body", [b"", b"not here", b"\x00\xff"])
def test_a_404_without_a_page_is_missing(server, body):
    assert failure(server, "pdf", Reply(body, 404)).state == "missing"


@pytest.mark.parametrize(
    ("kind", "body", "state"),
    [
        ("pdf", HTML, "broken"),
        ("pdf", b"GIF89a", "broken"),
        ("pdf", PDF[:-10], "truncated"),
        ("html", PDF, "broken"),
        ("html", HTML[:-20], "truncated"),
        ("html", page("No HTML for '2601.18904v1'"), "missing"),
    ],
)
def test_a_200_is_judged_by_its_content_and_not_by_its_type(server, kind, body, state):
    kind_of = {"pdf": "application/pdf", "html": "text/html"}
    assert failure(server, kind, Reply(body, headers={"Content-Type": kind_of[kind]})).state == state


def test_a_transfer_that_ends_early_is_truncated(server):
    assert failure(server, "pdf", Reply(PDF, act="cut")).state == "truncated"


def test_a_source_that_is_not_public_is_forbidden(server):
    assert failure(server, "pdf", Reply(page("Not public"), 403)).state == "forbidden"


def test_a_failed_conversion_is_not_ours_to_judge(server):
    body = recorded("html/2412.19437-latexml087-failed-untitled-document.html")
    server.say("/html/2412.19437v1", body)
    assert server.arxiv().html("2412.19437", 1).data == body


def test_every_recorded_paper_passes(server):
    recorded("pdf/1706.03762v5.pdf")
    for path in [*sorted((SHARED / "pdf").glob("*.pdf"))[:6], *sorted((SHARED / "html").glob("*.html"))]:
        kind = path.suffix[1:]
        server.say(f"/{kind}/2601.18904v1", path.read_bytes())
        assert getattr(server.arxiv(), kind)("2601.18904", 1).data == path.read_bytes()


@pytest.mark.parametrize("arxiv_id", ["../../etc/passwd", "2601.18904/../x", "2601.18904?x", ""])
def test_what_is_not_an_identifier_never_reaches_an_address(server, arxiv_id):
    for fetch in (server.arxiv().pdf, server.arxiv().html):
        with pytest.raises(ValueError, match="not an arXiv identifier"):
            fetch(arxiv_id, 1)
    assert server.asked == []
