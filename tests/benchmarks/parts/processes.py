"""Servers on loopback and wrk against them."""

import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

REPO = Path(__file__).resolve().parents[3]
CONNECTIONS = 32
GUNICORN = [
    *("--workers", "2", "--threads", "8", "--worker-class", "gthread", "--preload"),
    *("--log-level", "warning", "--worker-tmp-dir", "/dev/shm"),
]
AS_BROWSERS_DO = "Accept-Encoding: gzip, deflate, br"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def has(program: str) -> bool:
    return shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin") is not None


@contextmanager
def running(*command: str, port: int, **environment: str) -> Iterator[str]:
    """A server of this repository; gives its address once the port answers, ends it on leaving."""
    process = subprocess.Popen(command, cwd=REPO, env=os.environ | environment)
    try:
        _wait(port, process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 40
    while time.monotonic() < until and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise RuntimeError(f"nothing answers on port {port}")


def gunicorn(application: str, port: int) -> list[str]:
    """As `manage.py serve` starts it, but for the recycling of workers."""
    return [sys.executable, "-m", "gunicorn", application, "--bind", f"127.0.0.1:{port}", *GUNICORN]


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
    if not Path("/usr/lib/postgresql").exists():
        yield None
        return
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        os.chmod(folder, 0o755)
        servers = [str(REPO / "scripts/servers"), "{}", str(Path(folder) / "servers")]
        start, stop = ([word.format(verb) for word in servers] for verb in ("start", "stop"))
        said = subprocess.run(start, check=True, stdout=subprocess.PIPE, text=True).stdout
        try:
            yield re.search(r"postgres://\S+", said)[0]
        finally:
            subprocess.run(stop, check=True)


def fetch(address: str, **headers: str) -> tuple[bytes, dict[str, str]]:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    with urllib.request.urlopen(urllib.request.Request(address, headers=names), timeout=30) as answer:
        return answer.read(), {name.lower(): value for name, value in answer.headers.items()}


def rate(address: str, seconds: float = 3, header: str = AS_BROWSERS_DO) -> float:
    """Requests a second; every answer must be a good one."""
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds:.0f}s", "-H", header, address]
    text = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    if "Non-2xx" in text:
        raise RuntimeError(f"{address} fails under load:\n{text}")
    return float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1])
