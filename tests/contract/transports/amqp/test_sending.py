"""Publishing to a real broker: confirmed means durable, returned means not there, and refusals say what to do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import pytest_twisted
from twisted.internet.defer import Deferred, gatherResults

from gateway.transports.contract import Misconfigured, TransportFault


@pytest_twisted.ensureDeferred
async def test_properties_tell_what_the_message_is(post: Any) -> None:
    headers = {"Content-Type": "application/xml", "X-Signature": "c2ln"}
    await post.submit(post.sender(), b"<order/>", "B20261123001", **headers)
    with post.channel() as channel:
        _, properties, content = channel.basic_get(post.out, auto_ack=True)
    assert content == b"<order/>"
    assert (properties.message_id, properties.content_type) == ("B20261123001", "application/xml")
    assert (properties.headers["x-signature"], properties.delivery_mode) == ("c2ln", 2)


@pytest_twisted.ensureDeferred
async def test_a_message_without_a_queue_is_a_fault_and_surely_not_sent(post: Any) -> None:
    sender = post.sender()
    await post.submit(sender, b"opens")
    with post.channel() as channel:
        channel.queue_delete(post.out)
    told = []
    for again in range(3):
        with pytest.raises(TransportFault, match="no queue takes the message") as caught:
            await post.submit(sender, b"lost", f"B{again}")
        told.append(caught.value.maybe_sent)
    assert told == [False, False, False]


@pytest_twisted.ensureDeferred
async def test_many_returned_at_once_are_each_told_and_no_other(post: Any) -> None:
    sender = post.sender()
    await post.submit(sender, b"opens")
    with post.channel() as channel:
        channel.queue_delete(post.out)
    told: list[bool] = []

    async def tell(number: int) -> None:
        try:
            await post.submit(sender, b"%d" % number, f"B{number % 7}")
        except TransportFault as fault:
            told.append(fault.maybe_sent)

    await gatherResults([Deferred.fromCoroutine(tell(number)) for number in range(300)])
    assert told == [False] * 300


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"username": "nobody"}, "check username, password"),
        ({"virtual_host": "/elsewhere"}, "virtual_host"),
        ({"send_queue": "amq.reserved"}, "permissions"),
    ],
)
@pytest_twisted.ensureDeferred
async def test_what_a_person_must_correct_is_misconfigured(post: Any, changes: dict[str, str], why: str) -> None:
    with pytest.raises(Misconfigured, match=why):
        await post.submit(post.sender(**changes), b"x")


@pytest_twisted.ensureDeferred
async def test_a_wrong_password_is_misconfigured_and_not_told(post: Any) -> None:
    with pytest.raises(Misconfigured, match="check username, password") as caught:
        await post.submit(post.sender(password="guessed-secret"), b"x")
    assert "guessed-secret" not in str(caught.value)


@pytest_twisted.ensureDeferred
async def test_a_queue_of_another_kind_is_not_used_silently(post: Any) -> None:
    with post.channel() as channel:
        channel.queue_declare(post.out, durable=False)
    with pytest.raises(Misconfigured, match="other properties"):
        await post.submit(post.sender(), b"x")
    with post.channel() as channel:
        channel.queue_delete(post.out)


@pytest_twisted.ensureDeferred
async def test_trouble_in_making_the_message_leaves_nothing_sent(post: Any) -> None:
    sender = post.sender()

    def broken() -> Iterator[bytes]:
        yield b"half"
        raise OSError("disk gone")

    with pytest.raises(TransportFault, match="4 octets instead of 5") as caught:
        await sender.submit("B1", lambda: iter([b"four"]), 5, {}, None, 0)
    assert caught.value.maybe_sent is False
    with pytest.raises(TransportFault, match="disk gone") as caught:
        await sender.submit("B1", broken, 5, {}, None, 0)
    assert caught.value.maybe_sent is False
    assert post.lying(post.out) == 0


@pytest_twisted.ensureDeferred
async def test_after_closing_nothing_goes(post: Any) -> None:
    sender = post.sender()
    await post.submit(sender, b"x")
    await sender.close()
    with pytest.raises(TransportFault, match="closing") as caught:
        await post.submit(sender, b"y")
    assert caught.value.maybe_sent is False
