"""HMAC-SHA256 (RFC 2104) over a short message, compared in constant time."""

from __future__ import annotations

import hmac

from crypto.contract import KeyUnusable, SignatureInvalid

SHORTEST_KEY_BYTES = 16


def tag(key: bytes, message: bytes) -> bytes:
    """32 octets; KeyUnusable for a key under 16 octets."""
    if len(key) < SHORTEST_KEY_BYTES:
        raise KeyUnusable(f"an HMAC key needs at least {SHORTEST_KEY_BYTES} octets, this one has {len(key)}")
    return hmac.digest(key, message, "sha256")


def check(key: bytes, message: bytes, given: bytes) -> None:
    """Return if ``given`` is the tag of the message; raises SignatureInvalid."""
    if not hmac.compare_digest(tag(key, message), given):
        raise SignatureInvalid("the HMAC-SHA256 tag does not fit the message")
