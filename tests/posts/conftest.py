"""What several tests of posts ask for by name."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.fakes.model import FakeModel
from tests.papers.machine_tools import fake_model


@pytest.fixture
def model(settings: Any) -> Iterator[FakeModel]:
    with fake_model(settings) as server:
        yield server
