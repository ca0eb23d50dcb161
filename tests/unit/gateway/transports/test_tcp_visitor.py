"""A bank's connection to us, without a network: acknowledged after success only, and no patience for the slow."""

from __future__ import annotations

from typing import Any

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.logger import globalLogPublisher
from twisted.python.failure import Failure

from gateway.transports.contract import Arrival
from gateway.transports.tcp_visitor import Bounds, Visitor
from messages.framing.framing import framer

BOUNDS = Bounds(frame_bytes=50, piece_seconds=10, frame_seconds=25, idle_seconds=100)


class Wire(StringTransport):
    """A transport in memory that remembers how it was ended."""

    ended = ""

    def setTcpNoDelay(self, enabled: bool) -> None:
        """Nothing to delay here."""

    def abortConnection(self) -> None:
        self._end("cut")

    def loseConnection(self) -> None:
        self._end("closed")

    def _end(self, how: str) -> None:
        if not self.ended:
            self.ended = how
            self.protocol.connectionLost(Failure(ConnectionDone()))


class Desk:
    """A host whose handler answers when told."""

    def __init__(self) -> None:
        self.full = False
        self.taken: list[tuple[Arrival, Deferred[bytes]]] = []
        self.left = 0

    def enter(self, _visitor: Visitor) -> bool:
        return not self.full

    def leave(self, _visitor: Visitor) -> None:
        self.left += 1

    async def handle(self, arrival: Arrival) -> bytes:
        done: Deferred[bytes] = Deferred()
        self.taken.append((arrival, done))
        return await done


class Visit:
    """One connection and all that is about it."""

    def __init__(self, secured: bool = False, full: bool = False):
        self.clock, self.desk, self.wire = Clock(), Desk(), Wire()
        self.desk.full = full
        self.visitor = Visitor(self.clock, framer("length-5"), BOUNDS, self.desk, secured)
        self.wire.protocol = self.visitor
        self.visitor.makeConnection(self.wire)

    def say(self, data: bytes) -> None:
        self.visitor.dataReceived(data)

    @property
    def reading(self) -> bool:
        return self.wire.producerState == "producing"


@pytest.fixture
def logged() -> Any:
    """Events of the log, as text."""
    events: list[str] = []

    def observe(event: Any) -> None:
        events.append(event["log_format"].format(**event))

    globalLogPublisher.addObserver(observe)
    yield events
    globalLogPublisher.removeObserver(observe)


def test_acknowledged_after_success_and_not_before() -> None:
    visit = Visit()
    visit.say(b"00006result")
    arrival, done = visit.desk.taken[0]
    assert (arrival.content, len(arrival.name)) == (b"result", 64)
    assert visit.wire.value() == b"" and not visit.reading
    done.callback(b"noted")
    assert visit.wire.value() == b"00005noted" and visit.reading


def test_messages_of_one_read_are_handled_one_after_the_other() -> None:
    visit = Visit()
    visit.say(b"00001a00000" + b"00001b")
    assert [arrival.content for arrival, _ in visit.desk.taken] == [b"a"]
    visit.desk.taken[0][1].callback(b"A")
    assert visit.wire.value() == b"00001A00000"
    assert [arrival.content for arrival, _ in visit.desk.taken] == [b"a", b"b"]


def test_a_failed_handler_is_no_acknowledgement_and_the_end(logged: list[str]) -> None:
    visit = Visit()
    visit.say(b"00001a00001b")
    visit.desk.taken[0][1].errback(OSError("disk full"))
    assert visit.wire.value() == b"" and visit.wire.ended == "closed"
    assert len(visit.desk.taken) == 1
    assert visit.desk.left == 1
    assert any("not acknowledged" in text for text in logged)


def test_nonsense_ends_the_connection_after_what_was_good(logged: list[str]) -> None:
    visit = Visit()
    visit.say(b"00001aHTTP/")
    visit.desk.taken[0][1].callback(b"A")
    assert visit.wire.value() == b"00001A" and visit.wire.ended == "closed"
    assert any("decimal digits" in text for text in logged)


def test_too_large_a_frame_is_refused_by_its_head() -> None:
    visit = Visit()
    visit.say(b"00051")
    assert visit.wire.ended == "closed"


def test_nothing_in_a_frame_for_too_long_is_the_end() -> None:
    visit = Visit()
    visit.say(b"000")
    visit.clock.advance(9.9)
    assert not visit.wire.ended
    visit.clock.advance(0.1)
    assert visit.wire.ended == "cut"
    assert visit.clock.getDelayedCalls() == []


def test_a_frame_that_dribbles_in_is_cut_however_lively() -> None:
    visit = Visit()
    visit.say(b"00050")
    for _ in range(4):
        visit.clock.advance(6)
        visit.say(b"x")
    assert not visit.wire.ended
    visit.clock.advance(1)
    assert visit.wire.ended == "cut"


def test_heartbeats_are_echoed_and_keep_an_idle_connection() -> None:
    visit = Visit()
    for _ in range(5):
        visit.clock.advance(99)
        visit.say(b"00000")
    assert visit.wire.value() == b"00000" * 5
    visit.clock.advance(100)
    assert visit.wire.ended == "cut"


def test_who_does_not_finish_his_handshake_is_cut() -> None:
    visit = Visit(secured=True)
    visit.clock.advance(10)
    assert visit.wire.ended == "cut"
    patient = Visit(secured=True)
    patient.visitor.handshakeCompleted()
    patient.clock.advance(99)
    assert not patient.wire.ended


def test_who_does_not_take_our_answers_is_read_no_further_and_then_cut() -> None:
    visit = Visit()
    visit.visitor.pauseProducing()
    assert not visit.reading
    visit.visitor.resumeProducing()
    assert visit.reading
    visit.visitor.pauseProducing()
    visit.clock.advance(10)
    assert visit.wire.ended == "cut"


def test_one_above_the_limit_is_cut_at_once(logged: list[str]) -> None:
    visit = Visit(full=True)
    assert visit.wire.ended == "cut"


def test_an_arrival_is_finished_though_its_bank_has_gone() -> None:
    visit = Visit()
    visit.say(b"00001a")
    visit.wire.abortConnection()
    visit.desk.taken[0][1].callback(b"A")
    assert visit.wire.value() == b""
