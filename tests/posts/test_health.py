"""/healthz, the heartbeat, and what doctor says and does not say."""

import datetime as dt
import json
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import OperationalError, connection
from django.test import Client

from digest_site import clock
from papers import jobs, pipeline
from papers.models import Announcement, Beat, Job, Poll, Slot
from papers.tasks import BEAT, HOST_BEAT, Pulse, beat, is_stopping, mend_clock, stop_file
from papers.tasks import SCHEDULES as PAPERS_SCHEDULES
from posts.operations import doctor, doors, health
from posts.operations.health import BAD, GOOD, NOTE, Heartbeat
from posts.tasks import SCHEDULES as POSTS_SCHEDULES
from tests.papers.ingesting import sent_away

SCHEDULES = PAPERS_SCHEDULES | POSTS_SCHEDULES

pytestmark = pytest.mark.django_db
NOON = dt.datetime(2026, 9, 17, 4, 0, tzinfo=dt.UTC)


def listed(date: dt.date) -> None:
    """arXiv printed a count of one new paper for this date, and that one we have."""
    for number, code in enumerate(("cs.SD", "eess.AS")):
        polled = {"source": "list", "category": code, "date": date, "state": "ok", "found": 1}
        Poll.objects.create(**polled, asked_at=NOON, printed={"new": 1, "cross": 0})
        Announcement.objects.create(
            category=code,
            date=date,
            arxiv_id=f"2609.0000{number}",
            kind="new",
            first_seen_at=NOON,
            sources={"list": "new"},
        )


def examined() -> tuple[int, str]:
    out = StringIO()
    try:
        call_command("doctor", "--offline", stdout=out)
    except SystemExit as end:
        return int(str(end.code)), out.getvalue()
    return 0, out.getvalue()


def test_alive_needs_no_worker(client: Client) -> None:
    assert client.get("/healthz").content == b"ok\n"


def test_a_database_that_does_not_answer_is_503_and_no_traceback(client: Client) -> None:
    def refuse(*query: object) -> None:
        raise OperationalError("server closed the connection; user=digest password=hunter2222")

    with connection.execute_wrapper(refuse):
        answers = [client.get("/healthz"), client.get("/healthz?deep=1")]
    assert [answer.status_code for answer in answers] == [503, 503]
    assert not any(b"hunter2222" in answer.content for answer in answers)


def test_deep_says_503_without_a_heartbeat(client: Client) -> None:
    answer = client.get("/healthz?deep=1")
    assert answer.status_code == 503
    assert json.loads(answer.content)["worker"]["level"] == BAD


def test_a_503_is_an_answer_and_no_error_of_the_site(
    client: Client, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert client.get("/healthz?deep=1").status_code == 503
    assert not caplog.records
    monkeypatch.setattr(health, "deep", lambda: 1 / 0)
    client.raise_request_exception = False
    assert client.get("/healthz?deep=1").status_code == 500
    assert [record.levelname for record in caplog.records] == ["ERROR"]


def test_deep_is_well_when_the_worker_beats_and_the_day_is_listed(
    client: Client, settings: pytest.FixtureRequest
) -> None:
    settings.NOW = NOON
    beat()
    listed(dt.date(2026, 9, 17))
    answer = client.get("/healthz?deep=1")
    assert answer.status_code == 200, answer.content
    assert "no-store" in answer.headers["Cache-Control"]


def test_deep_names_a_day_that_should_be_there_by_now(
    client: Client, settings: pytest.FixtureRequest
) -> None:
    settings.NOW = NOON
    beat()
    listed(dt.date(2026, 9, 14))
    answer = client.get("/healthz?deep=1")
    assert answer.status_code == 503
    assert "2026-09-16" in json.loads(answer.content)["last_day"]["message"]


def test_deep_tells_what_is_behind_and_until_when_arxiv_wants_no_questions(
    client: Client, settings: pytest.FixtureRequest
) -> None:
    settings.NOW, settings.ARXIV_DELAY_SECONDS = NOON, 3
    beat()
    listed(dt.date(2026, 9, 14))
    sent_away(3600)
    found = json.loads(client.get("/healthz?deep=1").content)
    assert found["backlog"]["message"] == "3 日还没有列完，最早 2026-09-15；按 arXiv 的节奏约需 30 秒"
    assert "（连续第 3 次）" in found["arxiv_throttle"]["message"]


def test_deep_tells_that_all_is_halted_but_not_a_servers_words(client: Client) -> None:
    pipeline.halts.halt("no_balance", "Insufficient balance of account acme-7")
    answer = client.get("/healthz?deep=1")
    assert answer.status_code == 503
    assert b"acme" not in answer.content


def test_the_heartbeat_is_missed_only_after_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(health.time, "monotonic", lambda: now[0])
    watch = Heartbeat(60)
    beat()
    assert not watch.is_missing(age=1000)
    now[0] += 59
    assert not watch.is_missing(age=1000)
    now[0] += 2
    assert watch.is_missing(age=1000)
    assert not watch.is_missing(age=30), "a cluster that just started has had no time to beat"


def test_a_jump_of_the_wall_clock_is_no_missed_beat(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(health.time, "monotonic", lambda: now[0])
    watch = Heartbeat(60)
    Beat.objects.create(name=HOST_BEAT, at=clock.machine_now() - dt.timedelta(days=400))
    assert not watch.is_missing(age=1000)
    now[0] += 30
    assert not watch.is_missing(age=1000)


def test_a_long_task_beats_while_it_works() -> None:
    Pulse()(pipeline.Progress())
    assert set(Beat.objects.values_list("name", flat=True)) == {BEAT, HOST_BEAT}


def test_tasks_are_told_to_begin_nothing_new(
    settings: pytest.FixtureRequest, tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.DATA_DIR = tmp_path
    assert not is_stopping()
    stop_file(health_group()).touch()
    assert is_stopping()
    jobs.enqueue(Job.Kind.TRANSLATE, ["2601.00001"])
    pipeline.work_off(stop=is_stopping)
    assert Job.objects.get().attempts == 0


def health_group() -> int:
    import os

    return os.getpgrp()


def test_doctor_is_content_with_a_fresh_installation() -> None:
    status, said = examined()
    assert status == 0, said
    assert f"{BAD}=0" in said.splitlines()[-1]


def test_doctor_exits_1_and_advises_when_the_worker_stopped() -> None:
    Beat.objects.create(name=BEAT, at=clock.machine_now() - dt.timedelta(hours=1))
    status, said = examined()
    assert status == 1
    assert "manage.py serve" in said


def test_doctor_sees_a_missing_schedule() -> None:
    from django_q.models import Schedule

    Schedule.objects.filter(name="ingest").delete()
    status, said = examined()
    assert status == 1
    assert "ingest" in said


def test_doctor_sees_work_that_nobody_frees() -> None:
    jobs.enqueue(Job.Kind.TRANSLATE, ["2601.00001"])
    jobs.claim([Job.Kind.TRANSLATE])
    Job.objects.update(lease_until=clock.machine_now() - dt.timedelta(days=1))
    assert health.jobs_left().level == BAD


def test_doctor_never_shows_a_key(settings: pytest.FixtureRequest) -> None:
    settings.OPENAI_API_KEY = "sk-very-secret-0001"
    settings.OPENAI_BASE_URL = "http://127.0.0.1:9/v1"
    settings.ARXIV_SITE_URL = "http://127.0.0.1:9"
    settings.ARXIV_DELAY_SECONDS = 0
    settings.NOTIFY_URLS = ["tgram://123456789:secret-token/chat", "nonsense"]
    signs = doctor.examine()
    said = " ".join(sign.message + sign.advice for sign in signs)
    assert {sign.name for sign in signs if sign.level == BAD} >= {"arXiv", "模型服务", "通知"}
    assert "secret" not in said.replace("secret_key", "")


@pytest.mark.parametrize(
    ("header", "off"), [("", None), ("yesterday", None), ("Thu, 01 Jan 2026 00:00:00 GMT", True)]
)
def test_the_clock_is_compared_with_arxivs(header: str, off: bool | None) -> None:
    found = doors.clock_offset(header)
    assert (found is not None) == bool(off)


def test_a_sample_edition_among_real_papers_is_said(settings: pytest.FixtureRequest) -> None:
    assert health.sample_edition() is None
    Beat.objects.create(name=health.SAMPLE, at=clock.machine_now())
    assert health.sample_edition() is not None
    settings.NOW = NOON
    assert health.sample_edition() is None


def test_levels_are_three() -> None:
    assert {sign.level for sign in health.look(health.TABLES)} <= {GOOD, NOTE, BAD}


def test_what_a_clock_ahead_of_time_wrote_is_brought_back() -> None:
    from django_q.models import Schedule

    late = clock.machine_now() + dt.timedelta(days=3650)
    jobs.enqueue(Job.Kind.TRANSLATE, ["2601.00001", "2601.00002"])
    running, waiting = jobs.claim([Job.Kind.TRANSLATE], 2)
    jobs.postpone(waiting, late, "busy", "later")
    Job.objects.filter(pk=running.pk).update(lease_until=late)
    Slot.objects.update_or_create(name="arxiv", defaults={"next_at": late, "held_until": late, "holder": "x"})
    Schedule.objects.update(next_run=late)
    jobs.enqueue(Job.Kind.LIST, [f"{late:%F}:cs.SD", f"{clock.now():%F}:cs.SD"])
    assert mend_clock() == len(SCHEDULES) + 5
    assert [job.subject for job in Job.objects.filter(kind=Job.Kind.LIST)] == [f"{clock.now():%F}:cs.SD"]
    assert jobs.sweep() == 0, "its holder lives, and renews it from now on"
    assert [job.pk for job in jobs.claim([Job.Kind.TRANSLATE], 2)] == [waiting.pk]
    running.refresh_from_db()
    assert running.lease_until <= clock.machine_now() + jobs.LEASE
    assert mend_clock() == 0, "what is as it should be is left alone"
