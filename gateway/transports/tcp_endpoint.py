"""The way to a bank's port: TLS with the name verified, or plain where the line itself is closed (专线)."""

from __future__ import annotations

from typing import Any

from twisted.internet.endpoints import HostnameEndpoint
from twisted.web.client import URI

from adapters.endpoints import AmqpEndpoint, TcpEndpoint
from gateway.transports.contract import Misconfigured
from gateway.transports.http_gate import Refusal
from gateway.transports.http_tls import Endpoints, read_identity, read_trust


def outward(
    reactor: Any,
    where: TcpEndpoint | AmqpEndpoint,
    client_certificate: bytes | None,
    trusted_ca: bytes | None,
    refusal: Refusal | None = None,
) -> Any:
    """An endpoint whose connections are proven before a byte of ours is written; raises Misconfigured.

    ``client_certificate``: PEM of certificate, chain and key; ``trusted_ca``: PEM. With a CA it is TLS, by the same
    rules as HTTPS; without one the profile must say ``leased_line``.
    """
    if trusted_ca is None:
        require_leased_line(where)
        return HostnameEndpoint(reactor, where.host, where.port, timeout=where.timeout_seconds)
    identity = None if client_certificate is None else read_identity(client_certificate)
    host = where.host.encode("ascii", "replace")
    if not where.host.isascii():
        raise Misconfigured(f"host {where.host!r} of the bank's profile must be an ASCII name or address")
    # Only its host and port are looked at.
    address = URI(b"https", host, host, where.port, b"", b"", b"", b"")  # type: ignore[no-untyped-call]
    way = Endpoints(reactor, read_trust(trusted_ca), identity, where.timeout_seconds, refusal=refusal)
    return way.endpointForURI(address)


def require_leased_line(where: TcpEndpoint | AmqpEndpoint) -> None:
    """Raise Misconfigured where messages would go in the clear over an open network."""
    if not where.leased_line:
        raise Misconfigured(
            f"{where.host}:{where.port} would be reached without TLS: give trusted_ca (and client_certificate), "
            "or say leased_line: true where the line itself is closed"
        )
