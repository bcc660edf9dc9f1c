"""A database that is away: the operator reads one clear line, and everything comes up when it does."""

import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import OperationalError

from digest_site import absence
from digest_site.absence import Absence

ROOT = Path(__file__).parents[1]
REFUSED = OperationalError("connection refused\nIs the server running?")


@pytest.fixture
def minutes(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What the monotonic clock says, in minutes; the last one counts."""
    said = [10.0]
    monkeypatch.setattr(absence.time, "monotonic", lambda: said[-1] * 60)
    return said


def test_it_is_said_at_once_and_then_once_a_minute(
    minutes: list[float], caplog: pytest.LogCaptureFixture
) -> None:
    away = Absence()
    for minute in (10.0, 10.5, 10.9, 11.0, 11.5):
        minutes.append(minute)
        away.goes_on(REFUSED)
    assert [record.message for record in caplog.records] == [
        "数据库不能用：connection refused；一能用就自动继续"
    ] * 2


def test_its_return_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    away = Absence()
    away.is_over()
    away.goes_on(REFUSED)
    away.is_over()
    away.is_over()
    assert [record.levelno for record in caplog.records] == [logging.ERROR, logging.WARNING]


def test_a_start_waits_for_the_database_and_goes_on_when_it_is_there(tmp_path: Path) -> None:
    folder = tmp_path / "not-there-yet"
    surroundings = {"DATABASE_URL": f"sqlite:///{folder}/db.sqlite3", "REDIS_URL": "", "LOG_JSON": "no"}
    served = subprocess.Popen(
        [sys.executable, "manage.py", "serve", "--no-web"],
        cwd=ROOT,
        env=os.environ | surroundings,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert served.stderr
    try:
        assert "ERROR posts.database 数据库不能用：unable to open" in served.stderr.readline()
        folder.mkdir()
        assert "WARNING posts.database 数据库又能用了" in served.stderr.readline()
    finally:
        served.terminate()
        served.communicate(timeout=40)


def test_a_password_of_the_database_stays_secret() -> None:
    nowhere = "postgres://digest:hunter2222@127.0.0.1:9/digest"
    with subprocess.Popen(
        [sys.executable, "manage.py", "serve", "--no-web"],
        cwd=ROOT,
        env=os.environ | {"DATABASE_URL": nowhere, "REDIS_URL": "", "LOG_JSON": "no"},
        stderr=subprocess.PIPE,
        text=True,
    ) as served:
        assert served.stderr
        line = served.stderr.readline()
        served.terminate()
        rest = served.communicate(timeout=20)[1]
    assert "数据库不能用：" in line and "hunter2222" not in line
    assert rest == ""
