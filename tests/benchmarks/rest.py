"""What the application costs while nothing happens: memory of the web and of one cluster with one worker.

    python -m tests.benchmarks.rest

`manage.py serve` as an operator's small server has it (WORKERS=1) on SQLite, after a day of three papers: the public
pages and the admin's login are opened, everything comes to rest, then the share of every process is added up, the
watching one included.
"""

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from posts.operations.processes import end_with_parent
from tests.benchmarks.parts import wire
from tests.benchmarks.parts.processes import REPO, fetch, free_port, manage
from tests.benchmarks.parts.watching import Tally, pss_below
from tests.fakes.demo import NEWEST

PAGES = ("/", "/d/speech/", "/categories/", "/search/?q=speech", "/feeds/all/atom.xml", "/admin/login/")
UP_WITHIN = 90.0
# Long enough for every schedule to have run once.
REST_SECONDS = 75


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="digest-rest-") as folder, wire.servers({NEWEST: 3}, {}) as fakes:
        port = free_port()
        os.environ |= fakes | {
            "DATABASE_URL": f"sqlite:///{Path(folder) / 'db.sqlite3'}",
            "REDIS_URL": "",
            "DATA_DIR": folder,
            "NOW": wire.noon(NEWEST),
            "WORKERS": "1",
            "PORT": str(port),
        }
        manage("migrate", "--verbosity", "0")
        tally = Tally("rest")
        at_rest(f"http://127.0.0.1:{port}", tally)
    return 0 if tally.kept else 1


def at_rest(site: str, tally: Tally) -> None:
    serve = subprocess.Popen(
        [sys.executable, "manage.py", "serve"],
        cwd=REPO,
        start_new_session=True,
        preexec_fn=end_with_parent,
        stdout=subprocess.DEVNULL,
    )
    try:
        wait_for(site)
        for page in PAGES:
            fetch(f"{site}{page}")
        time.sleep(REST_SECONDS)
        tally.at_most(300, "memory of web and one cluster with one worker", pss_below(serve.pid), "MB PSS")
    finally:
        serve.send_signal(signal.SIGTERM)
        serve.wait(60)


def wait_for(site: str) -> None:
    until = time.monotonic() + UP_WITHIN
    while time.monotonic() < until:
        try:
            fetch(f"{site}/healthz")
            return
        except OSError:
            time.sleep(0.3)
    raise SystemExit("rest: the site did not come up")


if __name__ == "__main__":
    sys.exit(main())
