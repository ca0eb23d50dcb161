"""Inward TLS for the API: our certificate, and client certificates asked for or insisted on (双向TLS)."""

from __future__ import annotations

from typing import Any, Literal

from cryptography import x509
from OpenSSL import crypto
from twisted.internet import ssl

from gateway.transports.contract import Misconfigured
from gateway.transports.http_tls import read_identity


def server_context(
    certificate: bytes, client_ca: bytes | None = None, clients: Literal["optional", "required"] = "required"
) -> Any:
    """A context factory for ``listenSSL`` or an SSL endpoint: TLS 1.2 or newer, no session resumption.

    ``certificate``: PEM of certificate, chain and unencrypted key. ``client_ca``: PEM of the CAs that
    client certificates must come from; without it none is asked for. A certificate from elsewhere fails
    the handshake even where one is optional. Raises Misconfigured.
    """
    identity = read_identity(certificate)
    options: dict[str, Any] = {
        "privateKey": identity.certificate.privateKey.original,
        "certificate": identity.certificate.original,
        "extraCertChain": list(identity.chain),
        "insecurelyLowerMinimumTo": ssl.TLSVersion.TLSv1_2,
    }
    if client_ca is not None:
        options |= {"verify": True, "requireCertificate": clients == "required", "caCerts": _certificates(client_ca)}
    return ssl.CertificateOptions(**options)


def peer_certificate(request: Any) -> x509.Certificate | None:
    """The certificate that the client of a request proved in the handshake, or None."""
    ask = getattr(request.transport, "getPeerCertificate", None)
    found = ask() if ask is not None else None
    return None if found is None else found.to_cryptography()


def _certificates(pem: bytes) -> list[crypto.X509]:
    try:
        return [crypto.X509.from_cryptography(one) for one in x509.load_pem_x509_certificates(pem)]
    except ValueError:
        raise Misconfigured("the client CA must be one or more PEM certificates") from None
