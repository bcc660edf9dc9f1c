"""The last change of the public: seen at once by every process, without a read where nothing was written."""

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from papers.models import Generation
from posts.last_change import SETTLED_NS, Change, Watch, last_change

WRITER = """
import sqlite3, sys
database = sqlite3.connect(sys.argv[1], isolation_level=None)
for line in sys.stdin:
    database.execute("UPDATE change SET number = ?", (int(line),))
    if int(line) % 7 == 0:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    print(line.strip(), flush=True)
"""


class Reads:
    """A database of one row, and how often it was asked."""

    def __init__(self, path: Path, mode: str) -> None:
        self.path = str(path)
        self.count = 0
        with sqlite3.connect(path) as database:
            database.execute(f"PRAGMA journal_mode={mode}")
            database.execute("CREATE TABLE change (number)")
            database.execute("INSERT INTO change VALUES (0)")
        self.database = sqlite3.connect(path)

    def __call__(self) -> Change:
        self.count += 1
        return Change(str(self.database.execute("SELECT number FROM change").fetchone()[0]))


@pytest.fixture(params=["WAL", "DELETE"])
def reads(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Reads]:
    yield Reads(tmp_path / "db.sqlite3", request.param)


def test_every_commit_of_another_process_is_seen_at_once(reads: Reads) -> None:
    watch = Watch(reads)
    command = [sys.executable, "-c", WRITER, reads.path]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdin
        assert writer.stdout
        for number in range(1, 400):
            print(number, file=writer.stdin, flush=True)
            assert writer.stdout.readline().strip() == str(number)
            assert watch.get(reads.path).number == str(number)
        writer.stdin.close()


def test_files_that_nobody_wrote_are_not_read_again(reads: Reads, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("posts.last_change.SETTLED_NS", -1)
    monkeypatch.setattr("posts.last_change.TRUSTED_NS", 3600 * 10**9)
    watch = Watch(reads)
    for _ in range(5):
        assert watch.get(reads.path).number == "0"
    assert reads.count == 1


def test_nothing_is_trusted_for_long(reads: Reads, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("posts.last_change.SETTLED_NS", -1)
    monkeypatch.setattr("posts.last_change.TRUSTED_NS", 0)
    watch = Watch(reads)
    for _ in range(3):
        watch.get(reads.path)
    assert reads.count == 3


def test_a_file_written_just_now_is_read_every_time(reads: Reads, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("posts.last_change.SETTLED_NS", 100_000 * SETTLED_NS)
    watch = Watch(reads)
    for _ in range(3):
        watch.get(reads.path)
    assert reads.count == 3


def test_without_a_file_it_is_always_read(reads: Reads) -> None:
    watch = Watch(reads)
    for _ in range(3):
        watch.get("file:memory?mode=memory")
    assert reads.count == 3


@pytest.mark.django_db
def test_a_transaction_sees_its_own_change() -> None:
    Generation.bump()
    before = last_change()
    Generation.bump()
    assert int(last_change().number) == int(before.number) + 1


@pytest.mark.django_db
def test_it_is_one_read_by_primary_key() -> None:
    with CaptureQueriesContext(connection) as queries:
        last_change()
    assert len(queries) == 1
    assert "WHERE id = 1" in queries[0]["sql"]
