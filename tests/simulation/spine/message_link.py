"""The line to the bank that exchanges messages: a ``MessageTransport`` onto the simulated bank."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping

from gateway.transports.contract import Reply, Sink, TransportFault
from simulators.answers import of_type
from simulators.bank_contract import Outgoing, Taken
from simulators.engine import SimulatedBank
from simulators.script import LoseReply
from spine.chaos import Chaos
from spine.later import Postponed


class MessageLink:
    """Posts and inquiries with faults; counts how often the bank was posted each instruction."""

    def __init__(self, bank: SimulatedBank, chaos: Chaos, postponed: Postponed):
        self._bank, self._chaos, self._postponed = bank, chaos, postponed
        self.shown: Counter[str] = Counter()
        self.taken: set[str] = set()
        self.digests: dict[str, set[str]] = {}

    async def submit(
        self,
        message_id: str,
        body: Callable[[], Iterator[bytes]],
        size: int,
        headers: Mapping[str, str],
        sink: Sink,
        limit_bytes: int,  # noqa: ARG002
    ) -> Reply:
        """See MessageTransport."""
        self._reach(f"submit {message_id}")
        if self._bank.desk.away or self._chaos.hit("drop-before", message_id):
            raise TransportFault("no connection", maybe_sent=self._chaos.rng.random() < 0.5)
        data = b"".join(body())
        assert len(data) == size, "the transport was told another size"
        signature = headers["X-Signature"].encode("ascii")
        self.shown[message_id] += 1
        self.digests.setdefault(message_id, set()).add(hashlib.sha256(data).hexdigest())
        if self._chaos.hit("late-arrival", message_id):
            wait = self._chaos.rng.randint(1_000, 90_000)
            self._postponed.add(wait, lambda: self._take(message_id, data, signature))
            raise TransportFault("no answer in time", maybe_sent=True)
        if self._chaos.hit("unavailable", message_id):
            return Reply(503, {}, 0)
        reply = self._take(message_id, data, signature)
        return self._replied(message_id, reply, sink)

    def _take(self, message_id: str, data: bytes, signature: bytes) -> Taken:
        reply = self._bank.receive(message_id, data, signature)
        self.taken.add(message_id)
        if reply.follow_up is not None:
            reply.follow_up()
        return reply

    def _replied(self, message_id: str, reply: Taken, sink: Sink) -> Reply:
        self._chaos.boundary(f"taken: {message_id}")
        for lost in of_type(reply.effects, LoseReply):
            self._chaos.clock.advance(round(min(lost.answer_after or 0, 30) * 1000))
            raise TransportFault("the bank did not answer", maybe_sent=True)
        if self._chaos.hit("drop-after", message_id):
            raise TransportFault("the line broke before the answer", maybe_sent=True)
        assert reply.reply is not None, "the bank was given other content under an id that it had booked"
        return self._shown(reply.reply, 200, sink)

    async def inquire(
        self,
        message_id: str,
        sink: Sink,
        limit_bytes: int,  # noqa: ARG002
        known_tag: str | None = None,
    ) -> Reply:
        """See MessageTransport."""
        self._reach(f"inquire {message_id}")
        if self._bank.desk.away or self._chaos.hit("drop-before", message_id):
            raise TransportFault("no connection", maybe_sent=False)
        if self._chaos.hit("unavailable", message_id):
            return Reply(503, {}, 0)
        report = self._bank.report_on(message_id)
        if report is None:
            return self._shown(self._bank.absent(message_id), 404, sink)
        if known_tag == report.tag:
            return Reply(304, {"etag": report.tag}, 0)
        reply = self._shown(report.outgoing(), 200, sink)
        self._chaos.boundary(f"answered: {message_id}")
        return reply

    def _reach(self, what: str) -> None:
        self._chaos.boundary(what)
        self._chaos.clock.advance(self._chaos.rng.randint(1, 40))
        self._postponed.arrive()
        self._bank.tick()

    def _shown(self, report: Outgoing, code: int, sink: Sink) -> Reply:
        content = report.content
        if not report.whole or self._chaos.hit("drop-get"):
            sink.write(content[: len(content) // 2])
            raise TransportFault("the line broke in the middle of the answer", maybe_sent=True)
        sink.write(content)
        headers = {"etag": report.tag}
        if report.signature is not None:
            headers["x-signature"] = report.signature.decode("ascii")
        return Reply(code, headers, len(content))
