"""Certificates and their chains (证书与证书链): RSA, ECDSA, Ed25519, and SM2 with SM3, against the roots of an alias.

The verifier of the cryptography package holds certificates to the rules of the public web (names, key usages of TLS
servers) and knows no SM2; banks' signing certificates (CFCA and others) follow neither. So the checks of RFC 5280 6.1 that
matter for a chain under roots which people chose are made here: dates, issuer and signature, basic constraints, path
length, key usage, critical extensions, strength, name, revocation. Policies and name constraints are not supported: a
certificate that makes name constraints critical is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import ExtensionOID

from crypto.certificate_names import require_name
from crypto.certificate_signatures import signed_by
from crypto.certificate_use import Use, require_issuer, require_use
from crypto.contract import KeyUnusable
from crypto.key_reasons import KeyReason
from crypto.schemes import sm2_keys
from crypto.weak_keys import refuse_weak_public

LONGEST_CHAIN = 8
MOST_SIGNATURES = 32  # bounds what a hostile chain of lookalike issuers costs
LARGEST_PEM = 1024 * 1024
UNREADABLE = (
    ValueError,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)
"""What the parser raises on octets that are no sound certificate or list."""
_KNOWN_EXTENSIONS = frozenset(
    {
        ExtensionOID.BASIC_CONSTRAINTS,
        ExtensionOID.KEY_USAGE,
        ExtensionOID.EXTENDED_KEY_USAGE,
        ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
        ExtensionOID.CERTIFICATE_POLICIES,
    }
)
RevocationCheck = Callable[["Certificate", "Certificate"], None]
"""Called with each certificate of the chain but the root, and its issuer; raises KeyUnusable."""


@dataclass(frozen=True)
class Certificate:
    """One certificate, of any algorithm; times are aware (UTC)."""

    parsed: x509.Certificate

    def __post_init__(self) -> None:
        """Everything that is looked at later is decoded once, so that what is malformed is refused here."""
        try:
            _ = (self.subject, self.issuer, self.not_before, self.not_after, self.parsed.extensions, self.public_pem)
        except (*UNREADABLE, TypeError, KeyUnusable) as error:
            raise KeyUnusable(
                "a certificate is malformed, or of a kind of key that we do not know", KeyReason.MALFORMED
            ) from error

    @property
    def subject(self) -> str:
        """RFC 4514."""
        return self.parsed.subject.rfc4514_string()

    @property
    def issuer(self) -> str:
        """RFC 4514."""
        return self.parsed.issuer.rfc4514_string()

    @property
    def serial(self) -> int:
        """As the issuer numbered it."""
        return self.parsed.serial_number

    @property
    def not_before(self) -> datetime:
        """From this moment on it is valid."""
        return self.parsed.not_valid_before_utc

    @property
    def not_after(self) -> datetime:
        """Up to and including this moment it is valid."""
        return self.parsed.not_valid_after_utc

    @property
    def pem(self) -> str:
        """As people exchange it."""
        return self.parsed.public_bytes(serialization.Encoding.PEM).decode()

    @property
    def public_pem(self) -> str:
        """SubjectPublicKeyInfo in PEM."""
        try:
            key = self.parsed.public_key()
        except UnsupportedAlgorithm:
            return sm2_keys.public_to_pem(sm2_keys.public_from_pem(self.pem))
        return key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()

    def described(self) -> str:
        """For messages to an operator."""
        return f"{self.subject} (serial {self.serial:x})"


def read_certificates(pem: str | bytes) -> list[Certificate]:
    """Every certificate of a PEM text, leaf first as it stands; raises KeyUnusable."""
    octets = pem.encode() if isinstance(pem, str) else pem
    if len(octets) > LARGEST_PEM:
        raise KeyUnusable(f"certificates of over {LARGEST_PEM} octets", KeyReason.MALFORMED)
    try:
        return [Certificate(one) for one in x509.load_pem_x509_certificates(octets)]
    except UNREADABLE as error:
        raise KeyUnusable("not a certificate in PEM", KeyReason.MALFORMED) from error


def validate(
    chain: Sequence[Certificate],
    roots: Iterable[Certificate],
    at: datetime,
    *,
    use: Use = "sign",
    name: str | None = None,
    revocation: RevocationCheck | None = None,
) -> list[Certificate]:
    """The path from the leaf (``chain[0]``) to one of the roots at the moment ``at``; KeyUnusable says what is wrong.

    The rest of ``chain`` may lie in any order, miss the root, and hold what is not needed. A leaf that is itself a root
    (pinned) is its own path. ``name`` is the peer's: a host name or address, or the common name where it has no others.
    """
    if not chain:
        raise KeyUnusable("no certificate was given", KeyReason.CERTIFICATE_CHAIN)
    path = _Search(list(chain[1:]), list(roots), at).path([chain[0]])
    require_use(path[0].parsed, use, path[0].described())
    if name is not None:
        require_name(path[0].parsed, name, path[0].described())
    if revocation is not None:
        for certificate, issuer in pairwise(path):
            revocation(certificate, issuer)
    return path


class _Search:
    """Depth first, within bounds; the first reason why a fitting issuer was refused is what the operator is told."""

    def __init__(self, others: list[Certificate], roots: list[Certificate], at: datetime):
        self._others, self._roots, self._at = others, roots, at
        self._signatures = 0
        self._refusal: KeyUnusable | None = None

    def path(self, start: list[Certificate]) -> list[Certificate]:
        _sound(start[0], self._at)
        found = self._extended(start)
        if found is None:
            raise self._refusal or KeyUnusable(
                f"certificate {start[0].described()} is from another chain: none of our trusted certificates "
                f"is its issuer {start[0].issuer}",
                KeyReason.CERTIFICATE_CHAIN,
            )
        return found

    def _extended(self, path: list[Certificate]) -> list[Certificate] | None:
        if path[-1] in self._roots:
            return path
        if len(path) >= LONGEST_CHAIN:
            return None
        for issuer in (*self._roots, *self._others):
            if issuer in path or issuer.parsed.subject != path[-1].parsed.issuer:
                continue
            if self._issued(path, issuer) and (found := self._extended([*path, issuer])) is not None:
                return found
        return None

    def _issued(self, path: list[Certificate], issuer: Certificate) -> bool:
        self._signatures += 1
        if self._signatures > MOST_SIGNATURES:
            raise KeyUnusable("the certificate chain branches too often", KeyReason.CERTIFICATE_CHAIN)
        try:
            _sound(issuer, self._at)
            below = sum(one.parsed.subject != one.parsed.issuer for one in path[1:])
            require_issuer(issuer.parsed, below, issuer.described())
            signed_by(path[-1].parsed, issuer.public_pem, path[-1].described())
        except KeyUnusable as refused:
            self._refusal = self._refusal or refused
            return False
        return True


def _sound(certificate: Certificate, at: datetime) -> None:
    """Dates, strength and extensions of one certificate."""
    if not certificate.not_before <= at <= certificate.not_after:
        raise KeyUnusable(
            f"certificate {certificate.described()} is valid from {certificate.not_before:%Y-%m-%d %H:%M} to "
            f"{certificate.not_after:%Y-%m-%d %H:%M} UTC, not at {at:%Y-%m-%d %H:%M %Z}",
            KeyReason.CERTIFICATE_DATES,
        )
    unknown = [
        one.oid.dotted_string
        for one in certificate.parsed.extensions
        if one.critical and one.oid not in _KNOWN_EXTENSIONS
    ]
    if unknown:
        raise KeyUnusable(
            f"certificate {certificate.described()} demands what we do not know: critical extension {unknown[0]}",
            KeyReason.CERTIFICATE_USE,
        )
    try:
        refuse_weak_public(certificate.parsed.public_key())
    except UnsupportedAlgorithm:
        return  # SM2, whose point was checked when the certificate was read
