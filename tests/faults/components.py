"""What an installation is made of: a database with rows and queue, as files or as servers; looked at by SQL."""

import datetime as dt
import os
import pickle
import signal
import sqlite3
import subprocess
import uuid
from contextlib import closing, suppress
from copy import copy
from pathlib import Path
from typing import Any, Protocol

import psycopg
import redis
from django.core import signing

from tests.faults.cluster import wait_for

KEY = "a secret key of the fault tests, long enough for everybody's checks 0123456789"
QUEUE = "django_q:digest:q"
# What a database that is restarting, full or locked says.
AWAY = (psycopg.Error, redis.RedisError, sqlite3.OperationalError)


class Pickle:
    """django-q2's own serializer, so that packages can be made without importing it."""

    @staticmethod
    def dumps(obj: Any) -> bytes:
        return pickle.dumps(obj)


def package(function: str, *arguments: Any, key: str = KEY, **options: Any) -> str:
    """A task as django-q2 puts it into a broker: pickled and signed with SECRET_KEY."""
    task = {
        "id": uuid.uuid4().hex,
        "name": "bell",
        "func": function,
        "args": arguments,
        "kwargs": {},
        "started": dt.datetime.now(dt.UTC),
        "ack_failure": True,
        **options,
    }
    return signed(task, key)


def signed(task: Any, key: str = KEY) -> str:
    return signing.dumps(task, key=key, salt="digest", serializer=Pickle)


class Components(Protocol):
    """The pair that carries an installation: database and broker."""

    def environment(self) -> dict[str, str]: ...
    def sql(self, statement: str, *values: Any) -> list[tuple[Any, ...]]: ...
    def push(self, payload: str) -> None: ...
    def waiting(self) -> int: ...
    def empty_broker(self) -> None: ...


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

    def waiting(self) -> int:
        """Tasks that nobody has fetched."""
        now = f"{dt.datetime.now(dt.UTC):%F %T.%f}"
        return int(self.sql("SELECT count(*) FROM django_q_ormq WHERE lock <= ?", now)[0][0])

    def empty_broker(self) -> None:
        self.sql("DELETE FROM django_q_ormq")


class Servers:
    """PostgreSQL and Redis, real ones that `tests.servers.servers` has started in this folder."""

    def __init__(self, folder: Path, given: dict[str, str]) -> None:
        self.folder = folder
        self.given = dict(given)
        # What settings.py has as two minutes: a frozen host must not keep its locks for longer than a test may take.
        self.given["DATABASE_URL"] += "?options=-c%20idle_in_transaction_session_timeout%3D3s"
        self.db: psycopg.Connection[Any] | None = None

    def environment(self) -> dict[str, str]:
        return self.given

    def sql(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Over one connection: a new one costs ten times what most looks cost."""
        try:
            return self._ask(statement, values)
        except psycopg.OperationalError:
            self.db = None  # of a server that has ended since
            return self._ask(statement, values)

    def _ask(self, statement: str, values: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        db = self.db = self.db or psycopg.connect(self.given["DATABASE_URL"], autocommit=True)
        cursor = db.execute(statement.replace("?", "%s"), values)
        return cursor.fetchall() if cursor.description else []

    def push(self, payload: str) -> None:
        with self.redis() as server:
            server.rpush(QUEUE, payload)

    def waiting(self) -> int:
        with self.redis() as server:
            return int(server.llen(QUEUE))

    def empty_broker(self) -> None:
        """Everything, the cache too."""
        with self.redis() as server:
            server.flushall()

    def redis(self) -> redis.Redis:
        return redis.Redis.from_url(self.given["REDIS_URL"])

    def beside(self, name: str) -> "Servers":
        """Another, empty database on the same servers, with another queue."""
        with psycopg.connect(self.given["DATABASE_URL"], autocommit=True) as db:
            db.execute(f'CREATE DATABASE "{name}"'.encode())
        other = copy(self)
        other.db = None
        other.given = {
            "DATABASE_URL": self.given["DATABASE_URL"].rpartition("/")[0] + f"/{name}",
            "REDIS_URL": self.given["REDIS_URL"].rpartition("/")[0] + "/1",
        }
        return other

    def restart_postgres(self) -> None:
        """As after a power cut: no farewell to anybody."""
        self._pg("-m immediate restart")

    def kill_redis(self) -> None:
        os.kill(int((self.folder / "redis/pid").read_text()), signal.SIGKILL)

    def start_redis(self) -> None:
        """Empty, as one without a file to remember by."""
        port = self.given["REDIS_URL"].rpartition(":")[2].partition("/")[0]
        options = (
            f"--port {port} --bind 127.0.0.1 --dir {self.folder}/redis --pidfile {self.folder}/redis/pid"
        )
        command = ["redis-server", *options.split(), "--save", "", "--daemonize", "yes"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        wait_for(self._is_listening, "Redis")

    def _is_listening(self) -> bool:
        with suppress(redis.RedisError), self.redis() as server:
            return bool(server.ping())
        return False

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
