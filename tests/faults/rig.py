"""A small installation made of real processes, to be broken: fake arXiv and model, a database, a supervised cluster.

Nothing of Django runs in the tests' own process: they look at the tables by SQL, ring the queue's bell with signed
packages as django-q2 writes them, and know processes by /proc.
"""

import datetime as dt
import os
import pickle
import resource
import signal
import sqlite3
import subprocess
import sys
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, Self

import psycopg
import redis
from django.core import signing

from posts.operations.supervisor import children_of, kill_group
from tests.fakes import crowd
from tests.fakes.arxiv import FakeArxiv
from tests.fakes.edition import environment
from tests.fakes.model import FakeModel

ROOT = Path(__file__).resolve().parent.parent.parent
NEWEST = dt.date(2026, 9, 17)
NOW = "2026-09-17T06:00:00+00:00"
NAMES = ("Aldra", "Bermo", "Corvin", "Dastel", "Ewrin", "Falmor")
PAPERS = len(NAMES)
KEY = "a secret key of the fault tests, long enough for everybody's checks 0123456789"
GIVE_UP_AFTER = 60.0
RING_EVERY = 1.5
LLM_CONCURRENCY, WORKERS = 4, 2
SETTINGS = {
    "NOW": NOW,
    "SECRET_KEY": KEY,
    "WORKERS": str(WORKERS),
    "WEB_WORKERS": "1",
    "LLM_CONCURRENCY": str(LLM_CONCURRENCY),
    "LLM_DEADLINE_SECONDS": "8",
    "LLM_PRICE_INPUT": "1",
    "LLM_PRICE_OUTPUT": "2",
    "LEASE_SECONDS": "3",
    "WEDGED_SECONDS": "10",
    "SITE_URL": "http://127.0.0.1",
    "LOG_LEVEL": "ERROR",
}


class Pickle:
    """django-q2's own serializer, so that packages can be made without importing it."""

    @staticmethod
    def dumps(obj: Any) -> bytes:
        return pickle.dumps(obj)


def package(function: str, *arguments: str) -> str:
    """A task as django-q2 puts it into a broker: pickled and signed with SECRET_KEY."""
    task = {
        "id": uuid.uuid4().hex,
        "name": "bell",
        "func": function,
        "args": arguments,
        "kwargs": {},
        "started": dt.datetime.now(dt.UTC),
        "ack_failure": True,
    }
    return signing.dumps(task, key=KEY, salt="digest", serializer=Pickle)


class Sqlite:
    """The embedded pair: SQLite carries the rows and the queue."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def environment(self) -> dict[str, str]:
        return {"DATABASE_URL": f"sqlite:///{self.path}", "REDIS_URL": ""}

    def sql(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.path, timeout=30)) as db, db:
            return db.execute(statement, values).fetchall()

    def push(self, payload: str) -> None:
        self.sql(
            "INSERT INTO django_q_ormq (key, payload, lock) VALUES ('digest', ?, ?)",
            payload,
            f"{dt.datetime.now(dt.UTC):%F %T.%f}",
        )

    def empty_broker(self) -> None:
        self.sql("DELETE FROM django_q_ormq")


class Servers:
    """PostgreSQL and Redis, real ones of scripts/servers, in a folder of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        started = subprocess.run(
            [str(ROOT / "scripts/servers"), "start", str(folder)], capture_output=True, text=True, check=True
        )
        self.given = dict(word.split("=", 1) for word in started.stdout.split() if "=" in word)

    def environment(self) -> dict[str, str]:
        return self.given

    def sql(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.given["DATABASE_URL"], autocommit=True) as db:
            cursor = db.execute(statement.replace("?", "%s"), values)
            return cursor.fetchall() if cursor.description else []

    def push(self, payload: str) -> None:
        with redis.Redis.from_url(self.given["REDIS_URL"]) as server:
            server.rpush("django_q:digest:q", payload)

    def empty_broker(self) -> None:
        with redis.Redis.from_url(self.given["REDIS_URL"]) as server:
            server.delete("django_q:digest:q")

    def restart_postgres(self) -> None:
        """As after a power cut: no farewell to anybody."""
        self._pg("-m immediate restart")

    def restart_redis(self) -> None:
        """Killed and started empty: what it held is lost."""
        port = self.given["REDIS_URL"].rpartition(":")[2].partition("/")[0]
        pidfile = self.folder / "redis/pid"
        os.kill(int(pidfile.read_text()), signal.SIGKILL)
        time.sleep(0.3)
        subprocess.run(
            ["redis-server", "--port", port, "--bind", "127.0.0.1", "--dir", str(self.folder / "redis"),
             "--save", "", "--daemonize", "yes", "--pidfile", str(pidfile)],
            check=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip

    def _pg(self, what: str) -> None:
        binary = max(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"))
        port = self.given["DATABASE_URL"].rpartition(":")[2].partition("/")[0]
        options = (
            f"-p {port} -k {self.folder}/pg -c listen_addresses=127.0.0.1 -c fsync=off -c max_connections=200"
        )
        command = f"{binary} -D {self.folder}/pg/data -w -l {self.folder}/pg/log -o '{options}' {what}"
        whole = (
            ["su", "postgres", "-s", "/bin/bash", "-c", command]
            if os.getuid() == 0
            else ["bash", "-c", command]
        )
        subprocess.run(whole, check=True, stdout=subprocess.DEVNULL)

    def stop(self) -> None:
        subprocess.run([str(ROOT / "scripts/servers"), "stop", str(self.folder)], check=False)


class Rig:
    """An installation with `days` to be listed, and a cluster that `start` starts."""

    def __init__(self, database: Sqlite | Servers, folder: Path, days: int) -> None:
        self.database = database
        self.folder = folder
        self.days = iter(crowd.days_before(NEWEST, days))
        self.arxiv = FakeArxiv(world_of(crowd.days_before(NEWEST, days)))
        self.model = FakeModel(delay=0.3)
        self.supervisor: subprocess.Popen[bytes] | None = None
        self.public: set[str] = set()
        self.kills = 0
        self.day: dt.date | None = None
        self.ended = threading.Event()

    def __enter__(self) -> Self:
        self.arxiv.__enter__()
        self.model.__enter__()
        threading.Thread(target=self._ring, daemon=True).start()
        return self

    def __exit__(self, *exception: Any) -> None:
        self.ended.set()
        self.stop()
        self.model.stop()
        self.arxiv.close()

    # --- Processes ---------------------------------------------------------------------------------------------

    def environment(self) -> dict[str, str]:
        addresses = environment(self.arxiv, self.model)
        return os.environ | addresses | SETTINGS | self.database.environment()

    def manage(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "manage.py", *arguments]
        return subprocess.run(command, cwd=ROOT, env=self.environment(), capture_output=True, text=True)

    def start(self, limits: Mapping[int, int] | None = None) -> None:
        """The worker under its supervisor, as `manage.py serve` runs it; with limits as setrlimit knows them."""
        command = [sys.executable, "manage.py", "serve", "--no-web"]

        def limit() -> None:
            for what, most in (limits or {}).items():
                resource.setrlimit(what, (most, most))

        self.supervisor = subprocess.Popen(
            command,
            cwd=ROOT,
            env=self.environment(),
            stderr=self.log(),
            start_new_session=True,
            preexec_fn=limit,
        )
        self.wait_for(lambda: self.pool() != [], "a cluster")

    def log(self) -> Any:
        return (self.folder / "log").open("ab")

    def said(self) -> str:
        """What the processes wrote to standard error."""
        return (self.folder / "log").read_text(errors="replace")

    def stop(self) -> None:
        if self.supervisor:
            self.supervisor.send_signal(signal.SIGTERM)
            try:
                self.supervisor.wait(40)
            except subprocess.TimeoutExpired:
                for main in self.mains():
                    kill_group(main)
                kill_group(self.supervisor.pid)
            self.supervisor = None

    def mains(self) -> list[int]:
        """The main process of the supervised cluster; none for a moment while it is started again."""
        return children_of(self.supervisor.pid) if self.supervisor else []

    def sentinels(self) -> list[int]:
        return [child for main in self.mains() for child in children_of(main)]

    def pool(self) -> list[int]:
        """Workers, monitor, pusher of a fresh cluster, in this order; nothing until it is complete."""
        found = sorted(pid for sentinel in self.sentinels() for pid in children_of(sentinel))
        return found if len(found) == WORKERS + 2 else []

    def fresh_pool(self) -> list[int]:
        """The same of a cluster in which nothing was replaced: started anew if need be."""
        pool = self.pool()
        if not pool or pool != list(range(pool[0], pool[0] + len(pool))):
            self.kill(*self.mains())
            self.wait_for(lambda: self.pool() != [], "a new cluster")
            pool = self.pool()
        return pool

    def kill(self, *pids: int) -> None:
        self.kills += 1
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def busy_worker(self) -> int:
        """A worker that is in the middle of a model call."""
        found: list[int] = []

        def look() -> bool:
            rows = self.sql(
                "SELECT worker FROM papers_job WHERE state = 'running' AND kind IN ('translate', 'analyse')"
            )
            alive = set(self.pool())
            found[:] = [pid for (worker,) in rows if (pid := int(worker.rpartition(":")[2])) in alive]
            return bool(found)

        self.wait_for(look, "a busy worker")
        return found[0]

    # --- Work --------------------------------------------------------------------------------------------------

    def sql(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        return self.database.sql(statement, *values)

    def begin(self) -> dt.date:
        """Ask for the next day to be listed; its date."""
        self.day, self.kills = next(self.days), 0
        return self.day

    def _ring(self) -> None:
        """What the schedules do once a minute: look at the tables now; no wait is too long."""
        while not self.ended.wait(RING_EVERY):
            # A server that is just starting again answers nobody: that is what we are here for.
            with suppress(psycopg.Error, redis.RedisError, sqlite3.OperationalError):
                self.ring()

    def ring(self) -> None:
        if self.supervisor is None:
            return
        if self.day and not self.sql("SELECT 1 FROM papers_announcement WHERE date = ?", f"{self.day:%F}"):
            self.database.push(package("papers.tasks.ingest", f"{self.day:%F}"))
        now = f"{dt.datetime.now(dt.UTC):%F %T.%f}"
        self.sql("UPDATE papers_job SET next_try_at = ? WHERE state = 'waiting'", now)
        for task in ("papers.tasks.summarize", "posts.tasks.assemble", "papers.tasks.beat"):
            self.database.push(package(task))

    def finish(self, day: dt.date, patience: float = GIVE_UP_AFTER) -> None:
        """Wait until the day is complete, then see that everything is as it should be."""
        until = time.monotonic() + patience
        while self.complete(day) < PAPERS and time.monotonic() < until:
            time.sleep(0.1)
        self.check(day)

    def complete(self, day: dt.date) -> int:
        """How many papers of the day are in its post with a translation and a reading, and public."""
        try:
            rows = self.sql(
                "SELECT count(*) FROM posts_entry e JOIN posts_dailypost p ON p.id = e.post_id"
                " JOIN papers_summary s ON s.paper_id = e.paper_id JOIN papers_revision r ON r.id = s.public_id"
                " WHERE p.date = ? AND p.status = 'published' AND r.reading <> ''",
                f"{day:%F}",
            )
        except (psycopg.OperationalError, sqlite3.OperationalError):
            return -1
        return rows[0][0]

    # --- What must be true -------------------------------------------------------------------------------------

    def check(self, day: dt.date) -> None:
        """The day is complete, every paper once, every paid call counted once, nothing public lost."""
        assert self.complete(day) == PAPERS, self.state()
        ids = [row[0] for row in self.papers(day)]
        assert len(ids) == len(set(ids)) == PAPERS, "a paper is missing or twice"
        self.check_calls(day)
        public = self.public_ids()
        assert self.public <= public, "what was public is not any more"
        self.public = public

    def check_calls(self, day: dt.date) -> None:
        """Each request that reached the model has a row of its own, and only a kill costs a second request."""
        ids = {key_of(title): arxiv_id for arxiv_id, title in self.papers(day)}
        assert len(ids) == PAPERS, "the papers of a day begin alike"
        asked = Counter(ids.get(key_of(call.paper)) for call in list(self.model.calls))
        rows = self.sql(
            "SELECT c.purpose, p.arxiv_id, c.key FROM papers_llmcall c JOIN papers_paper p ON p.id = c.paper_id"
        )
        written = Counter(arxiv_id for _, arxiv_id, _ in rows)
        assert len({key for _, _, key in rows}) == len(rows)
        for paper in ids.values():
            assert 2 <= asked[paper] <= written[paper] <= 2 + self.kills, (paper, asked, written[paper])

    def papers(self, day: dt.date) -> list[tuple[str, str]]:
        return self.sql(
            "SELECT a.arxiv_id, a.title FROM posts_entry e JOIN posts_dailypost p ON p.id = e.post_id"
            " JOIN papers_paper a ON a.id = e.paper_id WHERE p.date = ?",
            f"{day:%F}",
        )

    def public_ids(self) -> set[str]:
        return {
            row[0]
            for row in self.sql(
                "SELECT a.arxiv_id FROM posts_entry e JOIN posts_dailypost p ON p.id = e.post_id"
                " JOIN papers_paper a ON a.id = e.paper_id JOIN papers_summary s ON s.paper_id = a.id"
                " WHERE p.status = 'published' AND e.held = '' AND s.public_id IS NOT NULL"
            )
        }

    def state(self) -> str:
        """For a failed test: what is left, and what the processes said."""
        left = self.sql(
            "SELECT kind, subject, state, attempts, strikes, error_class, reason FROM papers_job WHERE state <> 'done'"
        )
        texts = self.sql(
            "SELECT status, worst, public_id IS NULL, count(*) FROM papers_summary GROUP BY 1, 2, 3"
        )
        posts = self.sql("SELECT date, status, fetched FROM posts_dailypost ORDER BY date DESC LIMIT 3")
        log = self.said()[-3000:]
        return f"{left}\n{texts}\n{posts}\n{self.mains()} {self.pool()}\n{log}"

    def wait_for(self, true: Callable[[], bool], what: str, seconds: float = 30.0) -> None:
        until = time.monotonic() + seconds
        while not true():
            assert time.monotonic() < until, f"waited in vain for {what}\n{self.state()}"
            time.sleep(0.02)


def world_of(days: list[dt.date]) -> crowd.World:
    """A world whose papers have a name each, so that requests can be told apart whatever became of a formula."""
    world = crowd.world(days, PAPERS)
    for paper in world.papers.values():
        paper.title = f"{NAMES[int(paper.arxiv_id[-1]) - 1]}: {paper.title}"
    world.set_now(dt.datetime.fromisoformat(NOW))
    return world


def key_of(title: str) -> str:
    return title.partition(":")[0]


def prepare(rig: Rig) -> None:
    """Tables, and a site that publishes by itself; the bell is ours, so the schedules are taken away."""
    done = rig.manage("migrate", "--verbosity", "0")
    assert done.returncode == 0, done.stderr
    silence(rig)


def silence(rig: Rig) -> None:
    rig.sql("DELETE FROM django_q_schedule")
    rig.sql("UPDATE posts_digest SET policy = 'machine'")
