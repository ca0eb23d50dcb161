"""A copy of the shipped configuration that a test may break."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from adapters.profile import BankProfile
from adapters.profile_reader import read_all

SHIPPED = Path(__file__).parents[3] / "config"


@pytest.fixture(scope="session")
def profiles() -> dict[str, BankProfile]:
    """The shipped profiles."""
    return read_all(SHIPPED / "banks")


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A private copy of banks, layouts and codes."""
    for part in ("banks", "layouts", "codes"):
        shutil.copytree(SHIPPED / part, tmp_path / part)
    return tmp_path


@pytest.fixture
def broken(config: Path) -> Callable[..., Path]:
    """Replaces text in one shipped file and gives the directory of profiles."""

    def change(file: str, old: str, new: str) -> Path:
        path = config / file
        text = path.read_text(encoding="utf-8")
        assert old in text, old
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
        return config / "banks"

    return change
