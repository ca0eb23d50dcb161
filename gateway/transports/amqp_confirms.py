"""Publisher confirms (发布确认): what the broker has made durable, what it could not route, and what nobody knows."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any

from pika.spec import Basic, BasicProperties
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from gateway.transports.amqp_line import BrokerLine


class Unroutable(Exception):
    """The broker returned the message: no queue has it."""


class Unstored(Exception):
    """The broker could not make the message durable, or says so."""


@dataclass(slots=True)
class _Open:
    message_id: str
    returned: str | None = None  # why, if it came back
    done: Deferred[None] = field(default_factory=Deferred)


class Confirms:
    """Follows each message from ``publish`` to its confirm; one for each line.

    The broker returns an unroutable message *before* it confirms it, and may confirm many at once: the mark is put on
    the oldest open message of that id, and only a confirmed message without a mark counts as delivered.
    """

    def __init__(self, line: BrokerLine):
        self._line = line
        self._open: dict[int, _Open] = {}  # by delivery tag, ascending
        self._next = 1
        line.over.addCallback(self._lost)

    async def enable(self) -> None:
        """Switch the channel to confirms; raises what the broker says."""
        channel = self._line.channel
        channel.add_on_return_callback(self._returned)
        await self._line.ask(lambda done: channel.confirm_delivery(self._answered, callback=done))

    def publish(self, queue: str, content: bytes, properties: BasicProperties) -> Deferred[None]:
        """Fires when the message is durable; fails with Unroutable, Unstored, or why nobody knows.

        Raises pika's AMQPError where nothing was written.
        """
        self._line.channel.basic_publish("", queue, content, properties, mandatory=True)
        opened = self._open[self._next] = _Open(str(properties.message_id))
        self._next += 1
        return opened.done

    def _returned(self, _channel: Any, method: Basic.Return, properties: BasicProperties, _body: bytes) -> None:
        for opened in self._open.values():
            if opened.message_id == properties.message_id and opened.returned is None:
                opened.returned = f"{method.reply_text} ({method.reply_code})"
                return

    def _answered(self, frame: Any) -> None:
        answer = frame.method
        tag: int = answer.delivery_tag
        tags = list(takewhile(lambda each: each <= tag, self._open)) if answer.multiple else [tag]
        for each in tags:
            opened = self._open.pop(each, None)
            if opened is not None:
                _settle(opened, isinstance(answer, Basic.Ack))

    def _lost(self, reason: BaseException) -> BaseException:
        opens, self._open = self._open, {}
        for opened in opens.values():
            if not opened.done.called:
                opened.done.errback(Failure(reason))  # type: ignore[no-untyped-call]
        return reason


def _settle(opened: _Open, stored: bool) -> None:
    if opened.done.called:  # whoever waited has given up
        return
    if opened.returned is not None:
        opened.done.errback(Unroutable(f"no queue takes the message: {opened.returned}"))
    elif stored:
        opened.done.callback(None)
    else:
        opened.done.errback(Unstored("the broker could not store the message"))
