# mypy: disable-error-code="no-untyped-call"
"""Which identifiers a signature scheme has in CMS (算法标识 OID): as RFC 5652 and its companions have them, or GM/T 0010.

An algorithm identifier is compared as a whole, by its octets, against the spellings that are known; so parameters
that nobody looks at cannot change what it means.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from asn1crypto import core
from cryptography.hazmat.primitives import hashes

from crypto.cms.structures import AlgorithmIdentifier
from crypto.contract import SchemeName

CONTENT_TYPE: Final = "1.2.840.113549.1.9.3"
MESSAGE_DIGEST: Final = "1.2.840.113549.1.9.4"
SIGNING_TIME: Final = "1.2.840.113549.1.9.5"
AUTH_ENVELOPED_DATA: Final = "1.2.840.113549.1.9.16.1.23"

Syntax: TypeAlias = Literal["rfc5652", "gmt0010"]


@dataclass(frozen=True, slots=True)
class ContentTypes:
    """The content types of one syntax, and the versions that it writes into structures keyed by issuer and serial."""

    data: str
    signed: str
    enveloped: str
    recipient_version: int
    enveloped_version: int


CONTENT_TYPES: Final[Mapping[Syntax, ContentTypes]] = {
    "rfc5652": ContentTypes("1.2.840.113549.1.7.1", "1.2.840.113549.1.7.2", "1.2.840.113549.1.7.3", 0, 0),
    "gmt0010": ContentTypes("1.2.156.10197.6.1.4.2.1", "1.2.156.10197.6.1.4.2.2", "1.2.156.10197.6.1.4.2.3", 1, 1),
}


def algorithm(oid: str, parameters: core.Asn1Value | None = None) -> bytes:
    """The DER of an AlgorithmIdentifier."""
    fields = {"algorithm": oid} if parameters is None else {"algorithm": oid, "parameters": parameters}
    octets: bytes = AlgorithmIdentifier(fields).dump()
    return octets


def both(oid: str) -> tuple[bytes, bytes]:
    """Without parameters, and with NULL: standards and their readers disagree which it is."""
    return algorithm(oid), algorithm(oid, core.Null())


@dataclass(frozen=True, slots=True)
class SigningAlgorithm:
    """A scheme's identifiers: the first of each is what we write."""

    digest: type[hashes.HashAlgorithm]
    digest_identifiers: tuple[bytes, ...]
    signature_identifiers: tuple[bytes, ...]


_SHA256, _SHA384, _SM3 = "2.16.840.1.101.3.4.2.1", "2.16.840.1.101.3.4.2.2", "1.2.156.10197.1.401"
_RSA, _RSA_PSS, _RSA_SHA256 = "1.2.840.113549.1.1.1", "1.2.840.113549.1.1.10", "1.2.840.113549.1.1.11"
_MGF1: Final = "1.2.840.113549.1.1.8"


def tagged(number: int, inner: bytes) -> bytes:
    """An explicit context tag around DER of less than 128 octets."""
    return bytes((0xA0 + number, len(inner))) + inner


def mask(inner: bytes) -> bytes:
    """MGF1 with a digest, as an AlgorithmIdentifier."""
    return algorithm(_MGF1, core.Any.load(inner))


def _pss() -> tuple[bytes, ...]:
    """SHA-256, MGF1 with SHA-256, a salt of 32 octets (RFC 4055)."""
    spellings = []
    for digest in reversed(both(_SHA256)):
        for masked in reversed(both(_SHA256)):
            fields = tagged(0, digest) + tagged(1, mask(masked)) + tagged(2, core.Integer(32).dump())
            parameters = core.Any.load(bytes((0x30, len(fields))) + fields)
            spellings.append(algorithm(_RSA_PSS, parameters))
    return tuple(spellings)


SIGNING: Final[Mapping[SchemeName, SigningAlgorithm]] = {
    "rsa-pkcs1-sha256": SigningAlgorithm(
        hashes.SHA256, both(_SHA256), (*reversed(both(_RSA)), *reversed(both(_RSA_SHA256)))
    ),
    "rsa-pss-sha256": SigningAlgorithm(hashes.SHA256, both(_SHA256), _pss()),
    "ecdsa-p256-sha256": SigningAlgorithm(hashes.SHA256, both(_SHA256), both("1.2.840.10045.4.3.2")),
    "ecdsa-p384-sha384": SigningAlgorithm(hashes.SHA384, both(_SHA384), both("1.2.840.10045.4.3.3")),
    "sm2-sm3": SigningAlgorithm(  # GM/T 0010 has SM2 signing; many write SM2 with SM3
        hashes.SM3, both(_SM3), (*both("1.2.156.10197.1.301.1"), *both("1.2.156.10197.1.501"))
    ),
}
"""The schemes that CMS is made with here. SHA-1, HMAC and Ed25519 have no line."""
