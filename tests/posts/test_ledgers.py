"""The ledger where people and programs meet it: monitoring, alarms, the calendar, the day's JSON."""

import datetime as dt
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from digest_site import clock
from papers import ledger
from papers.models import Announcement, Job, Paper
from posts.assembly import assemble
from posts.models import Digest
from posts.operations import health
from posts.telling import news
from tests import base
from tests.papers.ingesting import THU, TUE, WED, at, evening, list_day, papers_of, run, serve
from tests.posts import office

pytestmark = pytest.mark.django_db


def digest(**changes: Any) -> Digest:
    found = Digest.objects.get(slug="speech")
    for name, value in changes.items():
        setattr(found, name, value)
    found.save()
    return found


def cells(month: str = "2026-02") -> dict[int, Any]:
    observer = User.objects.filter(username="赵六").first() or office.observer()
    page = office.at_desk(observer).get(reverse("admin:posts_calendar") + f"?month={month}")
    return {cell.date.day: cell for week in page.context["weeks"] for cell in week if cell.in_month}


def gaps_told() -> list[str]:
    return [subject for subject in news.subjects() if subject.startswith("gap:")]


# For monitoring


def test_monitoring_reads_the_ledger_as_json_and_sees_a_lost_row_as_503(
    settings: Any, client: Client
) -> None:
    with serve(settings, papers_of(WED)):
        run(settings, at(WED, 9))
        assemble(digest(), WED)
        fine = client.get("/ledger.json")
        Announcement.objects.filter(arxiv_id="2602.04001").delete()
        alarmed = client.get("/ledger.json?days=1")
    assert (fine.status_code, alarmed.status_code) == (200, 503)
    assert fine.json()["alarms"] == []
    today = fine.json()["days"][-1]
    assert (today["digest"], today["date"], today["announced"], today["stored"]) == (
        "speech",
        "2026-02-04",
        3,
        3,
    )
    assert [line["printed"] for line in today["categories"]] == [2, 2]
    assert (today["shown"], today["held"], today["post"]) == (0, {}, "draft")
    (alarm,) = alarmed.json()["alarms"]
    assert alarm["date"] == "2026-02-04"
    assert "少了" in alarm["message"]
    assert [day["date"] for day in alarmed.json()["days"]] == ["2026-02-04"]


def test_the_public_ledger_has_numbers_and_no_ids(settings: Any, client: Client) -> None:
    with serve(settings, papers_of(WED)) as server:
        server.fault("api-lag")
        run(settings, evening(WED))
        assert ledger.of_day(WED, digest().categories).differences["list"]
        answer = client.get("/ledger.json")
    assert "2602.04" not in answer.content.decode()
    assert answer.json()["days"][-1]["differences"] == {"list": 3}
    assert "no-store" in answer["Cache-Control"]


@pytest.mark.parametrize("query", ["?days=0", "?days=-1", "?days=x", "?days=99999999999", "?days=\u00b2"])
def test_monitoring_may_ask_for_any_number_of_days(client: Client, query: str) -> None:
    assert client.get(f"/ledger.json{query}").status_code in (200, 503)


def test_the_days_json_tells_what_its_page_tells(client: Client) -> None:
    post = base.make_post(date=WED)
    for number, held in enumerate(["", "", "排除词：music"]):
        summary = base.make_summary(paper=base.make_paper(arxiv_id=f"2602.0400{number}"))
        base.make_entry(post=post, summary=summary, held=held)
    Digest.objects.update(policy="machine")
    post.publish(base.chief())
    found = client.get(f"{post.get_absolute_url().rstrip('/')}.json").json()["ledger"]
    assert found["held"] == {"排除词：music": 1}
    assert found["shown"] + found["waiting"] == 2


# Alarms reach people


def test_a_business_day_on_which_nothing_came_is_told_until_it_closes(settings: Any) -> None:
    digest()
    with serve(settings, [*papers_of(TUE), *papers_of(THU)]):
        run(settings, at(TUE, 9))
        assert gaps_told() == []
        list_day(settings, evening(WED), WED)
        assert [alarm.date for alarm in ledger.alarms(digest().categories)] == [WED]
        (told,) = gaps_told()
        assert "2026-02-04 是公布日，arXiv 的列表却是空的" in str(news.words(told))
        assert "2026-02-04 是公布日" in health.gaps().message
        assert health.backlog().level == health.GOOD  # nothing to catch up with: arXiv has nothing
        run(settings, at(THU, 9))
    assert gaps_told() == []
    assert news.words(told) is None


def test_a_listing_that_nobody_could_read_for_hours_is_told(settings: Any) -> None:
    digest()
    with serve(settings, [*papers_of(TUE), *papers_of(WED)]) as server:
        run(settings, at(TUE, 9))
        server.fault("down")
        run(settings, evening(WED))
        assert gaps_told() == []
        settings.NOW = evening(WED, 26.5)
        (told,) = gaps_told()
    assert "列表仍未读到：cs.SD、eess.AS" in str(news.words(told))


# The calendar


def test_the_calendar_of_a_month_asks_a_constant_number_of_questions(
    settings: Any, django_assert_max_num_queries: Any
) -> None:
    with serve(settings, [*papers_of(TUE), *papers_of(WED), *papers_of(THU)]):
        for day in (TUE, WED, THU):
            run(settings, at(day, 9))
            assemble(digest(), day)
    with django_assert_max_num_queries(50):
        found = cells()
    assert [found[day].book.stored for day in (3, 4, 5)] == [3, 3, 3]
    assert found[7].why_empty == "不公布"  # a Saturday
    assert found[6].why_empty == "未到"


def test_the_calendar_shows_what_an_outage_left_open_in_red_and_how_long_it_takes(settings: Any) -> None:
    with serve(settings, [*papers_of(TUE), *papers_of(THU)]):
        run(settings, at(TUE, 9))
    settings.NOW, settings.ARXIV_DELAY_SECONDS = at(THU, 9), 3
    found = cells()
    assert [found[day].colour for day in (2, 3, 4, 5)] == ["none", "yellow", "red", "red"]
    assert found[2].why_empty == "没有问过"  # before we began
    page = office.at_desk(User.objects.get(username="赵六")).get(reverse("admin:posts_calendar"))
    assert "补齐：2 日还没有列完，最早 2026-02-04；3 篇全文要取；按 arXiv 的节奏约需" in page.content.decode()
    assert "公布 —，存 0" in page.content.decode()


def test_the_ledger_of_a_date_says_in_which_zone_its_times_are(settings: Any) -> None:
    settings.NOW = at(THU, 9)
    assemble(digest(), TUE)
    page = office.at_desk(office.observer()).get(
        reverse("admin:posts_calendar_day", args=["speech", f"{TUE}"])
    )
    assert "时间（Asia/Shanghai）" in page.content.decode()
    assert "arXiv 公布 未知" in page.content.decode()


def test_the_calendar_shows_a_listing_on_what_we_take_for_a_holiday(settings: Any) -> None:
    holiday = dt.date(2026, 1, 20)  # the Tuesday after the Monday evening without a mailing
    with serve(settings, [*papers_of(holiday), *papers_of(dt.date(2026, 1, 21))], holidays=()):
        run(settings, at(holiday, 9))
        run(settings, at(dt.date(2026, 1, 21), 9))
    found = cells("2026-01")
    assert found[20].book.announced == 3
    assert found[20].colour == "green" or found[20].word == "未完"


def test_all_that_waits_for_the_second_look_is_called_so(settings: Any) -> None:
    with serve(settings, papers_of(WED)):
        run(settings, at(WED, 9))
        assert cells()[4].word == "未完"
        Job.objects.update(state=Job.State.DONE)
        assert cells()[4].word == "待核对"
        assert "还没有第二次核对" in health.last_day().message
        run(settings, at(WED, 16))
        Job.objects.update(state=Job.State.DONE)
    assert cells()[4].word == "齐"
    assert "已核对" in health.last_day().message


@pytest.mark.parametrize(
    "day, said", [("2026-02-08", "不公布"), ("2026-03-04", "未到"), ("2026-01-06", "没有问过")]
)
def test_the_page_of_a_date_without_a_ledger_says_what_the_calendar_says(
    settings: Any, day: str, said: str
) -> None:
    with serve(settings, papers_of(WED)):
        run(settings, at(WED, 9))
    page = office.at_desk(office.observer()).get(reverse("admin:posts_calendar_day", args=["speech", day]))
    assert said in page.content.decode() and "未完作业" not in page.content.decode()
    assert page.context["cell"].colour == "none"


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31", "2026-02-30", "today"])
def test_there_is_no_page_of_a_date_beyond_all_calendars(day: str) -> None:
    address = reverse("admin:posts_calendar_day", args=["speech", day])
    assert office.at_desk(office.observer()).get(address).status_code == 404


def test_a_date_that_proved_silent_is_said_to_have_none(settings: Any) -> None:
    with serve(settings, [*papers_of(TUE), *papers_of(THU)]):
        run(settings, at(TUE, 9))
        run(settings, at(WED, 9))
        assert cells()[4].colour == "red"
        run(settings, at(THU, 9))
    found = cells()[4]
    assert (found.colour, found.word) == ("none", "没有公布")


def test_the_calendar_knows_a_category_under_its_other_name(settings: Any) -> None:
    digest(categories=["cs.SY"])
    with serve(
        settings,
        papers_of(WED),
    ):
        settings.NOW = at(WED, 9)
        list_day(settings, at(WED, 9), WED, ["cs.SY"])
    page = office.at_desk(office.observer()).get(
        reverse("admin:posts_calendar_day", args=["speech", "2026-02-04"])
    )
    assert {poll.category for poll in page.context["polls"]} >= {"eess.SY"}
    assert Paper.objects.count() == 0


def test_an_installation_that_never_asked_arxiv_has_no_alarm(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also a day later: that no worker runs is what /healthz?deep=1 says."""
    monkeypatch.setattr(clock, "now", lambda: evening(WED))
    answer = client.get("/ledger.json")
    assert (answer.status_code, answer.json()["alarms"]) == (200, [])
