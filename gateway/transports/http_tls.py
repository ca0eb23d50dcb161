"""Outward TLS (双向TLS): our certificate, whom we trust, and where a URL leads."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from OpenSSL import crypto
from twisted.internet import ssl
from twisted.internet.endpoints import HostnameEndpoint, wrapClientTLS
from twisted.web.client import URI
from twisted.web.iweb import IAgentEndpointFactory
from zope.interface import implementer  # type: ignore[import-untyped]

from gateway.transports.contract import Misconfigured
from gateway.transports.http_gate import ProvenEndpoint, Refusal


@dataclass(frozen=True, slots=True)
class ClientIdentity:
    """Our certificate, its chain, and its key."""

    certificate: ssl.PrivateCertificate
    chain: tuple[crypto.X509, ...]


def read_identity(pem: bytes) -> ClientIdentity:
    """PEM with the leaf certificate first, then its chain, and an unencrypted key anywhere; raises Misconfigured."""
    try:
        certificates = x509.load_pem_x509_certificates(pem)
        key = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError):
        raise Misconfigured("the TLS client certificate must be PEM: certificate, chain, plain private key") from None
    key_pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    leaf_pem = certificates[0].public_bytes(Encoding.PEM)
    if key.public_key() != certificates[0].public_key():
        raise Misconfigured("the TLS client key does not belong to the first certificate; put the leaf first")
    return ClientIdentity(
        ssl.PrivateCertificate.loadPEM(key_pem + leaf_pem),  # type: ignore[no-untyped-call]
        tuple(crypto.X509.from_cryptography(certificate) for certificate in certificates[1:]),
    )


def read_trust(pem: bytes) -> Any:
    """A Twisted trust root of exactly these CA certificates; raises Misconfigured."""
    try:
        certificates = x509.load_pem_x509_certificates(pem)
    except ValueError:
        raise Misconfigured("the trusted CA must be one or more PEM certificates") from None
    return ssl.trustRootFromCertificates(  # type: ignore[no-untyped-call]
        [ssl.Certificate.loadPEM(certificate.public_bytes(Encoding.PEM)) for certificate in certificates]
    )


def is_loopback(host: str) -> bool:
    """Whether a host can only be this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@implementer(IAgentEndpointFactory)
class Endpoints:
    """Where requests go: TLS 1.2 or newer with the name verified; plain HTTP to this machine only, if at all."""

    def __init__(
        self,
        reactor: Any,
        trust: Any,
        identity: ClientIdentity | None,
        connect_seconds: float,
        plain_loopback: bool = False,
        refusal: Refusal | None = None,
    ):
        """``refusal`` looks at the peer's chain once the handshake is done."""
        self._reactor = reactor
        self._trust = trust
        self._identity = identity
        self._connect_seconds = connect_seconds
        self._plain_loopback = plain_loopback
        self._refusal = refusal

    def endpointForURI(self, uri: URI) -> Any:
        """The endpoint; raises Misconfigured for plain HTTP to another machine."""
        host = uri.host.decode("ascii").strip("[]")
        plain: Any = HostnameEndpoint(self._reactor, host, uri.port, timeout=self._connect_seconds)
        if uri.scheme == b"https":
            secured = wrapClientTLS(self._creator(host), plain)
            return ProvenEndpoint(self._reactor, secured, self._connect_seconds, self._refusal)
        if self._plain_loopback and is_loopback(host):
            return plain
        raise Misconfigured(f"{host} must be reached by https; plain http is for this machine only")

    def _creator(self, host: str) -> Any:
        options: dict[str, Any] = {"insecurelyLowerMinimumTo": ssl.TLSVersion.TLSv1_2}
        if self._identity is None:
            return ssl.optionsForClientTLS(host, trustRoot=self._trust, extraCertificateOptions=options)
        options["extraCertChain"] = list(self._identity.chain)
        return ssl.optionsForClientTLS(
            host, trustRoot=self._trust, clientCertificate=self._identity.certificate, extraCertificateOptions=options
        )
