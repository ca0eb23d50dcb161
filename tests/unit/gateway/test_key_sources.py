"""The keystore's settings, and how a process and its workers come to the passphrase."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from crypto import master_key
from crypto.contract import KeyUnusable
from crypto.keystore import Keystore
from crypto.passphrase import EnvironmentPassphrase, FilePassphrase, PromptedPassphrase
from gateway.settings import KeystoreSettings, Settings
from gateway.wiring import key_sources
from gateway.wiring.key_sources import hand_over, passphrase_source, providers
from gateway.wiring.parts import open_keystore

WORDS = "correct horse battery"
SOURCES: list[dict[str, Any]] = [
    {"passphrase_file": Path("p")},
    {"passphrase_env": "KEYSTORE_WORDS"},
    {"passphrase_prompt": True},
]


@pytest.fixture(autouse=True)
def _own_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(key_sources, "_sources", {})
    monkeypatch.setattr(key_sources, "_providers", {})
    monkeypatch.setattr(master_key, "NEW_COST", {"memory_kib": 19 * 1024, "iterations": 2, "lanes": 1})


def test_exactly_one_source(tmp_path: Path) -> None:
    kinds = [type(passphrase_source(KeystoreSettings(path=tmp_path, **given))) for given in SOURCES]
    assert kinds == [FilePassphrase, EnvironmentPassphrase, PromptedPassphrase]
    for given in ({}, SOURCES[0] | SOURCES[1], SOURCES[0] | SOURCES[2], SOURCES[1] | SOURCES[2]):
        with pytest.raises(ValidationError, match="exactly one of"):
            KeystoreSettings(path=tmp_path, **given)
    for name in ("", "lower", "A B", "A=1"):
        with pytest.raises(ValidationError):
            KeystoreSettings(path=tmp_path, passphrase_env=name)


def test_a_device(tmp_path: Path) -> None:
    device = {"module": tmp_path / "m.so", "token": "bank hsm", "pin_file": tmp_path / "pin"}
    settings = KeystoreSettings(path=tmp_path, passphrase_prompt=True, pkcs11=device)  # type: ignore[arg-type]
    (provider,) = providers(settings)
    assert provider.name == "pkcs11:bank hsm"
    assert providers(settings)[0] is provider
    (tmp_path / "pin").write_text("123456")
    (tmp_path / "pin").chmod(0o644)
    with pytest.raises(KeyUnusable, match=r"PIN file .* chmod 600"):
        provider.generate("x", "rsa-2048")
    with pytest.raises(ValidationError):
        KeystoreSettings(path=tmp_path, passphrase_prompt=True, pkcs11=device | {"token": "a/b"})  # type: ignore[arg-type]


def test_workers_have_it_from_their_parent_alone(tmp_path: Path) -> None:
    """Asked once in the parent; in a worker it is neither an argument nor in the environment, and nobody is asked."""
    settings = KeystoreSettings(path=tmp_path / "k.json", passphrase_prompt=True)
    answers = [WORDS]
    source = PromptedPassphrase(ask=lambda _: answers.pop(), at_terminal=lambda: True)
    hand_over(settings, source)
    Keystore.create(settings.path, WORDS)
    for _ in range(3):
        open_keystore(Settings.model_construct(keystore=settings))
    with ProcessPoolExecutor(
        1, multiprocessing.get_context("forkserver"), initializer=hand_over, initargs=(settings, source)
    ) as executor:
        handed = executor.submit(passphrase_source, settings).result()
        (process,) = executor._processes  # type: ignore[attr-defined]
        for name in ("cmdline", "environ"):
            assert WORDS.encode() not in Path(f"/proc/{process}/{name}").read_bytes()
    assert handed.candidates() == (WORDS,)
    assert answers == []
