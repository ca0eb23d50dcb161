"""Framed messages to a bank over one TCP connection (长度前缀报文): post one, take its answer, then the next."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from twisted.internet.defer import Deferred, DeferredLock, succeed
from twisted.internet.protocol import Factory

from adapters.endpoints import TcpEndpoint
from gateway.transports import peer_faults
from gateway.transports.contract import Reply, Sink, TransportFault
from gateway.transports.http_body import StreamedBody
from gateway.transports.http_gate import Refusal
from gateway.transports.patience import Patience
from gateway.transports.tcp_endpoint import outward
from gateway.transports.tcp_line import Line, framed
from messages.framing.errors import FrameRefused
from messages.framing.framing import framer

SLOWEST_BYTES_PER_SECOND = 64 * 1024  # a line slower than this counts as broken
MOST_WAITING = 256  # messages that may wait for their turn


@dataclass(slots=True)
class _Message:
    """One message on its way."""

    head: bytes
    chunks: Callable[[], Iterator[bytes]]
    size: int
    answer_limit: int
    left: bool = False  # a byte of it was handed to the connection

    def frame(self) -> Iterator[bytes]:
        """Head and body."""
        return framed(self.head, self.chunks, self.size)


class TcpTransport:
    """A ``MessagePost`` to one bank. One connection, opened when needed; strictly one message on it at a time.

    A message of no octets would be a heartbeat and is refused. Heartbeats go out while nothing is said
    (``heartbeat_seconds``; 0 where the bank does not answer them); one without an echo ends the connection.
    """

    def __init__(
        self,
        reactor: Any,
        endpoint: TcpEndpoint,
        client_certificate: bytes | None = None,
        trusted_ca: bytes | None = None,
        slowest_bytes_per_second: int = SLOWEST_BYTES_PER_SECOND,
        refusal: Refusal | None = None,
    ):
        """PEM as for HTTPS; without ``trusted_ca`` the profile must say ``leased_line``. Raises Misconfigured."""
        self._reactor, self._endpoint, self._slowest = reactor, endpoint, slowest_bytes_per_second
        self._framing = framer(endpoint.framing)
        self._way = outward(reactor, endpoint, client_certificate, trusted_ca, refusal)
        self._what = f"tcp {endpoint.host}:{endpoint.port}"
        self._turn = DeferredLock()
        self._line: Line | None = None
        self._failed_attempts = 0
        self._closed = False

    async def submit(
        self,
        message_id: str,  # noqa: ARG002 - this wire carries nothing beside the body
        body: Callable[[], Iterator[bytes]],
        size: int,
        headers: Mapping[str, str],  # noqa: ARG002
        sink: Sink,
        limit_bytes: int,
    ) -> Reply:
        """Send one frame of ``size`` octets, the answer's body to ``sink``; see the contract.

        Raises TransportFault with ``maybe_sent`` True from the first octet of the frame on.
        """
        message = self._message(body, size, limit_bytes)
        if len(self._turn.waiting) >= MOST_WAITING:
            raise TransportFault(f"{self._what}: {MOST_WAITING} messages wait already; try later", maybe_sent=False)
        attempts = self._failed_attempts
        await self._turn.acquire()
        try:
            answer = await self._exchange(await self._connected(attempts), message)
            sink.write(answer)
        except Exception as error:
            raise peer_faults.fault(self._what, error, maybe_sent=message.left) from error
        finally:
            self._turn.release()
        return Reply(200, {}, len(answer))

    def close(self) -> Deferred[None]:
        """Close the connection; who waits is told that nothing left."""
        self._closed = True
        return succeed(None) if self._line is None else self._line.end()

    def _message(self, body: Callable[[], Iterator[bytes]], size: int, limit_bytes: int) -> _Message:
        most = self._endpoint.frame_bytes
        if not 0 < size <= most:
            raise TransportFault(
                f"{self._what}: a message of {size} octets is refused, 1 to {most} can go (frame_bytes); "
                "lower bytes_per_file",
                maybe_sent=False,
            )
        try:
            return _Message(self._framing.head(size), body, size, min(limit_bytes, most))
        except FrameRefused as refused:
            raise TransportFault(f"{self._what}: {refused}", maybe_sent=False) from refused

    async def _connected(self, attempts: int) -> Line:
        """The line. Who waited while an attempt failed does not make another: together they would take hours."""
        if self._failed_attempts != attempts:
            raise TransportFault(f"{self._what}: no connection; a message before this one tried", maybe_sent=False)
        if self._line is not None:
            await self._line.proven()
        if self._closed:
            raise TransportFault(f"{self._what}: the gateway is closing it", maybe_sent=False)
        if self._line is None or not self._line.usable:
            try:
                self._line = await self._way.connect(Factory.forProtocol(self._new_line))
            except Exception:
                self._failed_attempts += 1
                raise
        return self._line

    def _new_line(self) -> Line:
        endpoint = self._endpoint
        return Line(self._reactor, self._framing, endpoint.heartbeat_seconds, endpoint.timeout_seconds)

    async def _exchange(self, line: Line, message: _Message) -> bytes:
        """In all: twice the silence that we bear, and the time that both bodies take on the slowest line."""
        idle = float(self._endpoint.timeout_seconds)
        octets = message.size + message.answer_limit
        patience = Patience(self._reactor, idle, 2 * idle + octets / self._slowest)

        def written() -> None:
            message.left = True
            patience.progress()

        body = StreamedBody(self._reactor, message.frame, message.size, written)
        try:
            return await patience.watch(line.exchange(body, message.answer_limit, patience.progress))
        except Exception as error:
            if patience.expired is None:
                raise
            raise TransportFault(f"{self._what}: {patience.expired}", maybe_sent=message.left) from error
        finally:
            patience.end()
            body.abandon()
