"""Inward TLS: our certificate, and client certificates asked for or insisted on (双向TLS); renewed while it listens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from cryptography import x509
from OpenSSL import SSL, crypto
from twisted.internet import ssl
from twisted.internet.interfaces import IOpenSSLServerConnectionCreator
from twisted.logger import Logger
from zope.interface import implementer  # type: ignore[import-untyped]

from crypto.contract import KeyUnusable
from gateway.transports.contract import Misconfigured
from gateway.transports.http_gate import Refusal
from gateway.transports.http_tls import read_identity

_log = Logger()
_VERIFY: Final = {
    "optional": SSL.VERIFY_PEER,
    "required": SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT,
}
Clients = Literal["optional", "required"]


@dataclass(frozen=True, slots=True)
class ServerKeys:
    """What a listening port shows and whom it trusts, as of now."""

    certificate: bytes = field(repr=False)  # PEM: certificate, chain, unencrypted key
    client_ca: bytes | None  # PEM of the CAs that client certificates come from; null: none is asked for
    refusal: Refusal | None = field(default=None, compare=False)  # looks at the chain of a client


@implementer(IOpenSSLServerConnectionCreator)
class RenewedTls:
    """TLS for a listening port: each new connection goes by the keys of its moment, those that are open go on.

    Where there is no usable key any more (ours was revoked and none took its place) handshakes fail, and the port
    stays open for the key to come.
    """

    def __init__(self, keys: Callable[[], ServerKeys], clients: Clients = "required"):
        """``keys`` is asked for every connection and raises KeyUnusable, Misconfigured; it is asked once now."""
        self._keys, self._clients = keys, clients
        self._made: tuple[ServerKeys, Any] | None = None
        self._current()

    def serverConnectionForTLS(self, tlsProtocol: Any) -> SSL.Connection:
        """See IOpenSSLServerConnectionCreator."""
        try:
            keys, context = self._current()
        except (KeyUnusable, Misconfigured) as why:
            _log.error("a connection is refused: {why}", why=str(why))
            return SSL.Connection(SSL.Context(SSL.TLS_METHOD))  # without a certificate no handshake succeeds
        connection: SSL.Connection = context.serverConnectionForTLS(tlsProtocol)
        if keys.client_ca is not None and keys.refusal is not None:
            connection.set_verify(_VERIFY[self._clients], _also(keys.refusal))
        return connection

    def _current(self) -> tuple[ServerKeys, Any]:
        keys = self._keys()
        if self._made is None or self._made[0] != keys:
            self._made = keys, server_context(keys.certificate, keys.client_ca, self._clients)
        return keys, self._made[1]


def _also(refusal: Refusal) -> Callable[[SSL.Connection, crypto.X509, int, int, int], bool]:
    """For one connection. OpenSSL shows the chain from its root down to the leaf, some certificates more than once."""
    chain: dict[int, x509.Certificate] = {}

    def verify(_connection: SSL.Connection, certificate: crypto.X509, _error: int, depth: int, sound: int) -> bool:
        if not sound:
            return False
        try:
            chain[depth] = certificate.to_cryptography()
            why = refusal([chain[place] for place in sorted(chain)]) if depth == 0 else None
        except Exception:  # it would be lost inside OpenSSL, and the certificate taken
            _log.failure("a client's certificate could not be checked")
            return False
        if why is not None:
            _log.warn("a client's certificate is refused: {why}", why=why)
        return why is None

    return verify


def server_context(certificate: bytes, client_ca: bytes | None = None, clients: Clients = "required") -> Any:
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
