"""`manage.py` from a shell: what an operator can mend is one line and the right exit status, never a traceback."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

ROOT = Path(__file__).resolve().parent.parent
NOWHERE = "postgres://digest:hunter2222@127.0.0.1:9/digest"
SURROUNDINGS = {"REDIS_URL": "", "PYTHONUNBUFFERED": "1"}


def manage(*arguments: str, **variables: str) -> tuple[int, str]:
    """Exit status and what was said on standard error."""
    command = [sys.executable, "manage.py", *arguments]
    surroundings = os.environ | SURROUNDINGS | variables
    done = subprocess.run(command, env=surroundings, cwd=ROOT, capture_output=True, text=True)
    return done.returncode, done.stderr


@pytest.mark.parametrize("command", ["migrate", "tell"])
def test_a_database_that_does_not_answer_is_one_line(command: str) -> None:
    status, said = manage(command, DATABASE_URL=NOWHERE)
    assert status == 1 and said.startswith("数据库不能用：") and said.count("\n") == 1
    assert "hunter2222" not in said


def test_a_database_without_tables_has_nothing_to_back_up(tmp_path: Path) -> None:
    status, said = manage(
        "backup", f"--to={tmp_path}/backups", DATABASE_URL=f"sqlite:///{tmp_path}/db.sqlite3"
    )
    assert status == 1 and "manage.py migrate" in said and said.count("\n") == 1
    assert not (tmp_path / "backups").exists()


def test_whoever_wants_the_traceback_gets_it() -> None:
    status, said = manage("tell", "--traceback", DATABASE_URL=NOWHERE)
    assert status == 1 and "Traceback" in said


def test_a_reader_who_has_enough_is_no_error(tmp_path: Path) -> None:
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "manage.py", "doctor", "--offline"]
    surroundings = os.environ | SURROUNDINGS | {"DATABASE_URL": f"sqlite:///{tmp_path}/db.sqlite3"}
    done = subprocess.run(
        command, env=surroundings, cwd=ROOT, stdout=write, stderr=subprocess.PIPE, text=True
    )
    os.close(write)
    assert (done.returncode, done.stderr) == (141, "")


@pytest.mark.django_db
@pytest.mark.parametrize("command", ["build_site", "export_jekyll"])
def test_a_folder_that_cannot_be_made_is_one_line(tmp_path: Path, command: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CommandError, match="写不了"):
        call_command(command, f"{tmp_path}/file/site")


def test_no_backup_is_kept_less_than_none() -> None:
    with pytest.raises(CommandError) as told:
        call_command("backup", "--keep=-1")
    assert told.value.returncode == 2


def test_a_backup_that_is_not_there_is_wrong_usage(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="没有这个文件") as told:
        call_command("restore", f"{tmp_path}/none.gz", "--yes")
    assert told.value.returncode == 2
