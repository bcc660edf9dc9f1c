"""Rigs: one of SQLite that all tests of a module share, one of servers. Each test takes the next day."""

import socket
from collections.abc import Iterator
from pathlib import Path
from shutil import which

import pytest

from tests.faults.rig import Rig, Servers, Sqlite, prepare

DAYS = 24


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "faults" in item.path.parts:
            item.add_marker(pytest.mark.fault)


@pytest.fixture(scope="session")
def sqlite_rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    folder = tmp_path_factory.mktemp("sqlite")
    with Rig(Sqlite(folder / "db.sqlite3"), folder, DAYS) as rig:
        prepare(rig)
        yield rig


@pytest.fixture
def rig(sqlite_rig: Rig) -> Iterator[Rig]:
    """The SQLite installation with a running cluster, well again after whatever the last test did to it."""
    sqlite_rig.model.forget()
    sqlite_rig.model.set_delay(0.3)
    if sqlite_rig.supervisor is None or sqlite_rig.supervisor.poll() is not None:
        sqlite_rig.start()
    yield sqlite_rig


@pytest.fixture(scope="session")
def server_rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    if not which("redis-server") or not list(Path("/usr/lib/postgresql").glob("*/bin/initdb")):
        pytest.skip("no PostgreSQL and Redis on this machine")
    folder = tmp_path_factory.mktemp("servers")
    folder.parent.chmod(0o755)
    folder.parent.parent.chmod(0o755)
    servers = Servers(folder)
    try:
        with Rig(servers, folder, DAYS) as rig:
            prepare(rig)
            rig.start()
            yield rig
    finally:
        servers.stop()


@pytest.fixture
def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
