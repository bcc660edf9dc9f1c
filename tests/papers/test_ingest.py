"""Listing a date: which sources are asked when, what of their answers is stored, and what an id means."""

from collections.abc import Iterator
from typing import Any

import pytest

from papers import ledger, pipeline, taxonomy
from papers.models import Announcement, Job, Paper, Poll, Summary
from papers.pipeline.listing import ingest_subject
from tests.fakes.arxiv import FakeArxiv
from tests.fakes.arxiv_world import CC_BY
from tests.papers.ingesting import (
    CATEGORIES,
    FRI,
    MON,
    SEARCH,
    THU,
    TUE,
    WED,
    at,
    evening,
    ids,
    list_day,
    paper,
    papers_of,
    poll,
    run,
    serve,
    stored,
    targets,
    week,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def arxiv(settings: Any) -> Iterator[FakeArxiv]:
    with serve(settings, week()) as server:
        yield server


def test_in_the_evening_the_listing_and_the_api_are_asked_and_no_feed(
    arxiv: FakeArxiv, settings: Any
) -> None:
    assert list_day(settings, evening(WED), WED) == ""
    assert [target.partition("?")[0] for target in targets(arxiv)] == [
        "/list/cs.SD/new",
        "/list/eess.AS/new",
        "/api/query",
    ]
    assert ids(WED) == {one.arxiv_id for one in papers_of(WED)}


def test_the_index_is_not_asked_again_before_it_can_know_more(arxiv: FakeArxiv, settings: Any) -> None:
    list_day(settings, at(TUE, 9), TUE)
    arxiv.fault("reset", path="^/(oai|rss)")
    list_day(settings, evening(WED), WED)
    assert len(targets(arxiv, SEARCH)) == 1
    list_day(settings, at(WED, 0.2), WED)
    assert len(targets(arxiv, SEARCH)) == 2


def test_the_index_is_asked_only_every_third_day_while_the_others_tell_all(
    arxiv: FakeArxiv, settings: Any
) -> None:
    for day, asked in [(MON, 1), (TUE, 1), (WED, 1), (THU, 2), (FRI, 2)]:
        for when in (evening(day), at(day, 0.2)):
            list_day(settings, when, day)
        assert len(targets(arxiv, SEARCH)) == asked
        assert ledger.of_day(day, CATEGORIES).settled
    assert not Paper.objects.filter(fetched_at=None).exists()


def test_an_index_that_failed_is_asked_again_at_the_next_look(arxiv: FakeArxiv, settings: Any) -> None:
    list_day(settings, at(TUE, 0.2), TUE)
    arxiv.fault("reset", path="submittedDate", times=1)
    arxiv.fault("reset", path="^/rss", times=1)
    list_day(settings, at(FRI, 0.2), FRI)
    assert poll("api", FRI).state == "unreachable"
    list_day(settings, at(FRI, 9), FRI)
    assert poll("api", FRI).state == "ok"


def test_whoever_runs_once_a_day_asks_the_index_each_time(arxiv: FakeArxiv, settings: Any) -> None:
    arxiv.fault("api-lag", value=12)
    for day in (MON, TUE, WED):
        list_day(settings, evening(day), day)
    assert len(targets(arxiv, SEARCH)) == 3
    assert not ledger.of_day(TUE, CATEGORIES).differences


def test_from_midnight_eastern_on_the_feed_of_the_union_is_asked_too(arxiv: FakeArxiv, settings: Any) -> None:
    list_day(settings, at(WED, 0.2), WED)
    assert targets(arxiv, "/rss/") == ["/rss/cs.SD+eess.AS"]
    assert poll("rss", WED).found == 3
    assert Announcement.objects.get(arxiv_id=papers_of(WED)[0].arxiv_id).sources == {
        "list": "new",
        "rss": "new",
        "api": "new",
        "archive": "new",
    }


def test_a_past_date_is_read_from_its_catch_up_page(arxiv: FakeArxiv, settings: Any) -> None:
    list_day(settings, at(WED, 9), MON)
    assert [target.partition("?")[0] for target in targets(arxiv, "/catchup")] == [
        f"/catchup/{code}/{MON}" for code in CATEGORIES
    ]
    assert not targets(arxiv, "/rss") + targets(arxiv, "/list")
    assert ids(MON) == {one.arxiv_id for one in papers_of(MON)}


def test_the_printed_count_is_stored_before_an_entry_is_parsed(arxiv: FakeArxiv, settings: Any) -> None:
    arxiv.fault("truncated-list")
    assert list_day(settings, evening(WED), WED) == "truncated"
    answer = poll("list", WED, "cs.SD")
    assert (answer.state, answer.printed["new"], answer.found) == ("truncated", 2, None)
    assert not ids(WED)
    book = ledger.of_day(WED, CATEGORIES)
    assert (book.announced, book.stored, book.colour, book.settled) == (4, 0, "red", False)


def test_a_truncated_listing_is_read_from_the_catch_up_page_at_once(arxiv: FakeArxiv, settings: Any) -> None:
    arxiv.fault("truncated-list", path="^/list/")
    assert list_day(settings, at(WED, 9), WED) == ""
    assert poll("list", WED).state == "truncated"
    assert poll("catchup", WED).state == "ok"
    assert ledger.of_day(WED, CATEGORIES).listed


@pytest.mark.parametrize(
    ("fault", "state"),
    [
        ("stale-list", "stale"),
        ("rate-429", "throttled"),
        ("rate-200", "throttled"),
        ("rate-503", "throttled"),
        ("refuse-406", "throttled"),
        ("forbid-403", "forbidden"),
        ("html-200", "broken"),
        ("empty-body", "broken"),
        ("reset", "unreachable"),
        ("cut-body", "truncated"),
    ],
)
def test_a_bad_answer_marks_the_source_stores_nothing_half_and_leaves_the_day_open(
    arxiv: FakeArxiv, settings: Any, fault: str, state: str
) -> None:
    arxiv.fault(fault)
    assert list_day(settings, evening(WED), WED) == state
    known = state if state in Poll.State.values else "broken"
    assert poll("list", WED).state == known
    assert not Announcement.objects.exists()
    assert not Paper.objects.exists()
    arxiv.clear()
    assert pipeline.due_days(CATEGORIES) == [WED]
    assert list_day(settings, evening(WED, 20.5), WED) == ""
    assert ledger.of_day(WED, CATEGORIES).listed


def test_a_day_open_for_a_fault_is_not_called_quiet(arxiv: FakeArxiv, settings: Any) -> None:
    arxiv.fault("down")
    assert list_day(settings, at(WED, 9), WED) == "unreachable"
    book = ledger.of_day(WED, CATEGORIES)
    assert (book.listed, book.colour) == (False, "red")
    assert "仍未读到" in book.alarm
    assert any("无法连接" in trouble for trouble in book.troubles)


def test_a_feed_of_yesterday_with_todays_build_date_is_stale_and_not_believed(
    arxiv: FakeArxiv, settings: Any
) -> None:
    arxiv.fault("stale-rss")
    list_day(settings, at(WED, 1), WED)
    assert poll("rss", WED).state == "stale"
    assert ids(WED) == {one.arxiv_id for one in papers_of(WED)}


def test_a_clock_that_is_off_changes_nothing_sources_are_judged_by_the_date_they_print(
    arxiv: FakeArxiv, settings: Any
) -> None:
    arxiv.fault("wrong-clock")
    assert list_day(settings, at(WED, 9), WED) == ""
    assert ledger.of_day(WED, CATEGORIES).listed


def test_our_own_clock_a_day_slow_still_files_papers_under_the_date_arxiv_prints(settings: Any) -> None:
    with serve(settings, week()) as server:
        server.world.set_now(at(WED, 9))
        assert list_day(settings, at(TUE, 9), TUE) == ""
    assert poll("list", TUE).state == "stale"
    assert ids(TUE) == {one.arxiv_id for one in papers_of(TUE)}
    assert ids(WED) == set()


def test_a_category_that_does_not_exist_is_marked_and_the_others_are_listed(
    arxiv: FakeArxiv, settings: Any
) -> None:
    assert list_day(settings, evening(WED), WED, ["cs.SD", "cs.XX"]) == "unknown_category"
    assert poll("list", WED, "cs.XX").state == "unknown_category"
    assert ids(WED) == {"2602.04001", "2602.04002"}
    assert not ledger.of_day(WED, ["cs.SD", "cs.XX"]).listed


def test_the_licence_comes_with_the_feed_and_stays_when_the_api_answers(settings: Any) -> None:
    with serve(settings, [paper(1, WED, licence=CC_BY)]) as server:
        server.fault("down", times=0)
        server.fault("reset", path="/oai")
        list_day(settings, at(WED, 9), WED)
    assert stored("2602.04001").licence == CC_BY


def test_the_listings_words_serve_until_the_apis_arrive(settings: Any) -> None:
    with serve(settings, [paper(1, WED, api_lag=6)]) as server:
        list_day(settings, evening(WED), WED)
        first = stored("2602.04001")
        assert (first.abstract[:8], first.authors, first.submitted) == (
            "We study",
            ["Ada Example", "Bo Sample"],
            None,
        )
        assert Job.objects.filter(kind="translate", subject="2602.04001", state="queued").exists()
        Summary.objects.get()
        list_day(settings, at(WED, 9), WED)
    second = stored("2602.04001")
    assert second.submitted is not None
    assert second.fetched_at is not None
    assert Job.objects.get(kind="translate").round == 0
    assert not [seen for seen in server.requests if seen.status >= 400]


def test_a_second_run_changes_nothing(arxiv: FakeArxiv, settings: Any) -> None:
    list_day(settings, at(WED, 9), WED)
    before = sorted(Announcement.objects.values_list("category", "date", "arxiv_id", "kind", "version"))
    papers, work = Paper.objects.count(), sorted(Job.objects.values_list("kind", "subject", "round"))
    list_day(settings, at(WED, 13), WED)
    assert (
        sorted(Announcement.objects.values_list("category", "date", "arxiv_id", "kind", "version")) == before
    )
    assert (Paper.objects.count(), sorted(Job.objects.values_list("kind", "subject", "round"))) == (
        papers,
        work,
    )
    assert poll("list", WED).fresh == 0


def test_a_paper_in_two_categories_is_one_paper_new_in_one_and_cross_in_the_other(
    arxiv: FakeArxiv, settings: Any
) -> None:
    list_day(settings, at(WED, 9), WED)
    rows = Announcement.objects.filter(arxiv_id="2602.04002").order_by("category")
    assert [(row.category, row.kind) for row in rows] == [("cs.SD", "new"), ("eess.AS", "cross")]
    assert Paper.objects.filter(arxiv_id="2602.04002").count() == 1


@pytest.mark.parametrize("name", ["cs.SY", "eess.SY"])
def test_a_category_may_be_asked_for_under_its_other_name(settings: Any, name: str) -> None:
    with serve(settings, [paper(1, WED, "eess.SY", "cs.SD")]):
        assert list_day(settings, at(WED, 9), WED, [name]) == ""
    row = Announcement.objects.get()
    assert (row.category, row.kind) == ("eess.SY", "new")
    assert stored(row.arxiv_id).categories == ["eess.SY", "cs.SD"]
    assert ledger.of_day(WED, [name]).listed


def test_an_old_id_with_a_slash_goes_all_the_way(settings: Any) -> None:
    old = paper(1, MON, "hep-th", arxiv_id="hep-th/9901001")
    old.cross_listed = {"math-ph": WED}
    with serve(settings, [old, paper(2, WED, "math-ph")]):
        list_day(settings, at(WED, 9), WED, ["math.MP"])
    row = Announcement.objects.get(arxiv_id="hep-th/9901001")
    assert (row.category, row.kind) == ("math-ph", "cross")
    assert stored("hep-th/9901001").categories == ["hep-th", "math-ph"]


def test_papers_are_written_in_bulk(settings: Any, django_assert_max_num_queries: Any) -> None:
    def queries(number: int, day: Any) -> int:
        with django_assert_max_num_queries(10_000) as seen:
            assert list_day(settings, at(day, 9), day) == ""
        return len(seen)

    with serve(settings, [*papers_of(TUE, 4), *papers_of(WED, 120)]):
        few, many = queries(4, TUE), queries(120, WED)
    assert Paper.objects.count() == 124
    assert many - few < 30, (few, many)


def test_a_day_of_twenty_papers_costs_one_api_call_for_the_second_opinion(settings: Any) -> None:
    with serve(settings, papers_of(WED, 20)) as server:
        list_day(settings, at(WED, 9), WED)
    assert len(targets(server, "/api")) == 1
    assert all(paper.fetched_at and paper.submitted for paper in Paper.objects.all())


@pytest.mark.django_db(transaction=True)
def test_metadata_of_a_catch_up_comes_a_hundred_ids_a_call_for_all_dates_together(settings: Any) -> None:
    papers = [one for day in (MON, TUE, WED) for one in papers_of(day, 40)]
    with serve(settings, papers) as server:
        server.fault("reset", path="^/oai")
        server.fault("reset", path="submittedDate")
        settings.NOW = at(WED, 9)
        pipeline.list_days([MON, TUE, WED], CATEGORIES)
    by_id = [seen for seen in server.requests if "search_query=&" in seen.path]
    assert len(by_id) == 2
    assert Paper.objects.exclude(fetched_at=None).count() == 120


def test_the_worker_lists_a_fresh_installations_newest_date_only(arxiv: FakeArxiv, settings: Any) -> None:
    assert run(settings, at(WED, 9)) == [WED]
    assert not ids(TUE)


def test_a_job_can_name_every_category_of_arxiv(settings: Any) -> None:
    """SQLite takes any length; PostgreSQL does not."""
    subject = ingest_subject(WED, [row.code for row in taxonomy.CATEGORIES])
    assert len(subject) <= (Job._meta.get_field("subject").max_length or 0)
    Job.objects.create(kind=Job.Kind.LIST, subject=subject)
