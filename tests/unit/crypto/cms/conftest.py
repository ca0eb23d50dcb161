"""Parties with keys and certificates, and the openssl command as the other side."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from crypto.contract import SchemeName, SchemeParameters, StreamSigner, StreamVerifier
from crypto.generate import generate_key
from crypto.schemes.registry import SCHEMES

AT = datetime(2026, 11, 23, 2, 3, 4, tzinfo=UTC)


@dataclass(frozen=True)
class Party:
    """One side: what ``crypto.schemes`` wants, and PEM for openssl."""

    scheme: SchemeName
    secret: bytes
    public: str
    private_pem: str
    certificate: str

    def signer(self) -> StreamSigner:
        return SCHEMES[self.scheme].signer(self.secret, SchemeParameters(self.scheme), key_id="own", public=self.public)

    def verifier(self, **others: str) -> StreamVerifier:
        return SCHEMES[self.scheme].verifier({"own": self.public, **others}, SchemeParameters(self.scheme))


def _certified(key: Any, name: str, scheme: SchemeName) -> Party:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name), x509.NameAttribute(NameOID.COUNTRY_NAME, "CN")])
    public = key.public_key()
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(AT - timedelta(days=3650))
        .not_valid_after(AT + timedelta(days=3650))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .sign(key, hashes.SHA256())
    )
    pkcs8, none = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return Party(
        scheme,
        key.private_bytes(serialization.Encoding.DER, pkcs8, none),
        public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode(),
        key.private_bytes(serialization.Encoding.PEM, pkcs8, none).decode(),
        certificate.public_bytes(serialization.Encoding.PEM).decode(),
    )


@pytest.fixture(scope="session")
def rsa_party() -> Party:
    return _certified(rsa.generate_private_key(65537, 2048), "示范银行 bank", "rsa-pkcs1-sha256")


@pytest.fixture(scope="session")
def other_party() -> Party:
    return _certified(rsa.generate_private_key(65537, 2048), "somebody else", "rsa-pkcs1-sha256")


@pytest.fixture(scope="session")
def ec_party() -> Party:
    return _certified(ec.generate_private_key(ec.SECP256R1()), "ec bank", "ecdsa-p256-sha256")


@pytest.fixture(scope="session")
def ec384_party() -> Party:
    return _certified(ec.generate_private_key(ec.SECP384R1()), "ec bank", "ecdsa-p384-sha384")


@pytest.fixture(scope="session")
def sm2_party() -> Party:
    key = generate_key("sm2")
    return Party("sm2-sm3", key.secret or b"", key.public, "", "")


@pytest.fixture
def party(request: pytest.FixtureRequest) -> Party:
    found: Party = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def files(tmp_path: Any) -> Callable[..., None]:
    """Writes files beside the openssl command."""

    def write(**contents: str | bytes) -> None:
        for name, content in contents.items():
            octets = content.encode() if isinstance(content, str) else content
            (tmp_path / name.replace("_", ".")).write_bytes(octets)

    return write
