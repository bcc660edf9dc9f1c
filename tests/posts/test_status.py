"""The status page: who may see it, what it says, what its buttons do, and that it tells no secret."""

import datetime as dt
from decimal import Decimal

import pytest
from django.test import Client
from django_q.models import Schedule

from digest_site import clock
from papers import jobs, pipeline
from papers.models import Beat, Halt, Job, LLMCall
from papers.tasks import beat
from tests.base import make_observer, make_user
from tests.posts.telling_tools import DAY, NOON, listed

pytestmark = pytest.mark.django_db
PAGE = "/admin/status/"


@pytest.fixture
def office(client: Client) -> Client:
    client.force_login(make_user("caozuo", is_superuser=True))
    return client


def shown(client: Client) -> str:
    answer = client.get(PAGE)
    assert answer.status_code == 200
    return answer.content.decode()


def given_up(*ids: str) -> None:
    jobs.enqueue(Job.Kind.TRANSLATE, ids)
    for job in jobs.claim([Job.Kind.TRANSLATE], len(ids)):
        jobs.give_up(job, "refused", "Content Exists Risk")


# --- Who -------------------------------------------------------------------------------------------------------


def test_strangers_are_sent_to_the_login_and_people_without_the_right_away(client: Client) -> None:
    assert client.get(PAGE).status_code == 302
    client.force_login(make_observer())
    assert client.get(PAGE).status_code == 403
    assert client.post(PAGE, {"resume": "1"}).status_code == 403


def test_who_may_only_look_has_no_buttons_and_no_power(client: Client) -> None:
    given_up("2601.00001")
    pipeline.halts.halt("no_balance", "Insufficient balance")
    client.force_login(make_user("kanke", "view_job"))
    text = shown(client)
    assert "Content Exists Risk" in text
    assert [name for name in ("retry", "resume", "run") if f'name="{name}"' in text] == []
    for button in ({"retry": "all"}, {"resume": "1"}, {"run": "1"}):
        assert client.post(PAGE, button).status_code == 403
    assert Halt.objects.filter(cleared_at=None).exists()
    assert Job.objects.get().state == Job.State.DEAD


@pytest.mark.parametrize(("permissions", "status"), [([], 403), (["publish_dailypost"], 302)])
def test_editors_retry_and_chiefs_resume(client: Client, permissions: list[str], status: int) -> None:
    given_up("2601.00001")
    pipeline.halts.halt("no_balance", "Insufficient balance")
    client.force_login(make_user("ren", "view_job", "approve_summary", *permissions))
    assert client.post(PAGE, {"retry": "all"}).status_code == 302
    assert client.post(PAGE, {"resume": "1"}).status_code == status
    assert Job.objects.get().state == Job.State.QUEUED
    assert Halt.objects.filter(cleared_at=None).exists() == (status == 403)


def test_a_button_needs_its_token() -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(make_user("caozuo", is_superuser=True))
    assert strict.post(PAGE, {"run": "1"}).status_code == 403


def test_looking_changes_nothing(office: Client) -> None:
    given_up("2601.00001")
    office.get(PAGE, {"retry": "all", "resume": "1"})
    assert Job.objects.get().state == Job.State.DEAD


def test_the_office_has_a_door_to_it(office: Client) -> None:
    assert f'href="{PAGE}"' in office.get("/admin/").content.decode()


# --- What ------------------------------------------------------------------------------------------------------


def test_it_says_how_things_are_and_what_to_do(office: Client) -> None:
    text = shown(office)
    for said in (
        "后台",
        "最近一日",
        "队列",
        "备份",
        "磁盘",
        "迁移",
        "费用",
        "Python",
        "Django",
        "manage.py serve",
    ):
        assert said in text


def test_a_healthy_site_has_nothing_red(office: Client, settings: pytest.FixtureRequest) -> None:
    settings.NOW = NOON
    beat()
    listed(DAY, "2609.00001")
    Beat.objects.create(name="backup", at=clock.machine_now(), note="digest-1.sqlite3.gz")
    text = shown(office)
    assert 'class="badge red"' not in text and "warningnote" not in text
    assert "2026-09-17 已列全" in text


def test_gaps_halts_and_the_budget_stand_on_it(office: Client, settings: pytest.FixtureRequest) -> None:
    settings.NOW, settings.LLM_DAILY_BUDGET = NOON, Decimal(5)
    listed(DAY, "2609.00001", printed=3)
    pipeline.halts.halt("no_balance", "Insufficient balance")
    text = shown(office)
    for said in ("2026-09-17 少了", "Insufficient balance", "/ 5"):
        assert said in text


def test_work_is_counted_by_kind_and_state_with_the_oldest(office: Client) -> None:
    given_up("2601.00001")
    jobs.enqueue(Job.Kind.ANALYSE, ["2601.00001", "2601.00002"])
    Job.objects.filter(kind=Job.Kind.ANALYSE).update(changed_at=clock.machine_now() - dt.timedelta(hours=7))
    rows = office.get(PAGE).context["work"]
    assert [(row["kind"], dict(row["numbers"])["dead"], row["oldest"]) for row in rows] == [
        ("翻译", 1, ""),
        ("解读", 0, "7 小时前"),
    ]
    assert "最久的已排 7 小时前" in shown(office)


def test_no_secret_is_on_the_page(office: Client, settings: pytest.FixtureRequest) -> None:
    settings.SECRETS = ["sk-abcdef123456", "postgres://u:hunter2222@db/x"]
    settings.OPENAI_API_KEY = "sk-abcdef123456"
    given_up("2601.00001")
    Job.objects.update(reason="bad key sk-abcdef123456 at postgres://u:hunter2222@db/x")
    pipeline.halts.halt("bad_key", "Incorrect API key sk-abcdef123456")
    text = shown(office)
    for secret in ("sk-abcdef123456", "hunter2222", settings.SECRET_KEY):
        assert secret not in text


def test_it_costs_a_constant_number_of_queries(office: Client, django_assert_max_num_queries: object) -> None:
    given_up(*(f"2601.{number:05}" for number in range(20)))
    with django_assert_max_num_queries(45):
        office.get(PAGE)


# --- Buttons ---------------------------------------------------------------------------------------------------


def test_failures_are_tried_again_one_or_all(office: Client) -> None:
    given_up("2601.00001", "2601.00002", "2601.00003")
    assert "Content Exists Risk" in shown(office)
    first = Job.objects.get(subject="2601.00001")
    office.post(PAGE, {"retry": str(first.pk)})
    states = dict(Job.objects.values_list("subject", "state"))
    assert states == {
        "2601.00001": Job.State.QUEUED,
        "2601.00002": Job.State.DEAD,
        "2601.00003": Job.State.DEAD,
    }
    assert "已重新排入 2 项作业" in office.post(PAGE, {"retry": "all"}, follow=True).content.decode()
    assert not Job.objects.filter(state=Job.State.DEAD).exists()


def test_resuming_lifts_the_halt(office: Client) -> None:
    pipeline.halts.halt("no_balance", "Insufficient balance")
    assert "模型调用已恢复" in office.post(PAGE, {"resume": "1"}, follow=True).content.decode()
    assert not Halt.objects.filter(cleared_at=None).exists()


def test_run_now_makes_every_schedule_due_and_twice_is_once(office: Client) -> None:
    for _ in range(2):
        office.post(PAGE, {"run": "1"})
    late = Schedule.objects.exclude(next_run__lte=clock.machine_now())
    assert Schedule.objects.count() >= 5 and not late.exists()


def test_an_unknown_button_does_nothing(office: Client) -> None:
    given_up("2601.00001")
    assert office.post(PAGE, {"do": "rm -rf"}).status_code == 403
    for nonsense in ("x", "1 OR 1=1", "²", "-1", ""):
        assert office.post(PAGE, {"retry": nonsense}).status_code == 302
    assert Job.objects.get().state == Job.State.DEAD


@pytest.mark.parametrize(
    "prices, said",
    [
        ([None, None], "2 次调用，金额未知"),
        ([None, "0.5"], "0.50（另 1 次没有价格）"),
        ([], "0 次调用，0.00"),
    ],
)
def test_a_call_without_a_price_is_not_called_free(
    office: Client, prices: list[str | None], said: str
) -> None:
    for number, price in enumerate(prices):
        LLMCall.objects.create(
            key=f"k{number}", purpose="translate", model="m", price=price, opened_at=clock.machine_now()
        )
    assert said in shown(office)
