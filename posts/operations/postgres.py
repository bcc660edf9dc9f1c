"""What we need of PostgreSQL beside its tables: its own programs, snapshots, and scratch databases."""

import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.db import connection, transaction

from .processes import environment

TABLES = """SELECT table_name FROM information_schema.tables
    WHERE table_schema = 'public' AND table_type = 'BASE TABLE' ORDER BY table_name"""
# Where each option of ours is for PostgreSQL's own programs; a password has no business on a command line.
PG_VARIABLES = {
    "HOST": "PGHOST",
    "PORT": "PGPORT",
    "USER": "PGUSER",
    "PASSWORD": "PGPASSWORD",
    "NAME": "PGDATABASE",
}


def pg_environment() -> dict[str, str]:
    """The environment in which PostgreSQL's own programs find our database."""
    given = settings.DATABASES["default"]
    return environment(**{to: str(given[key]) for key, to in PG_VARIABLES.items() if given.get(key)})


def url(name: str) -> str:
    """The address of another database on our server."""
    given = {key: quote(str(settings.DATABASES["default"].get(key) or ""), safe="") for key in PG_VARIABLES}
    login = given["USER"] + (f":{given['PASSWORD']}" if given["PASSWORD"] else "")
    port = f":{given['PORT']}" if given["PORT"] else ""
    return f"postgres://{login}@{given['HOST']}{port}/{name}"


@contextmanager
def snapshot() -> Iterator[tuple[str, dict[str, int]]]:
    """An exported snapshot of our database, and how many rows each table has in it."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        # A dump takes as long as it takes.
        cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        cursor.execute("SELECT pg_export_snapshot()")
        name = cursor.fetchone()[0]
        yield name, _count(cursor)


def _count(cursor: Any) -> dict[str, int]:
    cursor.execute(TABLES)
    rows = {}
    for (table,) in cursor.fetchall():
        cursor.execute(f'SELECT count(*) FROM "{table}"')
        rows[table] = cursor.fetchone()[0]
    return rows


@contextmanager
def scratch_database() -> Iterator[str]:
    """A database on our server that is gone afterwards; the user needs the right to create one."""
    name = f"digest_drill_{secrets.token_hex(4)}"
    with connection.cursor() as cursor:
        cursor.execute(f'CREATE DATABASE "{name}" TEMPLATE template0')
    try:
        yield name
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def rows_of(name: str) -> dict[str, int]:
    """Rows by table of another database on our server."""
    import psycopg  # only where PostgreSQL is used

    with psycopg.connect(url(name)) as other, other.cursor() as cursor:
        return _count(cursor)


def drop_tables_but(known: Iterable[str]) -> None:
    """Remove the tables that a newer release has made: it could not make them again."""
    with connection.cursor() as cursor:
        cursor.execute(TABLES)
        for table in {name for (name,) in cursor.fetchall()} - set(known):
            cursor.execute(f'DROP TABLE "{table}" CASCADE')
