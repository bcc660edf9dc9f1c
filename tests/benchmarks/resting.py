"""Memory of an installation at rest: the site and a cluster of one worker, as the small server runs them.

    python -m tests.benchmarks.resting

It has served pages and run every scheduled task once, and then nothing happens. PSS of the supervisor and all
below it: shared pages count once.
"""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

from tests.fakes.demo import descendants

from .speed import pss

BAR_MB = 300
PAGES = ("/", "/archive/", "/categories/", "/search/?q=speech", "/feeds/all/atom.xml", "/admin/login/")
UP_WITHIN, SETTLED_AFTER = 120.0, 45.0


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="digest-resting-") as folder, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        os.environ.update(surroundings(Path(folder), port))
        subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], check=True)
        process = subprocess.Popen([sys.executable, "manage.py", "serve"], stdout=subprocess.DEVNULL)
        try:
            wait_for(f"http://127.0.0.1:{port}/healthz")
            for page in PAGES * 5:
                urllib.request.urlopen(f"http://127.0.0.1:{port}{page}", timeout=20).read()
            time.sleep(SETTLED_AFTER)
            used = {pid: pss(pid) for pid in descendants(process.pid)}
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)
    total = sum(used.values())
    print(f"resting: web and one worker, {len(used)} processes: {total:.0f} MB PSS (bar {BAR_MB})")
    return 0 if total <= BAR_MB else 1


def surroundings(folder: Path, port: int) -> dict[str, str]:
    """Nothing of it asks the outside: arXiv is where nobody listens."""
    nowhere = dict.fromkeys(
        ("ARXIV_SITE_URL", "ARXIV_RSS_URL", "ARXIV_API_URL", "ARXIV_OAI_URL"), "http://127.0.0.1:9"
    )
    return nowhere | {
        "DATABASE_URL": f"sqlite:///{folder / 'db.sqlite3'}",
        "REDIS_URL": "",
        "PORT": str(port),
        "WORKERS": "1",
        "WEB_WORKERS": "1",
        "LOG_LEVEL": "CRITICAL",
    }


def wait_for(url: str) -> None:
    until = time.monotonic() + UP_WITHIN
    while True:
        try:
            urllib.request.urlopen(url, timeout=2).read()
            return
        except OSError:
            if time.monotonic() > until:
                raise SystemExit("resting: the site did not start") from None
            time.sleep(0.2)


if __name__ == "__main__":
    sys.exit(main())
