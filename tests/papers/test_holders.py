"""Who holds a lease: machines that are named alike, and process ids that mean nothing elsewhere."""

import os
import subprocess
import sys

import pytest

from papers import holders


def dead_pid() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def twin(monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a container with our host name, whose process ids are its own."""
    with monkeypatch.context() as patched:
        patched.setattr(holders.os, "readlink", lambda path: "pid:[4026531999]")
        return holders.host()


def test_a_process_that_is_gone_holds_nothing() -> None:
    assert holders.is_alive(holders.holder())
    assert not holders.is_alive(f"{holders.HOST}:{dead_pid()}:abc")


def test_a_process_of_a_twin_machine_is_not_looked_for_here(monkeypatch: pytest.MonkeyPatch) -> None:
    assert twin(monkeypatch) != holders.HOST
    assert holders.is_alive(f"{twin(monkeypatch)}:{dead_pid()}:abc")


def test_a_machine_has_one_name_for_all_of_its_processes() -> None:
    script = "from papers import holders; print(holders.HOST)"
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == holders.HOST == holders.host()


@pytest.mark.parametrize("name", ["a" * 64, "with:colons", ""])
def test_whatever_a_host_is_called_its_name_fits_where_it_is_stored(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(holders.socket, "gethostname", lambda: name)
    host = holders.host()
    assert len(f"work:{host}") <= 32 and ":" not in host
    monkeypatch.setattr(holders, "HOST", host)
    assert len(holders.holder()) <= 64 and holders.is_alive(holders.holder())


def test_a_process_of_another_user_is_alive() -> None:
    def refuse(pid: int, number: int) -> None:
        raise PermissionError

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(holders.os, "kill", refuse)
        assert holders.is_alive(f"{holders.HOST}:{os.getpid()}:abc")
