"""The bank's messages, written by hand from document.md; one JSON a file, its line end not part of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def golden() -> Callable[[str], bytes]:
    def read(name: str) -> bytes:
        return (HERE / name).read_bytes().removesuffix(b"\n")

    return read
