"""Confirms without a broker: several at once, returned ones among them, and the end of the connection."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from pika.spec import Basic, BasicProperties
from twisted.internet.defer import Deferred

from gateway.transports.amqp_confirms import Confirms, Unroutable, Unstored


class Channel:
    """Remembers the callbacks that pika would call."""

    def add_on_return_callback(self, callback: Any) -> None:
        self.returned = callback

    def confirm_delivery(self, answered: Any, callback: Any) -> None:
        self.answered = answered
        callback(None)

    def basic_publish(self, *_: Any, mandatory: bool) -> None:
        assert mandatory


class Line:
    """A line that asks at once."""

    def __init__(self) -> None:
        self.channel = Channel()
        self.over: Deferred[BaseException] = Deferred()

    def ask(self, call: Any) -> Deferred[Any]:
        asked: Deferred[Any] = Deferred()
        call(asked.callback)
        return asked


class Sender:
    """Publishes, and collects what becomes of each."""

    def __init__(self) -> None:
        self.line: Any = Line()
        self.confirms = Confirms(self.line)
        Deferred.fromCoroutine(self.confirms.enable())
        self.found: dict[int, Any] = {}

    def publish(self, *message_ids: str) -> None:
        for message_id in message_ids:
            number = len(self.found) + 1
            self.found[number] = None
            done = self.confirms.publish("q", b"x", BasicProperties(message_id=message_id))
            done.addCallbacks(
                lambda _, number=number: self.found.update({number: "stored"}),
                lambda failure, number=number: self.found.update({number: failure.type}),
            )

    def returned(self, message_id: str) -> None:
        self.line.channel.returned(None, Basic.Return(312, "NO_ROUTE"), BasicProperties(message_id=message_id), b"x")

    def answered(self, method: Any) -> None:
        self.line.channel.answered(SimpleNamespace(method=method))


@pytest.fixture
def sender() -> Sender:
    return Sender()


def test_one_confirm_may_speak_for_many(sender: Sender) -> None:
    sender.publish("a", "b", "c", "d")
    sender.answered(Basic.Ack(3, multiple=True))
    assert list(sender.found.values()) == ["stored", "stored", "stored", None]


def test_a_returned_one_in_the_middle_of_many_is_the_one_that_failed(sender: Sender) -> None:
    sender.publish("a", "b", "c", "d", "b")
    sender.returned("b")
    sender.returned("d")
    sender.answered(Basic.Ack(5, multiple=True))
    assert list(sender.found.values()) == ["stored", Unroutable, "stored", Unroutable, "stored"]


def test_confirms_may_come_in_any_order(sender: Sender) -> None:
    sender.publish("a", "b", "c")
    sender.answered(Basic.Ack(3))
    sender.answered(Basic.Nack(1))
    assert list(sender.found.values()) == [Unstored, None, "stored"]
    sender.answered(Basic.Ack(99, multiple=True))
    assert sender.found[2] == "stored"


def test_what_is_open_when_the_connection_ends_is_told_why(sender: Sender) -> None:
    sender.publish("a", "b")
    sender.answered(Basic.Ack(1))
    sender.line.over.callback(ConnectionError("gone"))
    assert list(sender.found.values()) == ["stored", ConnectionError]
