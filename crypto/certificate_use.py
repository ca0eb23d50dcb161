"""What a certificate's holder may do (证书用途): issue others, sign, receive encrypted data, stand at an end of TLS."""

from __future__ import annotations

from typing import Literal, TypeVar

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from crypto.contract import KeyUnusable
from crypto.key_reasons import KeyReason

Use = Literal["sign", "encrypt", "tls-server", "tls-client"]
_EXTENDED = {"tls-server": ExtendedKeyUsageOID.SERVER_AUTH, "tls-client": ExtendedKeyUsageOID.CLIENT_AUTH}
E = TypeVar("E", bound=x509.ExtensionType)


def require_issuer(certificate: x509.Certificate, intermediates_below: int, described: str) -> None:
    """Raise KeyUnusable unless it may sign a certificate with so many issuers between (RFC 5280 4.2.1.9, 4.2.1.3)."""
    constraints = _extension(certificate, x509.BasicConstraints)
    if constraints is None or not constraints.ca:
        raise _misused(f"{described} is no authority (基本约束: not CA) and has issued a certificate")
    if constraints.path_length is not None and intermediates_below > constraints.path_length:
        raise _misused(
            f"{described} allows {constraints.path_length} authorities below it, and there are {intermediates_below}"
        )
    usage = _extension(certificate, x509.KeyUsage)
    if usage is not None and not usage.key_cert_sign:
        raise _misused(f"{described} may not sign certificates (key usage)")


def require_use(certificate: x509.Certificate, use: Use, described: str) -> None:
    """Raise KeyUnusable unless the leaf may be used so; what a certificate does not restrict, it allows."""
    usage = _extension(certificate, x509.KeyUsage)
    if usage is not None and not _allowed(usage, use):
        raise _misused(f"{described} may not be used to {use} (key usage)")
    extended = _extension(certificate, x509.ExtendedKeyUsage)
    wanted = {_EXTENDED[use], ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE} if use in _EXTENDED else set()
    if wanted and extended is not None and wanted.isdisjoint(extended):
        raise _misused(f"{described} may not be used for {use} (extended key usage)")


def _allowed(usage: x509.KeyUsage, use: Use) -> bool:
    if use == "encrypt":
        return usage.key_encipherment or usage.data_encipherment or usage.key_agreement
    if use == "sign":
        return usage.digital_signature or usage.content_commitment
    return usage.digital_signature or usage.key_encipherment or usage.key_agreement


def _extension(certificate: x509.Certificate, kind: type[E]) -> E | None:
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None


def _misused(message: str) -> KeyUnusable:
    return KeyUnusable(f"certificate {message}", KeyReason.CERTIFICATE_USE)
