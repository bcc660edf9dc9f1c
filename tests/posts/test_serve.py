"""`manage.py serve` with all of its processes: what the operator reads of them."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from posts.operations.processes import children_of

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.skipif(not Path("/proc").is_dir(), reason="there is no /proc here")


def until(true: Callable[[], object], within: float = 20.0) -> None:
    end = time.monotonic() + within
    while not true():
        assert time.monotonic() < end
        time.sleep(0.05)


class Served:
    """A site and its worker on a database without tables, so that every process has something to complain about."""

    def __init__(self, folder: Path, port: int) -> None:
        self.port = port
        self.said = folder / "said"
        surroundings = {
            "DATABASE_URL": f"sqlite:///{folder}/empty.sqlite3",
            "PORT": str(port),
            "REDIS_URL": "",
        }
        self.supervisor = subprocess.Popen(
            [sys.executable, "manage.py", "serve"],
            cwd=ROOT,
            env=os.environ | surroundings | {"LOG_JSON": "yes", "WEDGED_SECONDS": "30"},
            stdout=subprocess.PIPE,
            stderr=self.said.open("wb"),
            text=True,
            start_new_session=True,
        )
        assert self.supervisor.stdout and self.supervisor.stdout.readline().startswith("Site: ")

    def ask(self, request: bytes) -> None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=5) as line:
            line.sendall(request)
            line.recv(1000)

    def speakers(self) -> set[str]:
        return {json.loads(line)["logger"] for line in self.lines()}

    def lines(self) -> list[str]:
        return self.said.read_text(encoding="utf-8").splitlines()

    def end(self) -> None:
        self.supervisor.send_signal(signal.SIGTERM)
        self.supervisor.wait(40)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    site = Served(tmp_path, port)
    yield site
    site.end()


def test_every_line_of_every_process_has_one_form(served: Served) -> None:
    web, _ = children_of(served.supervisor.pid)
    served.ask(b"NONSENSE\r\n\r\n")  # gunicorn says so itself
    served.ask(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")  # a page without a database
    until(lambda: {"gunicorn.error", "posts.database", "django-q"} <= served.speakers())
    os.kill(web, signal.SIGKILL)
    until(lambda: "posts.supervisor" in served.speakers())
    served.end()
    assert all(json.loads(line)["time"].endswith("Z") for line in served.lines())
