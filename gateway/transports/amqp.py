"""Messages to a bank over a RabbitMQ queue (消息队列): sent means confirmed durable by the broker; answers come by themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pika.exceptions import AMQPError
from pika.spec import BasicProperties
from twisted.internet.defer import Deferred, TimeoutError
from twisted.python.failure import Failure

from adapters.endpoints import AmqpEndpoint
from gateway.transports import amqp_faults
from gateway.transports.amqp_confirms import Confirms, Unroutable
from gateway.transports.amqp_line import BrokerLine, connect
from gateway.transports.amqp_queues import declare
from gateway.transports.amqp_room import Room
from gateway.transports.contract import Reply, Sink, TransportFault
from gateway.transports.http_gate import Refusal
from gateway.transports.tcp_endpoint import outward

MESSAGE_BYTES = 16_000_000
WINDOW_MESSAGES = 1000  # unconfirmed at once
WINDOW_BYTES = 64_000_000
MOST_WAITING = 10_000
PERSISTENT = 2


class AmqpTransport:
    """A ``MessagePost`` into ``send_queue`` of one bank; opened when needed, anew after any trouble.

    The message id is AMQP's ``message_id``; the headers become AMQP headers, ``Content-Type`` its own property.
    """

    def __init__(
        self,
        reactor: Any,
        endpoint: AmqpEndpoint,
        password: str,
        client_certificate: bytes | None = None,
        trusted_ca: bytes | None = None,
        message_bytes: int = MESSAGE_BYTES,
        refusal: Refusal | None = None,
    ):
        """PEM as for HTTPS; without ``trusted_ca`` the profile must say ``leased_line``. Raises Misconfigured."""
        self._reactor, self._endpoint, self._password = reactor, endpoint, password
        self._way = outward(reactor, endpoint, client_certificate, trusted_ca, refusal)
        self._what = f"amqp {endpoint.host}:{endpoint.port} queue {endpoint.send_queue}"
        self._message_bytes = message_bytes
        self._room = Room(WINDOW_MESSAGES, WINDOW_BYTES)
        self._opening: list[Deferred[None]] = []
        self._open: tuple[BrokerLine, Confirms] | None = None
        self._closed = False

    async def submit(
        self,
        message_id: str,
        body: Callable[[], Iterator[bytes]],
        size: int,
        headers: Mapping[str, str],
        sink: Sink,  # noqa: ARG002 - a queue gives no answer at once
        limit_bytes: int,  # noqa: ARG002
    ) -> Reply:
        """Publish one message; 202 once the broker has it on disk. Raises TransportFault.

        ``maybe_sent`` is False until it is written to the connection, and again when the broker hands it back
        because no queue takes it.
        """
        self._check(size)
        async with self._room.taken(size):
            line, confirms = await self._ready()
            content = self._content(body, size)
            try:
                confirmed = confirms.publish(self._endpoint.send_queue, content, _properties(message_id, headers))
            except AMQPError as error:
                raise self._fault(error, maybe_sent=False) from error
            del content
            await self._await(line, confirmed)
        return Reply(202, {}, 0)

    async def close(self) -> None:
        """Close the connection; who waits is told what is known."""
        self._closed = True
        if self._open is not None:
            await self._open[0].end()

    def _check(self, size: int) -> None:
        if not 0 < size <= self._message_bytes:
            raise TransportFault(
                f"{self._what}: a message of {size} octets is refused, 1 to {self._message_bytes} can go; "
                "lower bytes_per_file",
                maybe_sent=False,
            )
        if self._room.waiting >= MOST_WAITING:
            raise TransportFault(f"{self._what}: {MOST_WAITING} messages wait already; try later", maybe_sent=False)

    def _content(self, body: Callable[[], Iterator[bytes]], size: int) -> bytes:
        try:
            content = b"".join(body())
        except Exception as error:
            raise self._fault(error, maybe_sent=False) from error
        if len(content) != size:
            raise TransportFault(
                f"{self._what}: the message has {len(content)} octets instead of {size}", maybe_sent=False
            )
        return content

    async def _ready(self) -> tuple[BrokerLine, Confirms]:
        if self._open is None or not self._open[0].usable:
            await self._opened()
        if self._open is None or self._closed:
            raise TransportFault(f"{self._what}: the gateway is closing it", maybe_sent=False)
        if self._open[0].blocked:
            raise TransportFault(f"{self._what}: the broker takes nothing now (memory or disk)", maybe_sent=False)
        return self._open

    def _opened(self) -> Deferred[None]:
        """One attempt for all who wait; what it comes to, it comes to for each of them."""
        waiting: Deferred[None] = Deferred()
        self._opening.append(waiting)
        if len(self._opening) == 1:
            Deferred.fromCoroutine(self._connect()).addBoth(self._tell)
        return waiting

    def _tell(self, outcome: Failure | None) -> None:
        opening, self._opening = self._opening, []
        for waiting in opening:
            waiting.callback(outcome)  # a Failure makes it fail

    async def _connect(self) -> None:
        if self._closed:
            return
        line = await connect(self._reactor, self._way, self._endpoint, self._password, "gateway send")
        confirms = Confirms(line)
        try:
            await Deferred.fromCoroutine(self._prepare(line, confirms)).addTimeout(
                self._endpoint.timeout_seconds, self._reactor
            )
        except Exception as error:
            line.cut()
            raise self._fault(error, maybe_sent=False) from error
        if self._closed:
            line.cut()
        self._open = line, confirms

    async def _prepare(self, line: BrokerLine, confirms: Confirms) -> None:
        await declare(line, self._endpoint.send_queue)
        await confirms.enable()

    async def _await(self, line: BrokerLine, confirmed: Deferred[None]) -> None:
        try:
            await confirmed.addTimeout(self._endpoint.timeout_seconds, self._reactor)
        except Unroutable as returned:
            raise TransportFault(f"{self._what}: {returned}", maybe_sent=False) from returned
        except TimeoutError as late:
            line.cut()  # a broker that does not confirm this one will hardly confirm the next
            what = f"{self._what}: not confirmed within {self._endpoint.timeout_seconds} s"
            raise TransportFault(what, maybe_sent=True) from late
        except Exception as error:
            raise self._fault(error, maybe_sent=True) from error

    def _fault(self, error: BaseException, *, maybe_sent: bool) -> TransportFault:
        return amqp_faults.fault(self._what, error, maybe_sent=maybe_sent)


def _properties(message_id: str, headers: Mapping[str, str]) -> BasicProperties:
    rest = {name.lower(): value for name, value in headers.items()}
    content_type = rest.pop("content-type", None)
    return BasicProperties(  # type: ignore[no-untyped-call]
        content_type=content_type, headers=rest, delivery_mode=PERSISTENT, message_id=message_id
    )
