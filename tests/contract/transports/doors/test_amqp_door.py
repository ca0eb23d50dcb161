"""The simulated bank's AMQP door over a real broker, with the gateway's sender and consumer on the other side."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
import pytest_twisted
from twisted.internet.threads import deferToThread

from adapters.endpoints import AmqpEndpoint
from gateway.transports.amqp import AmqpTransport
from gateway.transports.amqp_consumer import AmqpConsumer
from simulators.doors.amqp import AmqpDoor, BrokerAddress
from simulators.script import LoseReply


@pytest.fixture
def arrived() -> list[Any]:
    return []


@pytest.fixture
def gateway(broker: Any, bank: Any, arrived: list[Any], closing: list[Any]) -> Any:
    """The gateway's sender; its consumer and the door run."""
    from twisted.internet import reactor

    queue = uuid4().hex
    endpoint = AmqpEndpoint(
        kind="amqp", host="127.0.0.1", port=broker.port, username=broker.username, password="alias", leased_line=True,
        send_queue=f"{queue}-out", receive_queue=f"{queue}-back", timeout_seconds=20,
    )  # fmt: skip

    async def handler(arrival: Any) -> None:
        arrived.append(arrival)

    door = AmqpDoor(
        bank, BrokerAddress("127.0.0.1", broker.port, broker.username, broker.password), f"{queue}-out", f"{queue}-back"
    )
    consumer = AmqpConsumer(reactor, endpoint, broker.password, handler, 10_000)
    sender = AmqpTransport(reactor, endpoint, broker.password)
    closing.extend([lambda: deferToThread(door.stop), consumer.stop, sender.close])
    door.start()  # before there are queues
    consumer.start()
    return sender


@pytest_twisted.ensureDeferred
async def test_orders_are_answered_and_results_come_by_themselves(
    gateway: Any, bank: Any, arrived: list[Any], submit: Any, until: Any
) -> None:
    await submit(gateway, b"order", "B1")
    await until(lambda: arrived)
    assert bank.received == [("B1", b"order", b"c2ln")]
    answer = arrived[0]
    assert (answer.content, answer.headers["x-signature"]) == (b"re:order", "c2ln")
    assert answer.name.startswith("B1-A001-") and answer.headers["correlation-id"] == "B1"
    bank.to_push = [bank.outgoing(b"paid"), bank.outgoing(b"cut half", whole=False), bank.outgoing(b"back", number=2)]
    await until(lambda: len(arrived) == 4)
    assert [arrival.content for arrival in arrived[1:]] == [b"paid", b"cut ", b"back"]
    assert len({arrival.name for arrival in arrived}) == 4
    await until(lambda: bank.followed == [b"order"])


@pytest_twisted.ensureDeferred
async def test_lost_answers_forged_orders_and_absence(
    gateway: Any, bank: Any, arrived: list[Any], submit: Any, until: Any
) -> None:
    bank.effects = (LoseReply(do="lose-reply"),)
    await submit(gateway, b"forged", "B0")
    await submit(gateway, b"unanswered", "B1")
    await until(lambda: bank.followed == [b"unanswered"])
    bank.effects = (LoseReply(do="lose-reply", answer_after=0.01),)
    await submit(gateway, b"late", "B2")
    await until(lambda: [arrival.content for arrival in arrived] == [b"re:late"])
    bank.away = True
    turns = iter(range(100))
    await until(lambda: next(turns, None) is None)  # the door leaves within a tick
    await submit(gateway, b"kept in the queue", "B3")
    turns = iter(range(50))
    await until(lambda: next(turns, None) is None)
    assert len(bank.received) == 2
    bank.away = False
    await until(lambda: len(arrived) == 2)
    assert arrived[1].content == b"re:kept in the queue"
