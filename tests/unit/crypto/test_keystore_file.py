"""The keystore file: it comes back whole or not at all, whoever touched it."""

from __future__ import annotations

import json
import pickle
import stat
from datetime import date
from pathlib import Path

import pytest

from crypto.contract import KeyUnusable
from crypto.generate import generate_key
from crypto.keystore import Keystore

MAY = date(2026, 5, 1)
ACTIVE = {"state": "ACTIVE"}


def test_the_file_comes_back_whole_and_private(keystore: Keystore, passphrase: str) -> None:
    sm2 = generate_key("sm2")
    keystore.add("ours", "sign", sm2, not_before=date(2026, 1, 1), not_after=date(2026, 12, 31), **ACTIVE)
    keystore.add("theirs", "verify", sm2.public_only(), owner="counterparty", **ACTIVE)
    keystore.save()
    assert stat.S_IMODE(keystore.path.stat().st_mode) == 0o600
    assert [path.name for path in keystore.path.parent.iterdir()] == ["keys.json"]
    reopened = Keystore.open(keystore.path, passphrase, today=lambda: MAY)
    assert reopened.entries() == keystore.entries()
    assert reopened.active_key_id("ours") == reopened.active_key_id("theirs") == sm2.fingerprint()


def test_secrets_are_not_in_the_file(keystore: Keystore) -> None:
    material = generate_key("hmac")
    keystore.add("sms-hmac", "sign", material, **ACTIVE)
    keystore.save()
    assert material.secret is not None
    octets = keystore.path.read_bytes()
    assert material.secret not in octets
    assert material.secret.hex().encode() not in octets
    assert "secret" not in repr(material)


def test_wrong_passphrase_missing_file_and_second_creation(keystore: Keystore, passphrase: str, tmp_path: Path) -> None:
    with pytest.raises(KeyUnusable, match="wrong passphrase"):
        Keystore.open(keystore.path, passphrase + "!")
    with pytest.raises(KeyUnusable, match="No such file"):
        Keystore.open(tmp_path / "missing.json", passphrase)
    with pytest.raises(KeyUnusable, match="exists"):
        Keystore.create(keystore.path, passphrase)
    with pytest.raises(KeyUnusable, match="at least 12"):
        Keystore.create(tmp_path / "new.json", "short")


def test_any_change_of_the_file_is_noticed(keystore: Keystore, passphrase: str) -> None:
    keystore.add("ours", "sign", generate_key("ed25519"), **ACTIVE)
    keystore.save()
    octets = keystore.path.read_bytes()
    for place in range(0, len(octets), 97):
        keystore.path.write_bytes(octets[:place] + bytes([octets[place] ^ 1]) + octets[place + 1 :])
        with pytest.raises(KeyUnusable):
            Keystore.open(keystore.path, passphrase)
        with pytest.raises(KeyUnusable):
            keystore.reload()
    for changed in (b"", octets[:-1], octets + b" ", octets.replace(b"\n", b"\r\n", 1), b"[]", b'{"format":1}'):
        keystore.path.write_bytes(changed)
        with pytest.raises(KeyUnusable):
            Keystore.open(keystore.path, passphrase)


@pytest.mark.parametrize(
    "change", [{"state": "ACTIVE"}, {"alias": "other"}, {"purpose": "verify"}, {"not_after": None}]
)
def test_an_edited_entry_is_tampering(keystore: Keystore, passphrase: str, change: dict[str, str | None]) -> None:
    keystore.add("ours", "sign", generate_key("hmac"), not_after=MAY)
    keystore.save()
    document = json.loads(keystore.path.read_bytes())
    document["content"]["entries"][0].update(change)
    keystore.path.write_text(json.dumps(document, indent=1, sort_keys=True) + "\n")
    with pytest.raises(KeyUnusable, match="tampered"):
        Keystore.open(keystore.path, passphrase)


def test_two_writers_and_a_reader(keystore: Keystore, passphrase: str) -> None:
    other = Keystore.open(keystore.path, passphrase)
    assert other.reload() is False
    entry = keystore.add("field", "field", generate_key("hmac"))
    keystore.save()
    other.add("late", "field", generate_key("hmac"))
    with pytest.raises(KeyUnusable, match="somebody else"):
        other.save()
    assert other.reload() is True
    assert other.entries() == [entry]
    assert other.revision == keystore.revision == 2


def test_an_older_file_put_back_is_refused_by_who_knew_better(keystore: Keystore) -> None:
    before = keystore.path.read_bytes()
    keystore.add("field", "field", generate_key("hmac"))
    keystore.save()
    keystore.path.write_bytes(before)
    with pytest.raises(KeyUnusable, match="older"):
        keystore.reload()


def test_change_of_passphrase(keystore: Keystore, passphrase: str) -> None:
    shared = generate_key("hmac")
    keystore.add("sms-hmac", "sign", shared, **ACTIVE)
    keystore.add("theirs", "verify", generate_key("sm2").public_only())
    keystore.save()
    other = Keystore.open(keystore.path, passphrase)
    keystore.change_passphrase("another long passphrase")
    keystore.save()
    assert Keystore.open(keystore.path, "another long passphrase").hmac_key("sms-hmac") == shared.secret
    with pytest.raises(KeyUnusable, match="wrong passphrase"):
        Keystore.open(keystore.path, passphrase)
    with pytest.raises(KeyUnusable, match="another passphrase"):
        other.reload()


def test_a_keystore_does_not_travel(keystore: Keystore) -> None:
    with pytest.raises(TypeError, match="open it where it is needed"):
        pickle.dumps(keystore)
    assert "passphrase" not in repr(keystore._master) and len(repr(keystore._master)) < 20
