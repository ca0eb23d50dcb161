"""Small HTTP calls with bodies in memory: SMS provider lots (短信服务商) and webhooks to the platform."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.ssl import platformTrust

from gateway.transports.contract import Reply
from gateway.transports.http_exchange import Limits, Outgoing, exchange
from gateway.transports.http_pool import Connections
from gateway.transports.http_tls import Endpoints, read_identity, read_trust

CONNECT_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply with its body."""

    reply: Reply
    body: bytes


class JsonHttp:
    """POST and GET over https, or over plain http to this machine."""

    def __init__(self, reactor: Any, trusted_ca: bytes | None = None, client_certificate: bytes | None = None):
        """``trusted_ca``: PEM, else the system's CAs; ``client_certificate``: PEM with key. Raises Misconfigured."""
        self._reactor = reactor
        trust = platformTrust() if trusted_ca is None else read_trust(trusted_ca)  # type: ignore[no-untyped-call]
        identity = None if client_certificate is None else read_identity(client_certificate)
        endpoints = Endpoints(reactor, trust, identity, CONNECT_SECONDS, plain_loopback=True)
        self._connections = Connections(reactor, endpoints)

    async def post(
        self, url: str, body: bytes, headers: Mapping[str, str], timeout_seconds: float, limit_bytes: int
    ) -> Answer:
        """Post; raises TransportFault, ``maybe_sent`` True once the request was begun."""
        outgoing = Outgoing("POST", url, headers, lambda: iter((body,)), len(body))
        return await self._call(outgoing, timeout_seconds, limit_bytes)

    async def get(self, url: str, headers: Mapping[str, str], timeout_seconds: float, limit_bytes: int) -> Answer:
        """Ask; raises TransportFault, never ``maybe_sent``."""
        return await self._call(Outgoing("GET", url, headers), timeout_seconds, limit_bytes)

    def close(self) -> Deferred[None]:
        """Close the connections that are kept for reuse."""
        return self._connections.close()

    async def _call(self, outgoing: Outgoing, timeout_seconds: float, limit_bytes: int) -> Answer:
        body = _Kept()
        limits = Limits(timeout_seconds, timeout_seconds, limit_bytes)
        reply = await exchange(self._connections.agent, self._reactor, outgoing, body, limits)
        return Answer(reply, b"".join(body.parts))


class _Kept:
    """A sink in memory; the limit bounds it."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []

    def write(self, data: bytes) -> None:
        """Keep it."""
        self.parts.append(data)
