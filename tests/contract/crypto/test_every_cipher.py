"""What holds for every cipher for whole messages, by the names that a profile gives them."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import get_args

import pytest

from crypto.contract import CipherName, KeyUnusable, MessageCipher, SealBroken
from crypto.generate import generate_key
from crypto.key_material import Algorithm
from crypto.keystore import Keystore
from crypto.schemes.ciphers import CIPHERS

IV = b"N530100021000000"
PLAIN = '{"response":{"备注":"补贴"}}'.encode()
OCTETS = {Algorithm.SM4: 16, Algorithm.AES: 32}


@pytest.fixture(params=sorted(CIPHERS))
def name(request: pytest.FixtureRequest) -> str:
    found: str = request.param
    return found


def key(name: str, octet: int = 1) -> bytes:
    return bytes([octet]) * OCTETS[CIPHERS[name].algorithm]


def cipher(name: str, *octets: int) -> MessageCipher:
    keys = {f"k{octet}": key(name, octet) for octet in octets or (1,)}
    return CIPHERS[name].make(keys, next(iter(keys)))


def test_the_names_are_those_of_the_contract() -> None:
    assert set(CIPHERS) == set(get_args(CipherName))


@pytest.mark.parametrize("length", [0, 1, 15, 16, 17, 5000])
def test_what_was_sealed_opens(name: str, length: int) -> None:
    plain = bytes(number % 251 for number in range(length))
    assert cipher(name).decrypt(cipher(name).encrypt(plain, IV), IV) == plain


def test_a_key_that_retires_still_opens(name: str) -> None:
    sealed = cipher(name, 1).encrypt(PLAIN, IV)
    both = cipher(name, 2, 1)
    assert both.key_id == "k2"
    assert both.decrypt(sealed, IV, b'{"response":') == PLAIN


def test_every_failure_reads_the_same(name: str) -> None:
    sealed, words = cipher(name).encrypt(PLAIN, IV), set()
    for octets in (b"", sealed[:-1], sealed[1:], sealed[:20], sealed + b"\x00"):
        with pytest.raises(SealBroken) as refused:
            cipher(name).decrypt(octets, IV, b"{")
        words.add(str(refused.value))
        assert refused.value.__cause__ is None
    assert len(words) == 1
    with pytest.raises(SealBroken):
        cipher(name, 2).decrypt(sealed, IV, b'{"response":')
    with pytest.raises(SealBroken):
        cipher(name).decrypt(sealed, IV, b'{"request":')


def test_keys_have_their_length(name: str) -> None:
    with pytest.raises(KeyUnusable):
        CIPHERS[name].make({"k": key(name)[:-1]}, "k")
    with pytest.raises(KeyUnusable, match="not among"):
        CIPHERS[name].make({"k": key(name)}, "l")


@pytest.mark.parametrize("name", ["sm4-gcm", "aes-256-gcm"])
def test_gcm_draws_a_nonce_each_time_and_binds_what_is_known_beforehand(name: str) -> None:
    one = cipher(name)
    sealed = [one.encrypt(PLAIN, IV) for _ in range(64)]
    assert len({octets[:12] for octets in sealed}) == 64
    assert all(len(octets) == 12 + len(PLAIN) + 16 for octets in sealed)
    with pytest.raises(SealBroken):
        one.decrypt(sealed[0], b"N530100021000001")
    for place in range(len(sealed[0])):
        changed = bytearray(sealed[0])
        changed[place] ^= 1
        with pytest.raises(SealBroken):
            one.decrypt(bytes(changed), IV)


def test_out_of_a_keystore(name: str, tmp_path: Path) -> None:
    store = Keystore.create(tmp_path / "keys.json", "correct horse battery", today=lambda: date(2026, 5, 1))
    kind = CIPHERS[name]
    store.add(
        "shared", "encrypt", generate_key("sm4" if kind.algorithm is Algorithm.SM4 else "aes-256"), state="ACTIVE"
    )
    one = store.message_cipher("shared", kind.name)
    assert one.decrypt(one.encrypt(PLAIN, IV), IV) == PLAIN
    other = next(found for found in CIPHERS.values() if found.algorithm is not kind.algorithm)
    with pytest.raises(KeyUnusable, match="is needed"):
        store.message_cipher("shared", other.name)
