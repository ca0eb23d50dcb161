"""One connection to a bank: one message out, its answer back, and heartbeats while nothing is said."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure

from gateway.transports.http_body import StreamedBody
from messages.framing.errors import FrameRefused
from messages.framing.frame import Frame
from messages.framing.framing import Framing


class LineSpoilt(Exception):
    """What the bank said is no answer to what we asked; nothing more is taken from this connection."""


class Line(Protocol):
    """A connection in use by one exchange at a time; any trouble ends it, so that no answer meets another question."""

    def __init__(self, clock: Any, framing: Framing, heartbeat_seconds: float, echo_seconds: float):
        self.usable = False
        self._clock, self._framing = clock, framing
        self._heartbeat_seconds, self._echo_seconds = heartbeat_seconds, echo_seconds
        self._decoder = framing.decoder(0)
        self._reply: Deferred[bytes] | None = None
        self._sent_whole = False
        self._progress: Callable[[], None] = _nothing
        self._echo: Deferred[None] | None = None
        self._timer: Any = None
        self._over = False
        self._ends: list[Deferred[None]] = []

    def connectionMade(self) -> None:
        """The connection is there, and proven where it is TLS."""
        transport: Any = self.transport
        transport.setTcpNoDelay(True)
        self.usable = True
        self._rest()

    def exchange(self, body: StreamedBody, answer_limit: int, progress: Callable[[], None]) -> Deferred[bytes]:
        """Write what ``body`` makes, which is a whole frame; fires with the answer's body, up to ``answer_limit`` octets."""
        self._stop_timer()
        self._decoder.limit, self._progress, self._sent_whole = answer_limit, progress, False
        reply: Deferred[bytes] = Deferred(lambda _cancelled: self._spoil())
        self._reply = reply
        transport: Any = self.transport
        transport.registerProducer(body, True)
        body.startProducing(transport).addCallbacks(self._written, self._not_written)
        return reply

    def _written(self, _done: object) -> None:
        self._sent_whole = True
        transport: Any = self.transport
        transport.unregisterProducer()

    def _not_written(self, failure: Failure) -> None:
        transport: Any = self.transport
        transport.unregisterProducer()
        self._break(failure)

    def proven(self) -> Deferred[None]:
        """Fires when no heartbeat is unanswered, or the connection is over: look at ``usable`` then."""
        waiting: Deferred[None] = Deferred()
        if self._echo is None:
            waiting.callback(None)
        else:
            self._echo.chainDeferred(waiting)
        return waiting

    def dataReceived(self, data: bytes) -> None:
        """Any piece of the bank's frames."""
        if not self.usable:
            return
        self._progress()
        try:
            for frame in self._decoder.feed(data):
                self._hear(frame)
        except FrameRefused as refused:
            self._break(_failure(refused))

    def _hear(self, frame: Frame) -> None:
        if frame.is_heartbeat:
            if self._echo is not None:
                self._stop_timer()
                self._rest()
            return
        if self._reply is None or not self._sent_whole:
            self._break(_failure(LineSpoilt("the bank sent a message that answers nothing")))
            return
        reply, self._reply = self._reply, None
        self._decoder.limit, self._progress = 0, _nothing
        self._rest()
        reply.callback(frame.body)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """The connection is over, whoever ended it."""
        self.usable, self._over = False, True
        self._stop_timer()
        self._fail(reason)
        ends, self._ends = self._ends, []
        for end in ends:
            end.callback(None)

    def end(self) -> Deferred[None]:
        """Close; fires when it is closed."""
        ended: Deferred[None] = Deferred()
        if self._over:
            ended.callback(None)
        else:
            self._ends.append(ended)
            self._spoil()
        return ended

    def _break(self, failure: Failure) -> None:
        self.usable = False
        self._fail(failure)  # before the connection says that it was lost, which would tell less
        self._spoil()

    def _spoil(self) -> None:
        self.usable = False
        transport: Any = self.transport
        transport.abortConnection()

    def _fail(self, failure: Failure) -> None:
        reply, self._reply = self._reply, None
        if reply is not None and not reply.called:
            reply.errback(failure)

    def _rest(self) -> None:
        if self._heartbeat_seconds:
            self._timer = self._clock.callLater(self._heartbeat_seconds, self._beat)

    def _beat(self) -> None:
        self._echo = Deferred()
        self._timer = self._clock.callLater(self._echo_seconds, self._spoil)
        transport: Any = self.transport
        transport.write(self._framing.heartbeat)

    def _stop_timer(self) -> None:
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None
        echo, self._echo = self._echo, None
        if echo is not None:
            echo.callback(None)


def _failure(error: Exception) -> Failure:
    return Failure(error)  # type: ignore[no-untyped-call]


def _nothing() -> None:
    """Nobody waits for progress."""


def framed(head: bytes, chunks: Callable[[], Iterator[bytes]], size: int) -> Iterator[bytes]:
    """A frame in chunks; the head goes with the first, since some banks read both at once.

    Raises LineSpoilt before a byte too many, or at the end of too few.
    """
    left = size
    for chunk in chunks():
        left -= len(chunk)
        if left < 0:
            raise LineSpoilt(f"the message is longer than the {size} octets that it was announced with")
        yield head + chunk
        head = b""
    if left:
        raise LineSpoilt(f"the message is {left} octets shorter than announced")
