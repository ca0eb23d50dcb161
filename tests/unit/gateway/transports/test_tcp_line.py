"""Our connection to a bank, without a network: heartbeats, answers that answer nothing, and silence."""

from __future__ import annotations

from typing import Any

import pytest
from twisted.internet.error import ConnectionDone
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure

from gateway.transports.http_body import StreamedBody
from gateway.transports.tcp_line import Line, LineSpoilt, framed
from messages.framing.framing import framer


class Wire(StringTransport):
    """A transport in memory whose abort ends the protocol, as a real one does."""

    def setTcpNoDelay(self, enabled: bool) -> None:
        """Nothing to delay here."""

    def abortConnection(self) -> None:
        if not self.disconnecting:
            self.disconnecting = True
            self.protocol.connectionLost(Failure(ConnectionDone()))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def line(clock: Clock) -> Line:
    made = Line(clock, framer("length-5"), 60, 10)
    wire = Wire()
    wire.protocol = made
    made.makeConnection(wire)
    return made


def wire(line: Line) -> Any:
    return line.transport


def ask(clock: Clock, line: Line, content: bytes = b"order", steps: int = 5) -> Any:
    """Begin an exchange; what comes of it is collected in ``.found``."""
    body = StreamedBody(clock, lambda: framed(b"00005", lambda: iter([content]), 5), 5, lambda: None)
    reply = line.exchange(body, 20, lambda: None)
    reply.found = []
    reply.addBoth(reply.found.append)
    for _ in range(steps):
        clock.advance(0)
    return reply


def trouble(reply: Any) -> Exception:
    return reply.found[0].value


def test_one_message_and_its_answer(clock: Clock, line: Line) -> None:
    reply = ask(clock, line)
    assert wire(line).value() == b"00005order"
    line.dataReceived(b"00002o")
    assert reply.found == []
    line.dataReceived(b"k")
    assert reply.found == [b"ok"]
    assert line.usable


def test_a_quiet_line_says_that_it_lives_and_its_echo_is_enough(clock: Clock, line: Line) -> None:
    clock.advance(60)
    assert wire(line).value() == b"00000"
    line.dataReceived(b"00000")
    clock.advance(59)
    assert line.usable and wire(line).value() == b"00000"
    clock.advance(1)
    assert wire(line).value() == b"0000000000"


def test_a_line_without_echo_is_over(clock: Clock, line: Line) -> None:
    clock.advance(60)
    waiting: list[object] = []
    line.proven().addCallback(waiting.append)
    assert waiting == []
    clock.advance(10)
    assert waiting == [None]
    assert not line.usable
    assert clock.getDelayedCalls() == []


def test_no_heartbeat_interrupts_an_exchange_and_one_of_the_bank_is_not_an_answer(clock: Clock, line: Line) -> None:
    reply = ask(clock, line)
    clock.advance(300)
    line.dataReceived(b"00000")
    assert wire(line).value() == b"00005order"
    line.dataReceived(b"00002ok")
    assert reply.found == [b"ok"]


def test_a_message_that_answers_nothing_ends_the_line(line: Line) -> None:
    line.dataReceived(b"00002ok")
    assert not line.usable


def test_an_answer_before_the_message_is_whole_is_none(clock: Clock, line: Line) -> None:
    reply = ask(clock, line, steps=0)
    line.dataReceived(b"00002ok")
    assert isinstance(trouble(reply), LineSpoilt)
    assert not line.usable


def test_a_second_answer_ends_the_line_but_not_the_first(clock: Clock, line: Line) -> None:
    reply = ask(clock, line)
    line.dataReceived(b"00002ok00002no")
    assert reply.found == [b"ok"]
    assert not line.usable


@pytest.mark.parametrize("said", [b"HTTP/", b"00021" + b"x" * 21, b"0000-"])
def test_nonsense_and_too_much_end_the_line(clock: Clock, line: Line, said: bytes) -> None:
    reply = ask(clock, line)
    line.dataReceived(said)
    assert "length" in str(trouble(reply)) or "limit" in str(trouble(reply))
    assert not line.usable


@pytest.mark.parametrize("content", [b"orders", b"orde"])
def test_a_message_of_another_size_than_announced_is_never_finished(clock: Clock, line: Line, content: bytes) -> None:
    reply = ask(clock, line, content)
    assert isinstance(trouble(reply), LineSpoilt)
    assert not line.usable
    assert len(wire(line).value()) < 10


def test_the_head_goes_with_the_first_chunk() -> None:
    assert list(framed(b"00004", lambda: iter([b"ab", b"cd"]), 4)) == [b"00004ab", b"cd"]
