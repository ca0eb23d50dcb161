# mypy: disable-error-code="no-untyped-call"
"""How a content key travels to its recipient (会话密钥的加密传递): RSA-OAEP, RSA PKCS#1 v1.5, or SM2.

PKCS#1 v1.5 only where a bank can do nothing else: whoever can ask often whether its padding was right, decrypts with
the answers. So a wrong padding yields a random key here, and every message that does not open says the same.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, Protocol, TypeAlias

from asn1crypto import core
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.padding import AsymmetricPadding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from crypto.cms.identifiers import algorithm, both, mask, tagged
from crypto.contract import KeyUnusable
from crypto.key_material import Algorithm, rsa_private, rsa_public
from crypto.schemes import sm2_keys, sm2_library

TransportName: TypeAlias = Literal["rsa-oaep-sha256", "rsa-pkcs1", "sm2"]

_RSA, _OAEP, _SM2 = "1.2.840.113549.1.1.1", "1.2.840.113549.1.1.7", "1.2.156.10197.1.301.3"
_SHA256: Final = "2.16.840.1.101.3.4.2.1"
_OAEP_SHA256: Final = padding.OAEP(mgf=padding.MGF1(hashes.SHA256()), algorithm=hashes.SHA256(), label=None)


class RecipientKey(Protocol):
    """One private key that content keys are encrypted for; it may live in a device."""

    @property
    def key_id(self) -> str:
        """Its id in the keystore."""

    def open_key(self, sealed: bytes, octets: int) -> bytes:
        """The content key of that length; a random one where it does not open, so that nobody learns that it did not."""


@dataclass(frozen=True, slots=True)
class RsaRecipient:
    """An RSA key; ``transport`` is the one padding that it is used with."""

    key_id: str
    key: RSAPrivateKey
    transport: TransportName

    def open_key(self, sealed: bytes, octets: int) -> bytes:
        """See RecipientKey."""
        instead = secrets.token_bytes(octets)
        try:
            found = self.key.decrypt(sealed, _rsa_padding(self.transport))
        except ValueError:
            found = b""
        return found if len(found) == octets else instead


@dataclass(frozen=True, slots=True)
class Sm2Recipient:
    """An SM2 key; ``secret`` 32 octets."""

    key_id: str
    secret: bytes

    def open_key(self, sealed: bytes, octets: int) -> bytes:
        """See RecipientKey."""
        instead = secrets.token_bytes(octets)
        try:
            found = sm2_library.decrypt(self.secret, sealed)
        except sm2_library.Refused:
            found = b""
        return found if len(found) == octets else instead


def algorithm_of(transport: TransportName) -> Algorithm:
    """The algorithm of the keys that it takes."""
    return Algorithm.SM2 if transport == "sm2" else Algorithm.RSA


def recipient_key(transport: TransportName, key_id: str, secret: bytes) -> RecipientKey:
    """Out of a secret half as the keystore keeps it; raises KeyUnusable."""
    if transport == "sm2":
        return Sm2Recipient(key_id, sm2_keys.checked_secret(secret))
    return RsaRecipient(key_id, rsa_private(secret, trusted=True), transport)


def seal_key(transport: TransportName, public: str, key: bytes) -> bytes:
    """``key`` encrypted for the owner of a public key in PEM; raises KeyUnusable."""
    if transport != "sm2":
        return rsa_public(public).encrypt(key, _rsa_padding(transport))
    try:
        return sm2_library.encrypt(sm2_keys.public_from_pem(public), key)
    except sm2_library.Refused as error:
        raise KeyUnusable("the SM2 library could not encrypt for this key") from error


def _rsa_padding(transport: TransportName) -> AsymmetricPadding:
    return _OAEP_SHA256 if transport == "rsa-oaep-sha256" else padding.PKCS1v15()


def _oaep() -> tuple[bytes, ...]:
    """SHA-256 and MGF1 with SHA-256, no label (RFC 4055)."""
    spellings = []
    for digest in reversed(both(_SHA256)):
        for masked in reversed(both(_SHA256)):
            fields = tagged(0, digest) + tagged(1, mask(masked))
            spellings.append(algorithm(_OAEP, core.Any.load(bytes((0x30, len(fields))) + fields)))
    return tuple(spellings)


TRANSPORTS: Final[Mapping[TransportName, tuple[bytes, ...]]] = {
    "rsa-oaep-sha256": _oaep(),
    "rsa-pkcs1": (*reversed(both(_RSA)),),
    "sm2": both(_SM2),
}
"""Algorithm identifiers; the first of each is what we write."""
