"""What holds for all tests: a property is judged by what it finds, never by how long the machine took."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import structlog
from hypothesis import settings

settings.register_profile("gateway", deadline=None)
settings.load_profile("gateway")


@pytest.fixture(autouse=True)
def logs_as_before() -> Iterator[None]:
    """A command that runs inside a test sends the logs of this process where it likes: only until the test is over."""
    yield
    structlog.reset_defaults()
