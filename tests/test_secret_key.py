"""The key that an installation makes for itself: whole or not at all, one for all processes, nobody else's to read."""

import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from digest_site.secret_key import kept_secret

ROOT = Path(__file__).resolve().parent.parent
ASK = "import sys, pathlib, digest_site.secret_key as key; print(key.kept_secret(pathlib.Path(sys.argv[1])))"


@contextmanager
def full_disk() -> Iterator[None]:
    """No file of this process can become longer."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_it_is_made_once(tmp_path: Path) -> None:
    key = kept_secret(tmp_path / "key")
    assert len(key) > 50
    assert kept_secret(tmp_path / "key") == key


def test_a_full_disk_leaves_nothing_that_could_be_taken_for_a_key(tmp_path: Path) -> None:
    with full_disk(), pytest.raises(OSError):
        kept_secret(tmp_path / "key")
    assert not list(tmp_path.iterdir())
    assert kept_secret(tmp_path / "key")


@pytest.mark.parametrize("left", ["", "\n"])
def test_an_empty_file_is_no_key(tmp_path: Path, left: str) -> None:
    (tmp_path / "key").write_text(left)
    key = kept_secret(tmp_path / "key")
    assert key and kept_secret(tmp_path / "key") == key


def test_only_its_owner_can_read_it(tmp_path: Path) -> None:
    (tmp_path / "key").touch(mode=0o644)
    before = os.umask(0)
    try:
        kept_secret(tmp_path / "key")
    finally:
        os.umask(before)
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600


def test_processes_that_begin_together_have_one_key(tmp_path: Path) -> None:
    (tmp_path / "key").touch()
    command = [sys.executable, "-c", ASK, str(tmp_path / "key")]
    several = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(6)]
    (key,) = {process.communicate()[0].strip() for process in several}
    assert key and key == (tmp_path / "key").read_text()
