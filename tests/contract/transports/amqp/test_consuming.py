"""Consuming from a real broker: acknowledged after success, redelivered after failure, set aside when hopeless."""

from __future__ import annotations

from typing import Any

import pytest_twisted
from twisted.internet.defer import Deferred

from gateway.transports.amqp_queues import dead_letters


@pytest_twisted.ensureDeferred
async def test_an_arrival_says_what_the_bank_said(post: Any, until: Any) -> None:
    post.consumer()
    await until(lambda: exists(post))
    post.put(b"<result/>", message_id="R-1", content_type="application/xml", headers={"X-Signature": "c2ln", "n": 1})
    post.put(b"nameless", message_id="with blank", correlation_id="B1")
    await until(lambda: len(post.arrivals) == 2)
    first, second = post.arrivals
    assert (first.name, first.content) == ("R-1", b"<result/>")
    assert first.headers == {"x-signature": "c2ln", "content-type": "application/xml"}
    assert len(second.name) == 64 and second.headers == {"correlation-id": "B1"}
    await until(lambda: post.lying(post.back) == 0)


def exists(post: Any) -> bool:
    import pika.exceptions

    try:
        return post.lying(post.back) >= 0
    except pika.exceptions.ChannelClosedByBroker:
        return False


@pytest_twisted.ensureDeferred
async def test_what_fails_comes_again_and_is_acknowledged_once_it_is_handled(post: Any, until: Any) -> None:
    seen = []

    async def third_time_lucky(arrival: Any) -> None:
        seen.append(arrival.name)
        if len(seen) < 3:
            raise OSError("database is away")

    post.consumer(third_time_lucky)
    await until(lambda: exists(post))
    post.put(b"x", message_id="R-1")
    await until(lambda: len(seen) == 3)
    await post.opened[0]()
    assert seen == ["R-1"] * 3 and post.buried == []
    assert post.lying(post.back) == 0 and post.lying(dead_letters(post.back)) == 0


@pytest_twisted.ensureDeferred
async def test_poison_is_set_aside_after_so_many_times_and_holds_nobody_up(post: Any, until: Any) -> None:
    seen = []

    async def picky(arrival: Any) -> None:
        seen.append(arrival.name)
        if arrival.name == "poison":
            raise ValueError("unreadable")

    post.consumer(picky, redeliveries=3)
    await until(lambda: exists(post))
    post.put(b"bad", message_id="poison")
    post.put(b"good", message_id="R-2")
    await until(lambda: post.buried)
    assert (post.buried, seen.count("poison"), seen.count("R-2")) == (["poison"], 4, 1)
    await until(lambda: post.lying(dead_letters(post.back)) == 1)
    assert post.take(dead_letters(post.back)) == [b"bad"]


@pytest_twisted.ensureDeferred
async def test_what_is_too_large_is_set_aside_unread(post: Any, until: Any) -> None:
    post.consumer(limit=100)
    await until(lambda: exists(post))
    post.put(b"x" * 101, message_id="huge")
    post.put(b"x" * 100, message_id="fits")
    await until(lambda: post.arrivals and post.buried)
    assert ([arrival.name for arrival in post.arrivals], post.buried) == (["fits"], ["huge"])
    await until(lambda: post.lying(dead_letters(post.back)) == 1)


@pytest_twisted.ensureDeferred
async def test_no_more_than_the_prefetch_is_in_hand(post: Any, until: Any) -> None:
    gate: Deferred[None] = Deferred()
    begun = []

    async def slowly(arrival: Any) -> None:
        begun.append(arrival.name)
        await _after(gate)

    post.consumer(slowly, prefetch=3)
    await until(lambda: exists(post))
    post.put(*[b"%d" % number for number in range(10)])
    await until(lambda: len(begun) == 3)
    assert post.lying(post.back) == 7
    gate.callback(None)
    await until(lambda: len(begun) == 10)


async def _after(gate: Deferred[None]) -> None:
    waiting: Deferred[None] = Deferred()
    gate.addCallback(lambda result: (waiting.callback(None), result)[1])
    await waiting


@pytest_twisted.ensureDeferred
async def test_stopping_finishes_what_is_in_hand_and_gives_back_the_rest(post: Any, until: Any) -> None:
    gate: Deferred[None] = Deferred()
    begun = []

    async def slowly(arrival: Any) -> None:
        begun.append(arrival.name)
        await _after(gate)

    consumer = post.consumer(slowly, prefetch=1)
    await until(lambda: exists(post))
    post.put(b"a", b"b")
    await until(lambda: begun)
    stopping = Deferred.fromCoroutine(consumer.stop())
    assert not stopping.called
    gate.callback(None)
    await stopping
    assert len(begun) == 1
    await until(lambda: post.lying(post.back) == 1)


@pytest_twisted.ensureDeferred
async def test_trouble_is_told_and_ends_by_itself(post: Any, until: Any) -> None:
    with post.channel() as channel:
        channel.queue_declare(post.back, durable=False)
    post.consumer()
    await until(lambda: post.troubles)
    assert "other properties" in str(post.troubles[0])
    with post.channel() as channel:
        channel.queue_delete(post.back)
    await until(lambda: exists(post))
    post.put(b"x")
    await until(lambda: post.arrivals)
    with post.channel() as channel:
        channel.queue_delete(post.back)
    await until(lambda: exists(post))
    post.put(b"y")
    await until(lambda: len(post.arrivals) == 2)
