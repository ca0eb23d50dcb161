"""The openssl command as the other side of every wire, and keystores in a temporary place."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from crypto import master_key
from crypto.keystore import Keystore

PASSPHRASE = "correct horse battery"


@pytest.fixture
def openssl(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[bytes]]:
    if shutil.which("openssl") is None:
        pytest.skip("the openssl command is not installed")

    def run(*arguments: str, check: bool = True) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(["openssl", *arguments], cwd=tmp_path, check=check, capture_output=True, timeout=30)

    return run


@pytest.fixture(autouse=True)
def _least_cost(monkeypatch: pytest.MonkeyPatch) -> None:
    """New keystores at the least cost that a file may ask for: what is tested does not depend on it."""
    monkeypatch.setattr(master_key, "NEW_COST", {"memory_kib": 19 * 1024, "iterations": 2, "lanes": 1})


@pytest.fixture
def keystore(tmp_path: Path) -> Keystore:
    return Keystore.create(tmp_path / "keys.json", PASSPHRASE, today=lambda: date(2026, 5, 1))


@pytest.fixture
def passphrase() -> str:
    return PASSPHRASE
