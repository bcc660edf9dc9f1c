"""The full text: HTML, else PDF, else a recorded reason; a paper is complete without it."""

import datetime as dt
import zlib
from collections.abc import Iterator
from typing import Any

import pytest

from papers import jobs
from papers.models import Announcement, FullText, Job, Summary
from papers.pipeline import failures
from tests.base import chief
from tests.fakes.arxiv import FakeArxiv
from tests.fakes.arxiv_world import Calendar, FakePaper, World, first_version
from tests.fakes.latexml import make_html
from tests.fakes.pdf import make_pdf
from tests.papers.machine_tools import ABSTRACT, SECTION, done, make_waiting, waits

pytestmark = pytest.mark.django_db
State, Kind = Job.State, Job.Kind

DAY = dt.date(2026, 9, 17)
ID = "2609.70001"
ANNOUNCED = dt.datetime(2026, 9, 17, 0, 0, tzinfo=dt.UTC)  # 20:00 Eastern of the day before
SECTIONS = [
    {"heading": f"{number} {name}", "paragraphs": [SECTION, SECTION]}
    for number, name in enumerate(["Introduction", "Method", "Results"], 1)
]
UNNUMBERED = [section | {"heading": section["heading"][2:]} for section in SECTIONS]
PAGE = make_html({"title": "FlowAccent", "authors": ["Ada"], "abstract": ABSTRACT, "sections": UNNUMBERED})
PDF = make_pdf("FlowAccent", ["Ada"], SECTIONS)


@pytest.fixture
def paper() -> FakePaper:
    return FakePaper(
        arxiv_id=ID,
        title="FlowAccent",
        abstract=ABSTRACT,
        authors=["Ada"],
        categories=["cs.SD"],
        versions=[first_version(DAY, Calendar())],
        html=lambda version: PAGE,
        pdf=lambda version: PDF,
    )


@pytest.fixture
def arxiv(paper: FakePaper, settings: Any) -> Iterator[FakeArxiv]:
    world = World([paper])
    world.set_now(ANNOUNCED + dt.timedelta(hours=1))
    with FakeArxiv(world) as server:
        settings.ARXIV_SITE_URL = server.site_url
        settings.ARXIV_API_URL, settings.ARXIV_RSS_URL = server.api_url, server.rss_url
        settings.ARXIV_OAI_URL, settings.ARXIV_DELAY_SECONDS = server.oai_url, 0
        settings.NOW = world.now()
        yield server


@pytest.fixture
def summary(arxiv: FakeArxiv, settings: Any) -> Summary:
    Announcement.objects.create(
        category="cs.SD", date=DAY, arxiv_id=ID, kind="new", first_seen_at=settings.NOW
    )
    return make_waiting(arxiv_id=ID)


def fetched(summary: Summary) -> Job:
    return done(Kind.FULLTEXT, summary.paper)


def asked_for(arxiv: FakeArxiv) -> list[str]:
    return [seen.path.split("/")[1] for seen in arxiv.requests]


def test_html_is_read_first_and_the_reading_may_begin(arxiv: FakeArxiv, summary: Summary) -> None:
    assert fetched(summary).state == State.DONE
    text = FullText.objects.get()
    assert (text.source, text.version, text.cut) == ("html", 1, [])
    assert "12.5M parameters" in text.text and ["2 Method", text.text.index("2 Method")] in text.sections
    assert Job.objects.get(kind=Kind.ANALYSE).state == State.QUEUED
    assert asked_for(arxiv) == ["html"]


@pytest.mark.parametrize("fault", ["html-404", "empty-body", "cut-body"])
def test_where_html_is_missing_or_damaged_the_pdf_serves(
    arxiv: FakeArxiv, summary: Summary, fault: str
) -> None:
    arxiv.fault(fault, path="^/html/")
    assert fetched(summary).state == State.DONE
    assert FullText.objects.get().source == "pdf" and "4.2%" in FullText.objects.get().text
    assert asked_for(arxiv) == ["html", "pdf"]


def test_a_text_that_is_here_is_not_fetched_again(arxiv: FakeArxiv, summary: Summary) -> None:
    fetched(summary)
    jobs.enqueue(Kind.FULLTEXT, [ID], again=True)
    fetched(summary)
    assert len(arxiv.requests) == 1


# Not there yet


def test_a_404_on_a_fresh_paper_is_tried_on_a_rising_schedule(arxiv: FakeArxiv, summary: Summary) -> None:
    arxiv.fault("html-404")
    arxiv.fault("pdf-404")
    found = []
    for _ in range(5):
        job = fetched(summary)
        assert (job.error_class, job.strikes) == ("missing", 0)
        found.append(round(waits(job).total_seconds() / 3600))
    assert found == [1, 2, 3, 6, 12]
    arxiv.clear()
    assert fetched(summary).state == State.DONE


def test_after_two_days_the_paper_is_complete_without_it(
    arxiv: FakeArxiv, summary: Summary, settings: Any
) -> None:
    arxiv.fault("html-404")
    arxiv.fault("pdf-404")
    settings.NOW = ANNOUNCED + dt.timedelta(hours=47)
    assert fetched(summary).state == State.WAITING
    settings.NOW = ANNOUNCED + dt.timedelta(hours=49)
    job = fetched(summary)
    assert (job.state, job.error_class) == (State.DEAD, "missing") and "两天" in job.reason
    assert not Job.objects.exclude(state=State.DEAD).exists()


def test_a_new_version_s_files_are_waited_for_as_well(
    arxiv: FakeArxiv, summary: Summary, settings: Any
) -> None:
    arxiv.fault("html-404")
    arxiv.fault("pdf-404")
    later = DAY + dt.timedelta(days=20)
    Announcement.objects.create(
        category="cs.SD", date=later, arxiv_id=ID, kind="replace", first_seen_at=settings.NOW
    )
    settings.NOW = ANNOUNCED + dt.timedelta(days=20, hours=3)
    assert fetched(summary).state == State.WAITING


# Never


def test_a_withdrawn_paper_has_no_text(arxiv: FakeArxiv, summary: Summary) -> None:
    summary.paper.withdrawn = True
    summary.paper.save(update_fields=["withdrawn"])
    assert fetched(summary).error_class == "withdrawn"
    assert not arxiv.requests


def test_a_rejected_paper_is_not_downloaded_until_it_is_reopened(arxiv: FakeArxiv, summary: Summary) -> None:
    summary.reject(chief())
    assert fetched(summary).error_class == "rejected" and not arxiv.requests
    summary.reopen(chief())
    failures.take_up()
    assert fetched(summary).state == State.DONE


def test_more_than_fifty_megabytes_are_not_downloaded(arxiv: FakeArxiv, summary: Summary) -> None:
    arxiv.fault("html-404")
    arxiv.fault("pdf-huge")
    job = fetched(summary)
    assert (job.state, job.error_class) == (State.DEAD, "too_large")
    assert not FullText.objects.exists()


def bomb() -> bytes:
    """A PDF of 60 kB whose one page holds millions of operators."""
    stream = zlib.compress(b"q " * 30_000_000, 9)
    head = b"%PDF-1.4\n"
    parts = [
        b"1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n",
        b"2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n",
        b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]/Contents 4 0 R>>endobj\n",
        b"4 0 obj<</Filter/FlateDecode/Length %d>>stream\n%s\nendstream endobj\n" % (len(stream), stream),
    ]
    return head + b"".join(parts) + b"trailer<</Root 1 0 R>>\n%%EOF\n"


@pytest.mark.parametrize(
    ("data", "reasons"),
    [
        (make_pdf("", [], []), {"scanned", "empty"}),
        (b"%PDF-1.4\ntrailer<</Root 1 0 R/Encrypt 2 0 R>>\n%%EOF\n", {"broken", "encrypted", "empty"}),
        (bomb(), {"memory", "time", "empty", "scanned", "broken"}),
    ],
    ids=["nothing to read", "locked and broken", "bomb"],
)
def test_a_file_that_gives_no_text_ends_as_a_recorded_reason(
    arxiv: FakeArxiv, paper: FakePaper, summary: Summary, data: bytes, reasons: set[str]
) -> None:
    arxiv.fault("html-404")
    paper.pdf = lambda version: data
    job = fetched(summary)
    assert job.state == State.DEAD and job.error_class in reasons, (job.error_class, job.reason)
    assert "全文无法读取" in job.reason
    assert not FullText.objects.exists()


@pytest.mark.parametrize("fault", ["pdf-html", "pdf-truncated", "pdf-zero"])
def test_what_is_no_pdf_is_asked_for_a_few_times_and_then_given_up(
    arxiv: FakeArxiv, summary: Summary, fault: str
) -> None:
    arxiv.fault("html-404")
    arxiv.fault(fault)
    states = [fetched(summary).state for _ in range(jobs.MAX_STRIKES)]
    assert states == [State.WAITING] * (jobs.MAX_STRIKES - 1) + [State.DEAD]


# Busy


def test_a_throttled_download_waits_as_long_as_arxiv_asks(arxiv: FakeArxiv, summary: Summary) -> None:
    arxiv.fault("rate-429-retry-after", times=1, value=600)
    job = fetched(summary)
    assert (job.error_class, job.strikes) == ("throttled", 0)
    assert waits(job) >= dt.timedelta(seconds=595)
