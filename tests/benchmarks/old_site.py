"""Bars of the old site: import, export and the static build of 140 days with 1,506 papers.

    .venv/bin/python -m tests.benchmarks.old_site

Works in a temporary directory on a database of its own. CPU seconds are of all processes of a command together.
"""

import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.parts.old_posts import DAYS, PAPERS, write_posts

REPO = Path(__file__).resolve().parents[2]


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        base = Path(folder)
        old, new, site = base / "old", base / "new", base / "site"
        print(f"old site: {DAYS} posts, {PAPERS} papers, {write_posts(old)} posts of them real", flush=True)
        run = Manage(base / "db.sqlite3")
        run("migrate", "-v0")
        taken = run("import_jekyll", str(old))
        tell("import", f"{taken.seconds:.1f} s", "≤ 20 s", taken.seconds <= 20, f"{taken.cpu:.1f} s CPU")
        tell("import, memory", f"{taken.megabytes:.0f} MB", "≤ 300 MB", taken.megabytes <= 300)
        again = run("import_jekyll", str(old))
        tell("import again", again.last, "new=0 changed=0", "new=0 changed=0" in again.last)
        run("export_jekyll", str(new))
        same = sum((new / path.name).read_bytes() == path.read_bytes() for path in old.iterdir())
        tell("exported byte for byte", f"{same} posts", f"{DAYS}", same == DAYS)
        build(run, site)


def build(run: "Manage", site: Path) -> None:
    """Cold, with nothing changed, and after one paper changed: an old one, and the newest, which is in most lists."""
    words = ("build_site", str(site), "--base-url", "https://example.github.io/digest")
    cold = run(*words)
    tell("cold build", f"{cold.seconds:.1f} s", "≤ 60 s", cold.seconds <= 60, f"{cold.cpu:.1f} s CPU")
    idle = run(*words)
    tell("build without a change", f"{idle.seconds:.1f} s", "written=0", "written=0" in idle.last, idle.last)
    for name, month in (("an old paper", "2511"), ("the newest paper", "")):
        run("shell", "-v0", "-c", change(month))
        done = run(*words)
        what = f"build after {name} changed"
        tell(what, f"{done.seconds:.1f} s", "≤ 2 s", done.seconds <= 2, f"{done.cpu:.1f} s CPU, {done.last}")


def tell(name: str, value: str, bar: str, kept: bool, note: str = "") -> None:
    missed = "" if kept else " MISSED"
    print(f"old site: {name}: {value} (bar: {bar}){missed}{f' [{note}]' if note else ''}", flush=True)


@dataclass(frozen=True)
class Done:
    """How a command went: its last line, wall and CPU seconds, and the most memory of its biggest process."""

    last: str
    seconds: float
    cpu: float
    megabytes: float


class Manage:
    """`manage.py` in a process of its own, measured."""

    def __init__(self, database: Path) -> None:
        self.environ = os.environ | {"DATABASE_URL": f"sqlite:///{database}"}

    def __call__(self, *words: str) -> Done:
        started = time.monotonic()
        with tempfile.TemporaryFile("w+") as out:
            process = subprocess.Popen(
                [sys.executable, "manage.py", *words], cwd=REPO, env=self.environ, stdout=out, text=True
            )
            _, status, used = os.wait4(process.pid, 0)
            seconds = time.monotonic() - started
            process.returncode = os.waitstatus_to_exitcode(status)
            out.seek(0)
            last = (out.read().strip().split("\n") or [""])[-1]
        if process.returncode:
            sys.exit(f"{words} ended with {process.returncode}")
        return Done(last, seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def change(month: str) -> str:
    """Python that changes the public title and abstract of the newest paper (of a month)."""
    return (
        "from django.utils import timezone; from papers.models import *;"
        f"s = Summary.objects.filter(paper__arxiv_id__startswith='{month}').order_by('-paper__arxiv_id')[0];"
        "r = Revision.objects.create(summary=s, paper_version=1, title='改过的题目',"
        " abstract=s.public.abstract + '改。', reading=s.public.reading);"
        "Summary.objects.filter(pk=s.pk).update(public=r, current=r, public_changed_at=timezone.now());"
        "Generation.bump()"
    )


if __name__ == "__main__":
    main()
