"""HMAC (RFC 2104, GB/T 15852.2) with SHA-256 or SM3 over a stream, compared in constant time.

Who can check a tag can also make one: it proves to the two sides that a message is whole, and nothing to a third.
"""

from __future__ import annotations

from collections.abc import Mapping

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.hmac import HMAC

from crypto.contract import KeyUnusable, SignatureInvalid
from crypto.schemes.hmac_sha256 import SHORTEST_KEY_BYTES


class HmacSigner:
    """Makes a tag under one key; KeyUnusable for a key under 16 octets."""

    def __init__(self, key_id: str, key: bytes, digest: hashes.HashAlgorithm):
        self.key_id = key_id
        self._hmac = _started(key, digest)

    def update(self, data: bytes) -> None:
        """More of the message."""
        self._hmac.update(data)

    def signature(self) -> bytes:
        """32 octets; once."""
        return self._hmac.finalize()


class HmacVerifier:
    """Checks a tag against any of several keys; KeyUnusable for a key under 16 octets."""

    def __init__(self, keys: Mapping[str, bytes], digest: hashes.HashAlgorithm):
        self._hmacs = {key_id: _started(key, digest) for key_id, key in keys.items()}

    def update(self, data: bytes) -> None:
        """More of the message."""
        for running in self._hmacs.values():
            running.update(data)

    def verify(self, signature: bytes) -> str:
        """The id of the key that made the tag; raises SignatureInvalid. Once."""
        for key_id, running in self._hmacs.items():
            try:
                running.verify(signature)
            except InvalidSignature:
                continue
            return key_id
        raise SignatureInvalid("the HMAC tag is not by a key we share over these bytes")


def _started(key: bytes, digest: hashes.HashAlgorithm) -> HMAC:
    if len(key) < SHORTEST_KEY_BYTES:
        raise KeyUnusable(f"an HMAC key needs at least {SHORTEST_KEY_BYTES} octets, this one has {len(key)}")
    return HMAC(key, digest)
