"""Two installations, one on SQLite and one on servers, that all tests of a process share. Each test takes the next day."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.faults.components import Servers, Sqlite
from tests.faults.rig import Rig
from tests.servers import installed, servers

DAYS = 40


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.fault)


@pytest.fixture(scope="session")
def sqlite_rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    folder = tmp_path_factory.mktemp("sqlite")
    with Rig(Sqlite(folder / "db.sqlite3"), folder, DAYS) as rig:
        rig.prepare()
        yield rig


@pytest.fixture(scope="session")
def server_rig() -> Iterator[Rig]:
    if not installed():
        pytest.skip("no PostgreSQL and Redis on this machine")
    # Not pytest's own folder: PostgreSQL's user may not go there.
    with TemporaryDirectory(prefix="digest-servers-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        with servers(folder) as given, Rig(Servers(folder, given), folder, DAYS) as rig:
            rig.prepare()
            yield rig


@pytest.fixture
def rig(sqlite_rig: Rig) -> Iterator[Rig]:
    """The installation on SQLite with a running cluster, well again after whatever the last test did to it."""
    sqlite_rig.recover()
    yield sqlite_rig
    sqlite_rig.day = None


@pytest.fixture
def on_servers(server_rig: Rig) -> Iterator[Rig]:
    """The same on PostgreSQL and Redis."""
    server_rig.recover()
    yield server_rig
    server_rig.day = None


@pytest.fixture(params=["SQLite", "servers"])
def either(request: pytest.FixtureRequest) -> Rig:
    """Each pair of components in turn."""
    return request.getfixturevalue("rig" if request.param == "SQLite" else "on_servers")
