"""Copies of the database, and the proof that they can be used.

A backup is one file and beside it a manifest (JSON): its digest, and how many rows each table has in it. SQLite is copied
by `VACUUM INTO` (one snapshot, while everybody goes on writing) and compressed, PostgreSQL by pg_dump's
own format from an exported snapshot. Nothing outside the database is in it: keep `.env` and
data/secret_key with your passwords.
"""

import datetime as dt
import gzip
import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader

from digest_site import clock, logs
from papers.models import Beat, Generation

from . import databases
from .health import BACKUP
from .supervisor import environment

STAMP = "%Y%m%dT%H%M%SZ"
SUFFIXES = {"sqlite": ".sqlite3.gz", "postgresql": ".dump"}
TOO_OLD_TO_WAIT = 900


class BackupError(Exception):
    """What went wrong, in a sentence for the operator."""


@dataclass(frozen=True)
class Manifest:
    """What is in a backup file. `migrations` are the last ones of each app that were applied."""

    file: str
    vendor: str
    made_at: str
    sha256: str
    tables: dict[str, int]
    migrations: list[str]

    @property
    def rows(self) -> int:
        return sum(self.tables.values())


# --- Making ----------------------------------------------------------------------------------------------------


def make(folder: Path, keep: int | None = None) -> tuple[Path, Manifest]:
    """A new backup in `folder`, with `keep` the newest ones only; it appears under its name when it is whole."""
    folder.mkdir(parents=True, exist_ok=True)
    now = clock.machine_now()
    path = _free_name(folder, now)
    with _temporary(folder) as draft:
        tables = _copy_sqlite(draft) if connection.vendor == "sqlite" else _dump_postgres(draft)
        manifest = Manifest(path.name, connection.vendor, now.isoformat(), _sha256(draft), tables, _applied())
        os.chmod(draft, 0o600)
        os.replace(draft, path)
    _manifest_path(path).write_text(json.dumps(asdict(manifest), ensure_ascii=False, indent=1))
    Beat.objects.update_or_create(
        name=BACKUP, defaults={"at": now, "note": f"{path.name}，{manifest.rows} 行"}
    )
    if keep:
        _rotate(folder, keep)
    return path, manifest


def _free_name(folder: Path, now: dt.datetime) -> Path:
    """Named by the second; a second backup in the same one takes the next."""
    while (path := folder / f"digest-{now:{STAMP}}{SUFFIXES[connection.vendor]}").exists():
        now += dt.timedelta(seconds=1)
    return path


@contextmanager
def _temporary(folder: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir=folder, prefix=".making-") as scratch:
        yield Path(scratch) / "backup"


def _copy_sqlite(draft: Path) -> dict[str, int]:
    plain = draft.with_suffix(".sqlite3")
    with closing(sqlite3.connect(settings.DATABASES["default"]["NAME"], timeout=60)) as source:
        source.execute("VACUUM INTO ?", [str(plain)])
    tables = check_sqlite(plain)
    with plain.open("rb") as unpacked, gzip.open(draft, "wb", compresslevel=6) as packed:
        shutil.copyfileobj(unpacked, packed, 1 << 20)
    return tables


def _dump_postgres(draft: Path) -> dict[str, int]:
    with databases.snapshot() as (name, tables):
        command = ["pg_dump", "--format=custom", "--no-owner", f"--snapshot={name}", f"--file={draft}"]
        _run(command, databases.pg_environment())
    return tables


def _applied() -> list[str]:
    applied = MigrationLoader(connection).applied_migrations
    last: dict[str, str] = {}
    for app, name in sorted(applied):
        last[app] = name
    return [f"{app}.{name}" for app, name in sorted(last.items())]


def _rotate(folder: Path, keep: int) -> None:
    for old in backups(folder)[keep:]:
        _manifest_path(old).unlink(missing_ok=True)
        old.unlink(missing_ok=True)


def backups(folder: Path) -> list[Path]:
    """The backups in a folder, the newest first."""
    found = [path for path in folder.glob("digest-*") if path.name.endswith(tuple(SUFFIXES.values()))]
    return sorted(found, reverse=True)


def _manifest_path(path: Path) -> Path:
    return path.with_name(f"{path.name}.json")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


# --- Proving ---------------------------------------------------------------------------------------------------


def read_manifest(path: Path) -> Manifest:
    """:raises BackupError: there is none, or the file is not the one that it describes."""
    try:
        manifest = Manifest(**json.loads(_manifest_path(path).read_text()))
    except (OSError, ValueError, TypeError) as error:
        raise BackupError(f"{_manifest_path(path).name} 缺失或无法读取") from error
    if not path.is_file():
        raise BackupError(f"没有 {path}")
    if _sha256(path) != manifest.sha256:
        raise BackupError(f"{path.name} 与它的清单不符：文件已损坏")
    return manifest


def check_sqlite(path: Path) -> dict[str, int]:
    """Rows of each table, after SQLite itself found the file and its references whole."""
    with closing(sqlite3.connect(path)) as copy:
        try:
            verdict = copy.execute("PRAGMA integrity_check(1)").fetchone()[0]
            broken = copy.execute("PRAGMA foreign_key_check").fetchone()
            names = [
                name
                for (name,) in copy.execute(
                    "SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%'"
                    " AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'posts_search_fts%' ORDER BY name"
                )
            ]
            tables = {name: copy.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in names}
        except sqlite3.DatabaseError as error:
            raise BackupError(f"副本不是完好的 SQLite 文件：{error}") from error
    if verdict != "ok" or broken:
        raise BackupError(f"副本不完好：{verdict if verdict != 'ok' else f'{broken[0]} 有悬空的引用'}")
    return tables


def drill(path: Path) -> Manifest:
    """Restore into a scratch database, compare every table, migrate it, and read pages from it.

    :raises BackupError: the copy would not have served.
    """
    manifest = read_manifest(path)
    _require_vendor(manifest)
    with _scratch(manifest.vendor, path) as (url, tables):
        if differing := [name for name, rows in manifest.tables.items() if tables.get(name) != rows]:
            raise BackupError(f"恢复出来的表与清单不符：{'、'.join(differing)}")
        surroundings = environment(DATABASE_URL=url, DATABASE_URL_FILE="", REDIS_URL="", REDIS_URL_FILE="")
        _run([sys.executable, "manage.py", "doctor", "--copy"], surroundings)
    return manifest


@contextmanager
def _scratch(vendor: str, path: Path) -> Iterator[tuple[str, dict[str, int]]]:
    """A scratch database with the backup in it: its address, and its rows by table."""
    if vendor == "sqlite":
        with tempfile.TemporaryDirectory(prefix="digest-drill-") as folder:
            copy = Path(folder) / "db.sqlite3"
            _unpack(path, copy)
            yield f"sqlite:///{copy}", check_sqlite(copy)
        return
    with databases.scratch_database() as name:
        _run(
            ["pg_restore", "--no-owner", "--exit-on-error", f"--dbname={name}", str(path)],
            databases.pg_environment(),
        )
        yield databases.url(name), databases.rows_of(name)


def _unpack(path: Path, to: Path) -> None:
    try:
        with gzip.open(path, "rb") as packed, to.open("wb") as unpacked:
            shutil.copyfileobj(packed, unpacked, 1 << 20)
    except (OSError, EOFError) as error:
        raise BackupError(f"{path.name} 解不开：{error}") from error


def _require_vendor(manifest: Manifest) -> None:
    if manifest.vendor != connection.vendor:
        raise BackupError(
            f"这份备份来自 {manifest.vendor}，现在的数据库是 {connection.vendor}；搬家用 manage.py copy_database"
        )


# --- Restoring -------------------------------------------------------------------------------------------------


def restore(path: Path, safety: Path | None) -> Manifest:
    """Put a backup in the place of the present database, which is itself backed up to `safety` first.

    The content generation goes on rising, so that no web process shows a page of before.
    """
    manifest = read_manifest(path)
    _require_vendor(manifest)
    generation = _generation()
    if safety and generation:
        make(safety)
    connection.close()
    if manifest.vendor == "sqlite":
        _restore_sqlite(path)
    else:
        command = [
            "pg_restore",
            "--clean",
            "--if-exists",
            "--no-owner",
            "--single-transaction",
            "--exit-on-error",
        ]
        name = settings.DATABASES["default"]["NAME"]
        _run([*command, f"--dbname={name}", str(path)], databases.pg_environment())
    call_command("migrate", verbosity=0)
    Generation.bump()
    Generation.objects.filter(pk=1, number__lte=generation).update(number=generation + 1)
    return manifest


def _generation() -> int:
    """The content generation; 0 in an empty database."""
    try:
        return Generation.current()
    except DatabaseError:
        return 0


def _restore_sqlite(path: Path) -> None:
    """By SQLite's own online copying, so that whoever has the file open sees the new content."""
    target = Path(settings.DATABASES["default"]["NAME"])
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".restoring-") as folder:
        copy = Path(folder) / "db.sqlite3"
        _unpack(path, copy)
        check_sqlite(copy)
        with closing(sqlite3.connect(copy)) as source, closing(sqlite3.connect(target, timeout=60)) as live:
            source.backup(live)


# --- Other programs --------------------------------------------------------------------------------------------


def _run(command: list[str], surroundings: dict[str, str]) -> None:
    try:
        done = subprocess.run(
            command,
            env=surroundings,
            cwd=settings.BASE_DIR,
            capture_output=True,
            text=True,
            timeout=TOO_OLD_TO_WAIT,
        )
    except FileNotFoundError as error:
        raise BackupError(f"没有 {command[0]}：请安装 postgresql-client") from error
    except subprocess.TimeoutExpired as error:
        raise BackupError(f"{Path(command[0]).name} 太久没有结束") from error
    if done.returncode:
        said = logs.clean((done.stderr or done.stdout).strip())[-600:]
        raise BackupError(f"{' '.join(map(str, command[:3]))} 失败：{said}")


def made_at(path: Path) -> dt.datetime:
    """When a backup was made, by its manifest."""
    return dt.datetime.fromisoformat(read_manifest(path).made_at)
