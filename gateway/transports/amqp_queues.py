"""The queues of one bank (队列声明): durable, replicated where there are several brokers, and nothing is ever dropped.

RabbitMQ 3.10 writes the name of a new quorum queue down up to a second after it says that it exists. Where the broker
loses power in that second, the first of the queue's life, the queue was seen without a leader after the restart:
publishing to it is not confirmed, so it is told as a fault, and an operator has to look at the queue.
"""

from __future__ import annotations

from typing import Any, Final

from twisted.internet.defer import Deferred

from gateway.transports.amqp_line import BrokerLine

REDELIVERIES: Final = 20
"""How often a message comes again before it is set aside; with the growing waits between, a quarter of an hour."""

_DURABLE: Final = {"x-queue-type": "quorum"}


def dead_letters(queue: str) -> str:
    """Where messages of ``queue`` go that cannot be handled (死信队列); an operator looks at them and moves them back."""
    return f"{queue}.dead"


def arguments(queue: str, redeliveries: int = REDELIVERIES) -> dict[str, Any]:
    """What makes ``queue`` a quorum queue that moves a message to its dead letters only once it is safe there."""
    return {
        **_DURABLE,
        "x-delivery-limit": redeliveries,
        "x-dead-letter-exchange": "",
        "x-dead-letter-routing-key": dead_letters(queue),
        "x-dead-letter-strategy": "at-least-once",
        "x-overflow": "reject-publish",  # what at-least-once demands
    }


async def declare(line: BrokerLine, queue: str, redeliveries: int = REDELIVERIES) -> None:
    """Make the queue and its dead letters, or find them as they are; raises what the broker says."""
    await _declare(line, dead_letters(queue), _DURABLE)
    await _declare(line, queue, arguments(queue, redeliveries))


def _declare(line: BrokerLine, queue: str, properties: dict[str, Any]) -> Deferred[object]:
    return line.ask(lambda done: line.channel.queue_declare(queue, durable=True, arguments=properties, callback=done))
