"""What every message transport owes: the bytes as they are, an honest word, no more memory than it was given."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from typing import Any

import pytest
import pytest_twisted
from twisted.internet.defer import Deferred, gatherResults

from gateway.transports.contract import TransportFault

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:twisted")


@pytest_twisted.ensureDeferred
async def test_a_message_arrives_byte_for_byte_and_is_acknowledged(rigs: Any, transport: str) -> None:
    rig = await rigs.make(transport)
    contents = [bytes(range(256)), "农户·𠮷".encode("gb18030"), b"0", os.urandom(90_000)]
    for content in contents:
        reply, answer = await rig.submit(content)
        assert reply.status == rig.status
        assert (answer, reply.body_bytes) == ((b"", 0) if rig.status == 202 else (b"<taken/>", 8))
    assert await rig.received() == contents
    assert rig.proxy.connections == 1


@pytest_twisted.ensureDeferred
async def test_the_same_message_again_is_the_same_message_again(rigs: Any, transport: str) -> None:
    rig = await rigs.make(transport)
    for _ in range(2):
        await rig.submit(b"<order/>", "B7")
    assert await rig.received() == [b"<order/>", b"<order/>"]


@pytest_twisted.ensureDeferred
async def test_many_at_once_all_arrive_and_none_gets_another_ones_answer(rigs: Any, transport: str) -> None:
    rig = await rigs.make(transport)
    contents = [b"%d" % number for number in range(60)]
    replies = await gatherResults([Deferred.fromCoroutine(rig.submit(content)) for content in contents])
    assert {reply.status for reply, _ in replies} == {rig.status}
    assert sorted(await rig.received()) == sorted(contents)


@pytest_twisted.ensureDeferred
async def test_after_the_peer_went_away_the_next_message_finds_it_again(rigs: Any, transport: str) -> None:
    rig = await rigs.make(transport)
    await rig.submit(b"before")
    rig.proxy.drop()
    await rigs.settle(rig)
    await rig.submit(b"after")
    assert await rig.received() == [b"before", b"after"]
    assert rig.proxy.connections == 2


@pytest_twisted.ensureDeferred
async def test_where_nobody_listens_nothing_was_sent(rigs: Any, transport: str) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        where = {"base_url": f"https://127.0.0.1:{port}"} if transport == "https" else {"port": port}
        rig = await rigs.make(transport, **where)
        with pytest.raises(TransportFault, match=str(port)) as caught:
            await rig.submit(b"x")
    assert caught.value.maybe_sent is False


@pytest_twisted.ensureDeferred
async def test_an_answer_above_the_limit_is_refused_and_the_next_exchange_is_clean(rigs: Any, answering: str) -> None:
    rig = await rigs.make(answering)
    rig.answer[0] = b"x" * 1001
    with pytest.raises(TransportFault, match="above the limit") as caught:
        await rig.submit(b"first", limit=1000)
    assert caught.value.maybe_sent is True
    rig.answer[0] = b"y" * 1000
    assert (await rig.submit(b"second", limit=1000))[1] == b"y" * 1000


@pytest_twisted.ensureDeferred
async def test_garbage_for_an_answer_is_refused(rigs: Any, transport: str) -> None:
    rig = await rigs.make(transport)
    await rig.submit(b"first")
    rig.proxy.arm(down=0, garble=True)
    with pytest.raises(TransportFault) as caught:
        await rig.submit(b"second")
    assert caught.value.maybe_sent is True
    await rigs.settle(rig)
    rig.proxy.arm()
    await rig.submit(b"third")
    assert await rig.received() == [b"first", b"second", b"third"]


@pytest_twisted.ensureDeferred
async def test_garbage_for_a_greeting_is_refused_and_nothing_counts_as_received(rigs: Any, transport: str) -> None:
    rig = await rigs.make(transport)
    rig.proxy.arm(down=0, garble=True)
    plain = transport.startswith(("tcp length", "tcp flag"))  # no greeting: the message was written already
    assert await rig.outcome(b"first") is plain


@pytest_twisted.ensureDeferred
async def test_an_empty_message_is_refused_before_anything_is_sent(rigs: Any, transport: str) -> None:
    if transport == "https":
        pytest.skip("an HTTP request may have an empty body")
    rig = await rigs.make(transport)
    assert await rig.outcome(b"") is False
    assert rig.proxy.connections == 0


@pytest.mark.parametrize("transport", ["https", "tcp length-8", "tcp tls"])
@pytest_twisted.ensureDeferred
async def test_a_slow_reader_slows_the_making_of_the_message(rigs: Any, until: Any, transport: str) -> None:
    rig = await rigs.make(transport)
    await rig.submit(b"opens the connection")
    rig.proxy.stop_listening()
    made, chunk, count = 0, b"x" * 100_000, 400

    def chunks() -> Iterator[bytes]:
        nonlocal made
        for _ in range(count):
            made += 1
            yield chunk

    class Nowhere:
        def write(self, _data: bytes) -> None:
            """Drop it."""

    sending = Deferred.fromCoroutine(rig.client.submit("B1", chunks, count * len(chunk), {}, Nowhere(), 1000))
    seen = -1
    while made != seen:  # until nothing moves any more
        seen = made
        turns = iter(range(200))
        await until(lambda turns=turns: next(turns, None) is None)
    assert 0 < made < count // 2
    rig.proxy.listen_again()
    assert (await sending).status == 200
    assert len((await rig.received())[-1]) == count * len(chunk)


@pytest_twisted.ensureDeferred
async def test_a_stalled_broker_has_no_more_than_the_window_made_for_it(rigs: Any, until: Any) -> None:
    rig = await rigs.make("amqp", timeout_seconds=30)
    await rig.submit(b"opens the connection")
    rig.proxy.stop_listening()
    made = 0

    def body() -> Iterator[bytes]:
        nonlocal made
        made += 1
        return iter([b"0123456789"])

    waiting = [Deferred.fromCoroutine(rig.client.submit(f"B{number}", body, 10, {}, None, 0)) for number in range(1300)]
    assert made == 1000
    rig.proxy.listen_again()
    await gatherResults(waiting)
    assert len(await rig.received()) == 1301


@pytest_twisted.ensureDeferred
async def test_a_peer_that_takes_nothing_and_says_nothing_is_given_up_in_time(rigs: Any) -> None:
    silent = [await rigs.make(name, timeout_seconds=1) for name in ("https", "tcp length-8", "tcp tls", "amqp")]
    for rig in silent:
        await rig.submit(b"opens the connection")
        rig.proxy.stop_listening()
    told = await gatherResults([Deferred.fromCoroutine(rig.outcome(b"never heard")) for rig in silent])
    assert told == [True] * len(silent)
