"""The demonstration however it ends: nothing of it goes on, and a run that cannot complete says so and stops."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from posts.operations.processes import children_of
from tests.fakes import demo
from tests.faults.cluster import wait_for
from tests.servers import ROOT

COMMAND = (sys.executable, "-m", "tests.fakes.demo")


@contextmanager
def running(folder: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [*COMMAND, *arguments],
        cwd=ROOT,
        env=os.environ | {"TMPDIR": str(folder), "LOG_LEVEL": "ERROR"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        # Whoever is started in the background of a shell is deaf to Ctrl-C, and so are its children.
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
    ) as process:
        yield process


def family(pid: int) -> list[int]:
    return [one for child in children_of(pid) for one in (child, *family(child))]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_a_demonstration_that_is_ended_takes_its_cluster_along(
    tmp_path: Path, number: signal.Signals
) -> None:
    with running(tmp_path, "--delay", "5") as process:
        wait_for(lambda: len(family(process.pid)) >= 6, "a cluster at work")
        others = family(process.pid)
        process.send_signal(number)
        assert process.wait(40) == {signal.SIGKILL: -9}.get(number, 128 + number)
        wait_for(lambda: not any(Path(f"/proc/{pid}").exists() for pid in others), "the end of all")
        assert "Traceback" not in process.stderr.read()
    assert number == signal.SIGKILL or not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "fault, said",
    [("refusal", "given up: (translate|analyse) "), ("bad-key-401", "model work is halted: HTTP 401")],
)
def test_a_demonstration_that_cannot_complete_says_why_and_stops(
    tmp_path: Path, fault: str, said: str
) -> None:
    started = time.monotonic()
    with running(tmp_path, "--papers", "6", "--days", "1", "--model-fault", fault) as process:
        _, errors = process.communicate(timeout=120)
    assert process.returncode == 1 and re.search(f"not complete: {said}", errors)
    assert time.monotonic() - started < demo.GIVE_UP_AFTER / 4


@pytest.mark.parametrize(
    "arguments",
    [
        "--papers 0",
        "--papers 1000",
        "--papers ²",
        "--days -1",
        "--workers 0",
        "--delay nan",
        "--model-fault storm",
    ],
)
def test_an_argument_that_makes_no_demonstration_is_a_usage_error(
    arguments: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        demo.parse(arguments.split())
    assert ended.value.code == 2 and f"argument {arguments.split()[0]}:" in capsys.readouterr().err
