"""Where the passphrase comes from: private files, the environment, a person who is asked once."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import pytest

from crypto.contract import KeyUnusable
from crypto.key_reasons import KeyReason
from crypto.keystore import Keystore
from crypto.passphrase import EnvironmentPassphrase, FilePassphrase, KnownPassphrase, PromptedPassphrase

WORDS = "correct horse battery"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "secrets" / "passphrase"
    path.parent.mkdir()
    path.touch(0o600)
    path.write_text(f"{WORDS}\n")
    return path


def refused(source: object) -> str:
    with pytest.raises(KeyUnusable) as refusal:
        source.candidates()  # type: ignore[attr-defined]
    assert refusal.value.reason is KeyReason.PASSPHRASE_SOURCE
    assert WORDS not in str(refusal.value)
    return str(refusal.value)


def test_a_file(keystore: Keystore, file: Path) -> None:
    source = FilePassphrase(file)
    assert source.candidates() == (WORDS,)
    assert Keystore.open(keystore.path, source).passphrase_source == source
    link = file.with_name("link")  # as orchestrators mount their secrets
    link.symlink_to(file)
    assert FilePassphrase(link).candidates() == (WORDS,)


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660, 0o606, 0o601])
def test_a_file_that_others_may_read(file: Path, mode: int) -> None:
    file.chmod(mode)
    assert f"mode {mode:04o}" in refused(FilePassphrase(file))
    assert refused(FilePassphrase(file)).endswith(f"run: chmod 600 {file}")


def test_files_that_are_none(file: Path) -> None:
    for octets, reason in (
        (b"", "holds no words"),
        (b" \n", "holds no words"),
        (b"x" * 5000, "over 4096"),
        (b"\xff", "UTF-8"),
    ):
        file.write_bytes(octets)
        assert reason in refused(FilePassphrase(file))
    file.unlink()
    assert "No such file" in refused(FilePassphrase(file))
    os.mkfifo(file, 0o600)
    assert "not a regular file" in refused(FilePassphrase(file))
    file.unlink()
    file.mkdir(0o700)
    assert "irectory" in refused(FilePassphrase(file)) or "regular" in refused(FilePassphrase(file))


def test_the_environment(keystore: Keystore, monkeypatch: pytest.MonkeyPatch) -> None:
    source = EnvironmentPassphrase("KEYSTORE_WORDS")
    assert "KEYSTORE_WORDS is not set" in refused(source)
    monkeypatch.setenv("KEYSTORE_WORDS", WORDS)
    assert Keystore.open(keystore.path, source).entries() == []


def test_a_person_is_asked_once_and_again_only_after_a_wrong_answer(keystore: Keystore) -> None:
    answers = ["incorrect horse", WORDS]
    source = PromptedPassphrase(ask=lambda _: answers.pop(0), at_terminal=lambda: True)
    with pytest.raises(KeyUnusable, match="wrong passphrase"):
        Keystore.open(keystore.path, source)
    for _ in range(3):
        Keystore.open(keystore.path, source)
    assert answers == []


def test_nobody_to_ask() -> None:
    def gone(_: str) -> str:
        raise EOFError

    assert "no terminal" in refused(PromptedPassphrase(ask=lambda _: WORDS, at_terminal=lambda: False))
    assert "no passphrase" in refused(PromptedPassphrase(ask=gone, at_terminal=lambda: True))


def test_a_damaged_file_is_told_before_anybody_is_asked(keystore: Keystore) -> None:
    keystore.path.write_bytes(b"{}")
    with pytest.raises(KeyUnusable, match="not a"):
        Keystore.open(keystore.path, PromptedPassphrase(ask=lambda _: 1 / 0, at_terminal=lambda: True))  # type: ignore[arg-type,return-value]


def test_sources_travel_to_workers_and_show_nothing(keystore: Keystore, file: Path) -> None:
    prompted = PromptedPassphrase(ask=lambda _: WORDS, at_terminal=lambda: True)
    for source in (FilePassphrase(file), EnvironmentPassphrase("KEYSTORE_WORDS"), KnownPassphrase(WORDS), prompted):
        assert WORDS not in repr(source)
        travelled = pickle.loads(pickle.dumps(source))  # noqa: S301
        if not isinstance(source, EnvironmentPassphrase):
            assert Keystore.open(keystore.path, travelled).entries() == []
    assert isinstance(pickle.loads(pickle.dumps(prompted)), KnownPassphrase)  # noqa: S301


def test_a_short_passphrase_is_refused(tmp_path: Path) -> None:
    with pytest.raises(KeyUnusable, match="at least 12") as short:
        Keystore.create(tmp_path / "k.json", "short")
    assert short.value.reason is KeyReason.PASSPHRASE_SOURCE
