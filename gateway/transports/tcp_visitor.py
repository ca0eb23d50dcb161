"""One bank's connection to us: a frame in, its acknowledgement out, then the next; bounded in time and memory."""

from __future__ import annotations

import hashlib
from collections import deque
from dataclasses import dataclass
from typing import Any
from typing import Protocol as Shape

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IHandshakeListener, IPushProducer
from twisted.internet.protocol import Protocol, connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer  # type: ignore[import-untyped]

from gateway.transports.contract import Arrival
from messages.framing.errors import FrameRefused
from messages.framing.frame import Frame
from messages.framing.framing import Framing

FAREWELL_SECONDS = 1.0  # for what is written already, and for the peer's close_notify


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one connection may take."""

    frame_bytes: int
    piece_seconds: float  # for a handshake, without an octet inside a frame, and without taking our answers
    frame_seconds: float  # from a frame's first octet to its last
    idle_seconds: float  # between frames


class Host(Shape):
    """Whom a visitor visits."""

    def enter(self, visitor: Visitor) -> bool:
        """Whether there is room for one more."""

    def leave(self, visitor: Visitor) -> None:
        """The connection is over."""

    async def handle(self, arrival: Arrival) -> bytes:
        """The acknowledgement of an arrival that is durable now; raises otherwise."""


@implementer(IHandshakeListener, IPushProducer)
class Visitor(Protocol):
    """Reads no further while an arrival is being handled, or while the bank does not take our answers."""

    _log = Logger()

    def __init__(self, clock: Any, framing: Framing, bounds: Bounds, host: Host, secured: bool):
        self._clock, self._framing, self._bounds, self._host = clock, framing, bounds, host
        self._secured = secured
        self._decoder = framing.decoder(bounds.frame_bytes)
        self._waiting: deque[Frame] = deque()  # whole frames of one read
        self._serving = self._full = self._ending = False
        self._last = False  # after what is waiting the connection ends
        self._frame_until: float | None = None
        self._timer: Any = None

    def connectionMade(self) -> None:
        """Someone has connected; over TLS he still has to prove himself."""
        transport: Any = self.transport
        if not self._host.enter(self):
            self._log.warn("a connection above the limit was refused")
            self.cut()
            return
        transport.setTcpNoDelay(True)
        transport.registerProducer(self, True)
        self._allow(self._bounds.piece_seconds if self._secured else self._bounds.idle_seconds)

    def handshakeCompleted(self) -> None:
        """The peer's certificate is accepted."""
        self._allow(self._bounds.idle_seconds)

    def dataReceived(self, data: bytes) -> None:
        """Any piece of frames."""
        if self._ending:
            return
        self._read(data)
        if self._serving:
            return  # more of what was read already, which TLS hands over piece by piece
        if self._waiting or self._last:
            self._frame_until = None
            self._serving = True
            Deferred.fromCoroutine(self._serve())
        else:
            self._settle()

    def _read(self, data: bytes) -> None:
        try:
            self._waiting.extend(self._decoder.feed(data))
        except FrameRefused as trouble:
            self._log.warn("a bank's connection is closed: {why}", why=str(trouble))
            self._waiting.extend(trouble.before)
            self._last = True

    async def _serve(self) -> None:
        """What one read brought, in order; then the next read, or the end."""
        self._settle()
        while self._waiting and not self._ending:
            answer = await self._answer(self._waiting.popleft())
            if answer is None:
                self._last = True
                break
            self._write(answer)
        self._serving = False
        if self._last:
            self._hang_up()
        self._settle()

    async def _answer(self, frame: Frame) -> bytes | None:
        """What to write back; None when the frame is not taken."""
        if frame.is_heartbeat:
            return self._framing.heartbeat
        try:
            name = hashlib.sha256(frame.body).hexdigest()
            return self._framing.encode(await self._host.handle(Arrival(name, frame.body)))
        except Exception:
            self._log.failure("a pushed message is not acknowledged; the bank has to send it again")
            return None

    def _write(self, data: bytes) -> None:
        transport: Any = self.transport
        if not self._ending:
            transport.write(data)

    def pauseProducing(self) -> None:
        """The bank does not take our answers as fast as it sends."""
        self._full = True
        self._settle()

    def resumeProducing(self) -> None:
        """It does again."""
        self._full = False
        self._settle()

    def stopProducing(self) -> None:
        """The connection is going."""

    def _settle(self) -> None:
        """Whether to read, and how long to wait for something to move."""
        if self._ending:
            return
        transport: Any = self.transport
        if self._serving or self._full:
            transport.pauseProducing()
            self._allow(self._bounds.piece_seconds if self._full else None)
        else:
            self._allow(self._patience())
            transport.resumeProducing()

    def _patience(self) -> float:
        if not self._decoder.unfinished:
            self._frame_until = None
            return self._bounds.idle_seconds
        now: float = self._clock.seconds()
        if self._frame_until is None:
            self._frame_until = now + self._bounds.frame_seconds
        return min(self._bounds.piece_seconds, max(0.0, self._frame_until - now))

    def _allow(self, seconds: float | None) -> None:
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None if seconds is None else self._clock.callLater(seconds, self.cut)

    def _hang_up(self) -> None:
        """Close once what is written has left; soon, in any case."""
        if self._ending:
            return
        self._ending = True
        transport: Any = self.transport
        transport.unregisterProducer()
        transport.resumeProducing()  # a connection that reads nothing does not notice the other side's end
        transport.loseConnection()
        self._allow(FAREWELL_SECONDS)

    def cut(self) -> None:
        """Close now."""
        self._ending = True
        transport: Any = self.transport
        transport.abortConnection()

    def connectionLost(self, reason: Failure = connectionDone) -> None:  # noqa: ARG002 - the protocol's signature
        """The connection is over; an arrival that is being handled is finished nevertheless."""
        self._ending = True
        self._allow(None)
        self._waiting.clear()
        self._host.leave(self)
