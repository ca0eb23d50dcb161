"""The broker dies in the middle of publishing and comes back: what was confirmed is there, what is not there was not."""

from __future__ import annotations

from typing import Any

import pytest
import pytest_twisted
from twisted.internet.defer import Deferred, DeferredList
from twisted.internet.threads import deferToThread

from gateway.transports.amqp_queues import dead_letters
from gateway.transports.contract import TransportFault

MESSAGES = 4000


def remembered(post: Any) -> bool:
    """Whether the queues would be found again: RabbitMQ writes the names of new quorum queues down once a second."""
    found = b"".join(path.read_bytes() for path in post.broker.directory.glob("data/*/quorum/*/names.dets"))
    for queue in (post.out, post.back):
        found = found.replace(dead_letters(queue).encode(), b"")
    return post.out.encode() in found and post.back.encode() in found


@pytest.mark.slow
@pytest_twisted.ensureDeferred
async def test_nothing_confirmed_is_lost_and_all_is_told(post: Any, until: Any) -> None:
    sender = post.sender(timeout_seconds=30)
    post.consumer()  # of the other queue: rides through the same cut
    await post.submit(sender, b"the first")
    await until(lambda: remembered(post))
    confirmed, doubted, unsent = {b"the first"}, set(), set()

    async def send(number: int) -> None:
        content = b"%06d" % number
        try:
            await post.submit(sender, content, f"B{number}")
        except TransportFault as fault:
            (doubted if fault.maybe_sent else unsent).add(content)
        else:
            confirmed.add(content)
            if len(confirmed) == MESSAGES // 4:
                post.broker.kill()

    await DeferredList([Deferred.fromCoroutine(send(number)) for number in range(MESSAGES)])
    assert len(confirmed) >= MESSAGES // 4 and doubted and unsent
    assert len(confirmed) + len(doubted) + len(unsent) == MESSAGES + 1
    await deferToThread(post.broker.start)
    await post.submit(sender, b"the last")
    there = set(post.take(post.out))
    assert confirmed <= there, "confirmed and lost"
    assert not unsent & there, "said not to be sent, and is there"
    post.put(b"the consumer has come back too")
    await until(lambda: post.arrivals)
