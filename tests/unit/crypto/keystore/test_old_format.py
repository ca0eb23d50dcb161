"""A keystore file of the first format, written by the code of then, opens, serves, and is written anew."""

from __future__ import annotations

import json
import shutil
from datetime import date
from pathlib import Path

import pytest

from crypto.contract import KeyUnusable, SchemeParameters
from crypto.generate import generate_key
from crypto.key_entry import IN_FILE, KeyState
from crypto.key_reasons import KeyReason
from crypto.keystore import Keystore

OLD = Path(__file__).parent / "old_format"
WORDS = "correct horse battery"
ALIASES = {"ours", "theirs", "rsa", "segment-data", "blind-index", "sms-hmac", "tls", "ca", "webhook"}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return Path(shutil.copy(OLD / "keystore-1.json", tmp_path / "keystore.json"))


def opened(path: Path, words: str = WORDS) -> Keystore:
    return Keystore.open(path, words, today=lambda: date(2026, 5, 1))


def test_everything_in_it_serves(path: Path) -> None:
    old = opened(path)
    assert {entry.alias for entry in old.entries()} == ALIASES
    assert all((one.provider, one.created_at, one.history) == (IN_FILE, None, ()) for one in old.entries())
    sealed = (OLD / "sealed.bin").read_bytes()
    assert old.segment_sealer("segment-data").unseal(sealed, "place") == b"written under the old format"
    signer = old.signer("ours", SchemeParameters("sm2-sm3"))
    signer.update(b"message")
    verifier = old.verifier("theirs", SchemeParameters("sm2-sm3"))
    verifier.update(b"message")
    assert verifier.verify(signer.signature()) == old.entries("theirs")[0].key_id
    assert [entry.state for entry in old.entries("rsa")] == [KeyState.RETIRING, KeyState.PENDING]
    assert len(old.certificates("tls")) == len(old.certificates("ca")) == 1


def test_it_is_written_anew_and_keeps_its_derivation_until_the_passphrase_changes(path: Path) -> None:
    old = opened(path)
    old.move("rsa", "new", "ACTIVE")
    old.save()
    document = json.loads(path.read_bytes())
    assert document["format"].endswith("/2") and "scrypt" in document and "argon2id" not in document
    again = opened(path)
    assert again.entries() == old.entries()
    assert [(change.state, change.on) for change in again.entries("rsa")[1].history] == [
        (KeyState.ACTIVE, date(2026, 5, 1))
    ]
    again.change_passphrase("another long passphrase")
    again.save()
    assert "argon2id" in json.loads(path.read_bytes())
    assert opened(path, "another long passphrase").hmac_key("sms-hmac") == old.hmac_key("sms-hmac")


def test_two_processes_of_which_one_has_saved(path: Path) -> None:
    reader, writer = opened(path), opened(path)
    entry = writer.add("later", "field", generate_key("hmac"))
    writer.save()
    assert reader.reload() is True
    assert reader.entries("later") == [entry]


@pytest.mark.parametrize("cost", [2, 2**40, 40_000, "32768", None, True])
def test_another_derivation_is_tampering(path: Path, cost: object) -> None:
    document = json.loads(path.read_bytes())
    document["scrypt"]["n"] = cost
    path.write_text(json.dumps(document))
    with pytest.raises(KeyUnusable, match="tampered") as refused:
        opened(path)
    assert refused.value.reason is KeyReason.TAMPERED


def test_wrong_words(path: Path) -> None:
    with pytest.raises(KeyUnusable, match="wrong passphrase") as refused:
        opened(path, "incorrect horse battery")
    assert refused.value.reason is KeyReason.WRONG_PASSPHRASE
