"""The simulated bank's TCP door, spoken to by the gateway's own client and listener."""

from __future__ import annotations

from typing import Any

import pytest
import pytest_twisted
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ClientEndpoint

from adapters.endpoints import TcpEndpoint
from gateway.transports.contract import TransportFault
from gateway.transports.tcp import TcpTransport
from gateway.transports.tcp_listener import TcpListener
from simulators.doors.tcp import TcpDoor
from simulators.doors.tcp_push import Pusher
from simulators.script import DelayAcknowledgement, LoseReply

FRAMINGS = ["length-8", "length-5", "length-6-inclusive", "flag-length-6"]


@pytest.fixture
def reactor() -> Any:
    from twisted.internet import reactor

    return reactor


def endpoint(port: int, framing: str = "length-8") -> TcpEndpoint:
    return TcpEndpoint(
        kind="tcp",
        host="127.0.0.1",
        port=port,
        framing=framing,
        leased_line=True,
        timeout_seconds=5,  # type: ignore[arg-type]
    )


@pytest.fixture
def pair(reactor: Any, bank: Any, closing: list[Any]) -> Any:
    """A door and a client of it."""

    def make(framing: str = "length-8", pusher: Pusher | None = None) -> tuple[TcpDoor, TcpTransport]:
        door = TcpDoor(reactor, bank, framing, pusher=pusher)
        client = TcpTransport(reactor, endpoint(door.open(), framing))
        closing.extend([door.close, client.close])
        return door, client

    return make


@pytest.mark.parametrize("framing", FRAMINGS)
@pytest_twisted.ensureDeferred
async def test_each_message_is_answered(pair: Any, bank: Any, submit: Any, until: Any, framing: str) -> None:
    _, client = pair(framing)
    for number in range(5):
        assert await submit(client, b"%d" % number) == b"re:%d" % number
    assert [content for _, content, _ in bank.received] == [b"%d" % number for number in range(5)]
    await until(lambda: len(bank.followed) == 5)
    assert not any("MainThread" in name for name in bank.threads)


@pytest.mark.parametrize("how", ["away", "lost", "forged", "half", "no answer"])
@pytest_twisted.ensureDeferred
async def test_who_gets_no_answer_is_hung_up_on(pair: Any, bank: Any, submit: Any, until: Any, how: str) -> None:
    door, client = pair()
    await submit(client, b"first")
    bank.away, bank.whole, bank.reply = how == "away", how != "half", how != "no answer"
    bank.effects = (LoseReply(do="lose-reply"),) if how == "lost" else ()
    with pytest.raises(TransportFault) as caught:
        await submit(client, b"forged" if how == "forged" else b"second")
    assert caught.value.maybe_sent is True
    booked = [b"first"] if how in {"away", "forged"} else [b"first", b"second"]
    assert [content for _, content, _ in bank.received] == booked
    await until(lambda: bank.followed == booked)
    bank.away, bank.whole, bank.reply, bank.effects = False, True, True, ()
    door.shut()
    await until(lambda: not door.callers)
    assert await submit(client, b"third") == b"re:third"


@pytest.mark.parametrize(
    "effect",
    [LoseReply(do="lose-reply", answer_after=0.05), DelayAcknowledgement(do="delay-acknowledgement", seconds=0.05)],
)
@pytest_twisted.ensureDeferred
async def test_a_late_answer_is_late(pair: Any, bank: Any, reactor: Any, submit: Any, effect: Any) -> None:
    _, client = pair()
    bank.effects = (effect,)
    started = reactor.seconds()
    assert await submit(client, b"x") == b"re:x"
    assert reactor.seconds() - started >= 0.05


@pytest_twisted.ensureDeferred
async def test_a_caller_who_hangs_up_does_not_make_the_bank_forget(
    pair: Any, bank: Any, submit: Any, until: Any
) -> None:
    _, client = pair()
    bank.gate.clear()
    asking = Deferred.fromCoroutine(submit(client, b"order"))
    asking.addErrback(lambda _: None)
    await until(lambda: bank.threads)
    await client.close()
    bank.gate.set()
    await until(lambda: bank.followed == [b"order"])
    assert [content for _, content, _ in bank.received] == [b"order"]


@pytest_twisted.ensureDeferred
async def test_pushes_arrive_in_order_and_again_until_they_are_taken(
    pair: Any, bank: Any, reactor: Any, closing: list[Any], until: Any
) -> None:
    arrived: list[bytes] = []
    refused: list[bytes] = []

    async def handler(arrival: Any) -> None:
        if len(arrived) == 1 and not refused:
            refused.append(arrival.content)
            raise OSError("disk full")
        arrived.append(arrival.content)

    listener = TcpListener(reactor, endpoint(1, "flag-length-6"), handler)
    closing.append(listener.close)
    way = TCP4ClientEndpoint(reactor, "127.0.0.1", listener.open())
    pair("flag-length-6", Pusher(reactor, way, "flag-length-6"))
    half = bank.outgoing(b"cut in the middle", whole=False)
    bank.to_push = [bank.outgoing(b"one"), bank.outgoing(b"two"), half, bank.outgoing(b"three")]
    await until(lambda: len(arrived) == 3)
    assert (arrived, refused) == ([b"one", b"two", b"three"], [b"two"])
    bank.away = True
    bank.to_push = [bank.outgoing(b"not while away")]
    turns = iter(range(30))
    await until(lambda: next(turns, None) is None)
    assert len(arrived) == 3
    bank.away = False
    await until(lambda: arrived[-1] == b"not while away")
