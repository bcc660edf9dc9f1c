"""From the address of a database to Django's settings for it."""

from typing import Any

import environ

SCHEMES = ("sqlite:///", "postgres://", "postgresql://")
# WAL lets readers and one writer work side by side; IMMEDIATE takes the write lock at the start, where
# waiting for it is possible; a second of patience is too little for eight writers, so it is thirty.
SQLITE_OPTIONS = {
    "transaction_mode": "IMMEDIATE",
    "timeout": 30,
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;"
    " PRAGMA journal_size_limit=67108864; PRAGMA cache_size=-16000;",
}
# A host that freezes or loses its power in the middle of a transaction must not hold its locks for the hours that
# TCP takes to notice: the server ends a transaction in which nothing happens.
POSTGRES_OPTIONS = {
    "connect_timeout": 10,
    "options": "-c idle_in_transaction_session_timeout=120s"
    " -c tcp_keepalives_idle=30 -c tcp_keepalives_interval=10 -c tcp_keepalives_count=3",
}


def database_of(url: str) -> dict[str, Any]:
    """An entry of DATABASES: sqlite:///path or postgres://user:password@host:port/name.

    :raises ValueError: another kind of address.
    """
    if not url.startswith(SCHEMES):
        raise ValueError("the address of a database begins with sqlite:/// or postgres://")
    database: dict[str, Any] = environ.Env.db_url_config(url)
    database |= {"CONN_MAX_AGE": 600, "CONN_HEALTH_CHECKS": True}
    if database["ENGINE"] == "django.db.backends.sqlite3":
        database["OPTIONS"] = SQLITE_OPTIONS
    else:
        database["OPTIONS"] = POSTGRES_OPTIONS | database.get("OPTIONS", {})
    return database
