"""A request as far as its head goes (请求头部): what authentication and routing may look at."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any, Final

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import Certificate
from cryptography.x509.oid import NameOID
from twisted.web.server import Request

LOOPBACK: Final = frozenset({"127.0.0.1", "::1", "localhost"})


@dataclass(frozen=True, slots=True)
class Envelope:
    """Method, target and header fields, and what the connection says about its ends."""

    method: str
    target: str  # path and query, exactly as sent
    headers: tuple[tuple[str, str], ...]  # lower-case names, in order
    secure: bool
    host: str  # the Host field
    local_address: str
    certificate_name: str | None  # subject CN of the verified client certificate
    certificate_key: str = ""  # fingerprint of its public key
    remote_address: str = ""

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.target.split("?", 1)[0]

    def header(self, name: str) -> str | None:
        """A field's value, several lines joined by commas (RFC 9110 5.3); None when absent."""
        values = [value for key, value in self.headers if key == name]
        return ", ".join(values) if values else None

    def url(self, public_base_url: str | None) -> str:
        """The absolute address that the client meant, which is what it signed."""
        base = public_base_url or f"{'https' if self.secure else 'http'}://{self.host}"
        return base + self.target

    @property
    def on_loopback(self) -> bool:
        """The listener is bound to a loopback address, and the client meant it (no rebound DNS name)."""
        name = self.host.rsplit(":", 1)[0].strip("[]") if not self.host.endswith("]") else self.host.strip("[]")
        return self.local_address in LOOPBACK and name in LOOPBACK


def envelope_of(method: bytes, target: bytes, request: Request) -> Envelope:
    """The head of ``request``, whose method and target Twisted may not have set yet."""
    headers = tuple(
        (name.decode("latin-1").lower(), value.decode("latin-1"))
        for name, values in request.requestHeaders.getAllRawHeaders()
        for value in values
    )
    found, certificate = dict(headers), peer_certificate(request.transport)
    return Envelope(
        method=method.decode("latin-1"),
        target=target.decode("latin-1"),
        headers=headers,
        secure=bool(request.isSecure()),  # type: ignore[no-untyped-call]
        host=found.get("host", ""),
        local_address=str(getattr(request.getHost(), "host", "")),  # type: ignore[no-untyped-call]
        certificate_name=common_name(certificate),
        certificate_key=key_fingerprint(certificate),
        remote_address=str(getattr(request.getClientAddress(), "host", "")),  # type: ignore[no-untyped-call]
    )


def peer_certificate(transport: Any) -> Certificate | None:
    """The peer's certificate, which the TLS layer has verified; None without one."""
    ask = getattr(transport, "getPeerCertificate", None)
    found = ask() if ask is not None else None
    certificate: Certificate | None = found.to_cryptography() if found is not None else None
    return certificate


def common_name(certificate: Certificate | None) -> str | None:
    """The subject's CN, None unless there is exactly one."""
    names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME) if certificate is not None else []
    return str(names[0].value) if len(names) == 1 else None


def key_fingerprint(certificate: Certificate | None) -> str:
    """16 hex digits over its public key, "" without one."""
    if certificate is None:
        return ""
    octets = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(octets).hexdigest()[:16]
