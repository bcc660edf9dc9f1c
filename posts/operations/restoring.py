"""The proof that a backup can be used, and the way back to it."""

import gzip
import shutil
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from django.conf import settings
from django.core.cache import cache
from django.core.management import call_command
from django.db import DatabaseError, connection

from papers.models import Generation

from . import postgres
from .backup import BackupError, Manifest, check_sqlite, make, read_manifest, remember, run, scratch_folder
from .processes import environment


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
        run([sys.executable, "manage.py", "doctor", "--copy"], surroundings)
    return manifest


@contextmanager
def _scratch(vendor: str, path: Path) -> Iterator[tuple[str, dict[str, int]]]:
    """A scratch database with the backup in it: its address, and its rows by table."""
    if vendor == "sqlite":
        with scratch_folder(path.parent) as folder:
            copy = folder / "db.sqlite3"
            _unpack(path, copy)
            yield f"sqlite:///{copy}", check_sqlite(copy)
        return
    with postgres.scratch_database() as name:
        run(
            ["pg_restore", "--no-owner", "--exit-on-error", f"--dbname={name}", str(path)],
            postgres.pg_environment(),
        )
        yield postgres.url(name), postgres.rows_of(name)


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


def restore(path: Path, safety: Path | None) -> Manifest:
    """Put a backup in the place of the present database, which is itself backed up to `safety` first.

    The content generation goes on rising, so that no web process shows a page of before; and what the shared cache
    remembers of the present database is forgotten, or dates that the backup lacks would pass for settled.
    """
    manifest = read_manifest(path)
    _require_vendor(manifest)
    generation = _generation()
    newest = make(safety)[1] if safety and generation else manifest
    connection.close()
    (_restore_sqlite if manifest.vendor == "sqlite" else _restore_postgres)(path, manifest)
    call_command("migrate", verbosity=0)
    Generation.bump()
    Generation.objects.filter(pk=1, number__lte=generation).update(number=generation + 1)
    remember(newest)
    cache.clear()
    return manifest


def _generation() -> int:
    """The content generation; 0 in an empty database."""
    try:
        return Generation.current()
    except DatabaseError:
        return 0


def _restore_postgres(path: Path, manifest: Manifest) -> None:
    options = ["--clean", "--if-exists", "--no-owner", "--single-transaction", "--exit-on-error"]
    name = settings.DATABASES["default"]["NAME"]
    run(["pg_restore", *options, f"--dbname={name}", str(path)], postgres.pg_environment())
    postgres.drop_tables_but(manifest.tables)


def _restore_sqlite(path: Path, manifest: Manifest) -> None:
    """By SQLite's own online copying, so that whoever has the file open sees the new content."""
    target = Path(settings.DATABASES["default"]["NAME"])
    with scratch_folder(target.parent) as folder:
        copy = folder / "db.sqlite3"
        _unpack(path, copy)
        check_sqlite(copy)
        with closing(sqlite3.connect(copy)) as source, closing(sqlite3.connect(target, timeout=60)) as live:
            source.backup(live)
