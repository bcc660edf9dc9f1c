"""Servers on loopback, each in a session of its own, and what they have cost."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from posts.operations.processes import end_with_parent
from tests.servers import installed, servers

REPO = Path(__file__).resolve().parents[3]
SITE = "digest_site.wsgi:application"
AS_SERVED = "from posts.management.commands.serve import web_command as w; print('\\n'.join(w('127.0.0.1')))"
TICKS = os.sysconf("SC_CLK_TCK")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def has(program: str) -> bool:
    return shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin") is not None


@contextmanager
def running(*command: str, port: int, **environment: str) -> Iterator["Server"]:
    """A server of this repository, once its port answers; ended on leaving, and by the kernel when we are killed."""
    process = subprocess.Popen(
        command,
        cwd=REPO,
        env=os.environ | environment,
        start_new_session=True,
        preexec_fn=end_with_parent,
    )
    try:
        _wait(port, process)
        yield Server(f"http://127.0.0.1:{port}", process.pid)
    finally:
        process.terminate()
        process.wait(20)


@dataclass(frozen=True)
class Server:
    """A server that runs: its address, and the session of all its processes."""

    address: str
    session: int

    def cpu_seconds(self) -> float:
        """What the processes that live have used; less disturbed by other work than any clock on the wall."""
        lines = [_stat(path) for path in Path("/proc").glob("[0-9]*/stat")]
        return (
            sum(int(line[11]) + int(line[12]) for line in lines if line[3:4] == [str(self.session)]) / TICKS
        )


def _stat(path: Path) -> list[str]:
    """Fields of proc(5) from the state on; empty for a process that has just ended."""
    try:
        return path.read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 40
    while time.monotonic() < until and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise RuntimeError(f"nothing answers on port {port}")


def gunicorn(port: int, application: str = SITE) -> list[str]:
    """Exactly as `manage.py serve` starts the site."""
    command = manage("shell", "-v0", "-c", AS_SERVED, PORT=str(port)).splitlines()
    return [application if word == SITE else word for word in command]


def manage(*arguments: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=REPO,
        env=os.environ | environment,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return done.stdout


@contextmanager
def postgresql() -> Iterator[str | None]:
    """The address of an empty database on a server of its own; None where PostgreSQL is not installed."""
    if not installed():
        yield None
        return
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        os.chmod(folder, 0o755)
        with servers(Path(folder) / "servers") as given:
            yield given["DATABASE_URL"]


def fetch(address: str, **headers: str) -> tuple[bytes, dict[str, str]]:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    with urllib.request.urlopen(urllib.request.Request(address, headers=names), timeout=30) as answer:
        return answer.read(), {name.lower(): value for name, value in answer.headers.items()}
