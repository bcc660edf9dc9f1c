"""Two browsers for all tests; and a database for the live server, which writes from several threads: SQLite in a file."""

from collections.abc import Iterator

import pytest
from django.db import connection
from selenium.webdriver import Chrome

from tests.browser.chromium import forget, window


@pytest.fixture(scope="session")
def first_window() -> Iterator[Chrome]:
    with window() as browser:
        yield browser


@pytest.fixture(scope="session")
def second_window() -> Iterator[Chrome]:
    with window() as browser:
        yield browser


@pytest.fixture
def chromium(first_window: Chrome) -> Iterator[Chrome]:
    yield first_window
    forget(first_window)


@pytest.fixture
def other_chromium(second_window: Chrome) -> Iterator[Chrome]:
    yield second_window
    forget(second_window)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None, tmp_path_factory: pytest.TempPathFactory
) -> None:
    if connection.vendor == "sqlite":
        folder = tmp_path_factory.mktemp("database")
        connection.settings_dict["TEST"]["NAME"] = str(folder / "test.sqlite3")
