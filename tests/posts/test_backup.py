"""Backup, the drill that proves it, and restore; on whichever database the suite runs on."""

import gzip
import json
import os
import sqlite3
from contextlib import closing
from io import StringIO
from pathlib import Path

import pytest
from django.core.cache import cache
from django.core.management import CommandError, call_command
from django.db import connection

from papers.models import Beat, Generation, Paper
from posts.models import Subscriber
from posts.operations import backup, restoring
from posts.operations.backup import BackupError
from tests.base import make_paper, make_public_paper

pytestmark = pytest.mark.django_db(transaction=True)
sqlite_only = pytest.mark.skipif(connection.vendor != "sqlite", reason="about the file of SQLite")


def papers() -> set[str]:
    return set(Paper.objects.values_list("arxiv_id", flat=True))


def test_a_backup_is_one_private_file_and_what_is_in_it(tmp_path: Path) -> None:
    make_paper("2601.00001")
    path, manifest = backup.make(tmp_path)
    assert path.stat().st_mode & 0o077 == 0
    assert manifest.tables["papers_paper"] == 1
    assert any(name.startswith("papers.") for name in manifest.migrations)
    assert sorted(one.name for one in tmp_path.iterdir()) == [path.name, f"{path.name}.json"]
    assert path.name in Beat.objects.get(name="backup").note


def test_what_a_killed_backup_left_is_cleared_away(tmp_path: Path) -> None:
    old, new = tmp_path / f"{backup.SCRATCH}old", tmp_path / f"{backup.SCRATCH}new"
    for folder in (old, new):
        folder.mkdir()
        (folder / "backup").write_bytes(b"half")
    os.utime(old, (0, 0))
    backup.make(tmp_path)
    assert not old.exists() and new.exists(), "another backup may be under way"


def test_only_the_newest_are_kept(tmp_path: Path) -> None:
    for stamp in ("20250101T000000Z", "20250102T000000Z", "20250103T000000Z"):
        (tmp_path / f"digest-{stamp}.sqlite3.gz").write_bytes(b"")
        (tmp_path / f"digest-{stamp}.sqlite3.gz.json").write_bytes(b"{}")
    (tmp_path / "notes.txt").write_text("mine")
    path, _ = backup.make(tmp_path, keep=2)
    kept = {one.name for one in tmp_path.iterdir()}
    assert path.name in kept and "notes.txt" in kept
    assert len(kept) == 5, "two backups, their manifests, and what is not ours"


def test_what_is_restored_is_what_was_backed_up(tmp_path: Path) -> None:
    make_paper("2601.00001")
    path, _ = backup.make(tmp_path / "a")
    make_paper("2601.00002")
    Paper.objects.filter(arxiv_id="2601.00001").update(title="Changed since")
    restoring.restore(path, tmp_path / "before")
    assert papers() == {"2601.00001"}
    assert Paper.objects.get().title != "Changed since"


def test_a_restored_installation_knows_its_newest_backup_and_forgets_what_was_remembered(
    tmp_path: Path,
) -> None:
    make_paper("2601.00001")
    path, _ = backup.make(tmp_path / "a")
    cache.set("history:cs.SD", "all settled")
    restoring.restore(path, tmp_path / "before")
    (safety,) = (tmp_path / "before").glob("*.json")
    assert safety.name.removesuffix(".json") in Beat.objects.get(name="backup").note
    assert cache.get("history:cs.SD") is None


def test_the_way_back_from_a_newer_release_leaves_nothing_of_it(tmp_path: Path) -> None:
    """Its tables would stand in the way of the next upgrade."""
    path, _ = backup.make(tmp_path / "a")
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE posts_of_a_newer_release (id integer)")
    restoring.restore(path, tmp_path / "before")
    assert "posts_of_a_newer_release" not in connection.introspection.table_names()


def test_a_backup_of_an_older_release_is_migrated(tmp_path: Path) -> None:
    make_paper("2601.00001")
    call_command("migrate", "posts", "0004", verbosity=0)
    try:
        path, manifest = backup.make(tmp_path / "a")
    finally:
        call_command("migrate", verbosity=0)
    assert "posts.0004_old_layout" in manifest.migrations
    restoring.restore(path, tmp_path / "before")
    assert papers() == {"2601.00001"}
    Subscriber.objects.update(refusals=1)


def test_the_generation_rises_so_that_no_page_of_before_is_shown(tmp_path: Path) -> None:
    Generation.bump()
    path, _ = backup.make(tmp_path / "a")
    for _ in range(5):
        Generation.bump()
    before = Generation.objects.get(pk=1).number
    restoring.restore(path, tmp_path / "before")
    assert Generation.objects.get(pk=1).number > before


def test_the_present_database_is_backed_up_before_it_is_replaced(tmp_path: Path) -> None:
    Generation.bump()
    path, _ = backup.make(tmp_path / "a")
    make_paper("2601.00002")
    restoring.restore(path, tmp_path / "before")
    (safety,) = backup.backups(tmp_path / "before")
    assert backup.read_manifest(safety).tables["papers_paper"] == 1


def test_restore_asks_before_it_replaces_papers(tmp_path: Path) -> None:
    make_paper("2601.00001")
    path, _ = backup.make(tmp_path)
    with pytest.raises(CommandError) as refused:
        call_command("restore", str(path))
    assert refused.value.returncode == 2
    assert "--yes" in str(refused.value)


def test_two_backups_in_one_second_are_two(tmp_path: Path) -> None:
    assert backup.make(tmp_path)[0] != backup.make(tmp_path)[0]
    assert len(backup.backups(tmp_path)) == 2


def test_a_damaged_backup_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    make_paper("2601.00001")
    path, _ = backup.make(tmp_path)
    path.write_bytes(path.read_bytes()[:-10] + b"0123456789")
    with pytest.raises(BackupError, match="损坏"):
        restoring.restore(path, tmp_path)
    assert papers() == {"2601.00001"}


def test_a_backup_without_its_manifest_is_refused(tmp_path: Path) -> None:
    path, _ = backup.make(tmp_path)
    Path(f"{path}.json").unlink()
    with pytest.raises(BackupError, match="缺失"):
        restoring.restore(path, tmp_path)


def test_a_backup_of_another_kind_of_database_is_refused(tmp_path: Path) -> None:
    path, _ = backup.make(tmp_path)
    manifest = Path(f"{path}.json")
    fields = json.loads(manifest.read_text())
    fields["vendor"] = "postgresql" if connection.vendor == "sqlite" else "sqlite"
    manifest.write_text(json.dumps(fields))
    with pytest.raises(BackupError, match="copy_database"):
        restoring.drill(path)


def test_the_drill_restores_migrates_and_reads_pages(tmp_path: Path) -> None:
    make_public_paper("2601.00001")
    out = StringIO()
    call_command("backup", to=tmp_path, stdout=out)
    assert "演练" in out.getvalue()
    assert papers() == {"2601.00001"}


@sqlite_only
def test_the_drill_finds_rows_that_are_missing(tmp_path: Path) -> None:
    make_paper("2601.00001")
    path, _ = backup.make(tmp_path)
    plain = tmp_path / "plain.sqlite3"
    plain.write_bytes(gzip.decompress(path.read_bytes()))
    with closing(sqlite3.connect(plain)) as copy:
        copy.execute("DELETE FROM papers_papercategory")
        copy.execute("DELETE FROM papers_paper")
        copy.commit()
    path.write_bytes(gzip.compress(plain.read_bytes()))
    manifest = Path(f"{path}.json")
    fields = json.loads(manifest.read_text()) | {"sha256": backup._sha256(path)}
    manifest.write_text(json.dumps(fields))
    with pytest.raises(BackupError, match="papers_paper"):
        restoring.drill(path)


@sqlite_only
def test_a_backup_taken_while_others_write_is_whole(tmp_path: Path) -> None:
    make_paper("2601.00001")
    with closing(sqlite3.connect(connection.settings_dict["NAME"], timeout=1)) as other:
        other.execute("BEGIN IMMEDIATE")
        other.execute("UPDATE papers_paper SET title = 'half'")
        plain = tmp_path / "copy"
        tables = backup._copy_sqlite(plain)
        other.rollback()
    assert tables["papers_paper"] == 1
    assert b"half" not in gzip.decompress(plain.read_bytes())
