"""The ledger: arXiv's printed count against our rows, two looks, two sources, silence and alarms."""

import datetime as dt
import json
import logging
from typing import Any

import pytest
from django.core.serializers.json import DjangoJSONEncoder

from papers import batches, ledger, pipeline
from papers.models import Announcement, Poll
from tests.fakes.arxiv_world import HOLIDAYS
from tests.papers.ingesting import (
    CATEGORIES,
    MON,
    THU,
    TUE,
    WED,
    at,
    evening,
    ids,
    list_day,
    papers_of,
    poll,
    run,
    serve,
    targets,
    week,
)

pytestmark = pytest.mark.django_db


def book(day: dt.date = WED) -> ledger.DayLedger:
    return ledger.of_day(day, CATEGORIES)


def test_a_day_is_complete_only_after_a_second_look_hours_later_found_nothing_new(settings: Any) -> None:
    with serve(settings, week()):
        list_day(settings, evening(WED), WED)
        assert (book().listed, book().settled, book().colour) == (True, False, "yellow")
        list_day(settings, evening(WED, 21), WED)
        assert not book().settled  # too soon to prove anything
        list_day(settings, at(WED, 0.2), WED)
        assert book().settled


def test_a_second_look_that_finds_something_new_asks_for_a_third(settings: Any) -> None:
    with serve(settings, week()) as server:
        server.fault("list-missing-entries", times=2)
        list_day(settings, evening(WED), WED)
        assert len(ids(WED, "new", "cross")) < 3
        list_day(settings, at(WED, 0.2), WED)
        assert ids(WED, "new", "cross") == {one.arxiv_id for one in papers_of(WED)}
        assert not book().settled
        assert run(settings, at(WED, 4)) == [WED]
        assert book().settled


def test_the_second_look_waits_for_the_feed_and_comes_by_itself(settings: Any) -> None:
    with serve(settings, week()):
        assert run(settings, evening(WED, 20)) == [WED]
        assert run(settings, evening(WED, 20.4)) == []
        assert run(settings, evening(WED, 23.5)) == []
        assert run(settings, at(WED, 0.3)) == [WED]
        assert run(settings, at(WED, 9)) == []
        assert Poll.objects.filter(source="rss", state="ok").count() == 1


def requests_for(server: Any, path: str) -> int:
    return sum(seen.path.startswith(path) for seen in server.requests)


def test_a_feed_that_says_the_same_is_the_second_look_and_spares_the_listings(settings: Any) -> None:
    with serve(settings, week()) as server:
        list_day(settings, evening(WED, 20.2), WED)
        before = requests_for(server, "/list/")
        list_day(settings, at(WED, 0.2), WED)
        assert book().settled
        assert requests_for(server, "/list/") == before
        assert requests_for(server, "/rss/") == 1


def test_a_feed_that_lacks_a_paper_has_the_listings_asked_again(settings: Any) -> None:
    with serve(settings, week()) as server:
        list_day(settings, evening(WED, 20.2), WED)
        before = requests_for(server, "/list/")
        server.fault("rss-missing-entries")
        list_day(settings, at(WED, 0.2), WED)
        assert requests_for(server, "/list/") > before
        assert requests_for(server, "/rss/") == 1


def test_a_category_that_does_not_exist_does_not_cost_the_others_their_feed(settings: Any) -> None:
    with serve(settings, week()):
        list_day(settings, evening(WED, 20.2), WED, [*CATEGORIES, "cs.XX"])
        list_day(settings, at(WED, 0.2), WED, [*CATEGORIES, "cs.XX"])
        assert poll("rss", WED).state == "ok"


def test_an_empty_feed_is_no_stale_one_where_the_listing_announced_nothing(settings: Any) -> None:
    with serve(settings, papers_of(WED, 1)):  # in cs.SD alone
        list_day(settings, evening(WED, 20.2), WED, ["eess.AS"])
        list_day(settings, at(WED, 0.2), WED, ["eess.AS"])
        assert poll("rss", WED).state == "empty"


def test_a_feed_that_was_built_before_the_listing_was_read_is_no_second_look(settings: Any) -> None:
    with serve(settings, week()) as server:
        list_day(settings, at(WED, 0.2), WED)
        assert not book().settled
        before = requests_for(server, "/list/")
        assert run(settings, at(WED, 4)) == [WED]
        assert requests_for(server, "/list/") == before + len(CATEGORIES)
        assert book().settled


def test_deleting_a_parsed_row_turns_the_day_red_and_the_next_run_brings_it_back(settings: Any) -> None:
    with serve(settings, week()):
        list_day(settings, evening(WED), WED)
        list_day(settings, at(WED, 0.2), WED)
        assert book().settled
        Announcement.objects.filter(arxiv_id=papers_of(WED)[0].arxiv_id).delete()
        red = book()
        assert (red.colour, red.listed, red.settled, red.announced, red.categories[0].missing) == (
            "red",
            False,
            False,
            3,
            1,
        )
        assert "少了 1 篇" in red.alarm
        assert run(settings, at(WED, 9)) == [WED]
        assert (book().colour, book().listed) == ("yellow", True)


def test_a_row_that_only_the_feed_has_does_not_hide_a_lost_one(settings: Any) -> None:
    with serve(settings, week()):
        list_day(settings, at(WED, 1), WED)
    row = Announcement.objects.filter(category="cs.SD", date=WED, kind="new").first()
    row.sources = {"rss": "new"}
    row.save()
    assert book().categories[0].missing == 1


def test_what_only_one_source_has_is_kept_shown_and_asked_again_until_it_closes(settings: Any) -> None:
    with serve(settings, week()) as server:
        server.fault("list-missing-entries")
        server.fault("reset", path="^/(api|oai)")
        list_day(settings, at(WED, 0.3), WED)
        assert ids(WED) == {one.arxiv_id for one in papers_of(WED)}  # the feed's paper is shown all the same
        missing = {one for names in book().differences.values() for one in names}
        assert missing
        assert "只有RSS有" in "".join(book().troubles)
        assert not book().settled
        assert run(settings, at(WED, 4)) == [WED]
        assert not book().settled
        server.clear()
        assert run(settings, at(WED, 10)) == [WED]
        assert book().differences == {}
        run(settings, at(WED, 17))
        assert book().settled


def test_while_two_sources_differ_the_questions_grow_rarer(settings: Any) -> None:
    with serve(settings, papers_of(WED)) as server:
        server.fault("reset", path="^/(api|oai|rss)")
        asked = [hour for hour in range(1, 60) if WED in run(settings, at(WED, hour))]
    gaps = [after - before for before, after in zip(asked, asked[1:], strict=False)]
    assert gaps == sorted(gaps)
    assert gaps[0] == 3
    assert gaps[-1] >= 12


def test_the_ledger_tells_how_far_each_paper_has_come(settings: Any) -> None:
    with serve(settings, week()):
        list_day(settings, at(WED, 0.2), WED)
    found = book()
    assert (found.announced, found.stored, found.translated, found.analysed, found.approved) == (
        3,
        3,
        0,
        0,
        0,
    )
    assert found.waiting == 6  # a translation and a full text each
    line = found.categories[0]
    assert (line.code, line.printed, line.stored) == ("cs.SD", 2, 2)
    assert line.by_source == {"api": 2, "archive": 2, "list": 2, "rss": 2}


def test_the_ledger_is_json(settings: Any) -> None:
    with serve(settings, week()):
        list_day(settings, at(WED, 0.2), WED)
    found = json.loads(json.dumps(book().as_json(), cls=DjangoJSONEncoder))
    assert found["date"] == "2026-02-04"
    assert (found["listed"], found["colour"], found["alarm"]) == (True, "yellow", "")
    assert found["categories"][1]["printed"] == 2


def test_many_dates_cost_as_many_queries_as_one(settings: Any, django_assert_num_queries: Any) -> None:
    with serve(settings, week()):
        for day in (MON, TUE, WED):
            list_day(settings, at(WED, 9), day)
    with django_assert_num_queries(6):
        ledger.of_days([WED], CATEGORIES)
    with django_assert_num_queries(6):
        assert [one.stored for one in ledger.of_days([MON, TUE, WED], CATEGORIES)] == [3, 3, 3]


# Nothing came


def test_a_business_day_on_which_nothing_came_is_an_alarm_and_not_a_quiet_day(
    settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    with serve(settings, papers_of(TUE)), caplog.at_level(logging.ERROR):
        list_day(settings, at(WED, 9), WED)
    assert poll("list", WED).state == "empty"
    assert (book().listed, book().colour) == (False, "red")
    assert [alarm.date for alarm in ledger.alarms(CATEGORIES)] == [WED]
    assert "列表却是空的" in book().alarm
    assert "列表却是空的" in caplog.text


def test_the_alarm_closes_when_arxiv_goes_on_and_its_catch_up_page_is_empty(settings: Any) -> None:
    with serve(settings, [*papers_of(TUE), *papers_of(THU)]):
        run(settings, at(WED, 9))
        assert ledger.alarms(CATEGORIES)
        days = run(settings, at(THU, 9))
        assert days == [WED, THU]
        assert (book().silent, book().settled, book().alarm, book().colour) == (True, True, "", "green")
        assert ledger.alarms(CATEGORIES) == []
        assert WED not in pipeline.due_days(CATEGORIES)


def test_a_day_that_our_calendar_expects_and_arxiv_does_not_have_is_closed_by_proof(settings: Any) -> None:
    """31 December 2025: our calendar expects a listing, arXiv skipped it."""
    skipped, after = dt.date(2025, 12, 31), dt.date(2026, 1, 5)
    assert batches.is_announcement_day(skipped)
    assert dt.date(2025, 12, 30) in HOLIDAYS
    with serve(settings, [*papers_of(dt.date(2025, 12, 30)), *papers_of(after)]):
        run(settings, at(dt.date(2025, 12, 30), 9))
        run(settings, at(skipped, 9))
        assert poll("list", skipped).state == "stale"
        assert skipped in [alarm.date for alarm in ledger.alarms(CATEGORIES)]
        run(settings, at(after, 1))
        run(settings, at(after, 9))
        assert ledger.of_day(skipped, CATEGORIES).silent
        assert ledger.alarms(CATEGORIES) == []


def test_a_page_that_is_refused_for_a_date_without_announcement_proves_its_silence(settings: Any) -> None:
    with serve(settings, [*papers_of(TUE), *papers_of(THU)]) as server:
        real = server.doors._catchup_problem
        server.doors._catchup_problem = lambda asked, name, day: (
            "Invalid date" if day == f"{WED}" else real(asked, name, day)
        )
        run(settings, at(TUE, 9))
        run(settings, at(THU, 9))
        assert book().silent


def test_a_listing_on_what_our_calendar_calls_a_holiday_is_accepted(settings: Any) -> None:
    """Martin Luther King Day's evening, 2026: nothing expected under Tuesday the 20th, but arXiv prints it."""
    monday, tuesday = dt.date(2026, 1, 19), dt.date(2026, 1, 20)
    assert not batches.is_announcement_day(tuesday)
    with serve(settings, [*papers_of(monday), *papers_of(tuesday)], holidays=[]):
        run(settings, at(monday, 9))
        assert tuesday in run(settings, at(tuesday, 9))
        assert ids(tuesday) == {one.arxiv_id for one in papers_of(tuesday)}
        assert ledger.newest_listing() == tuesday
        found = ledger.of_day(tuesday, CATEGORIES)
        assert (found.listed, found.announced, found.alarm) == (True, 3, "")


def test_a_holiday_is_looked_at_twice_and_is_no_alarm(settings: Any) -> None:
    monday, tuesday = dt.date(2026, 1, 19), dt.date(2026, 1, 20)
    with serve(settings, papers_of(monday)) as server:
        for hour in (1, 9, 17):
            run(settings, at(monday, hour))
        looked = [hour for hour in range(-3, 19) if tuesday in run(settings, at(tuesday, hour))]
        assert len(looked) == 2
        assert ledger.alarms(CATEGORIES) == []
        assert ledger.open_days(ledger.newest_day(), CATEGORIES) == []
        assert len(targets(server, "/list")) < 12


def test_a_new_installation_on_a_holiday_that_we_do_not_know_keeps_the_listing_before_it(
    settings: Any,
) -> None:
    with serve(settings, papers_of(TUE), holidays=[TUE]):  # whose evening brings no listing dated Wednesday
        assert run(settings, at(WED, 9)) == [WED]
        assert ids(TUE) == {one.arxiv_id for one in papers_of(TUE)}
        assert ledger.first_day(CATEGORIES) == TUE
        assert TUE in run(settings, at(WED, 13))
        assert ledger.of_day(TUE, CATEGORIES).listed


def test_a_stale_listing_of_a_date_that_we_have_is_not_stored_again(settings: Any) -> None:
    with serve(settings, week()) as server:
        run(settings, at(TUE, 9))
        before = Poll.objects.filter(date=TUE, source="list").count()
        server.fault("stale-list")
        run(settings, at(WED, 9))
        assert Poll.objects.filter(date=TUE, source="list").count() == before


# Which dates are open


def test_a_date_of_long_ago_that_somebody_asked_for_does_not_open_all_since(settings: Any) -> None:
    long_ago = dt.date(2025, 12, 1)
    with serve(settings, [*papers_of(long_ago), *week()]):
        list_day(settings, at(WED, 9), long_ago)
        list_day(settings, at(WED, 9.1), WED)
        assert ledger.first_day(CATEGORIES) == WED
        assert pipeline.due_days(CATEGORIES) == []
        assert ledger.open_days(WED, CATEGORIES) == [long_ago, WED]


def test_a_row_lost_weeks_ago_is_noticed_within_a_day(settings: Any) -> None:
    days = batches.between(MON, dt.date(2026, 2, 13))
    with serve(settings, [one for day in days for one in papers_of(day, 1)]):
        for hour in (1, 9):
            for day in days:
                list_day(settings, at(days[-1], hour), day)
        assert run(settings, at(days[-1], 15)) == []
        Announcement.objects.filter(date=MON).delete()
        assert run(settings, at(days[-1], 16)) == []  # history was looked at an hour ago
        assert MON in run(settings, at(days[-1], 40))
        assert ids(MON)
