"""TLS of a simulated bank (双向 TLS), from its key files: certificates are demanded on both sides of every wire.

``client-ca.pem`` may hold several authorities, while one takes over from another.
"""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from twisted.internet.endpoints import HostnameEndpoint, SSL4ClientEndpoint
from twisted.internet.interfaces import IOpenSSLServerConnectionCreator
from twisted.internet.ssl import Certificate, CertificateOptions, PrivateCertificate
from zope.interface import implementer  # type: ignore[import-untyped]

from simulators.new_keys import Phase


@implementer(IOpenSSLServerConnectionCreator)
class ServerTls:
    """The bank's certificate, and a client certificate demanded from its CA; as they were read last."""

    def __init__(self, folder: Path):
        self._folder = folder
        self._options = _options(folder, "server")

    def reread(self, _phase: Phase) -> None:
        """New connections go by the files as they are now."""
        self._options = _options(self._folder, "server")

    def serverConnectionForTLS(self, tlsProtocol: Any) -> Any:
        """See IOpenSSLServerConnectionCreator."""
        creator: Any = self._options
        return creator.serverConnectionForTLS(tlsProtocol)


class ClientWay:
    """The endpoint of a bank that calls: over TLS with its own certificate, or, without ``folder``, a leased line."""

    def __init__(self, reactor: Any, host: str, port: int, folder: Path | None):
        self._reactor, self._host, self._port, self._folder = reactor, host, port, folder

    def connect(self, factory: Any) -> Any:
        """By the key files as they are at this call."""
        if self._folder is None:
            return HostnameEndpoint(self._reactor, self._host, self._port).connect(factory)
        options = _options(self._folder, "client")
        way: Any = SSL4ClientEndpoint(self._reactor, self._host, self._port, options)  # type: ignore[no-untyped-call]
        return way.connect(factory)


def client_context(folder: Path) -> ssl.SSLContext:
    """The same for a client of the standard library."""
    context = ssl.create_default_context(cafile=str(folder / "client-ca.pem"))
    context.load_cert_chain(folder / "tls-client.pem", folder / "tls-client-key.pem")
    return context


def _options(folder: Path, role: str) -> CertificateOptions:
    pem = (folder / f"tls-{role}-key.pem").read_bytes() + (folder / f"tls-{role}.pem").read_bytes()
    own: Any = PrivateCertificate.loadPEM(pem)  # type: ignore[no-untyped-call]
    authorities = x509.load_pem_x509_certificates((folder / "client-ca.pem").read_bytes())
    options: CertificateOptions = own.options(
        *(Certificate.loadPEM(one.public_bytes(Encoding.PEM)) for one in authorities)
    )
    return options
