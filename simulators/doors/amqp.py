"""The AMQP door of a simulated bank (消息队列): takes from the gateway's queue, puts answers and results into its other one.

A thread of its own with pika's blocking connection: another client than the gateway's, so that neither hides the
other's mistakes. The gateway makes the queues; until it has, the door waits.
"""

from __future__ import annotations

import hashlib
import ssl
import time
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from threading import Event, Thread
from typing import Any

import pika
from pika.adapters.blocking_connection import BlockingChannel, BlockingConnection
from pika.exceptions import AMQPError
from pika.spec import Basic, BasicProperties
from twisted.logger import Logger

from simulators.answers import of_type
from simulators.bank_contract import NotGenuine, Outgoing, Taken
from simulators.doors.contract import DoorBank
from simulators.script import DelayAcknowledgement, LoseReply

TICK_SECONDS = 0.02
AGAIN_SECONDS = 0.3
PREFETCH = 16
BACKLOG = 1000
SIGNATURE = "x-signature"


@dataclass(frozen=True, slots=True)
class BrokerAddress:
    """Where the broker is and who the bank is there; ``tls`` None: a leased line."""

    host: str
    port: int
    username: str
    password: str
    virtual_host: str = "/"
    tls: ssl.SSLContext | None = None

    def parameters(self) -> pika.ConnectionParameters:
        """As pika wants them."""
        return pika.ConnectionParameters(
            host=self.host,
            port=self.port,
            virtual_host=self.virtual_host,
            credentials=pika.PlainCredentials(self.username, self.password),
            ssl_options=None if self.tls is None else pika.SSLOptions(self.tls, self.host),
            heartbeat=60,
        )


@dataclass(frozen=True, slots=True)
class _Due:
    """Something to publish, not before ``at`` (monotonic seconds)."""

    at: float
    outgoing: Outgoing
    answers: str | None  # the message id that it answers


class AmqpDoor:
    """Started and stopped by its simulator; survives every loss of the broker. Nothing goes in or out while ``away``."""

    _log = Logger()

    def __init__(self, bank: DoorBank, broker: BrokerAddress, send_queue: str, receive_queue: str):
        """The queues are named as in the gateway's profile: the bank takes from ``send_queue``."""
        self._bank, self._broker = bank, broker
        self._send_queue, self._receive_queue = send_queue, receive_queue
        self._due: deque[_Due] = deque()
        self._stopping = Event()
        self._later = ThreadPoolExecutor(2, thread_name_prefix="amqp-door")
        self._thread = Thread(target=self._run, name="amqp-door", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def call(self, broker: BrokerAddress) -> None:
        """Call there from now on, by these keys; the connection that is open is given up soon."""
        self._broker = broker

    def stop(self) -> None:
        """End, after what is being taken now."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()
        self._later.shutdown()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                if not self._bank.away:
                    self._session()
            except (AMQPError, OSError) as error:
                self._log.info("no broker or no queues yet: {kind}", kind=type(error).__name__)
            except Exception:
                self._log.failure("the bank could not take a message; it comes again")
            self._stopping.wait(AGAIN_SECONDS)

    def _session(self) -> None:
        broker = self._broker
        with BlockingConnection(broker.parameters()) as connection:
            channel = connection.channel()
            for queue in (self._send_queue, self._receive_queue):
                channel.queue_declare(queue, passive=True)
            channel.confirm_delivery()
            channel.basic_qos(prefetch_count=PREFETCH)
            channel.basic_consume(self._send_queue, self._take)
            while not self._stopping.is_set() and not self._bank.away and self._broker is broker:
                connection.process_data_events(time_limit=TICK_SECONDS)
                self._publish(channel)

    def _take(self, channel: BlockingChannel, method: Basic.Deliver, given: BasicProperties, content: bytes) -> None:
        name = given.message_id or hashlib.sha256(content).hexdigest()
        signature = (given.headers or {}).get(SIGNATURE)
        try:
            taken = self._bank.receive(name, content, None if signature is None else str(signature).encode("ascii"))
        except NotGenuine:
            self._log.warn("a message without a genuine signature is thrown away")
        else:
            if taken.follow_up is not None:
                self._later.submit(taken.follow_up).add_done_callback(self._followed_up)
            self._answer(taken, name)
        channel.basic_ack(method.delivery_tag)

    def _followed_up(self, work: Future[None]) -> None:
        error = work.exception()
        if error is not None:
            self._log.error("what follows from a message could not be prepared: {error!r}", error=error)

    def _answer(self, taken: Taken, name: str) -> None:
        """As the script lets it through: at once, late, or never."""
        wait: float | None = sum(effect.seconds for effect in of_type(taken.effects, DelayAcknowledgement))
        for lost in of_type(taken.effects, LoseReply):
            wait = lost.answer_after
        if taken.reply is not None and wait is not None:
            self._due.append(_Due(time.monotonic() + wait, taken.reply, name))

    def _publish(self, channel: BlockingChannel) -> None:
        """What is due, each confirmed by the broker before it is forgotten here."""
        now = time.monotonic()
        if len(self._due) < BACKLOG:
            self._due.extend(_Due(now, outgoing, None) for outgoing in self._bank.pushed())
        for _ in range(len(self._due)):
            due = self._due[0]
            if due.at <= now:
                channel.basic_publish("", self._receive_queue, *_message(due), mandatory=True)
                self._due.popleft()
            else:
                self._due.rotate(-1)


def _message(due: _Due) -> tuple[bytes, Any]:
    """Content and properties; half of the content where the script cuts it."""
    outgoing = due.outgoing
    content = outgoing.content if outgoing.whole else outgoing.content[: len(outgoing.content) // 2]
    digest = hashlib.sha256(content).hexdigest()[:12]
    headers = {} if outgoing.signature is None else {SIGNATURE: outgoing.signature.decode("ascii")}
    return content, BasicProperties(  # type: ignore[no-untyped-call]
        delivery_mode=2,
        message_id=f"{outgoing.message_id}-{outgoing.kind or 'A'}{outgoing.number:03d}-{digest}",
        correlation_id=due.answers,
        headers=headers,
    )
