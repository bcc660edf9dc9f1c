"""Search among 100,000 papers, on SQLite and on PostgreSQL where it is installed, and whether both find the same.

    .venv/bin/python -m tests.benchmarks.searching [--papers 100000]

Works in a temporary directory on databases of its own.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path

from tests.benchmarks.parts.processes import manage, postgresql

A_DAY = 50
FILL = "from tests.benchmarks import library; library.fill({days}, {a_day}, readings=False); library.index()"
FIND = "from tests.benchmarks.parts.finding import main; main({path!r})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--papers", type=int, default=100_000)
    papers = parser.parse_args().papers
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        os.chmod(folder, 0o755)
        hits = [measure("SQLite", f"sqlite:///{folder}/db.sqlite3", papers, Path(folder))]
        with postgresql() as address:
            if address is None:
                print("PostgreSQL: not measured, it is not installed", file=sys.stderr)
                return
            hits.append(measure("PostgreSQL", address, papers, Path(folder)))
        other = sum(hits[0][name] != hits[1][name] for name in hits[0])
        print(f"searches with other hits on PostgreSQL: {other} of {len(hits[0])} (bar: 0)")


def measure(name: str, database: str, papers: int, folder: Path) -> dict[str, list[int]]:
    started = time.monotonic()
    environment = {"DATABASE_URL": database, "DEBUG": "no", "REDIS_URL": ""}
    manage("migrate", "-v0", **environment)
    manage("collectstatic", "--noinput", "-v0", **environment)
    manage("shell", "-v0", "-c", FILL.format(days=papers // A_DAY, a_day=A_DAY), **environment)
    print(f"{name}: {papers} papers made and indexed in {time.monotonic() - started:.0f} s", flush=True)
    path = folder / f"{name}.json"
    print(manage("shell", "-v0", "-c", FIND.format(path=str(path)), **environment), end="", flush=True)
    return json.loads(path.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
