"""The TCP door of a simulated bank (长度前缀报文): frames in, answers out, and results pushed to whoever wants them."""

from __future__ import annotations

import hashlib
from collections import deque
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.internet.task import LoopingCall, deferLater
from twisted.internet.threads import deferToThreadPool
from twisted.logger import Logger
from twisted.python.failure import Failure

from messages.framing.errors import FrameRefused
from messages.framing.frame import Frame
from messages.framing.framing import Framing, framer
from simulators.answers import of_type
from simulators.bank_contract import NotGenuine, Outgoing, Taken
from simulators.doors.contract import DoorBank
from simulators.doors.tcp_push import Pusher
from simulators.script import DelayAcknowledgement, Effect, LoseReply

LOOPBACK = "127.0.0.1"
TICK_SECONDS = 0.02


class TcpDoor:
    """Listens for the gateway; with a ``pusher`` it also brings what the bank says by itself.

    ``tls``: a context factory that demands the gateway's certificate, or None for a leased line. What the bank books
    it books in a worker thread: a caller who hangs up loses his answer, never his order.
    """

    _log = Logger()

    def __init__(
        self,
        reactor: Any,
        bank: DoorBank,
        framing: str,
        frame_bytes: int = 16_000_000,
        tls: Any = None,
        pusher: Pusher | None = None,
    ):
        """``framing``: a name of messages.framing."""
        self.reactor, self.bank, self.framing, self.frame_bytes = reactor, bank, framer(framing), frame_bytes
        self.callers: set[Caller] = set()
        self._tls, self._pusher = tls, pusher
        self._port: Any = None
        self._ticking: Any = LoopingCall(self._tick)
        self._ticking.clock = reactor

    def open(self, port: int = 0, host: str = LOOPBACK) -> int:
        """Listen; port 0 takes any free one; the port taken is answered."""
        factory = Factory.forProtocol(lambda: Caller(self))
        self._port = (
            self.reactor.listenTCP(port, factory, interface=host)
            if self._tls is None
            else self.reactor.listenSSL(port, factory, self._tls, interface=host)
        )
        if self._pusher is not None:
            self._ticking.start(TICK_SECONDS)
        return int(self._port.getHost().port)

    def shut(self) -> None:
        """Cut every connection; new ones are refused for as long as the bank is away."""
        for caller in tuple(self.callers):
            caller.cut()

    async def close(self) -> None:
        """Stop listening and pushing."""
        if self._ticking.running:
            self._ticking.stop()
        if self._pusher is not None:
            self._pusher.close()
        if self._port is not None:
            await self._port.stopListening()
        self.shut()

    def take(self, content: bytes) -> Deferred[Taken]:
        """Hand a message to the bank, in a thread whose work does not hang on any connection."""
        return deferToThreadPool(self.reactor, self.reactor.getThreadPool(), self._taken, content)

    def _taken(self, content: bytes) -> Taken:
        taken = self.bank.receive(hashlib.sha256(content).hexdigest(), content, None)
        if taken.follow_up is not None:
            self.reactor.getThreadPool().callInThreadWithCallback(self._followed_up, taken.follow_up)
        return taken

    def _followed_up(self, success: bool, result: Any) -> None:
        if not success:
            self._log.failure("what follows from a message could not be prepared", result)

    def _tick(self) -> None:
        pusher = self._pusher
        if pusher is not None and not self.bank.away:
            if pusher.has_room:
                pusher.add(self.bank.pushed())
            pusher.go_on()


class Caller(Protocol):
    """One connection of the gateway; one message at a time."""

    _log = Logger()

    def __init__(self, door: TcpDoor):
        self._door = door
        self._decoder = door.framing.decoder(door.frame_bytes)
        self._waiting: deque[Frame] = deque()
        self._serving = False

    def connectionMade(self) -> None:
        """Someone calls."""
        self._door.callers.add(self)
        if self._door.bank.away:
            self.cut()

    def connectionLost(self, reason: Failure = connectionDone) -> None:  # noqa: ARG002 - the protocol's signature
        """He has gone; what he ordered stays ordered."""
        self._door.callers.discard(self)

    def dataReceived(self, data: bytes) -> None:
        """Any piece of frames."""
        try:
            self._waiting.extend(self._decoder.feed(data))
        except FrameRefused as refused:
            self._log.warn("a caller is cut off: {why}", why=str(refused))
            self.cut()
            return
        if not self._serving:
            Deferred.fromCoroutine(self._serve())

    async def _serve(self) -> None:
        transport: Any = self.transport
        self._serving = True
        transport.pauseProducing()
        while self._waiting:
            await self._answer(self._waiting.popleft())
        self._serving = False
        transport.resumeProducing()

    async def _answer(self, frame: Frame) -> None:
        transport: Any = self.transport
        if self._door.bank.away:
            self.cut()
        elif frame.is_heartbeat:
            transport.write(self._door.framing.heartbeat)
        else:
            try:
                taken = await self._door.take(frame.body)
            except NotGenuine:
                self.cut()
            except Exception:
                self._log.failure("the bank could not take a message")
                self.cut()
            else:
                await self._reply(taken)

    async def _reply(self, taken: Taken) -> None:
        """As the script lets it through: at once, late, by half, or never."""
        wait = seconds_late(taken.effects)
        if taken.reply is None or wait is None:
            self.cut()
            return
        if wait:
            await deferLater(self._door.reactor, wait)
        transport: Any = self.transport
        transport.write(written(self._door.framing, taken.reply))
        if not taken.reply.whole:
            transport.loseConnection()

    def cut(self) -> None:
        """Hang up without a word."""
        self._waiting.clear()
        transport: Any = self.transport
        transport.abortConnection()


def seconds_late(effects: tuple[Effect, ...]) -> float | None:
    """How long the script keeps a reply back; None: it never comes."""
    for lost in of_type(effects, LoseReply):
        return lost.answer_after
    return sum(effect.seconds for effect in of_type(effects, DelayAcknowledgement))


def written(framing: Framing, outgoing: Outgoing) -> bytes:
    """The frame, or the first half of it."""
    frame = framing.encode(outgoing.content)
    return frame if outgoing.whole else frame[: framing.head_bytes + len(outgoing.content) // 2]
