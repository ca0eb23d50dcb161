"""Senders and consumers on queues of their own at the session's broker, and another client to look in."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import pika
import pytest_twisted

from adapters.endpoints import AmqpEndpoint
from gateway.demo.broker import Broker
from gateway.transports.amqp import AmqpTransport
from gateway.transports.amqp_consumer import AmqpConsumer
from gateway.transports.contract import Arrival


class Post:
    """One bank's pair of queues."""

    def __init__(self, reactor: Any, broker: Broker):
        self.reactor, self.broker = reactor, broker
        self.out, self.back = f"out-{uuid4().hex}", f"back-{uuid4().hex}"
        self.arrivals: list[Arrival] = []
        self.buried: list[str] = []
        self.troubles: list[Any] = []
        self.opened: list[Callable[[], Any]] = []

    async def handle(self, arrival: Arrival) -> None:
        self.arrivals.append(arrival)

    def endpoint(self, **changes: Any) -> AmqpEndpoint:
        values = {
            "kind": "amqp", "host": "127.0.0.1", "port": self.broker.port, "username": self.broker.username,
            "password": "alias", "leased_line": True, "send_queue": self.out, "receive_queue": self.back,
            "timeout_seconds": 5,
        }  # fmt: skip
        return AmqpEndpoint(**(values | changes))

    def sender(self, password: str = "", **changes: Any) -> AmqpTransport:
        sender = AmqpTransport(self.reactor, self.endpoint(**changes), password or self.broker.password)
        self.opened.append(sender.close)
        return sender

    def consumer(self, handler: Any = None, redeliveries: int = 20, limit: int = 10_000, **changes: Any) -> Any:
        """Waits of a hundredth of a second and more; started."""
        consumer = AmqpConsumer(
            self.reactor, self.endpoint(**changes), self.broker.password, handler or self.handle, limit,
            buried=self.buried.append, troubled=self.troubles.append, redeliveries=redeliveries, first_wait=0.01,
        )  # fmt: skip
        self.opened.append(consumer.stop)
        consumer.start()
        return consumer

    async def submit(self, sender: AmqpTransport, content: bytes, message_id: str = "B1", **headers: str) -> None:
        await sender.submit(message_id, lambda: iter([content]), len(content), headers, Nowhere(), 0)

    @contextmanager
    def channel(self) -> Any:
        """Another client's channel."""
        credentials = pika.PlainCredentials(self.broker.username, self.broker.password)
        parameters = pika.ConnectionParameters("127.0.0.1", self.broker.port, "/", credentials)
        with pika.BlockingConnection(parameters) as connection:
            yield connection.channel()

    def put(self, *contents: bytes, queue: str = "", **properties: Any) -> None:
        """As the bank does."""
        with self.channel() as channel:
            for content in contents:
                channel.basic_publish("", queue or self.back, content, pika.BasicProperties(**properties))

    def lying(self, queue: str) -> int:
        """How many messages wait in a queue."""
        with self.channel() as channel:
            return int(channel.queue_declare(queue, passive=True).method.message_count)

    def take(self, queue: str) -> list[bytes]:
        """Everything in a queue."""
        found = []
        with self.channel() as channel:
            while (got := channel.basic_get(queue, auto_ack=True))[0] is not None:
                found.append(got[2])
        return found


class Nowhere:
    """A sink for no answers."""

    def write(self, _data: bytes) -> None:
        raise AssertionError("a queue does not answer")


@pytest_twisted.async_yield_fixture
async def post(broker: Broker, until: Any) -> AsyncIterator[Post]:
    """A bank's queues, closed at the end."""
    from twisted.internet import reactor

    made = Post(reactor, broker)
    yield made
    for close in made.opened:
        await close()
    turns = iter(range(10))
    await until(lambda: next(turns, None) is None)
