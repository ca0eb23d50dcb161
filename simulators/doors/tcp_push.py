"""How a simulated bank calls the gateway over TCP (推送): one frame, its receipt, then the next; again after any trouble."""

from __future__ import annotations

import hashlib
from collections import deque
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure

from messages.framing.errors import FrameRefused
from messages.framing.framing import Framing, framer
from simulators.bank_contract import Outgoing

BACKLOG = 1000
RECEIPT_SECONDS = 10.0
AGAIN_SECONDS = 0.5


class _Line(Protocol):
    """One connection to the gateway."""

    def __init__(self, framing: Framing):
        self.alive = False
        self._decoder = framing.decoder(1_000_000)
        self._receipt: Deferred[bytes] | None = None

    def connectionMade(self) -> None:
        self.alive = True

    def send(self, frame: bytes) -> Deferred[bytes]:
        """Fires with the receipt, or fails with the connection."""
        receipt: Deferred[bytes] = Deferred(lambda _cancelled: self.cut())
        self._receipt = receipt
        transport: Any = self.transport
        transport.write(frame)
        return receipt

    def dataReceived(self, data: bytes) -> None:
        try:
            frames = self._decoder.feed(data)
        except FrameRefused:
            self.cut()
            return
        for frame in frames:
            receipt, self._receipt = self._receipt, None
            if receipt is not None and not frame.is_heartbeat:
                receipt.callback(frame.body)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.alive = False
        receipt, self._receipt = self._receipt, None
        if receipt is not None and not receipt.called:
            receipt.errback(reason)

    def cut(self) -> None:
        self.alive = False
        transport: Any = self.transport
        transport.abortConnection()


class Pusher:
    """Delivers in order to ``way``, a client endpoint; a receipt is the SHA-256 of the content in hex."""

    _log = Logger()

    def __init__(self, reactor: Any, way: Any, framing: str):
        self._reactor, self._way, self._framing = reactor, way, framer(framing)
        self._backlog: deque[Outgoing] = deque()
        self._line: _Line | None = None
        self._busy = self._closed = self._stale = False
        self._not_before = 0.0

    @property
    def has_room(self) -> bool:
        """Whether more may be added."""
        return len(self._backlog) < BACKLOG

    def add(self, outgoing: list[Outgoing]) -> None:
        """More to deliver, after what is there."""
        self._backlog.extend(outgoing)

    def go_on(self) -> None:
        """Deliver, unless that is being done or was refused a moment ago."""
        if self._backlog and not self._busy and not self._closed and self._reactor.seconds() >= self._not_before:
            self._busy = True
            Deferred.fromCoroutine(self._deliver())

    def call_again(self) -> None:
        """The next message goes over a new connection, by the keys of that moment."""
        self._stale = True

    def close(self) -> None:
        """Deliver no more."""
        self._closed = True
        if self._line is not None and self._line.alive:
            self._line.cut()

    async def _deliver(self) -> None:
        try:
            while self._backlog and not self._closed:
                await self._one(self._backlog[0])
                self._backlog.popleft()
        except Exception as error:
            self._log.info("the gateway did not take a message now: {kind}", kind=type(error).__name__)
            self._not_before = self._reactor.seconds() + AGAIN_SECONDS
        finally:
            self._busy = False

    async def _one(self, outgoing: Outgoing) -> None:
        if self._stale and self._line is not None:
            self._line.cut()
        if self._line is None or not self._line.alive:
            self._stale = False
            self._line = await self._way.connect(Factory.forProtocol(lambda: _Line(self._framing)))
        line, content = self._line, outgoing.content
        if not outgoing.whole:
            transport: Any = line.transport
            transport.write(self._framing.head(len(content)) + content[: len(content) // 2])
            transport.loseConnection()
            line.alive = False
            return
        receipt = await line.send(self._framing.encode(content)).addTimeout(RECEIPT_SECONDS, self._reactor)
        if receipt != hashlib.sha256(content).hexdigest().encode("ascii"):
            line.cut()
            raise ValueError("the receipt is for something else")
