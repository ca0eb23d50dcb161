"""Keys that anybody could break, or has already, are refused with the reason."""

from __future__ import annotations

import math
from base64 import encodebytes

import pytest
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from crypto import weak_keys
from crypto.contract import KeyUnusable
from crypto.generate import generate_key
from crypto.import_keys import import_sm4
from crypto.key_material import Algorithm, KeyMaterial, check
from crypto.key_reasons import KeyReason
from crypto.keystore import Keystore
from crypto.schemes import sm2_keys


def pem(key: rsa.RSAPublicKey | ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey) -> str:
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def rsa_material(modulus: int, exponent: int = 65537) -> KeyMaterial:
    return KeyMaterial(Algorithm.RSA, pem(rsa.RSAPublicNumbers(exponent, modulus).public_key()))


def refused(material: KeyMaterial, match: str) -> None:
    with pytest.raises(KeyUnusable, match=match) as refusal:
        check(material)
    assert refusal.value.reason is KeyReason.WEAK


@pytest.fixture(scope="module")
def modulus() -> int:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048).public_key().public_numbers().n


def test_rsa(modulus: int) -> None:
    refused(rsa_material(rsa.generate_private_key(65537, 1024).public_key().public_numbers().n), "2048 bits")  # noqa: S505
    for exponent in (3, 17, 257, 65535):
        refused(rsa_material(modulus, exponent), f"exponent {exponent}")
    for factor in (3, 7919):
        cofactor = modulus // factor | 1
        refused(rsa_material(cofactor * factor * 3), "small factor")
    check(rsa_material(modulus))


def test_an_even_exponent(modulus: int) -> None:
    with pytest.raises((KeyUnusable, ValueError)):
        check(rsa_material(modulus, 65538))


def test_rsa_of_close_primes() -> None:
    first = _next_prime(math.isqrt(2**2047) + 12345)
    refused(rsa_material(first * _next_prime(first + 2)), "close together")


def _next_prime(number: int) -> int:
    number |= 1
    while math.gcd(number, weak_keys._small_primes_product()) != 1 or pow(2, number - 1, number) != 1:
        number += 2
    return number


def test_rsa_of_the_flawed_library() -> None:
    """p = k·M + (65537^a mod M): the structure that the library gave its primes, M a product of small primes."""
    product = math.prod(weak_keys._primes(168))

    def prime(a: int, bits: int) -> int:
        start = pow(65537, a, product)
        k = (2**1024 - 2**bits) // product
        while pow(2, (candidate := k * product + start) - 1, candidate) != 1 or candidate % 2 == 0:
            k += 1
        return candidate

    refused(rsa_material(prime(1234, 1020) * prime(98765, 1021)), "ROCA")


def test_a_short_curve_and_dsa() -> None:
    with pytest.raises(KeyUnusable, match="P-256 at least"):
        weak_keys.refuse_weak_public(ec.generate_private_key(ec.SECP224R1()).public_key())
    with pytest.raises(KeyUnusable, match="DSA keys are not taken"):
        weak_keys.refuse_weak_public(dsa.generate_private_key(1024).public_key())  # noqa: S505


def test_points_that_are_none() -> None:
    good = sm2_keys.public_from_pem(generate_key("sm2").public)
    for point in (good[:63] + bytes([good[63] ^ 1]), bytes(64), b"\x00", b"\x04" + bytes(64), b"\xff" * 64):
        with pytest.raises(KeyUnusable, match="not a point of the curve"):
            sm2_keys.checked_point(point)
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    der = bytearray(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))
    der[-1] ^= 1
    for octets in (bytes(der), bytes(der[:-64]) + bytes(64)):
        with pytest.raises(KeyUnusable) as refusal:
            check(KeyMaterial(Algorithm.ECDSA, _as_pem(octets)))
        assert refusal.value.reason is KeyReason.MALFORMED


def _as_pem(der: bytes) -> str:
    return f"-----BEGIN PUBLIC KEY-----\n{encodebytes(der).decode()}-----END PUBLIC KEY-----\n"


def test_ed25519_points_of_small_order() -> None:
    for point in weak_keys._ED25519_SMALL_ORDER:
        key = ed25519.Ed25519PublicKey.from_public_bytes(point)
        refused(KeyMaterial(Algorithm.ED25519, pem(key)), "small order")


def test_symmetric_placeholders() -> None:
    for octet in (b"\x00", b"\xff", b"1"):
        refused(KeyMaterial(Algorithm.AES, secret=octet * 32), "repeated")
        refused(KeyMaterial(Algorithm.SM4, secret=octet * 16), "repeated")
        refused(KeyMaterial(Algorithm.HMAC, secret=octet * 40), "repeated")
    with pytest.raises(KeyUnusable):
        check(KeyMaterial(Algorithm.HMAC, secret=bytes(range(15))))


def test_an_hmac_key_of_our_own_has_32_octets(keystore: Keystore) -> None:
    short = KeyMaterial(Algorithm.HMAC, secret=bytes(range(31)))
    for purpose in ("sign", "field", "transport"):
        with pytest.raises(KeyUnusable, match="31 octets: our own have 32") as refusal:
            keystore.add(f"ours-{purpose}", purpose, short)
        assert refusal.value.reason is KeyReason.WEAK
    keystore.add("provider", "sign", short, owner="counterparty", state="ACTIVE")
    assert keystore.hmac_key("provider") == short.secret


def test_published_keys(keystore: Keystore) -> None:
    """The examples of GB/T 32907 and of RFC 8032."""
    example = ed25519.Ed25519PrivateKey.from_private_bytes(
        bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    )
    for purpose, material in (
        ("encrypt", import_sm4("0123456789abcdeffedcba9876543210")),
        ("verify", KeyMaterial(Algorithm.ED25519, pem(example.public_key()))),
        ("encrypt", KeyMaterial(Algorithm.AES, secret=bytes(range(32)))),
    ):
        with pytest.raises(KeyUnusable, match="everybody has it") as refusal:
            keystore.add("example", purpose, material)
        assert refusal.value.reason is KeyReason.PUBLISHED
