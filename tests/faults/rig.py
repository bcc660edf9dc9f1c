"""A small installation made of real processes, to be broken: fake arXiv and model, database, supervised cluster.

Nothing of Django runs in the tests' own process. A test takes the next day, does its harm, and sees the day
completed: what that means is in truth.py.
"""

import datetime as dt
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any, Self

from tests.fakes import crowd
from tests.fakes.arxiv import FakeArxiv
from tests.fakes.edition import environment
from tests.faults.cluster import WORKERS, Cluster, wait_for
from tests.faults.components import AWAY, KEY, Components, package
from tests.faults.truth import GIVE_UP_AFTER, Truth
from tests.faults.weather import MoodyModel
from tests.servers import ROOT

NEWEST = dt.date(2026, 9, 17)
NOW = "2026-09-17T06:00:00+00:00"
NAMES = ("Aldra", "Bermo", "Corvin", "Dastel", "Ewrin", "Falmor")
LLM_CONCURRENCY = 4
MODEL_SECONDS = 0.3
RING_EVERY = 1.0
BELL = ("papers.tasks.summarize", "posts.tasks.assemble", "papers.tasks.beat")
SETTINGS = {
    "NOW": NOW,
    "SECRET_KEY": KEY,
    "WORKERS": str(WORKERS),
    "WEB_WORKERS": "1",
    "LLM_CONCURRENCY": str(LLM_CONCURRENCY),
    "LLM_DEADLINE_SECONDS": "20",
    "LLM_PRICE_INPUT": "1",
    "LLM_PRICE_OUTPUT": "2",
    "LEASE_SECONDS": "8",
    "WEDGED_SECONDS": "10",
    "SITE_URL": "http://127.0.0.1",
    "LOG_LEVEL": "ERROR",
}


class Rig:
    """An installation with `days` to be listed, and a cluster that `cluster.start()` starts."""

    def __init__(self, components: Components, folder: Path, days: int) -> None:
        self.components = components
        self.folder = folder
        self.world = world_of(crowd.days_before(NEWEST, days))
        self.days = iter(crowd.days_before(NEWEST, days))
        self.arxiv = FakeArxiv(self.world)
        self.model = MoodyModel()
        self.model.forget()
        self.truth = Truth(components, self.model)
        self.changes: dict[str, str] = {}
        self.cluster = Cluster(self.environment, folder)
        self.day: dt.date | None = None
        self.key = KEY
        self.ahead = 0.0
        self.insist = False
        self.restarts = 0
        self.heard = 0
        self.called = threading.Event()
        self.ended = threading.Event()

    def __enter__(self) -> Self:
        self.arxiv.__enter__()
        self.model.__enter__()
        threading.Thread(target=self._ring, daemon=True).start()
        return self

    def __exit__(self, *exception: Any) -> None:
        self.ended.set()
        self.cluster.stop()
        self.model.stop()
        self.arxiv.close()

    def environment(self) -> dict[str, str]:
        addresses = environment(self.arxiv, self.model)
        return os.environ | addresses | SETTINGS | self.components.environment() | self.changes

    def prepare(self) -> None:
        """Tables, and a site that publishes by itself; the bell is ours, so the schedules are taken away."""
        command = [sys.executable, "manage.py", "migrate", "--verbosity", "0"]
        subprocess.run(command, cwd=ROOT, env=self.environment(), check=True)
        self.sql("DELETE FROM django_q_schedule")
        self.sql("UPDATE posts_digest SET policy = 'machine'")

    def recover(self) -> None:
        """Well again, whatever the last test did."""
        self.model.forget()
        self.model.set_delay(MODEL_SECONDS)
        self.arxiv.clear()
        if not self.cluster.is_running():
            self.cluster.start()
        self.cluster.kills, self.restarts = 0, self.cluster.restarts()
        self.heard = len(self._log())

    def said(self) -> str:
        """What the processes wrote to standard error during this test."""
        return self._log()[self.heard :]

    def _log(self) -> str:
        return self.cluster.log.read_text(errors="replace") if self.cluster.log.exists() else ""

    def sql(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        return self.components.sql(statement, *values)

    # --- A day -------------------------------------------------------------------------------------------------

    def begin(self) -> dt.date:
        """Ask for the next day to be listed; its date."""
        self.day = next(self.days)
        self.called.set()
        return self.day

    def finish(
        self, day: dt.date, *, cut_off: int = 0, people: int = 0, patience: float = GIVE_UP_AFTER
    ) -> None:
        """Wait until the day is complete, then see that everything is as it must be."""
        papers = self.announced(day)
        self.truth.wait(day, papers, patience)
        try:
            # A cluster that was killed, by us or by its supervisor, lost the calls that it was making.
            killed = self.cluster.kills + self.cluster.restarts() - self.restarts
            self.truth.check(day, papers, cut_off=cut_off + killed, people=people)
        except AssertionError as error:
            raise AssertionError(f"{error}\n{self.cluster.everything()}\n{self.said()[-3000:]}") from error
        self.day = None

    def announced(self, day: dt.date) -> set[str]:
        """The ids of the day's papers."""
        return {paper.arxiv_id for paper in self.world.papers.values() if paper.versions[0].announced == day}

    def busy_worker(self) -> int:
        """A worker that is in the middle of a model call."""
        return wait_for(self._busy, "a busy worker")[0]

    def _busy(self) -> list[int]:
        rows = self.sql(
            "SELECT worker FROM papers_job WHERE state = 'running' AND kind IN ('translate', 'analyse')"
        )
        busy = {int(worker.rpartition(":")[2]) for (worker,) in rows}
        return [pid for pid in self.cluster.pool() if pid in busy]

    # --- The bell ----------------------------------------------------------------------------------------------

    def _ring(self) -> None:
        """What the schedules do once a minute: look at the tables now. Between tests the heart goes on."""
        while not self.ended.is_set():
            self.called.wait(RING_EVERY)
            self.called.clear()
            try:
                self.ring()
            except (*AWAY, OSError):
                continue  # that is what we are here for

    def ring(self) -> None:
        if not self.cluster.is_running():
            return
        if self.day is None:
            return self._push(BELL[-1])
        if self.insist or not self.sql("SELECT 1 FROM papers_announcement WHERE date = ?", f"{self.day:%F}"):
            self._push("papers.tasks.ingest", f"{self.day:%F}")
        if self.insist:  # else the API, where the others leave nothing open, is asked every third day
            self.sql("UPDATE papers_poll SET asked_at = ? WHERE source = 'api'", f"{NEWEST:%Y-%m}-01")
        now = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=self.ahead)
        # No wait is too long.
        self.sql("UPDATE papers_job SET next_try_at = ? WHERE state = 'waiting'", f"{now:%F %T.%f}")
        for task in BELL:
            self._push(task)

    def _push(self, function: str, *arguments: str) -> None:
        self.components.push(package(function, *arguments, key=self.key))


def world_of(days: list[dt.date]) -> crowd.World:
    """A world whose papers have a name each, so that requests can be told apart whatever became of a formula."""
    world = crowd.world(days, len(NAMES))
    for number, paper in enumerate(world.papers.values()):
        day, name = divmod(number, len(NAMES))
        letters = "".join(chr(97 + part) for part in divmod(day, 26))
        paper.title = f"{NAMES[name]}{letters}: {paper.title}"
    world.set_now(dt.datetime.fromisoformat(NOW))
    return world
