"""RSA signatures (RFC 8017), PKCS#1 v1.5 or PSS, over a streamed digest.

SHA-256, and SHA-1 for the banks that still have nothing else: ``registry`` lets it through for a dated exception only.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.padding import AsymmetricPadding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

from crypto.contract import SignatureInvalid

RsaScheme: TypeAlias = Literal["rsa-pkcs1-sha256", "rsa-pss-sha256", "rsa-pkcs1-sha1"]
SMALLEST_KEY_BITS = 2048


def _padding(scheme: RsaScheme) -> AsymmetricPadding:
    if scheme == "rsa-pss-sha256":
        return padding.PSS(mgf=padding.MGF1(hashes.SHA256()), salt_length=padding.PSS.DIGEST_LENGTH)
    return padding.PKCS1v15()


def _digest(scheme: RsaScheme) -> hashes.HashAlgorithm:
    if scheme == "rsa-pkcs1-sha1":
        return hashes.SHA1()  # noqa: S303  # nosec B303 - only under a dated exception of a bank's profile
    return hashes.SHA256()


class RsaSigner:
    """Signs with one key."""

    def __init__(self, key_id: str, key: RSAPrivateKey, scheme: RsaScheme):
        self.key_id = key_id
        self._key = key
        self._padding = _padding(scheme)
        self._algorithm = _digest(scheme)
        self._digest = hashes.Hash(self._algorithm)

    def update(self, data: bytes) -> None:
        """More of the message."""
        self._digest.update(data)

    def signature(self) -> bytes:
        """As many octets as the modulus has; once."""
        return self._key.sign(self._digest.finalize(), self._padding, Prehashed(self._algorithm))


class RsaVerifier:
    """Verifies against any of several keys; PSS salts must have 32 octets."""

    def __init__(self, keys: Mapping[str, RSAPublicKey], scheme: RsaScheme):
        self._keys = dict(keys)
        self._padding = _padding(scheme)
        self._algorithm = _digest(scheme)
        self._digest = hashes.Hash(self._algorithm)

    def update(self, data: bytes) -> None:
        """More of the message."""
        self._digest.update(data)

    def verify(self, signature: bytes) -> str:
        """The id of the key that signed; raises SignatureInvalid. Once."""
        digest = self._digest.finalize()
        for key_id, key in self._keys.items():
            try:
                key.verify(signature, digest, self._padding, Prehashed(self._algorithm))
            except InvalidSignature:
                continue
            return key_id
        raise SignatureInvalid("the RSA signature is not by a key we trust over these bytes")
