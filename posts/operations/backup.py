"""Copies of the database. (`restoring` proves them and puts them back.)

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
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from django.conf import settings
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from digest_site import clock, logs
from papers.models import Beat

from . import postgres
from .health import BACKUP

STAMP = "%Y%m%dT%H%M%SZ"
SUFFIXES = {"sqlite": ".sqlite3.gz", "postgresql": ".dump"}
TOO_OLD_TO_WAIT = 900
SCRATCH = ".scratch-"
LEFT_FOR = dt.timedelta(days=1)


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


def make(folder: Path, keep: int | None = None) -> tuple[Path, Manifest]:
    """A new backup in `folder`, with `keep` the newest ones only; it appears under its name when it is whole."""
    if not (applied := _applied()):
        raise BackupError("数据库里还没有表，没有什么可备份；先运行 manage.py migrate")
    folder.mkdir(parents=True, exist_ok=True)
    clear_leftovers(folder)
    now = clock.machine_now()
    path = _free_name(folder, now)
    with scratch_folder(folder) as scratch:
        draft = scratch / "backup"
        tables = _copy_sqlite(draft) if connection.vendor == "sqlite" else _dump_postgres(draft)
        manifest = Manifest(path.name, connection.vendor, now.isoformat(), _sha256(draft), tables, applied)
        os.chmod(draft, 0o600)
        os.replace(draft, path)
    _manifest_path(path).write_text(json.dumps(asdict(manifest), ensure_ascii=False, indent=1))
    remember(manifest)
    if keep:
        _rotate(folder, keep)
    return path, manifest


def remember(manifest: Manifest) -> None:
    """That this is the newest backup, for `doctor` and the status page."""
    at = dt.datetime.fromisoformat(manifest.made_at)
    Beat.objects.update_or_create(
        name=BACKUP, defaults={"at": at, "note": f"{manifest.file}，{manifest.rows} 行"}
    )


def _free_name(folder: Path, now: dt.datetime) -> Path:
    """Named by the second; a second backup in the same one takes the next."""
    while (path := folder / f"digest-{now:{STAMP}}{SUFFIXES[connection.vendor]}").exists():
        now += dt.timedelta(seconds=1)
    return path


@contextmanager
def scratch_folder(beside: Path) -> Iterator[Path]:
    """A folder on the same disk, gone afterwards: there is room where the database is, /tmp may be memory."""
    with tempfile.TemporaryDirectory(dir=beside, prefix=SCRATCH) as folder:
        yield Path(folder)


def clear_leftovers(beside: Path) -> None:
    """Remove what runs that were killed have left of theirs."""
    long_ago = (clock.machine_now() - LEFT_FOR).timestamp()
    for folder in beside.glob(f"{SCRATCH}*"):
        if folder.stat().st_mtime < long_ago:
            shutil.rmtree(folder, ignore_errors=True)


def _copy_sqlite(draft: Path) -> dict[str, int]:
    plain = draft.with_suffix(".sqlite3")
    with closing(sqlite3.connect(settings.DATABASES["default"]["NAME"], timeout=60)) as source:
        source.execute("VACUUM INTO ?", [str(plain)])
    tables = check_sqlite(plain)
    with plain.open("rb") as unpacked, gzip.open(draft, "wb", compresslevel=6) as packed:
        shutil.copyfileobj(unpacked, packed, 1 << 20)
    return tables


def _dump_postgres(draft: Path) -> dict[str, int]:
    with postgres.snapshot() as (name, tables):
        command = ["pg_dump", "--format=custom", "--no-owner", f"--snapshot={name}", f"--file={draft}"]
        run(command, postgres.pg_environment())
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


def made_at(path: Path) -> dt.datetime:
    """When a backup was made, by its manifest."""
    return dt.datetime.fromisoformat(read_manifest(path).made_at)


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


def run(command: list[str], surroundings: dict[str, str]) -> None:
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
