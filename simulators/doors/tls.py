"""TLS of a simulated bank (双向 TLS), from its key files: certificates are demanded on both sides of every wire."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

from twisted.internet.endpoints import HostnameEndpoint, SSL4ClientEndpoint
from twisted.internet.ssl import Certificate, CertificateOptions, PrivateCertificate


def server_options(folder: Path) -> CertificateOptions:
    """The bank's certificate, and a client certificate demanded from its CA."""
    return _options(folder, "server")


def client_way(reactor: Any, host: str, port: int, folder: Path | None) -> Any:
    """The endpoint of a bank that calls: over TLS with its own certificate, or, without ``folder``, a leased line."""
    if folder is None:
        return HostnameEndpoint(reactor, host, port)
    way: Any = SSL4ClientEndpoint(reactor, host, port, _options(folder, "client"))  # type: ignore[no-untyped-call]
    return way


def client_context(folder: Path) -> ssl.SSLContext:
    """The same for a client of the standard library."""
    context = ssl.create_default_context(cafile=str(folder / "client-ca.pem"))
    context.load_cert_chain(folder / "tls-client.pem", folder / "tls-client-key.pem")
    return context


def _options(folder: Path, role: str) -> CertificateOptions:
    pem = (folder / f"tls-{role}-key.pem").read_bytes() + (folder / f"tls-{role}.pem").read_bytes()
    own: Any = PrivateCertificate.loadPEM(pem)  # type: ignore[no-untyped-call]
    options: CertificateOptions = own.options(Certificate.loadPEM((folder / "client-ca.pem").read_bytes()))
    return options
