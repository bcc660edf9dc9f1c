"""Which papers are in which post: once per digest, on their own date, under the digest's rules."""

from typing import Any

import pytest

from papers.models import Announcement, Generation, Summary
from posts import daily, ledgers
from posts.assembly import assemble
from posts.models import DailyPost, Digest, Entry
from tests import base
from tests.papers.ingesting import (
    MON,
    THU,
    TUE,
    WED,
    at,
    evening,
    list_day,
    paper,
    papers_of,
    run,
    serve,
    week,
)

pytestmark = pytest.mark.django_db


def digest(**fields: Any) -> Digest:
    """The digest `speech` with other rules."""
    Digest.objects.filter(slug="speech").update(**fields)
    return Digest.objects.get(slug="speech")


def entries(post: DailyPost) -> list[tuple[str, str]]:
    return list(post.entries.order_by("position").values_list("paper__arxiv_id", "section"))


def publish(post: DailyPost) -> None:
    """With every paper in it approved."""
    for summary in Summary.objects.filter(paper__entries__post=post, status="waiting"):
        summary.translated(base.make_revision(summary))
        summary.approve(base.chief())
    post.publish(base.chief())


def test_a_post_has_new_papers_then_cross_lists_each_in_arxivs_order(settings: Any) -> None:
    outsider = paper(9, WED, "cs.CL", "cs.SD")
    with serve(settings, [*papers_of(WED), outsider]):
        list_day(settings, at(WED, 9), WED)
    post = assemble(digest(), WED)
    assert entries(post) == [
        ("2602.04001", "new"),
        ("2602.04002", "new"),
        ("2602.04003", "new"),
        ("2602.04009", "cross"),
    ]
    assert post.fetched == 4


def test_a_later_cross_list_of_a_paper_of_an_earlier_date_is_no_second_entry(settings: Any) -> None:
    crossed = paper(1, MON)
    crossed.cross_listed = {"eess.AS": WED}
    for order in ((MON, WED), (WED, MON)):
        for model in (Entry, DailyPost, Announcement):
            model.objects.all().delete()
        with serve(settings, [crossed, *papers_of(WED)]):
            for day in order:
                list_day(settings, at(THU, 9), day)
                assemble(digest(), day)
        entry = Entry.objects.get(paper__arxiv_id=crossed.arxiv_id)
        assert (entry.post.date, entry.section) == (MON, "new"), order


def test_what_was_published_under_another_date_stays_there(settings: Any) -> None:
    crossed = paper(1, MON)
    crossed.cross_listed = {"eess.AS": WED}
    with serve(settings, [crossed, *papers_of(WED)]):
        list_day(settings, at(THU, 9), WED)
        publish(assemble(digest(), WED))
        list_day(settings, at(THU, 10), MON)
        assemble(digest(), MON)
        assemble(digest(), WED)
    assert Entry.objects.get(paper__arxiv_id=crossed.arxiv_id).post.date == WED


def test_a_missed_paper_joins_its_own_date_even_when_that_is_published(settings: Any) -> None:
    with serve(settings, week()) as server:
        server.fault("list-missing-entries", path="^/list/")
        server.fault("reset", path="^/(api|oai)")
        list_day(settings, evening(WED), WED)
        post = assemble(digest(), WED)
        known = post.entries.count()
        assert known < 3
        publish(post)
        before = Generation.objects.get().number
        server.clear()
        settings.NOW = at(WED, 9)
        run(settings, at(WED, 9))
        daily.assemble_open_days()
    post.refresh_from_db()
    assert post.entries.count() == 3
    assert (post.status, post.fetched) == ("published", 3)
    assert Generation.objects.get().number > before


def test_assembling_again_changes_nothing_and_tells_nobody(
    settings: Any, django_assert_max_num_queries: Any
) -> None:
    with serve(settings, papers_of(WED, 30)):
        list_day(settings, at(WED, 9), WED)
    publish(assemble(digest(), WED))
    before, rows = Generation.objects.get().number, list(Entry.objects.values_list())
    with django_assert_max_num_queries(16):
        assemble(digest(), WED)
    assert Generation.objects.get().number == before
    assert list(Entry.objects.values_list()) == rows


def test_rules_hold_papers_back_and_they_are_counted_with_their_rule(settings: Any) -> None:
    survey = paper(5, WED, title="A Survey of Speech")
    outsider = paper(9, WED, "cs.CL", "cs.SD")
    with serve(settings, [*papers_of(WED), survey, outsider]):
        list_day(settings, at(WED, 9), WED)
    post = assemble(digest(exclude_keywords=["survey"], primary_only=True), WED)
    assert post.entries.count() == 5
    assert dict(post.entries.exclude(held="").values_list("paper__arxiv_id", "held")) == {
        survey.arxiv_id: "排除词：survey",
        outsider.arxiv_id: "只收主分类",
    }
    publish(post)
    (book,) = ledgers.books(digest(), [WED])
    assert (book["shown"], book["held"], book["announced"]) == (3, {"排除词：survey": 1, "只收主分类": 1}, 5)


def test_only_papers_with_a_wanted_word_are_let_in(settings: Any) -> None:
    with serve(settings, [*papers_of(WED), paper(5, WED, abstract="On bat echolocation.")]):
        list_day(settings, at(WED, 9), WED)
    post = assemble(digest(include_keywords=["Echolocation", " "]), WED)
    assert list(post.entries.filter(held="").values_list("paper__arxiv_id", flat=True)) == ["2602.04005"]
    assert set(post.entries.exclude(held="").values_list("held", flat=True)) == {"不含收录词"}


def test_a_rule_that_comes_later_takes_nothing_away_that_readers_have_seen(settings: Any) -> None:
    with serve(settings, papers_of(WED)):
        list_day(settings, at(WED, 9), WED)
    publish(assemble(digest(), WED))
    post = assemble(digest(exclude_keywords=["speech"]), WED)
    assert post.entries.public().count() == 3


def test_a_digest_named_by_an_alias_has_the_papers_of_the_category(settings: Any) -> None:
    with serve(settings, [paper(1, WED, "eess.SY")]):
        list_day(settings, at(WED, 9), WED, ["eess.SY"])
    post = assemble(digest(categories=["cs.SY"], primary_only=True), WED)
    assert list(post.entries.values_list("paper__arxiv_id", "section", "held")) == [("2602.04001", "new", "")]


def test_a_row_that_we_lost_is_missing_on_the_day_page_too(settings: Any) -> None:
    with serve(settings, papers_of(WED)):
        list_day(settings, at(WED, 9), WED)
    Announcement.objects.filter(arxiv_id="2602.04001").delete()
    assert assemble(digest(), WED).fetched == 3


def test_a_row_that_is_lost_after_the_post_was_made_is_not_counted_twice(settings: Any) -> None:
    with serve(settings, papers_of(WED)):
        list_day(settings, at(WED, 9), WED)
    assert assemble(digest(), WED).fetched == 3
    Announcement.objects.filter(arxiv_id="2602.04001").delete()
    assert assemble(digest(), WED).fetched == 3


def test_two_digests_have_a_paper_each_once(settings: Any) -> None:
    other = base.make_digest(slug="sound", title="声音", categories=["cs.SD"])
    with serve(settings, papers_of(WED)):
        list_day(settings, at(WED, 9), WED)
    assert assemble(digest(), WED).entries.count() == 3
    assert assemble(other, WED).entries.count() == 2


def test_the_worker_makes_the_draft_as_soon_as_the_date_is_listed(settings: Any) -> None:
    with serve(settings, week()):
        run(settings, evening(TUE))
        daily.assemble_open_days()
        assert DailyPost.objects.get(date=TUE).entries.count() == 3
        run(settings, evening(WED))
        daily.assemble_open_days()
    assert DailyPost.objects.get(date=WED).entries.count() == 3
    assert not DailyPost.objects.published().exists()


def test_a_holiday_makes_no_post(settings: Any) -> None:
    with serve(settings, papers_of(TUE)):
        run(settings, at(TUE, 9))
        run(settings, at(WED, 9))
        run(settings, at(THU, 9))
        daily.assemble_open_days()
    assert list(DailyPost.objects.values_list("date", flat=True)) == [TUE]


def test_the_policy_machine_publishes_and_leaves_alone_what_a_person_withdrew(settings: Any) -> None:
    with serve(settings, papers_of(WED)):
        run(settings, at(WED, 9))
    digest(policy=Digest.Policy.MACHINE)
    daily.assemble_open_days()
    post = DailyPost.objects.get(date=WED)
    assert post.status == "published"
    before = Generation.objects.get().number
    daily.assemble_open_days()
    assert Generation.objects.get().number == before  # nothing new, nobody told
    summary = Summary.objects.get(paper__arxiv_id="2602.04001")
    summary.translated(base.make_revision(summary))
    daily.assemble_open_days()
    assert post.entries.public().count() == 1
    post.refresh_from_db()
    post.withdraw(base.chief(), "有误")
    daily.assemble_open_days()
    post.refresh_from_db()
    assert post.status == "withdrawn"
