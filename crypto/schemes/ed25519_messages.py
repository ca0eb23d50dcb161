"""Ed25519 (RFC 8032, pure) over whole messages of at most 16 MiB.

Pure Ed25519 reads its message twice, so it cannot be streamed; Ed25519ph could, but neither the cryptography package nor
the openssl command of most banks has it, and signing a digest of one's own making is nobody's standard. So the message
is held, and a longer one is refused before it fills the memory: a bank with larger files agrees on another scheme.
"""

from __future__ import annotations

from collections.abc import Mapping

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from crypto.contract import LONGEST_ED25519_BYTES, CryptoError, SignatureInvalid


class Ed25519Signer:
    """Signs with one key."""

    def __init__(self, key_id: str, key: Ed25519PrivateKey):
        self.key_id = key_id
        self._key = key
        self._message = bytearray()

    def update(self, data: bytes) -> None:
        """More of the message; CryptoError once it is too long."""
        if len(self._message) + len(data) > LONGEST_ED25519_BYTES:
            raise CryptoError(_too_long())
        self._message += data

    def signature(self) -> bytes:
        """64 octets."""
        return self._key.sign(self._message)


class Ed25519Verifier:
    """Verifies against any of several keys; the library refuses an s that is not below the group's order."""

    def __init__(self, keys: Mapping[str, Ed25519PublicKey]):
        self._keys = dict(keys)
        self._message = bytearray()

    def update(self, data: bytes) -> None:
        """More of the message; SignatureInvalid once it is too long."""
        if len(self._message) + len(data) > LONGEST_ED25519_BYTES:
            raise SignatureInvalid(_too_long())
        self._message += data

    def verify(self, signature: bytes) -> str:
        """The id of the key that signed; raises SignatureInvalid."""
        if len(signature) != 64:
            raise SignatureInvalid(f"an Ed25519 signature has 64 octets, not {len(signature)}")
        for key_id, key in self._keys.items():
            try:
                key.verify(signature, self._message)
            except InvalidSignature:
                continue
            return key_id
        raise SignatureInvalid("the Ed25519 signature is not by a key we trust over these bytes")


def _too_long() -> str:
    most = LONGEST_ED25519_BYTES // (1024 * 1024)
    return (
        f"the message is longer than the {most} MiB that Ed25519 signs here, because it cannot be streamed: "
        "agree with the bank on smaller files or on another scheme (security.scheme)"
    )
