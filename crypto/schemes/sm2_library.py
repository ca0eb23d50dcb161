"""The only place that sees the SM2 library (gmssl-pyx over GmSSL 3.2): raw keys, digests and DER, typed."""

from __future__ import annotations

import gmssl_pyx  # type: ignore[import-untyped, unused-ignore]

Refused: type[Exception] = gmssl_pyx.GmsslInnerError


def generate() -> tuple[bytes, bytes]:
    """A new key: secret of 32 octets, public of 64 octets x‖y."""
    public, secret = gmssl_pyx.sm2_key_generate()
    return bytes(secret), bytes(public)


def sign_digest(secret: bytes, digest: bytes) -> bytes:
    """DER SEQUENCE{r, s} over e = ``digest`` (32 octets); raises Refused."""
    return bytes(gmssl_pyx.sm2_sign_sm3_digest(secret, digest))


def verify_digest(public: bytes, digest: bytes, der: bytes) -> bool:
    """Whether the DER signature over e = ``digest`` is by this key; raises Refused."""
    return bool(gmssl_pyx.sm2_verify_sm3_digest(public, digest, der))


def normalized_point(point: bytes) -> bytes:
    """x‖y of a point in any of its encodings; raises Refused if it is not on the curve."""
    return bytes(gmssl_pyx.normalize_sm2_public_key(point))


def encrypt(public: bytes, plain: bytes) -> bytes:
    """DER SEQUENCE{x, y, hash, cipher text} (GB/T 35276, C1C3C2) of 1 to 255 octets; raises Refused."""
    return bytes(gmssl_pyx.sm2_encrypt(public, plain))


def decrypt(secret: bytes, sealed: bytes) -> bytes:
    """The plain octets of such a DER; raises Refused."""
    return bytes(gmssl_pyx.sm2_decrypt(secret, sealed))
