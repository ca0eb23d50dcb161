"""One connection to a broker with one channel on it; whatever goes wrong with either ends both."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from pika.channel import Channel
from pika.connection import Connection, ConnectionParameters
from pika.credentials import PlainCredentials
from pika.exceptions import AMQPError
from twisted.internet.defer import Deferred
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure

from adapters.endpoints import AmqpEndpoint
from gateway.transports import amqp_faults
from gateway.transports.amqp_adapter import BrokerConnection

T = TypeVar("T")
FAREWELL_SECONDS = 2.0


class BrokerLine(Protocol):
    """Opened by ``connect``; ``usable`` from then to the first trouble, and ``over`` fires with that trouble, once."""

    def __init__(self, clock: Any, parameters: ConnectionParameters):
        self.usable = self.blocked = False
        self.channel: Any = None  # pika's Channel, whose callbacks are typed too narrowly for bound methods
        self.ready: Deferred[None] = Deferred(lambda _cancelled: self.cut())
        self.over: Deferred[BaseException] = Deferred()
        self._clock = clock
        self._impl = BrokerConnection(clock, parameters, self._opened, self._closed)
        self._asked: set[Deferred[Any]] = set()
        self._gone: Deferred[None] = Deferred()

    def connectionMade(self) -> None:
        """TCP, and TLS where it is TLS, are up."""
        transport: Any = self.transport
        transport.setTcpNoDelay(True)
        self._impl.begin(transport)

    def dataReceived(self, data: bytes) -> None:
        """Any piece of the broker's frames."""
        try:
            self._impl.take(data)
        except Exception as nonsense:
            self._end(nonsense)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """The connection is over, whoever ended it."""
        error = reason.value if isinstance(reason.value, Exception) else ConnectionError("connection lost")
        self._impl.lost(error)
        self._end(error)
        self._gone.callback(None)

    def _opened(self, connection: Connection) -> None:
        connection.add_on_connection_blocked_callback(lambda *_: self._block(True))
        connection.add_on_connection_unblocked_callback(lambda *_: self._block(False))
        connection.channel(on_open_callback=self._channel_opened)

    def _block(self, blocked: bool) -> None:
        self.blocked = blocked

    def _channel_opened(self, channel: Channel) -> None:
        self.channel = channel
        self.usable = True
        channel.add_on_close_callback(lambda _channel, reason: self._end(reason))
        channel.add_on_cancel_callback(lambda _frame: self._end(AMQPError("the queue was deleted")))
        self.ready.callback(None)

    def _closed(self, _connection: Connection, reason: BaseException) -> None:
        self._end(reason)

    def _end(self, reason: BaseException) -> None:
        """The first trouble counts; what follows from it says less."""
        self.usable = False
        if self.over.called:
            return
        asked, self._asked = self._asked, set()
        for deferred in (self.ready, *asked):
            if not deferred.called:
                deferred.errback(Failure(reason))  # type: ignore[no-untyped-call]
        self.over.callback(reason)
        self.cut()

    def ask(self, call: Callable[[Callable[[T], None]], object]) -> Deferred[T]:
        """``call`` is given pika's callback; fires with what the broker answers, or why it does not."""
        asked: Deferred[T] = Deferred(lambda _cancelled: self.cut())
        self._asked.add(asked)

        def answered(frame: T) -> None:
            if asked in self._asked:
                self._asked.discard(asked)
                asked.callback(frame)

        try:
            call(answered)
        except AMQPError as error:
            self._asked.discard(asked)
            asked.errback(error)
        return asked

    def cut(self) -> None:
        """Close now."""
        self.usable = False
        transport: Any = self.transport
        if transport is not None:
            transport.abortConnection()

    async def end(self) -> None:
        """Close as AMQP wants, and otherwise soon."""
        if self.usable:
            self.usable = False
            farewell = self._clock.callLater(FAREWELL_SECONDS, self.cut)
            self._impl.close()
            await self._gone
            if farewell.active():
                farewell.cancel()
        else:
            self.cut()


async def connect(reactor: Any, way: Any, endpoint: AmqpEndpoint, password: str, name: str) -> BrokerLine:
    """A line that is ready, or TransportFault (Misconfigured where login or virtual host are refused)."""
    parameters = ConnectionParameters(
        host=endpoint.host,
        port=endpoint.port,
        virtual_host=endpoint.virtual_host,
        credentials=PlainCredentials(endpoint.username, password),
        heartbeat=endpoint.heartbeat_seconds,
        blocked_connection_timeout=endpoint.timeout_seconds,
        client_properties={"connection_name": name},
    )
    try:
        line: BrokerLine = await way.connect(Factory.forProtocol(lambda: BrokerLine(reactor, parameters)))
        await line.ready.addTimeout(endpoint.timeout_seconds, reactor)
    except Exception as error:
        raise amqp_faults.fault(f"amqp {endpoint.host}:{endpoint.port}", error, maybe_sent=False) from error
    return line
