"""How long the review queue and the desk take at 100,000 papers, and how often they ask the database.

    python -m tests.benchmarks.desk [papers]

On SQLite, and on PostgreSQL where it is installed, in test databases of their own. The bar is 150 ms for the list and
the desk. On a busy machine the CPU time says more: it is this process's, without PostgreSQL's own.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import django

from tests.benchmarks.parts.processes import REPO, postgresql

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "digest_site.settings")

PAPERS = 100_000
AWAITING = 300
ROUNDS = 15
BAR_MS = 150
HERE = "here"  # the word after the number of papers: on the database of DATABASE_URL


def main(papers: int = PAPERS) -> int:
    """Prints one line a figure; the exit status says whether every bar was kept."""
    kept = measured_on("", papers)
    with postgresql() as address:
        if address is None:
            print("desk: PostgreSQL: not measured, it is not installed", file=sys.stderr)
            return int(not kept)
        return int(not (measured_on(address, papers) and kept))


def measured_on(database: str, papers: int) -> bool:
    """Django knows one database a process."""
    command = [sys.executable, "-m", "tests.benchmarks.desk", str(papers), HERE]
    surroundings = os.environ | {"DATABASE_URL": database, "REDIS_URL": ""}
    return subprocess.call(command, cwd=REPO, env=surroundings) == 0


def on_this_database(papers: int) -> int:
    django.setup()
    from django.conf import settings
    from django.db import connection

    from tests.benchmarks import crowd

    # The files need not have been collected to be linked.
    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = settings.STORAGES | {"staticfiles": plain}
    with tempfile.TemporaryDirectory() as folder:
        if connection.vendor == "sqlite":
            connection.settings_dict["TEST"]["NAME"] = str(Path(folder) / "bench.sqlite3")
        name = connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
        try:
            started = time.perf_counter()
            crowd.fill(papers, awaiting=AWAITING)
            tell("fill", f"{time.perf_counter() - started:.1f} s for {papers} papers")
            kept = measure(papers)
        finally:
            connection.creation.destroy_test_db(name, verbosity=0)
    return 0 if kept else 1


def tell(name: str, figure: str) -> None:
    from django.db import connection

    print(f"desk: {connection.vendor}: {name}: {figure}", flush=True)


def measure(papers: int) -> bool:
    from django.contrib.auth.models import Group, User
    from django.db.models import F
    from django.test import Client
    from django.urls import reverse

    from papers.models import Summary

    client = Client(SERVER_NAME="127.0.0.1")
    user = User.objects.create_user("bench", is_staff=True)
    user.groups.add(Group.objects.get(name="主编"))
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    queue = reverse("admin:papers_summary_changelist")
    desk = reverse("admin:papers_summary_change", args=[papers - 5])
    look = reverse("admin:papers_summary_look", args=[papers - 5])
    current = Summary.objects.get(pk=papers - 5).current
    typed = current.text | {"base": current.pk, "title": "改过的标题"}
    pages: list[tuple[str, Callable[[], object]]] = [
        (f"list, {AWAITING} waiting", lambda: client.get(queue)),
        ("list, all states", lambda: client.get(queue, {"state": "all"})),
        ("list, one category", lambda: client.get(queue, {"category": "eess.AS"})),
        ("list, search for a word", lambda: client.get(queue, {"q": "语音识别"})),
        ("desk", lambda: client.get(desk)),
        ("look at typed words", lambda: client.post(look, typed)),
    ]
    kept = [timed(name, page) for name, page in pages]
    Summary.objects.update(status="needs_review", public=None, current=F("pk"))
    kept.append(timed(f"list, {papers} waiting", lambda: client.get(queue)))
    kept.append(timed(f"desk, {papers} waiting", lambda: client.get(desk)))
    return all(kept)


def timed(name: str, page: Callable[[], object]) -> bool:
    """The middle and the slowest of some rounds after a first one, with the number of queries."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    assert page().status_code == 200
    with CaptureQueriesContext(connection) as asked:
        page()
        queries = len(asked)
    rounds, busy = [], time.process_time()
    for _ in range(ROUNDS):
        started = time.perf_counter()
        page()
        rounds.append((time.perf_counter() - started) * 1000)
    busy = (time.process_time() - busy) * 1000 / ROUNDS
    middle = statistics.median(rounds)
    tell(
        name,
        f"{middle:.0f} ms (slowest {max(rounds):.0f} ms, CPU here {busy:.0f} ms), {queries} queries, bar {BAR_MS} ms",
    )
    return middle <= BAR_MS


if __name__ == "__main__":
    number = int(next(iter(sys.argv[1:2]), PAPERS))
    sys.exit(on_this_database(number) if HERE in sys.argv else main(number))
