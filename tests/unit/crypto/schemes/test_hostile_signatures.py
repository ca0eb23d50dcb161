"""Signatures by somebody who knows the mathematics (恶意签名): respelled, out of range, forged paddings. All are refused."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from crypto.contract import KeyUnusable
from crypto.schemes import dss_form, ecdsa_keys, ed25519
from crypto.schemes.ecdsa import P256_SHA256, P384_SHA384, EcdsaKind

Check = Callable[..., bool]
MESSAGE = b"pay 100 yuan"
KINDS = {"ecdsa-p256-sha256": P256_SHA256, "ecdsa-p384-sha384": P384_SHA384}
EC_KEYS = {name: ec.generate_private_key(kind.curve()) for name, kind in KINDS.items()}
ED_KEY = Ed25519PrivateKey.generate()
ED_ORDER = 2**252 + 27742317777372353535851937790883648493
RSA_KEY = rsa.generate_private_key(public_exponent=3, key_size=2048)  # the exponent of the classical forgeries
SHA256_INFO = bytes.fromhex("3031300d060960864801650304020105000420")


def integer(value: int) -> bytes:
    octets = value.to_bytes((value.bit_length() + 8) // 8, "big", signed=True)
    return b"\x02" + bytes([len(octets)]) + octets


def sequence(*parts: bytes) -> bytes:
    return b"\x30" + bytes([len(b"".join(parts))]) + b"".join(parts)


def respelled(kind: EcdsaKind, der: bytes) -> dict[str, bytes]:
    r, s = decode_dss_signature(der)
    n, width = kind.order, (kind.order.bit_length() + 7) // 8
    first, second = der[2 : 4 + der[3]], der[4 + der[3] :]
    return {
        "trailing octet": der + b"\x00",
        "trailing octet inside": b"\x30" + bytes([der[1] + 1]) + der[2:] + b"\x00",
        "long form of the length": b"\x30\x81" + der[1:],
        "indefinite length": b"\x30\x80" + der[2:] + b"\x00\x00",
        "padded r": b"\x30" + bytes([der[1] + 1]) + b"\x02" + bytes([first[1] + 1]) + b"\x00" + first[2:] + second,
        "set instead of sequence": b"\x31" + der[1:],
        "one integer only": b"\x30" + bytes([len(first)]) + first,
        "three integers": b"\x30" + bytes([der[1] + 3]) + der[2:] + b"\x02\x01\x01",
        "r of zero": encode_dss_signature(0, s),
        "s of zero": encode_dss_signature(r, 0),
        "both zero": encode_dss_signature(0, 0),
        "both one": encode_dss_signature(1, 1),
        "r is the order": encode_dss_signature(n, s),
        "s is the order": encode_dss_signature(r, n),
        "r plus the order": encode_dss_signature(r + n, s),
        "s plus the order": encode_dss_signature(r, s + n),
        "s minus the order": sequence(integer(r), integer(s - n)),
        "negative r": sequence(integer(-r), integer(s)),
        "no integers": sequence(),
        "swapped": encode_dss_signature(s, r),
        "r and n - s of another r": encode_dss_signature(n - r, s),
        "raw where DER is agreed": r.to_bytes(width, "big") + s.to_bytes(width, "big"),
    }


@pytest.mark.parametrize("scheme", sorted(KINDS))
def test_ecdsa_has_one_spelling(sign, genuine: Check, scheme: str) -> None:
    key, kind = EC_KEYS[scheme], KINDS[scheme]
    public = ecdsa_keys.public_to_pem(key.public_key())
    good = sign(scheme, ecdsa_keys.private_to_der(key), MESSAGE)
    assert genuine(scheme, public, MESSAGE, good)
    for name, octets in respelled(kind, good).items():
        assert not genuine(scheme, public, MESSAGE, octets), name


@pytest.mark.parametrize("scheme", sorted(KINDS))
def test_raw_ecdsa_has_one_length_and_one_range(sign, genuine: Check, scheme: str) -> None:
    key, kind = EC_KEYS[scheme], KINDS[scheme]
    public, width = ecdsa_keys.public_to_pem(key.public_key()), (kind.order.bit_length() + 7) // 8
    good = sign(scheme, ecdsa_keys.private_to_der(key), MESSAGE, "raw")
    assert len(good) == 2 * width and genuine(scheme, public, MESSAGE, good, "raw")
    zero, order = bytes(width), kind.order.to_bytes(width, "big")
    bad = (b"", good[:-1], good + b"\x00", b"\x00" + good, zero + good[width:], good[:width] + zero)
    for octets in (*bad, order + good[width:], good[:width] + order, b"\xff" * 2 * width, bytes(2 * width)):
        assert not genuine(scheme, public, MESSAGE, octets, "raw")


@pytest.mark.parametrize("scheme", sorted(KINDS))
def test_both_halves_of_the_group_verify_and_we_write_the_lower_one(sign, genuine: Check, scheme: str) -> None:
    """(r, n - s) is the same signature to FIPS 186-5: a signature is therefore never an identity."""
    key, kind = EC_KEYS[scheme], KINDS[scheme]
    public = ecdsa_keys.public_to_pem(key.public_key())
    for number in range(8):
        r, s = dss_form.read(sign(scheme, ecdsa_keys.private_to_der(key), bytes([number])), "der", kind.order)
        assert s <= kind.order // 2
        assert genuine(scheme, public, bytes([number]), encode_dss_signature(r, kind.order - s))


def test_an_ecdsa_key_off_its_curve_or_on_another_is_refused() -> None:
    for curve in (ec.SECP256K1(), ec.SECP521R1()):
        other = ec.generate_private_key(curve)
        with pytest.raises(KeyUnusable, match="P-256 or P-384"):
            ecdsa_keys.public_from_pem(ecdsa_keys.public_to_pem(other.public_key()))
        with pytest.raises(KeyUnusable, match="P-256 or P-384"):
            ecdsa_keys.private_from_der(ecdsa_keys.private_to_der(other))
    der = EC_KEYS["ecdsa-p256-sha256"].public_key()
    octets = der.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    beside = octets[:-1] + bytes([octets[-1] ^ 1])
    with pytest.raises(KeyUnusable):
        ecdsa_keys.public_from_pem(
            f"-----BEGIN PUBLIC KEY-----\n{b64encode(beside).decode()}\n-----END PUBLIC KEY-----\n"
        )


def test_ed25519_is_not_malleable(sign, genuine: Check) -> None:
    public = ed25519.public_to_pem(ED_KEY.public_key())
    good = sign("ed25519", ed25519.private_to_der(ED_KEY), MESSAGE)
    assert genuine("ed25519", public, MESSAGE, good)
    s = int.from_bytes(good[32:], "little")
    higher = [good[:32] + (s + times * ED_ORDER).to_bytes(32, "little") for times in range(1, 15)]
    negated = good[:32] + (ED_ORDER - s).to_bytes(32, "little")
    sign_bit = good[:31] + bytes([good[31] ^ 0x80]) + good[32:]
    neutral = b"\x01" + bytes(31) + bytes(32)  # R the neutral point, s zero
    for octets in (*higher, negated, sign_bit, neutral, bytes(64), good[:63], good + b"\x00", b""):
        assert not genuine("ed25519", public, MESSAGE, octets)


def rsa_public() -> str:
    return (
        RSA_KEY.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )


def raised(encoded: bytes) -> bytes:
    """The bare RSA operation over an encoding of our own making, as only the owner of the key can do it."""
    numbers = RSA_KEY.private_numbers()
    return pow(int.from_bytes(encoded, "big"), numbers.d, numbers.public_numbers.n).to_bytes(256, "big")


def padded(tail: bytes, start: bytes = b"\x00\x01", fill: bytes = b"\xff") -> bytes:
    return start + fill * (256 - len(start) - 1 - len(tail)) + b"\x00" + tail


def pkcs1_forgeries() -> dict[str, bytes]:
    digest = hashlib.sha256(MESSAGE).digest()
    right = SHA256_INFO + digest
    return {
        "garbage after the digest": raised(
            b"\x00\x01" + b"\xff" * 8 + b"\x00" + right + b"\x5a" * (256 - 11 - len(right))
        ),
        "short padding": raised(b"\x00\x01" + b"\xff" * 7 + b"\x00" + b"\x00" * (256 - 10 - len(right)) + right),
        "no parameters": raised(padded(bytes.fromhex("302f300b0609608648016503040201" + "0420") + digest)),
        "long form of a length": raised(padded(bytes.fromhex("308131300d060960864801650304020105000420") + digest)),
        "digest alone": raised(padded(digest)),
        "block type 2": raised(padded(right, b"\x00\x02")),
        "padding of other octets": raised(padded(right, fill=b"\xfe")),
        "block type 0": raised(padded(right, b"\x00\x00")),
        "oid of SHA-1 over a SHA-256 digest": raised(padded(bytes.fromhex("302d300906052b0e03021a05000420") + digest)),
        "SHA-512 in place of SHA-256": RSA_KEY.sign(MESSAGE, padding.PKCS1v15(), hashes.SHA512()),
        "SHA-1 in place of SHA-256": RSA_KEY.sign(MESSAGE, padding.PKCS1v15(), hashes.SHA1()),  # noqa: S303
    }


def test_forged_paddings_of_pkcs1_are_refused(genuine: Check) -> None:
    right = raised(padded(SHA256_INFO + hashlib.sha256(MESSAGE).digest()))
    assert genuine("rsa-pkcs1-sha256", rsa_public(), MESSAGE, right)
    for name, octets in pkcs1_forgeries().items():
        assert not genuine("rsa-pkcs1-sha256", rsa_public(), MESSAGE, octets), name


@pytest.mark.parametrize("scheme", ["rsa-pkcs1-sha256", "rsa-pss-sha256"])
def test_an_rsa_signature_has_the_length_and_range_of_the_modulus(sign, genuine: Check, scheme: str) -> None:
    der = RSA_KEY.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    good = sign(scheme, der, MESSAGE)
    value, modulus = int.from_bytes(good, "big"), RSA_KEY.public_key().public_numbers().n
    assert genuine(scheme, rsa_public(), MESSAGE, good)
    plus = value + modulus
    for octets in (
        b"\x00" + good,
        good + b"\x00",
        good[1:],
        plus.to_bytes(257, "big"),
        bytes(256),
        b"\x00" * 255 + b"\x01",
    ):
        assert not genuine(scheme, rsa_public(), MESSAGE, octets)
    if plus < 2**2048:
        assert not genuine(scheme, rsa_public(), MESSAGE, plus.to_bytes(256, "big"))


def test_pss_has_one_salt_length_and_one_mask(genuine: Check) -> None:
    sha256, sha1 = hashes.SHA256(), hashes.SHA1()  # noqa: S303
    assert genuine(
        "rsa-pss-sha256", rsa_public(), MESSAGE, RSA_KEY.sign(MESSAGE, padding.PSS(padding.MGF1(sha256), 32), sha256)
    )
    for mask, salt, digest in (
        (sha256, 0, sha256),
        (sha256, 20, sha256),
        (sha256, 222, sha256),
        (sha1, 32, sha256),
        (sha1, 20, sha1),
    ):
        other = RSA_KEY.sign(MESSAGE, padding.PSS(padding.MGF1(mask), salt), digest)
        assert not genuine("rsa-pss-sha256", rsa_public(), MESSAGE, other)


@pytest.mark.parametrize("scheme", ["hmac-sha256", "hmac-sm3"])
def test_a_tag_is_never_shortened(sign, genuine: Check, scheme: str) -> None:
    key = b"0123456789abcdef"
    tag = sign(scheme, key, MESSAGE)
    for octets in (tag[:16], tag[:31], tag + b"\x00", tag[::-1], b"", bytes(32)):
        assert not genuine(scheme, key, MESSAGE, octets)
    other = {"hmac-sha256": "hmac-sm3", "hmac-sm3": "hmac-sha256"}[scheme]
    assert not genuine(scheme, key, MESSAGE, sign(other, key, MESSAGE))
