"""The broker dies in the middle of publishing and comes back: what was confirmed is there, what is not there was not."""

from __future__ import annotations

from typing import Any

import pytest_twisted
from twisted.internet.defer import Deferred, DeferredList
from twisted.internet.threads import deferToThread

from gateway.transports.contract import TransportFault

MESSAGES = 6000


@pytest_twisted.ensureDeferred
async def test_nothing_confirmed_is_lost_and_all_is_told(post: Any, until: Any) -> None:
    sender = post.sender(timeout_seconds=30)
    post.consumer()  # of the other queue: rides through the same cut
    confirmed, doubted, unsent = set(), set(), set()

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
    assert len(confirmed) + len(doubted) + len(unsent) == MESSAGES
    await deferToThread(post.broker.start)
    import time; x=time.monotonic()
    await post.submit(sender, b"the last")
    print("TOOK", time.monotonic()-x)
    there = post.take(post.out)
    assert confirmed <= set(there), "confirmed and lost"
    assert not unsent & set(there), "said not to be sent, and is there"
    post.put(b"the consumer has come back too")
    await until(lambda: post.arrivals)
