"""SM4-CBC against the standard's examples and against OpenSSL both ways; what does not open says nothing."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.contract import KeyUnusable, MessageCipher, SealBroken
from crypto.schemes.sm4_cbc import Sm4CbcCipher

KEY = bytes.fromhex("0123456789ABCDEFFEDCBA9876543210")
OTHER = bytes.fromhex("FEDCBA98765432100123456789ABCDEF")
IV = bytes(range(16))
Run = Callable[..., subprocess.CompletedProcess[bytes]]


def cipher(*keys: bytes) -> MessageCipher:
    return Sm4CbcCipher({f"k{number}": key for number, key in enumerate(keys or (KEY,))}, "k0")


def test_example_1_of_the_standard() -> None:
    """GB/T 32907-2016 Annex A.1: one block; CBC with a zero vector does the same to the first one."""
    assert cipher().encrypt(KEY, bytes(16))[:16].hex() == "681edf34d206965e86b3e94f536e4246"


def test_example_2_of_the_standard() -> None:
    """Annex A.2, a million times over itself: CBC over zeros with the text as its vector is that very chain."""
    assert cipher().encrypt(bytes(16_000_000), KEY)[-32:-16].hex() == "595298c7c6fd271f0402f804c33d3f66"


def test_example_of_the_internet_draft() -> None:
    """draft-ribose-cfrg-sm4-10 A.2.2.1."""
    plain = bytes.fromhex("AAAAAAAABBBBBBBBCCCCCCCCDDDDDDDDEEEEEEEEFFFFFFFFAAAAAAAABBBBBBBB")
    expected = "78ebb11cc40b0a48312aaeb2040244cb4cb7016951909226979b0d15dc6a8f6d"
    assert cipher().encrypt(plain, IV)[:32].hex() == expected


@pytest.mark.parametrize("length", [0, 1, 15, 16, 17, 1000])
def test_openssl_opens_ours_and_we_open_its(openssl: Run, tmp_path: Path, length: int) -> None:
    plain = bytes(number % 251 for number in range(length))
    (tmp_path / "ours").write_bytes(cipher().encrypt(plain, IV))
    (tmp_path / "plain").write_bytes(plain)
    options = ("-sm4-cbc", "-K", KEY.hex(), "-iv", IV.hex())
    assert openssl("enc", "-d", *options, "-in", "ours").stdout == plain
    assert cipher().decrypt(openssl("enc", *options, "-in", "plain").stdout, IV) == plain


@given(st.binary(max_size=200), st.binary(min_size=16, max_size=16), st.binary(min_size=16, max_size=16))
def test_what_was_sealed_opens(plain: bytes, key: bytes, iv: bytes) -> None:
    sealed = cipher(key).encrypt(plain, iv)
    assert len(sealed) == len(plain) // 16 * 16 + 16
    assert cipher(key).decrypt(sealed, iv) == plain


def test_every_failure_reads_the_same() -> None:
    sealed = cipher().encrypt(b"x" * 40, IV)
    broken = [b"", sealed[:-1], sealed[:-16], sealed + bytes(16), sealed[:-17] + b"\x00" + sealed[-16:]]
    words = set()
    for octets in broken:
        with pytest.raises(SealBroken) as refused:
            cipher().decrypt(octets, IV)
        words.add(str(refused.value))
        assert refused.value.__cause__ is None
    assert len(words) == 1


def test_among_several_keys_the_start_tells_which_one_it_was() -> None:
    """Under a wrong key one message in 256 has a padding that looks right."""
    for number in range(2000):
        plain = b'{"response":%d}' % number
        assert cipher(OTHER, KEY).decrypt(cipher().encrypt(plain, IV), IV, b'{"response":') == plain
    with pytest.raises(SealBroken):
        cipher().decrypt(cipher().encrypt(b"[]", IV), IV, b"{")


def test_keys_and_vectors_have_16_octets() -> None:
    with pytest.raises(KeyUnusable, match="16 octets"):
        Sm4CbcCipher({"k": KEY[:-1]}, "k")
    with pytest.raises(KeyUnusable, match="not among"):
        Sm4CbcCipher({"k": KEY}, "l")
    for use in (cipher().encrypt, cipher().decrypt):
        with pytest.raises(ValueError, match="not 15"):
            use(bytes(16), IV[:-1])
