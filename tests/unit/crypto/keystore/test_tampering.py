"""Every octet of the file counts, and a damaged file is not mistaken for a wrong passphrase."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from crypto import keystore_file, master_key
from crypto.contract import KeyUnusable
from crypto.generate import generate_key
from crypto.key_reasons import KeyReason
from crypto.keystore import Keystore
from crypto.master_key import BOUNDS, Derivation

MAY = date(2026, 5, 1)


def refusal(path: Path, words: str) -> KeyReason:
    with pytest.raises(KeyUnusable) as refused:
        Keystore.open(path, words)
    return refused.value.reason


def test_every_octet(keystore: Keystore, passphrase: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The derivation is asked for once: what is tested is what comes before and after it."""
    keystore.add("ours", "sign", generate_key("ed25519"), state="ACTIVE", not_after=MAY)
    keystore.save()
    octets, master = keystore.path.read_bytes(), keystore._master
    monkeypatch.setattr(
        keystore_file.MasterKey, "derive", lambda _, derivation: master if derivation == master.derivation else 1 / 0
    )
    for place in range(len(octets)):
        flipped = octets[place] ^ (0x20 if place % 3 else 0x01)
        keystore.path.write_bytes(octets[:place] + bytes([flipped]) + octets[place + 1 :])
        assert refusal(keystore.path, passphrase) is KeyReason.TAMPERED, place
        with pytest.raises(KeyUnusable):
            keystore.reload()
    for changed in (b"", b"null", b"[]", b"{}", octets[:-1], octets + b" ", octets[:40], b"\xff" * 99, b"[" * 99_999):
        keystore.path.write_bytes(changed)
        assert refusal(keystore.path, passphrase) is KeyReason.TAMPERED
    keystore.path.write_bytes(octets)
    assert keystore.reload() is False
    assert Keystore.open(keystore.path, passphrase).entries() == keystore.entries()


def test_a_damaged_file_under_wrong_words_is_damaged(keystore: Keystore) -> None:
    octets = keystore.path.read_bytes()
    assert refusal(keystore.path, "incorrect horse battery") is KeyReason.WRONG_PASSPHRASE
    keystore.path.write_bytes(octets.replace(b'"revision": 1', b'"revision": 2'))
    assert refusal(keystore.path, "incorrect horse battery") is KeyReason.TAMPERED


def _checked(document: dict[str, Any]) -> dict[str, Any]:
    return document | {"checksum": keystore_file._checksum(document)}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda d: d["argon2id"].update(memory_kib=8), KeyReason.TAMPERED),
        (lambda d: d["argon2id"].update(memory_kib=2**40), KeyReason.TAMPERED),
        (lambda d: d["argon2id"].update(iterations=1), KeyReason.TAMPERED),
        (lambda d: d["argon2id"].update(lanes=0), KeyReason.TAMPERED),
        (lambda d: d["argon2id"].update(more=1), KeyReason.TAMPERED),
        (lambda d: d["argon2id"].update(salt="00"), KeyReason.TAMPERED),
        (lambda d: d["argon2id"].update(salt="zz"), KeyReason.TAMPERED),
        (lambda d: d.update(scrypt={"n": 2**15, "salt": "00" * 32}), KeyReason.TAMPERED),
        (lambda d: d.pop("argon2id"), KeyReason.TAMPERED),
        (lambda d: d.update(argon2id=[]), KeyReason.TAMPERED),
        (lambda d: d.update(proof=1), KeyReason.WRONG_PASSPHRASE),
        (lambda d: d.update(mac="0" * 64), KeyReason.TAMPERED),
        (lambda d: d.update(content=[]), KeyReason.TAMPERED),
        (lambda d: d["content"].update(revision=9), KeyReason.TAMPERED),
        (lambda d: d["content"].update(entries=[]), KeyReason.TAMPERED),
        (lambda d: d.update(format="benefit-payment-gateway-keystore/1"), KeyReason.TAMPERED),
        (lambda d: d.update(format="benefit-payment-gateway-keystore/3"), KeyReason.TAMPERED),
    ],
)
def test_who_corrects_the_checksum_too(
    keystore: Keystore, passphrase: str, change: Callable[[dict[str, Any]], None], reason: KeyReason
) -> None:
    keystore.add("ours", "sign", generate_key("hmac"), not_after=MAY)
    keystore.save()
    document = json.loads(keystore.path.read_bytes())
    change(document)
    keystore.path.write_bytes(keystore_file._dumped(_checked(document)) + b"\n")
    assert refusal(keystore.path, passphrase) is reason


def test_the_recorded_cost_is_bounded_and_what_is_new_is_within() -> None:
    for function, bounds in BOUNDS.items():
        for end in (0, 1):
            cost = {name: limits[end] for name, limits in bounds.items()}
            assert Derivation(function, cost, bytes(32)).stored()[function]["salt"] == "00" * 32  # type: ignore[arg-type]
    assert master_key.fresh_derivation().function == "argon2id"
    assert master_key.fresh_derivation().salt != master_key.fresh_derivation().salt


def test_a_secret_moved_to_another_entry_does_not_open(keystore: Keystore) -> None:
    one = keystore.add("one", "sign", generate_key("hmac"), state="ACTIVE")
    two = keystore.add("two", "sign", generate_key("hmac"), state="ACTIVE")
    with pytest.raises(KeyUnusable, match="tampered"):
        keystore._master.unseal(one.sealed_secret or "", two.binding())
