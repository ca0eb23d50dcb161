"""A small authority whose every mistake can be ordered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from crypto.certificates import Certificate

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
USAGES = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
    "encipher_only",
    "decipher_only",
)


def named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def usage(*granted: str) -> x509.KeyUsage:
    return x509.KeyUsage(**{name: name in granted for name in USAGES})


@dataclass
class Party:
    """Somebody with a certificate, who may issue others and revocation lists."""

    certificate: Certificate
    key: Any = field(repr=False)

    @property
    def pem(self) -> str:
        return self.certificate.pem

    def crl(
        self, *serials: int, this: datetime = NOW - DAY, following: datetime | None = None, **options: Any
    ) -> bytes:
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(options.get("issuer", self.certificate.parsed.subject))
            .last_update(this)
            .next_update(following or NOW + 7 * DAY)
        )
        for extension, critical in options.get("extensions", ()):
            builder = builder.add_extension(extension, critical)
        for serial in serials:
            one = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(NOW - 2 * DAY).build()
            builder = builder.add_revoked_certificate(one)
        return builder.sign(options.get("key", self.key), hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


Issue = Callable[..., Party]


@pytest.fixture(scope="session")
def issue() -> Issue:
    def made(name: str, by: Party | None = None, **given: Any) -> Party:
        key = given.get("key") or ec.generate_private_key(ec.SECP256R1())
        issuer = by.certificate.parsed.subject if by else named(name)
        builder = (
            x509.CertificateBuilder()
            .subject_name(named(name))
            .issuer_name(given.get("issuer_name", issuer))
            .public_key(key.public_key())
            .serial_number(given.get("serial") or x509.random_serial_number())
            .not_valid_before(given.get("start", NOW - 10 * DAY))
            .not_valid_after(given.get("end", NOW + 100 * DAY))
        )
        ca = given.get("ca", by is None)
        if ca is not None:
            builder = builder.add_extension(x509.BasicConstraints(ca, given.get("length")), critical=True)
        for extension, critical in given.get("extensions", ()):
            builder = builder.add_extension(extension, critical)
        signed = builder.sign(given.get("signing_key") or (by.key if by else key), given.get("digest", hashes.SHA256()))
        return Party(Certificate(signed), key)

    return made


@pytest.fixture(scope="session")
def root(issue: Issue) -> Party:
    return issue("Root", extensions=[(usage("key_cert_sign", "crl_sign"), True)])


@pytest.fixture
def now() -> datetime:
    return NOW
