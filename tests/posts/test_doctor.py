"""What doctor finds, one trouble at a time, each made to happen: over real sockets, files and servers."""

import datetime as dt
import json
import os
import re
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from digest_site import clock
from papers import jobs, pipeline
from papers.models import Beat, Job
from posts.operations import doctor, doors, health, installation
from posts.operations.health import BAD, GOOD, NOTE
from tests.fakes.postbox import Postbox
from tests.papers.ingesting import sent_away

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).parents[2]


class Door:
    """Answers every request as it is told; knows nothing."""

    def __init__(self) -> None:
        self.status, self.date, self.body = 200, format_datetime(clock.machine_now(), usegmt=True), b""
        door = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response_only(door.status)
                if door.date:
                    self.send_header("Date", door.date)
                self.send_header("Content-Length", str(len(door.body)))
                self.end_headers()
                if self.command == "GET":
                    self.wfile.write(door.body)

            do_HEAD = do_GET  # noqa: N815

            def log_message(self, format: str, *args: Any) -> None:
                """Nobody listens."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def door(settings: pytest.FixtureRequest) -> Iterator[Door]:
    """arXiv and the model's server both."""
    door = Door()
    threading.Thread(target=door.server.serve_forever, args=(0.02,), daemon=True).start()
    settings.ARXIV_SITE_URL, settings.OPENAI_BASE_URL = door.url, f"{door.url}/v1"
    settings.OPENAI_API_KEY, settings.ARXIV_DELAY_SECONDS, settings.NOW = "sk-doctor-1234", 0, None
    yield door
    door.server.shutdown()
    door.server.server_close()


# --- arXiv and the clock ---------------------------------------------------------------------------------------


def test_arxiv_that_answers_at_our_time_is_well(door: Door) -> None:
    assert doors.clock_and_arxiv().level == GOOD


def test_a_clock_that_is_off_is_bad_and_says_by_how_much(door: Door) -> None:
    door.date = format_datetime(clock.machine_now() + dt.timedelta(hours=10), usegmt=True)
    sign = doors.clock_and_arxiv()
    assert sign.level == BAD and "NTP" in sign.advice
    (seconds,) = re.findall(r"-\d+", sign.message)
    assert abs(int(seconds) + 36_000) < 60


@pytest.mark.parametrize("status", [403, 429, 500, 503])
def test_arxiv_that_does_not_want_us_is_a_note(door: Door, status: int) -> None:
    door.status = status
    sign = doors.clock_and_arxiv()
    assert sign.level == NOTE and str(status) in sign.message


def test_arxiv_that_sent_us_away_is_not_knocked_at_and_the_rest_is_looked_at(door: Door) -> None:
    sent_away(3600)
    sign = doors.clock_and_arxiv()
    assert sign.level == NOTE and "Asia/Shanghai" in sign.message


def test_a_server_without_a_date_proves_nothing_about_the_clock(door: Door) -> None:
    door.date = ""
    assert doors.clock_and_arxiv().level == NOTE


def test_arxiv_that_is_not_there_is_bad(settings: pytest.FixtureRequest) -> None:
    settings.ARXIV_SITE_URL, settings.ARXIV_DELAY_SECONDS = "http://127.0.0.1:9", 0
    assert doors.clock_and_arxiv().level == BAD


# --- The model -------------------------------------------------------------------------------------------------


def models(*names: str) -> bytes:
    return json.dumps({"data": [{"id": name} for name in names]}).encode()


@pytest.mark.parametrize(
    ("status", "body", "level", "said"),
    [
        (200, models("gpt-5-mini"), GOOD, "gpt-5-mini"),
        (200, models("other"), NOTE, "没有 gpt-5-mini"),
        (200, b"<html>", GOOD, "可用"),
        (401, b"", BAD, "401"),
        (402, b"", BAD, "402"),
        (404, b"", NOTE, "404"),
        (500, b"", NOTE, "500"),
    ],
)
def test_what_the_models_server_says(
    door: Door, settings: pytest.FixtureRequest, status: int, body: bytes, level: str, said: str
) -> None:
    settings.OPENAI_MODEL = settings.OPENAI_ANALYSIS_MODEL = "gpt-5-mini"
    door.status, door.body = status, body
    sign = doors.model()
    assert sign.level == level and said in sign.message


def test_without_a_key_only_the_sample_is_shown(settings: pytest.FixtureRequest) -> None:
    settings.OPENAI_API_KEY = ""
    assert doors.model().level == NOTE


def test_a_model_that_is_not_there_is_bad(settings: pytest.FixtureRequest) -> None:
    settings.OPENAI_API_KEY, settings.OPENAI_BASE_URL = "sk-doctor-1234", "http://127.0.0.1:9/v1"
    assert doors.model().level == BAD


# --- Mail and chats --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answers", "level"),
    [({}, GOOD), ({"AUTH": ["535 5.7.8 no"]}, BAD), ({"EHLO": ["554 go away"] * 2}, BAD)],
)
def test_what_the_mail_server_says(
    settings: pytest.FixtureRequest, answers: dict[str, list[str]], level: str
) -> None:
    settings.EMAIL_BACKEND, settings.MAIL_ON = "django.core.mail.backends.smtp.EmailBackend", True
    settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = "digest", "hunter2222"
    with Postbox() as box:
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", box.port
        box.answers = {"HELO": ["554 go away"] * 2} | answers if "EHLO" in answers else answers
        sign = doors.mail()
    assert sign.level == level and box.letters == []
    assert "hunter2222" not in sign.message


def test_a_mail_server_that_is_not_there_is_bad(settings: pytest.FixtureRequest) -> None:
    settings.EMAIL_BACKEND, settings.MAIL_ON = "django.core.mail.backends.smtp.EmailBackend", True
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    assert doors.mail().level == BAD


def test_a_chat_that_nobody_understands_is_named_by_its_place(settings: pytest.FixtureRequest) -> None:
    settings.NOTIFY_URLS = ["json://127.0.0.1/x", "carrier-pigeon://secret-coop"]
    sign = doors.notifications()
    assert sign.level == BAD and "第 2 个" in sign.message and "coop" not in sign.message


# --- The installation ------------------------------------------------------------------------------------------


def run_doctor(**variables: str) -> tuple[int, str]:
    command = [sys.executable, "manage.py", "doctor", "--offline"]
    surroundings = os.environ | {"REDIS_URL": ""} | variables
    done = subprocess.run(command, env=surroundings, cwd=ROOT, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def test_a_bad_setting_is_one_line_without_a_traceback() -> None:
    status, said = run_doctor(PORT="eighty")
    assert (status, said) == (
        2,
        "设置有误：PORT 应为 1 到 65535 的整数，而不是 'eighty'（见 .env.example）\n",
    )


def test_a_file_that_is_no_database_is_to_be_restored(tmp_path: Path) -> None:
    (tmp_path / "db.sqlite3").write_bytes(b"no database at all" * 1000)
    status, said = run_doctor(DATABASE_URL=f"sqlite:///{tmp_path}/db.sqlite3")
    assert status == 1 and "manage.py restore" in said and "Traceback" not in said


def test_an_empty_database_is_to_be_migrated_and_a_missing_redis_hides_nothing(tmp_path: Path) -> None:
    status, said = run_doctor(
        DATABASE_URL=f"sqlite:///{tmp_path}/db.sqlite3", REDIS_URL="redis://:hunter3333@127.0.0.1:9/0"
    )
    assert status == 1 and "manage.py migrate" in said and "REDIS_URL" in said
    assert "hunter3333" not in said and "Traceback" not in said


def test_a_database_that_is_not_there_is_said_without_its_password() -> None:
    status, said = run_doctor(DATABASE_URL="postgres://digest:hunter2222@127.0.0.1:9/digest")
    assert status == 1 and "DATABASE_URL" in said
    assert "hunter2222" not in said and "Traceback" not in said


def test_a_damaged_file_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if connection.vendor != "sqlite":
        assert installation.intact().level == GOOD
        return
    path = tmp_path / "db.sqlite3"
    with sqlite3.connect(path) as made:
        made.execute("CREATE TABLE t (x UNIQUE)")
        made.executemany("INSERT INTO t VALUES (?)", [("x" * 500 + str(n),) for n in range(200)])
    data = bytearray(path.read_bytes())
    data[4096 * 8 : 4096 * 8 + 64] = b"\xff" * 64
    path.write_bytes(data)
    status, said = run_doctor(DATABASE_URL=f"sqlite:///{path}")
    assert status == 1 and "损坏" in said and "manage.py restore" in said


def test_a_full_disk_and_one_that_cannot_be_written_are_bad(
    settings: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    settings.DATA_DIR = tmp_path
    usage = type("Usage", (), {"total": 2**40, "free": 100 * installation.MB})
    monkeypatch.setattr(installation.shutil, "disk_usage", lambda path: usage)
    assert installation.disk().level == BAD
    usage.free = 500 * installation.MB
    assert installation.disk().level == NOTE
    usage.free = 5000 * installation.MB
    assert installation.disk().level == GOOD
    settings.DATA_DIR = "/proc/self"
    assert "不能写入" in installation.disk().message


# --- What the tables tell --------------------------------------------------------------------------------------


def halted() -> health.Sign:
    pipeline.halts.halt("no_balance", "Insufficient balance")
    return health.model_halt()


def old_backup() -> health.Sign:
    Beat.objects.create(name=health.BACKUP, at=clock.machine_now() - dt.timedelta(days=30))
    return health.backup()


def long_queued() -> health.Sign:
    jobs.enqueue(Job.Kind.TRANSLATE, ["2601.00001"])
    Job.objects.update(changed_at=clock.machine_now() - dt.timedelta(hours=7))
    return health.jobs_left()


def given_up() -> health.Sign:
    jobs.enqueue(Job.Kind.TRANSLATE, ["2601.00001"])
    jobs.give_up(jobs.claim([Job.Kind.TRANSLATE])[0], "refused", "no")
    return health.jobs_left()


@pytest.mark.parametrize(
    ("make", "level"), [(halted, BAD), (old_backup, NOTE), (long_queued, NOTE), (given_up, NOTE)]
)
def test_every_trouble_says_what_to_do(make: Any, level: str) -> None:
    sign = make()
    assert sign.level == level and sign.advice


def test_a_healthy_installation_is_well_from_door_to_door(
    door: Door, settings: pytest.FixtureRequest
) -> None:
    settings.OPENAI_MODEL = settings.OPENAI_ANALYSIS_MODEL = "gpt-5-mini"
    door.body = models("gpt-5-mini")
    assert [sign for sign in doctor.examine() if sign.is_bad] == []
