"""One fake model for all tests of a file; `model` is it as good as new, with the settings pointing at it."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.fakes.model import FakeModel
from tests.papers.machine_tools import point_at


@pytest.fixture(scope="module")
def server() -> Iterator[FakeModel]:
    with FakeModel() as server:
        yield server


@pytest.fixture
def model(server: FakeModel, settings: Any) -> FakeModel:
    server.forget()
    server.replies = None
    point_at(server, settings)
    return server
