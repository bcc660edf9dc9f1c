"""What happens to a paper over time: late ones, missed ones, replacements, withdrawals, and our own outages."""

import datetime as dt
from typing import Any

import pytest

from papers import ledger, pipeline
from papers.models import Announcement, Generation, Job, Paper, Poll, ReviewEvent, Revision, Summary
from papers.pipeline import words
from tests import base
from tests.fakes.arxiv import FakePaper
from tests.fakes.arxiv_world import CC_BY, next_version
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


def hidden_from_listings(server: Any, name: str) -> None:
    """arXiv's pages and feed forget a paper that its API knows."""
    doors, world = server.doors, server.world
    original = world._chosen
    world._chosen = lambda categories, day: [
        entry for entry in original(categories, day) if entry.paper.arxiv_id != name
    ]
    assert doors.world is world


# Late


def test_a_paper_that_no_listing_announced_but_the_api_knows_is_late_and_joins_todays(settings: Any) -> None:
    with serve(settings, week()) as server:
        hidden_from_listings(server, "2602.03001")
        run(settings, at(TUE, 9))
        assert Announcement.objects.get(arxiv_id="2602.03001").kind == "late"
        assert ids(TUE, "late") == {"2602.03001"}
        line = ledger.of_day(TUE, CATEGORIES).categories[0]
        assert (line.late, line.stored, line.printed) == (1, 1, 1)
        run(settings, at(WED, 9))
        assert Announcement.objects.filter(arxiv_id="2602.03001").count() == 1


def test_a_late_paper_that_a_moderator_held_for_days_is_found_by_its_id(settings: Any) -> None:
    held = paper(9, WED)
    first = held.versions[0]
    held.versions[0] = type(first)(1, first.submitted - dt.timedelta(days=6), WED)
    with serve(settings, [*week(), held]) as server:
        hidden_from_listings(server, held.arxiv_id)
        for day in (MON, TUE, WED):
            run(settings, at(day, 9))
        assert ids(WED, "late") == {held.arxiv_id}


def test_on_a_fresh_installation_nothing_older_than_the_first_listed_date_becomes_late(settings: Any) -> None:
    with serve(settings, week()):
        run(settings, at(FRI, 9))
        assert ids(FRI) == {one.arxiv_id for one in papers_of(FRI)}
        assert not Announcement.objects.filter(kind="late").exists()
        assert Paper.objects.count() == 3


def test_nothing_is_late_while_a_date_in_between_is_missing(settings: Any) -> None:
    with serve(settings, week()) as server:
        run(settings, at(MON, 9))
        server.fault("reset", path=f"^/catchup/.*{TUE}")
        list_day(settings, at(WED, 9), WED)
        assert not Announcement.objects.filter(kind="late").exists()
        server.clear()
        run(settings, at(WED, 13))
        assert ids(TUE, "new") == {one.arxiv_id for one in papers_of(TUE)}
        assert not Announcement.objects.filter(kind="late").exists()


def test_papers_of_the_next_batch_are_not_late_in_todays(settings: Any) -> None:
    """The API already shows Wednesday's batch while the listing is still Tuesday's."""
    with serve(settings, week()) as server:
        run(settings, at(TUE, 9))
        server.fault("stale-list")
        assert list_day(settings, evening(WED), WED) == "stale"
        assert not Announcement.objects.filter(kind="late").exists()


def test_a_listing_that_has_the_late_paper_after_all_takes_it_to_its_own_date(settings: Any) -> None:
    with serve(settings, week()) as server:
        original = server.world._chosen
        hidden_from_listings(server, "2602.03001")
        run(settings, at(TUE, 9))
        run(settings, at(WED, 9))
        server.world._chosen = original
        list_day(settings, at(WED, 12), TUE)
        assert [(row.date, row.kind) for row in Announcement.objects.filter(arxiv_id="2602.03001")] == [
            (TUE, "new")
        ]


# Catching up


def test_after_three_weeks_every_missed_date_is_listed_oldest_first(settings: Any) -> None:
    days = ledger.looks.batches.between(dt.date(2026, 2, 2), dt.date(2026, 2, 27))
    with serve(settings, [one for day in days for one in papers_of(day, 2)]):
        run(settings, at(days[0], 9))
        done = run(settings, at(days[-1], 9))
    assert done == sorted(done)
    assert [day for day in days[1:] if day not in done] == []
    assert all(ids(day) == {one.arxiv_id for one in papers_of(day, 2)} for day in days)


def test_beyond_ninety_days_the_archive_lists_all_dates_with_one_harvest(settings: Any) -> None:
    days = ledger.looks.batches.between(dt.date(2026, 2, 2), dt.date(2026, 2, 13))
    later = dt.date(2026, 6, 10)
    with serve(settings, [one for day in [*days, later] for one in papers_of(day, 3)]) as server:
        run(settings, at(days[0], 9))
        list_day(settings, at(later, 9), days[1])
        harvests = len(targets(server, "/oai"))
        assert ids(days[1]) == {one.arxiv_id for one in papers_of(days[1])}
        for day in days[2:]:
            list_day(settings, at(later, 9.5), day)
            assert ids(day) == {one.arxiv_id for one in papers_of(day)}
        assert len(targets(server, "/oai")) == harvests
    book = ledger.of_day(days[1], CATEGORIES)
    assert (book.listed, book.categories[0].printed, book.announced) == (True, 2, 3)
    assert [(row.category, row.kind) for row in Announcement.objects.filter(arxiv_id="2602.03002")] == [
        ("cs.SD", "new"),
        ("eess.AS", "cross"),
    ]


@pytest.mark.parametrize("back", [40, 120])
def test_a_date_of_long_ago_gets_its_second_opinion_from_the_api_and_closes(settings: Any, back: int) -> None:
    today = WED + dt.timedelta(days=back)
    with serve(settings, [*papers_of(WED, 3), *papers_of(today, 1)]) as server:
        for hour in (3, 9):
            list_day(settings, at(today, hour), WED)
        assert ledger.of_day(WED, CATEGORIES).settled
        assert WED not in ledger.open_days(today, CATEGORIES)
        by_id = [one for one in targets(server, "/api/") if "search_query=&" in one]
        # The archive confirms what a listing page said, but not what it listed itself.
        assert len(by_id) == (1 if back > 90 else 0)


def test_the_archive_files_a_held_paper_under_the_date_that_its_id_tells(settings: Any) -> None:
    held = paper(9, THU)
    held.versions[0] = type(held.versions[0])(1, held.versions[0].submitted - dt.timedelta(days=10), THU)
    later = dt.date(2026, 6, 10)
    with serve(settings, [*week(), held]):
        list_day(settings, at(later, 9), THU)
    assert held.arxiv_id in ids(THU, "new")


def test_a_row_lost_from_a_date_that_only_the_archive_listed_turns_it_red(settings: Any) -> None:
    later = dt.date(2026, 6, 10)
    with serve(settings, week()):
        list_day(settings, at(later, 9), THU)
    Announcement.objects.filter(arxiv_id="2602.05001").delete()
    assert ledger.of_day(THU, CATEGORIES).colour == "red"


# Replacements


NAME = "2602.02001"


def replaced(**changes: Any) -> FakePaper:
    one = paper(1, MON)
    next_version(one, WED, **changes)
    return one


def approved(settings: Any) -> Summary:
    """Monday's paper, translated and approved."""
    list_day(settings, at(MON, 9), MON)
    Job.objects.update(state="done")
    summary = Summary.objects.get(paper__arxiv_id=NAME)
    summary.translated(base.make_revision(summary))
    summary.approve(base.chief())
    return summary


def test_a_new_abstract_sends_the_approved_text_back_to_review_with_both_versions(settings: Any) -> None:
    with serve(settings, [replaced(abstract="The error rate falls to 1.0%."), paper(2, WED)]):
        summary = approved(settings)
        old = stored(NAME).abstract
        run(settings, at(WED, 9))
    summary.refresh_from_db()
    new = stored(NAME)
    assert (summary.status, summary.public is not None) == ("needs_review", True)
    assert (new.version, new.abstract) == (2, "The error rate falls to 1.0%.")
    assert {row["version"]: row.get("abstract") for row in new.versions} == {1: old, 2: None}
    assert new.words_at(1, summary.public.made_at) == (new.title, old)
    assert new.words_at(2, settings.NOW) == (new.title, new.abstract)
    assert ReviewEvent.of(summary).first().verb == "source_changed"
    assert Job.objects.get(kind="translate", subject=NAME).state == "queued"
    assert ids(WED, "replace") == {NAME}
    assert Paper.objects.filter(arxiv_id=NAME).count() == 1


def test_nothing_is_paid_for_a_replacement_that_changed_neither_title_nor_abstract(settings: Any) -> None:
    with serve(settings, [replaced(comment="typos fixed"), paper(2, WED)]):
        summary = approved(settings)
        run(settings, at(WED, 9))
    summary.refresh_from_db()
    assert (stored(NAME).version, stored(NAME).comment) == (2, "typos fixed")
    assert summary.status == "approved"
    assert Job.objects.get(kind="translate", subject=NAME).state == "done"
    assert Revision.objects.count() == 1


def test_a_rejected_paper_is_not_translated_again_for_a_new_version(settings: Any) -> None:
    with serve(settings, [replaced(abstract="Quite another abstract."), paper(2, WED)]):
        list_day(settings, at(MON, 9), MON)
        Job.objects.update(state="done")
        summary = Summary.objects.get(paper__arxiv_id=NAME)
        summary.reject(base.chief())
        run(settings, at(WED, 9))
    summary.refresh_from_db()
    assert summary.status == "rejected"
    assert Job.objects.get(kind="translate", subject=NAME).state == "done"


@pytest.mark.parametrize("closed", ["^/oai", "^/api"])
def test_a_replacement_arrives_through_the_archive_or_through_the_api(settings: Any, closed: str) -> None:
    with serve(settings, [replaced(abstract="The error rate falls to 1.0%."), paper(2, WED)]) as server:
        list_day(settings, at(MON, 9), MON)
        server.fault("reset", path=closed)
        run(settings, at(WED, 9))
    assert (stored(NAME).version, stored(NAME).abstract) == (2, "The error rate falls to 1.0%.")


def test_changed_authors_are_taken_from_the_api_which_names_them_one_by_one(settings: Any) -> None:
    with serve(settings, [replaced(authors=("Ada Example", "Cy Third")), paper(2, WED)]) as server:
        list_day(settings, at(MON, 9), MON)
        server.fault("reset", path="submittedDate")
        run(settings, at(WED, 9))
    assert (stored(NAME).version, stored(NAME).authors) == (2, ["Ada Example", "Cy Third"])


def test_a_replacement_of_a_paper_that_we_never_had_is_not_ours(settings: Any) -> None:
    with serve(settings, [replaced(abstract="Another."), paper(2, WED)]):
        run(settings, at(WED, 9))
    assert ids(WED, "replace") == {NAME}
    assert not Paper.objects.filter(arxiv_id=NAME).exists()


def test_an_index_that_is_behind_does_not_take_a_version_back(settings: Any) -> None:
    with serve(settings, [replaced(abstract="The error rate falls to 1.0%."), paper(2, WED)]) as server:
        list_day(settings, at(MON, 9), MON)
        run(settings, at(WED, 9))
        server.fault("api-lag", value=200)
        list_day(settings, at(WED, 13), WED)
    assert stored(NAME).version == 2


def test_the_history_licence_and_dates_of_versions_come_from_the_archive(settings: Any) -> None:
    with serve(settings, [replaced(licence=CC_BY), paper(2, WED)]):
        list_day(settings, at(MON, 9), MON)
        run(settings, at(WED, 9))
    found = stored(NAME)
    assert [row["version"] for row in found.versions] == [1, 2]
    assert all(row["submitted"] for row in found.versions)
    assert found.licence == CC_BY
    assert found.versions[1]["licence"] == CC_BY


# Withdrawals


NOTICE = "This paper has been withdrawn by the authors due to an error in Table 2"


@pytest.mark.parametrize("closed", ["^/oai", "^/api"])
def test_a_withdrawn_paper_is_marked_keeps_its_words_and_is_paid_for_no_more(
    settings: Any, closed: str
) -> None:
    withdrawn = replaced(withdrawn=True, abstract=f"{NOTICE}.", comment=NOTICE)
    with serve(settings, [withdrawn, paper(2, WED)]) as server:
        summary = approved(settings)
        before = Generation.objects.get().number
        server.fault("reset", path=closed)
        run(settings, at(WED, 9))
        run(settings, at(WED, 17))
    found = stored(NAME)
    summary.refresh_from_db()
    assert (found.withdrawn, found.version, found.comment) == (True, 2, NOTICE)
    assert found.abstract.startswith("We study")
    assert summary.status == "approved"
    assert Job.objects.get(kind="translate", subject=NAME).state == "done"
    assert Generation.objects.get().number > before


# Once


def test_an_id_is_stored_once_whatever_order_dates_and_sources_come_in(settings: Any) -> None:
    crossed = paper(1, MON)
    crossed.cross_listed = {"eess.AS": THU}
    next_version(crossed, WED, abstract="The error rate falls to 1.0%.")
    orders = [(MON, WED, THU), (THU, WED, MON), (WED, THU, MON)]
    seen = []
    for order in orders:
        for model in (Announcement, Poll, Job, Summary, Paper):
            model.objects.all().delete()
        with serve(settings, [crossed, *papers_of(WED), *papers_of(THU)]):
            for day in (*order, *order):
                list_day(settings, at(FRI, 9), day)
        seen.append(sorted(Announcement.objects.values_list("date", "category", "arxiv_id", "kind")))
        assert Paper.objects.filter(arxiv_id=NAME).count() == 1
        assert stored(NAME).version == 2
    assert seen[0] == seen[1] == seen[2]


# Words


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (r"Schr\"odinger bridges", "Schrödinger bridges"),
        (r"Erd\H{o}s--R\'enyi graphs", "Erdős–Rényi graphs"),
        (r"\O ksendal and {\L}ukasz", "Øksendal and Łukasz"),
        ("a  line\nbreak", "a line break"),
    ],
)
def test_the_same_words_in_another_spelling_are_no_change(one: str, other: str) -> None:
    assert words.same(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("falls to 4.2%", "falls to 42%"), ("rises by +5", "rises by -5"), ("12 models", "13 models")],
)
def test_a_changed_number_is_a_change(one: str, other: str) -> None:
    assert not words.same(one, other)


def test_another_sources_wording_of_the_same_version_costs_nothing() -> None:
    listing = "We present a model for speech. " * 8
    assert words.alike(listing, listing.replace("model", "Model"))
    assert not words.alike(listing, listing[: len(listing) // 2])


def test_a_harvest_that_fails_is_marked_and_repeated(settings: Any) -> None:
    with serve(settings, week()) as server:
        server.fault("reset", path="^/oai")
        list_day(settings, at(WED, 1), WED)
        assert poll("oai", WED).state == "unreachable"
        server.clear()
        list_day(settings, at(WED, 4), WED)
        assert poll("oai", WED).state == "ok"
        asked = len(targets(server, "/oai"))
        list_day(settings, at(WED, 9), WED)
        assert len(targets(server, "/oai")) == asked  # once an announcement is enough


def test_what_the_archive_repeats_to_the_letter_is_read_again_only_by_tables_that_are_older(
    settings: Any,
) -> None:
    with serve(settings, week()):
        list_day(settings, at(WED, 0.2), WED)
        one = papers_of(WED)[0].arxiv_id
        history = stored(one).versions
        Paper.objects.filter(arxiv_id=one).update(versions=[])
        list_day(settings, at(THU, 0.2), THU)
        assert stored(one).versions == []
        assert history and poll("oai", THU).found > 2
        Poll.objects.filter(source="oai", date=THU).delete()
        list_day(settings, at(THU, 9), THU)
        assert stored(one).versions == history


def test_a_job_lists_its_date_and_leaves_metadata_to_another(settings: Any) -> None:
    with serve(settings, week()) as server:
        server.fault("api-lag", value=30)
        server.fault("reset", path="^/oai")
        settings.NOW = evening(WED)
        pipeline.enlist(WED, CATEGORIES)
        job = pipeline.listing.jobs.claim([Job.Kind.LIST])[0]
        pipeline.listing.list_batch(job)
        assert job.state == "done"
        job = pipeline.listing.jobs.claim([Job.Kind.METADATA])[0]
        asked = len(targets(server, "/api"))
        pipeline.listing.complete_metadata(job)
        assert (job.state, len(targets(server, "/api"))) == ("waiting", asked)
        assert job.next_try_at is not None


def test_what_the_api_says_again_is_counted_and_a_corrected_title_is_still_read(settings: Any) -> None:
    with serve(settings, week()) as server:
        list_day(settings, at(WED, 0.2), WED)
        first = poll("api", WED)
        one = papers_of(WED)[0].arxiv_id
        server.fault("reset", path="^/oai")
        server.world.papers[one].title = "A Corrected Title of the Same Version"
        list_day(settings, at(FRI, 0.2), FRI)
        assert poll("api", FRI).found == first.found + 6
        assert stored(one).title == "A Corrected Title of the Same Version"


def test_a_title_that_was_corrected_without_a_new_version_comes_from_the_archive(settings: Any) -> None:
    with serve(settings, week()) as server:
        list_day(settings, at(WED, 0.2), WED)
        one, asked = papers_of(WED)[0].arxiv_id, len(targets(server, SEARCH))
        server.world.papers[one].title = "A Corrected Title of the Same Version"
        list_day(settings, at(THU, 0.2), THU)
        assert stored(one).title == "A Corrected Title of the Same Version"
        assert len(targets(server, SEARCH)) == asked
