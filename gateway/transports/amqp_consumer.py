"""What a bank puts into its queue for us (银行推送): handled, then acknowledged; set aside when it cannot be handled."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from typing import Any, Final

from pika.spec import Basic, BasicProperties
from twisted.internet.defer import CancelledError, Deferred, DeferredList
from twisted.internet.task import deferLater
from twisted.logger import Logger

from adapters.endpoints import AmqpEndpoint
from gateway.transports import amqp_faults
from gateway.transports.amqp_line import BrokerLine, connect
from gateway.transports.amqp_queues import REDELIVERIES, declare
from gateway.transports.contract import Arrival, Handler, TransportFault
from gateway.transports.http_gate import Refusal
from gateway.transports.tcp_endpoint import outward

FIRST_WAIT, LONGEST_WAIT = 1.0, 60.0  # seconds, before a connection or a message is tried again
_NAME: Final = re.compile(r"[!-~]{1,128}")
Told = Callable[[str], None]


def _unheard(_what: str) -> None:
    """Nobody wants to know."""


def _heard() -> None:
    """Nobody waits for it."""


class AmqpConsumer:
    """Consumes ``receive_queue`` of one bank, ``prefetch`` messages at a time, for as long as it is started.

    An arrival is acknowledged after its handler's success. After a failure it is held back for a growing while,
    then given back to the queue; after ``redeliveries`` of these, or at once above ``limit_bytes``, the broker moves
    it to the dead letters, and ``buried`` hears its name. ``troubled`` hears why there is no connection,
    ``hearing`` that messages come in now.
    """

    _log = Logger()

    def __init__(
        self,
        reactor: Any,
        endpoint: AmqpEndpoint,
        password: str,
        handler: Handler,
        limit_bytes: int,
        client_certificate: bytes | None = None,
        trusted_ca: bytes | None = None,
        buried: Told = _unheard,
        troubled: Callable[[TransportFault], None] = lambda _fault: None,
        redeliveries: int = REDELIVERIES,
        first_wait: float = FIRST_WAIT,
        hearing: Callable[[], None] = _heard,
        refusal: Refusal | None = None,
    ):
        """PEM as for HTTPS; without ``trusted_ca`` the profile must say ``leased_line``. Raises Misconfigured."""
        self._reactor, self._endpoint, self._password = reactor, endpoint, password
        self._handler, self._limit, self._buried, self._troubled = handler, limit_bytes, buried, troubled
        self._redeliveries, self._first_wait = redeliveries, first_wait
        self._way = outward(reactor, endpoint, client_certificate, trusted_ca, refusal)
        self._hearing = hearing
        self._what = f"amqp {endpoint.host}:{endpoint.port} queue {endpoint.receive_queue}"
        self._line: BrokerLine | None = None
        self._started = False
        self._running: Deferred[None] | None = None
        self._handling: set[Deferred[None]] = set()
        self._pauses: set[Deferred[None]] = set()

    def start(self) -> None:
        """Consume from now on, through every loss of the connection."""
        self._started = True
        self._running = Deferred.fromCoroutine(self._run())

    async def stop(self) -> None:
        """Take nothing more, finish what is being handled, close; what was not begun goes back to the queue."""
        self._started = False
        for pause in tuple(self._pauses):
            pause.cancel()
        await DeferredList(list(self._handling), consumeErrors=True)
        if self._line is not None:
            await self._line.end()
        if self._running is not None:
            await self._running

    async def _run(self) -> None:
        wait = self._first_wait
        while self._started:
            try:
                self._line = line = await self._consuming()
                wait = self._first_wait
                if not self._started:
                    await line.end()
                else:
                    self._hearing()
                await line.over
            except TransportFault as fault:
                self._log.warn("no connection: {fault}", fault=str(fault))
                self._troubled(fault)
            await self._pause(wait)
            wait = min(2 * wait, LONGEST_WAIT)

    async def _consuming(self) -> BrokerLine:
        endpoint = self._endpoint
        line = await connect(self._reactor, self._way, endpoint, self._password, "gateway receive")
        try:
            await Deferred.fromCoroutine(self._consume(line)).addTimeout(endpoint.timeout_seconds, self._reactor)
        except Exception as error:
            line.cut()
            raise amqp_faults.fault(self._what, error, maybe_sent=False) from error
        return line

    async def _consume(self, line: BrokerLine) -> None:
        queue = self._endpoint.receive_queue
        await declare(line, queue, self._redeliveries)
        await line.ask(lambda done: line.channel.basic_qos(prefetch_count=self._endpoint.prefetch, callback=done))

        def delivered(_channel: Any, method: Basic.Deliver, properties: BasicProperties, content: bytes) -> None:
            self._take(line, method.delivery_tag, properties, content)

        await line.ask(lambda done: line.channel.basic_consume(queue, delivered, callback=done))

    def _take(self, line: BrokerLine, tag: int, properties: BasicProperties, content: bytes) -> None:
        if not self._started:
            return  # closing: the broker gives it to somebody else
        arrival = _arrival(properties, content)
        if len(content) > self._limit:
            self._log.error("message {name} is above {limit} octets", name=arrival.name, limit=self._limit)
            line.channel.basic_reject(tag, requeue=False)
            self._buried(arrival.name)
            return
        handling = Deferred.fromCoroutine(self._handle(line, tag, arrival, _times_before(properties)))
        self._handling.add(handling)
        handling.addBoth(lambda _result: self._handling.discard(handling))

    async def _handle(self, line: BrokerLine, tag: int, arrival: Arrival, before: int) -> None:
        try:
            await self._handler(arrival)
        except Exception:
            self._log.failure("message {name} could not be handled", name=arrival.name)
            await self._give_back(line, tag, arrival.name, before)
        else:
            if line.usable:
                line.channel.basic_ack(tag)

    async def _give_back(self, line: BrokerLine, tag: int, name: str, before: int) -> None:
        await self._pause(min(self._first_wait * 2 ** min(before, 20), LONGEST_WAIT))
        if line.usable:
            line.channel.basic_nack(tag, requeue=True)
            if before >= self._redeliveries:
                self._buried(name)

    async def _pause(self, seconds: float) -> None:
        if not self._started:
            return
        pause: Deferred[None] = deferLater(self._reactor, seconds)
        self._pauses.add(pause)
        try:
            await pause
        except CancelledError:
            return
        finally:
            self._pauses.discard(pause)


def _arrival(properties: BasicProperties, content: bytes) -> Arrival:
    """Named by the bank where its name is printable; header values are taken where they are text."""
    given = properties.message_id or ""
    name = given if _NAME.fullmatch(given) else hashlib.sha256(content).hexdigest()
    headers = {key.lower(): value for key, value in (properties.headers or {}).items() if isinstance(value, str)}
    known = {"content-type": properties.content_type, "correlation-id": properties.correlation_id}
    return Arrival(name, content, headers | {key: value for key, value in known.items() if value is not None})


def _times_before(properties: BasicProperties) -> int:
    """How often a quorum queue has seen this message come back."""
    count = (properties.headers or {}).get("x-delivery-count", 0)
    return count if isinstance(count, int) else 0
