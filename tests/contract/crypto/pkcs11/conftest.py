"""A SoftHSM token of one's own, which can be pulled out and put back."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pkcs11
import pytest

from crypto.keystore import Keystore
from crypto.pkcs11_provider import Pkcs11Provider

MODULE = Path("/usr/lib/softhsm/libsofthsm2.so")
PIN = "123456"
LABEL = "bank hsm"


class Hsm:
    """One token in a directory."""

    def __init__(self, root: Path):
        self._tokens, self._away = root / "tokens", root / "away"
        self._tokens.mkdir()
        config = root / "softhsm2.conf"
        config.write_text(f"directories.tokendir = {self._tokens}\nobjectstore.backend = file\nlog.level = ERROR\n")
        os.environ["SOFTHSM2_CONF"] = str(config)
        command = ["softhsm2-util", "--init-token", "--free", "--label", LABEL, "--pin", PIN, "--so-pin", "12345678"]
        subprocess.run(command, check=True, capture_output=True, timeout=30)

    def restart(self) -> None:
        """Every session of every process is lost."""
        pkcs11.lib(str(MODULE)).reinitialize()

    def pull_out(self) -> None:
        self._tokens.rename(self._away)
        self._tokens.mkdir()
        self.restart()

    def put_back(self) -> None:
        shutil.rmtree(self._tokens)
        self._away.rename(self._tokens)


@pytest.fixture(scope="session")
def hsm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hsm]:
    if not MODULE.exists() or shutil.which("softhsm2-util") is None:
        pytest.skip("SoftHSM is not installed")
    before = os.environ.get("SOFTHSM2_CONF")
    yield Hsm(tmp_path_factory.mktemp("softhsm"))
    pkcs11.unload(str(MODULE))
    os.environ.pop("SOFTHSM2_CONF")
    if before is not None:
        os.environ["SOFTHSM2_CONF"] = before


@pytest.fixture
def provider(hsm: Hsm) -> Pkcs11Provider:
    hsm.restart()
    return Pkcs11Provider(MODULE, LABEL, lambda: PIN)


@pytest.fixture
def failing(hsm: Hsm) -> Callable[[str, str], Pkcs11Provider]:
    """A provider with another label or PIN."""
    hsm.restart()
    return lambda label, pin: Pkcs11Provider(MODULE, label, lambda: pin)


@pytest.fixture
def keystore(tmp_path: Path, provider: Pkcs11Provider) -> Keystore:
    path, today = tmp_path / "keys.json", lambda: date(2026, 5, 1)
    Keystore.create(path, "correct horse battery", today)
    return Keystore.open(path, "correct horse battery", today, [provider])
