"""Where a bank connects to push results over TCP (银行推送): frames in, each acknowledged once it is durable."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred, DeferredList
from twisted.internet.protocol import Factory

from adapters.endpoints import TcpEndpoint
from gateway.transports.contract import Arrival, Handler, Misconfigured
from gateway.transports.site_tls import server_context
from gateway.transports.tcp_endpoint import require_leased_line
from gateway.transports.tcp_visitor import Bounds, Visitor
from messages.framing.framing import framer

MOST_CONNECTIONS = 16
SLOWEST_BYTES_PER_SECOND = 64 * 1024
IDLE_SECONDS = 600.0  # where the bank sends no heartbeats
HEARTBEATS_MISSED = 3


def receipt(arrival: Arrival) -> bytes:
    """The acknowledgement where a bank prescribes none: the SHA-256 of what we hold now, in hex."""
    return arrival.name.encode("ascii")


class TcpListener:
    """Takes pushed messages of one bank, one at a time on each connection.

    A handler that fails means no acknowledgement and the end of the connection; the bank sends again.
    """

    def __init__(
        self,
        reactor: Any,
        endpoint: TcpEndpoint,
        handler: Handler,
        certificate: bytes | None = None,
        client_ca: bytes | None = None,
        acknowledge: Callable[[Arrival], bytes] = receipt,
        tls: Any = None,
    ):
        """``certificate``: PEM of our certificate, chain and key; ``client_ca``: PEM of the CA of the bank's clients.

        ``tls``, such as a ``RenewedTls``, stands for both. Without them the profile must say ``leased_line``. Raises Misconfigured.
        """
        self._reactor, self._endpoint = reactor, endpoint
        self._handler, self._acknowledge = handler, acknowledge
        self._framing = framer(endpoint.framing)
        self._bounds = _bounds(endpoint)
        self._context = tls if tls is not None else _context(endpoint, certificate, client_ca)
        self._visitors: set[Visitor] = set()
        self._handling: set[Deferred[bytes]] = set()
        self._port: Any = None

    def open(self) -> int:
        """Listen on the profile's ``listen_host`` and ``listen_port`` (absent: any free one); answers the port."""
        factory = Factory.forProtocol(self._visitor)
        port, host = self._endpoint.listen_port or 0, self._endpoint.listen_host
        self._port = (
            self._reactor.listenTCP(port, factory, interface=host)
            if self._context is None
            else self._reactor.listenSSL(port, factory, self._context, interface=host)
        )
        return int(self._port.getHost().port)

    async def close(self) -> None:
        """Take nothing more; what is being handled is finished first."""
        port, self._port = self._port, None
        if port is not None:
            await port.stopListening()
        for visitor in tuple(self._visitors):
            visitor.cut()
        await DeferredList(list(self._handling), consumeErrors=True)

    def enter(self, visitor: Visitor) -> bool:
        """See ``tcp_visitor.Host``."""
        if len(self._visitors) >= MOST_CONNECTIONS:
            return False
        self._visitors.add(visitor)
        return True

    def leave(self, visitor: Visitor) -> None:
        """See ``tcp_visitor.Host``."""
        self._visitors.discard(visitor)

    async def handle(self, arrival: Arrival) -> bytes:
        """See ``tcp_visitor.Host``."""
        handling = Deferred.fromCoroutine(self._handled(arrival))
        self._handling.add(handling)
        try:
            return await handling
        finally:
            self._handling.discard(handling)

    async def _handled(self, arrival: Arrival) -> bytes:
        await self._handler(arrival)
        return self._acknowledge(arrival)

    def _visitor(self) -> Visitor:
        return Visitor(self._reactor, self._framing, self._bounds, self, self._context is not None)


def _bounds(endpoint: TcpEndpoint) -> Bounds:
    piece = float(endpoint.timeout_seconds)
    beat = endpoint.heartbeat_seconds
    return Bounds(
        frame_bytes=endpoint.frame_bytes,
        piece_seconds=piece,
        frame_seconds=piece + endpoint.frame_bytes / SLOWEST_BYTES_PER_SECOND,
        idle_seconds=HEARTBEATS_MISSED * beat + piece if beat else IDLE_SECONDS,
    )


def _context(endpoint: TcpEndpoint, certificate: bytes | None, client_ca: bytes | None) -> Any:
    if certificate is not None and client_ca is not None:
        return server_context(certificate, client_ca)
    if certificate is not None or client_ca is not None:
        raise Misconfigured("a TLS listener needs both our certificate and the CA of the bank's clients")
    require_leased_line(endpoint)
    return None
