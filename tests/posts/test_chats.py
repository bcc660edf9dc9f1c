"""Who is told what through Apprise, and that it is once: over real sockets to a hook that can refuse."""

import datetime as dt
import logging
from collections.abc import Iterator
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import call_command

from digest_site import clock
from papers import jobs, pipeline
from papers.models import Job
from posts.models import DailyPost
from posts.telling import chats, outbox
from tests.base import chief, make_post
from tests.fakes.postbox import Hook, Postbox
from tests.posts.telling_tools import DAY, NOON, due_again, finished_day, listed, tell

pytestmark = pytest.mark.django_db


@pytest.fixture
def hook(settings: pytest.FixtureRequest) -> Iterator[Hook]:
    with Hook() as hook:
        settings.NOW = NOON
        settings.NOTIFY_URLS = [f"json://127.0.0.1:{hook.port}/chat"]
        settings.PING_URL = ""
        yield hook


@pytest.fixture
def next_day(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The machine's clock is a day further on."""
    tomorrow = clock.machine_now() + dt.timedelta(days=1)
    monkeypatch.setattr(clock, "machine_now", lambda: tomorrow)
    yield


def given_up(*ids: str) -> None:
    jobs.enqueue(Job.Kind.TRANSLATE, ids)
    for job in jobs.claim([Job.Kind.TRANSLATE], len(ids)):
        jobs.give_up(job, "refused", "Content Exists Risk")


# --- Days ------------------------------------------------------------------------------------------------------


def test_a_published_day_is_told_once_to_every_address(hook: Hook, settings: pytest.FixtureRequest) -> None:
    settings.NOTIFY_URLS = [*settings.NOTIFY_URLS, f"json://127.0.0.1:{hook.port}/other"]
    post = finished_day()
    assert tell() == 2
    assert tell() == 0
    assert hook.titles() == ["语音与音频 2026-09-17"] * 2
    assert settings.SITE_URL + post.get_absolute_url() in hook.messages[0]["message"]


def test_publishing_again_tells_nobody_again(hook: Hook) -> None:
    post = finished_day()
    tell()
    post.publish(chief())
    assert tell() == 0


def test_old_days_are_no_news(hook: Hook) -> None:
    """An import, or a backup that was restored."""
    make_post(dt.date(2025, 3, 3), published=True)
    old = make_post(DAY, published=True)
    DailyPost.objects.filter(pk=old.pk).update(published_at=NOON - dt.timedelta(days=5))
    assert tell() == 0


def test_a_day_that_was_withdrawn_before_it_was_told_is_not_told(hook: Hook) -> None:
    post = finished_day()
    outbox.find()
    post.withdraw(chief(), "wrong")
    outbox.deliver(5)
    assert hook.messages == []


# --- Refusals --------------------------------------------------------------------------------------------------


def test_a_refusal_is_tried_again_later_and_then_told_once(hook: Hook) -> None:
    finished_day()
    hook.status = [500]
    assert tell() == 0
    waiting = Job.objects.get(kind=Job.Kind.NOTIFY)
    assert (waiting.state, waiting.strikes) == (Job.State.WAITING, 1)
    assert tell() == 0, "not before its time"
    due_again()
    assert tell() == 1
    assert len(hook.messages) == 1


def test_one_dead_address_does_not_repeat_the_message_in_the_others(
    hook: Hook, settings: pytest.FixtureRequest
) -> None:
    settings.NOTIFY_URLS = ["json://127.0.0.1:9/dead", *settings.NOTIFY_URLS]
    finished_day()
    assert tell() == 1
    due_again()
    assert tell() == 0
    assert len(hook.messages) == 1


def test_an_address_that_never_answers_is_given_up_and_raises_no_alarm_about_itself(
    hook: Hook, settings: pytest.FixtureRequest
) -> None:
    settings.NOTIFY_URLS = ["json://127.0.0.1:9/dead"]
    finished_day()
    for _ in range(jobs.MAX_STRIKES + 1):
        tell()
        due_again()
    assert list(Job.objects.values_list("state", flat=True)) == [Job.State.DEAD]


def test_an_address_that_nobody_understands_is_given_up_at_once(
    hook: Hook, settings: pytest.FixtureRequest
) -> None:
    settings.NOTIFY_URLS = ["carrier-pigeon://coop", *settings.NOTIFY_URLS]
    finished_day()
    assert tell() == 1
    assert Job.objects.get(state=Job.State.DEAD).error_class == "turned_down"
    assert chats.unreadable(settings.NOTIFY_URLS) == [1]


def test_an_address_taken_out_of_the_settings_is_told_nothing_more(
    hook: Hook, settings: pytest.FixtureRequest
) -> None:
    finished_day()
    outbox.find()
    settings.NOTIFY_URLS = []
    outbox.deliver(5)
    assert hook.messages == []


def test_no_secret_of_an_address_is_in_the_job_table_or_a_log(
    hook: Hook, settings: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    settings.NOTIFY_URLS = [
        f"json://user:hunter2222@127.0.0.1:{hook.port}/T0KENT0KEN",
        "json://127.0.0.1:9/T0KENT0KEN",
    ]
    settings.SECRETS = settings.NOTIFY_URLS
    finished_day()
    hook.status = [403]
    tell()
    written = caplog.text + "".join(f"{job.subject} {job.reason}" for job in Job.objects.all())
    assert "not_taken" in written
    assert "hunter2222" not in written and "T0KENT0KEN" not in written


# --- Alarms ----------------------------------------------------------------------------------------------------


def test_a_halt_alarms_once_however_many_papers_met_it(hook: Hook) -> None:
    for _ in range(3):
        pipeline.halts.halt("no_balance", "Insufficient balance")
    assert tell() == 1
    assert tell() == 0
    assert "Insufficient balance" in hook.messages[0]["message"]
    assert "manage.py resume" in hook.messages[0]["message"]
    pipeline.clear_halt()
    pipeline.halts.halt("bad_key", "Key revoked")
    assert tell() == 1, "the next wall is another alarm"


def test_a_halt_is_called_to_mind_every_day_that_it_lasts(hook: Hook, request: pytest.FixtureRequest) -> None:
    pipeline.halts.halt("no_balance", "Insufficient balance")
    assert tell() == 1
    request.getfixturevalue("next_day")
    assert tell() == 1
    assert tell() == 0


def test_a_halt_that_was_resumed_meanwhile_is_no_alarm(hook: Hook) -> None:
    pipeline.halts.halt("no_balance", "Insufficient balance")
    outbox.find()
    pipeline.clear_halt()
    outbox.deliver(5)
    assert hook.messages == []


def test_a_day_that_is_not_complete_alarms_once_a_day_until_it_is(
    hook: Hook, request: pytest.FixtureRequest
) -> None:
    listed(DAY, "2609.00001", printed=2)
    assert tell() == 1
    assert tell() == 0
    assert hook.titles() == ["2026-09-17 少了 2 篇：arXiv 公布的与存下的不符"]
    assert "manage.py fetch --day 2026-09-17" in hook.messages[0]["message"]
    request.getfixturevalue("next_day")
    assert tell() == 1


def test_a_business_day_without_a_listing_alarms(hook: Hook) -> None:
    listed(dt.date(2026, 9, 15), "2609.00001")
    tell()
    assert any("2026-09-16 的列表仍未读到" in title for title in hook.titles())


def test_after_a_long_outage_the_newest_gaps_say_enough(hook: Hook) -> None:
    listed(dt.date(2026, 8, 17), "2608.00001")
    assert tell() == 5


def test_work_that_was_given_up_alarms_once_a_day_not_once_a_paper(hook: Hook) -> None:
    given_up("2609.00001", "2609.00002")
    assert tell() == 1
    assert tell() == 0
    assert hook.titles() == ["有 2 项工作放弃了"]
    assert "Content Exists Risk" in hook.messages[0]["message"]


def test_letters_that_came_back_are_no_alarm(hook: Hook) -> None:
    jobs.enqueue(Job.Kind.NOTIFY, ["mail:1:1"])
    jobs.give_up(jobs.claim([Job.Kind.NOTIFY])[0], "no_such_address", "550")
    assert tell() == 0


def test_a_reached_budget_alarms_once_a_day(hook: Hook, settings: pytest.FixtureRequest) -> None:
    settings.LLM_DAILY_BUDGET = Decimal(5)
    jobs.enqueue(Job.Kind.TRANSLATE, ["2609.00001", "2609.00002"])
    for job in jobs.claim([Job.Kind.TRANSLATE], 2):
        jobs.postpone(job, clock.machine_now() + dt.timedelta(hours=3), "budget", "今日费用已达上限")
    assert tell() == 1
    assert tell() == 0
    assert hook.titles() == ["今日模型费用已达上限"]
    assert "2 项工作明日继续" in hook.messages[0]["message"]


def test_people_who_run_the_site_hear_before_readers_get_letters(
    hook: Hook, settings: pytest.FixtureRequest
) -> None:
    jobs.enqueue(Job.Kind.NOTIFY, ["mail:1:1"])
    pipeline.halts.halt("no_balance", "Insufficient balance")
    outbox.find()
    first = jobs.claim([Job.Kind.NOTIFY])[0]
    assert first.subject.startswith("halt:")


# --- manage.py tell --------------------------------------------------------------------------------------------


def run_tell(*arguments: str) -> tuple[int, str]:
    out = StringIO()
    try:
        call_command("tell", *arguments, stdout=out)
    except SystemExit as end:
        return int(str(end.code)), out.getvalue()
    return 0, out.getvalue()


def test_the_command_tells_what_is_due_and_counts(hook: Hook) -> None:
    finished_day()
    hook.status = [500]
    assert run_tell() == (1, "told=0 failed=1\n")
    assert run_tell() == (0, "told=1 failed=0\n"), "in the foreground what waits is due"


def test_the_command_tries_every_address(hook: Hook, settings: pytest.FixtureRequest) -> None:
    settings.NOTIFY_URLS = [*settings.NOTIFY_URLS, "json://127.0.0.1:9/dead"]
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    with Postbox() as box:
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", box.port
        status, said = run_tell("--test", "--mail", "me@example.org")
    assert status == 1 and said.endswith("told=2 failed=1\n")
    assert box.to() == ["me@example.org"] and hook.titles() == ["arXiv 中文日报：测试"]
