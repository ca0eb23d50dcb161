"""TCP both ways over real sockets: who is let in, what is acknowledged, what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import pytest_twisted
from twisted.internet.defer import Deferred, gatherResults

from gateway.transports.contract import Misconfigured, TransportFault
from gateway.transports.tcp_listener import MOST_CONNECTIONS
from messages.framing.framing import framer

FRAMINGS = ["length-8", "length-5", "length-6-inclusive", "flag-length-6"]


class Kept:
    def __init__(self) -> None:
        self.data = b""

    def write(self, data: bytes) -> None:
        self.data += data


async def post(client: Any, content: bytes) -> bytes:
    sink = Kept()

    def body() -> Iterator[bytes]:
        return iter([content])

    await client.submit("B1", body, len(content), {}, sink, 1000)
    return sink.data


@pytest.mark.parametrize("framing", FRAMINGS)
@pytest_twisted.ensureDeferred
async def test_a_push_is_handled_and_then_acknowledged_by_its_digest(doors: Any, framing: str) -> None:
    client = doors.client(doors.listener(framing=framing), framing=framing)
    receipt = await post(client, b"<result/>")
    assert [arrival.content for arrival in doors.arrivals] == [b"<result/>"]
    assert receipt.decode() == doors.arrivals[0].name


@pytest.mark.filterwarnings("ignore::DeprecationWarning:twisted")
@pytest_twisted.ensureDeferred
async def test_tls_both_ways(doors: Any) -> None:
    ca = doors.ca.cert_pem.bytes()
    port = doors.listener(doors.keys(doors.ca, "127.0.0.1"), ca, leased_line=False)
    client = doors.client(port, doors.keys(doors.ca, "bank@example.org"), ca, leased_line=False)
    for _ in range(3):
        await post(client, b"x" * 99_000)
    assert len(doors.arrivals) == 3


@pytest.mark.filterwarnings("ignore::DeprecationWarning:twisted")
@pytest.mark.parametrize("ours", ["none", "of another CA"])
@pytest_twisted.ensureDeferred
async def test_a_listener_that_refuses_our_certificate_is_misconfigured(doors: Any, ours: str) -> None:
    ca = doors.ca.cert_pem.bytes()
    port = doors.listener(doors.keys(doors.ca, "127.0.0.1"), ca, leased_line=False)
    own = None if ours == "none" else doors.keys(doors.other_ca, "bank@example.org")
    with pytest.raises(Misconfigured, match="refuses our certificate"):
        await post(doors.client(port, own, ca, leased_line=False), b"x")
    assert doors.arrivals == []


@pytest.mark.filterwarnings("ignore::DeprecationWarning:twisted")
@pytest.mark.parametrize(("name", "why"), [("127.0.0.1", "trusted CA"), ("127.0.0.2", "another name")])
@pytest_twisted.ensureDeferred
async def test_a_bank_that_does_not_prove_itself_is_misconfigured(doors: Any, name: str, why: str) -> None:
    signer, trusted = (doors.other_ca, doors.ca) if why == "trusted CA" else (doors.ca, doors.ca)
    port = doors.listener(doors.keys(signer, name), doors.ca.cert_pem.bytes(), leased_line=False)
    client = doors.client(port, doors.keys(doors.ca, "g@example.org"), trusted.cert_pem.bytes(), leased_line=False)
    with pytest.raises(Misconfigured, match=why):
        await post(client, b"x")


@pytest.mark.parametrize("what", ["client", "listener"])
@pytest_twisted.ensureDeferred
async def test_without_tls_the_line_must_be_closed(doors: Any, what: str) -> None:
    with pytest.raises(Misconfigured, match="leased_line"):
        doors.client(1, leased_line=False) if what == "client" else doors.listener(leased_line=False)
    with pytest.raises(Misconfigured, match="both"):
        doors.listener(doors.keys(doors.ca, "127.0.0.1"))


@pytest_twisted.ensureDeferred
async def test_what_could_not_be_handled_is_not_acknowledged_and_taken_the_next_time(doors: Any) -> None:
    client = doors.client(doors.listener())
    doors.failing = 1
    with pytest.raises(TransportFault) as caught:
        await post(client, b"<result/>")
    assert caught.value.maybe_sent is True
    await post(client, b"<result/>")
    assert len(doors.arrivals) == 1


@pytest_twisted.ensureDeferred
async def test_more_connections_than_allowed_are_cut(doors: Any, until: Any) -> None:
    port = doors.listener()
    banks = [await doors.bank(port) for _ in range(MOST_CONNECTIONS + 1)]
    await until(lambda: any(bank.over for bank in banks))
    assert sum(bank.over for bank in banks) == 1
    for bank in banks:
        bank.transport.abortConnection()
    await until(lambda: all(bank.over for bank in banks))
    await post(doors.client(port), b"there is room again")


@pytest_twisted.ensureDeferred
async def test_a_flood_of_frames_is_handled_in_order_whatever_the_pieces(doors: Any, until: Any) -> None:
    bank = await doors.bank(doors.listener())
    framing = framer("length-8")
    stream = b"".join(framing.encode(b"%05d" % number) for number in range(2000))
    for start in range(0, len(stream), 999):
        bank.transport.write(stream[start : start + 999])
    await until(lambda: len(bank.said) == 2000 * 72)
    assert [arrival.content for arrival in doors.arrivals] == [b"%05d" % number for number in range(2000)]
    bank.transport.abortConnection()


@pytest_twisted.ensureDeferred
async def test_closing_waits_for_what_is_being_handled(doors: Any, until: Any) -> None:
    gate: Deferred[None] = Deferred()
    seen = []

    async def slowly(arrival: Any) -> None:
        seen.append(arrival)
        await gate

    doors.handle = slowly
    bank = await doors.bank(doors.listener())
    bank.transport.write(b"00000001a")
    await until(lambda: seen)
    closing = Deferred.fromCoroutine(doors.opened[0].close())
    await until(lambda: bank.over)
    assert not closing.called
    gate.callback(None)
    await closing


@pytest_twisted.ensureDeferred
async def test_a_message_above_what_the_frame_may_hold_is_refused_with_nothing_sent(doors: Any) -> None:
    for framing, size in (("length-8", 100_001), ("length-5", 100_000)):
        client = doors.client(1, framing=framing, frame_bytes=100_001 if framing == "length-5" else 100_000)
        with pytest.raises(TransportFault, match=str(size)) as caught:
            await post(client, b"x" * size)
        assert caught.value.maybe_sent is False


@pytest_twisted.ensureDeferred
async def test_who_waits_when_it_closes_is_told_that_nothing_left(doors: Any, until: Any) -> None:
    gate: Deferred[None] = Deferred()
    seen = []

    async def never(arrival: Any) -> None:
        seen.append(arrival)
        await gate

    doors.handle = never
    client = doors.client(doors.listener())
    told: list[bool] = []

    async def tell(content: bytes) -> None:
        try:
            await post(client, content)
        except TransportFault as fault:
            told.append(fault.maybe_sent)

    posts = [Deferred.fromCoroutine(tell(content)) for content in (b"first", b"second", b"third")]
    await until(lambda: seen)
    await client.close()
    await gatherResults(posts)
    gate.callback(None)
    assert sorted(told) == [False, False, True]


@pytest_twisted.ensureDeferred
async def test_only_so_many_may_wait(doors: Any) -> None:
    client = doors.client(1)
    await client._turn.acquire()
    waiting = [Deferred.fromCoroutine(post(client, b"x")) for _ in range(256)]
    with pytest.raises(TransportFault, match="wait already") as caught:
        await post(client, b"one too many")
    assert caught.value.maybe_sent is False
    for one in waiting:
        one.addErrback(lambda _: None).cancel()
