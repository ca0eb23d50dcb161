"""The line to a bank that answers messages: a ``MessagePost`` (HTTPS, TCP) onto the simulated bank."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from gateway.transports.contract import Reply, Sink, TransportFault
from simulators.bank_contract import Outgoing, Taken
from simulators.engine import SimulatedBank
from spine.chaos import Chaos
from spine.damage import damaged
from spine.later import Postponed
from spine.reception import Reception, is_instruction, seconds_late
from spine.traffic import Traffic

PATIENCE_SECONDS = 30


class PostLink:
    """Instructions and questions with faults; ``header`` is where signatures travel beside a message.

    ``statuses``: the wire has some (HTTP); without them the bank hangs up where it cannot answer.
    """

    def __init__(
        self,
        bank: SimulatedBank,
        reception: Reception,
        traffic: Traffic,
        chaos: Chaos,
        postponed: Postponed,
        header: str,
    ):
        self._bank, self._reception, self._traffic = bank, reception, traffic
        self._chaos, self._postponed, self._header = chaos, postponed, header
        self._statuses = bank.wire.kind == "https"

    async def submit(
        self,
        message_id: str,
        body: Callable[[], Iterator[bytes]],
        size: int,
        headers: Mapping[str, str],
        sink: Sink,
        limit_bytes: int,  # noqa: ARG002
    ) -> Reply:
        """See MessagePost."""
        self._reach(f"submit {message_id}")
        if self._bank.away or self._chaos.hit("drop-before", message_id):
            raise TransportFault("no connection", maybe_sent=self._chaos.rng.random() < 0.5)
        data = b"".join(body())
        assert len(data) == size, "the transport was told another size"
        given = headers.get(self._header)
        signature = None if given is None else given.encode("ascii")
        if is_instruction(message_id):
            self._traffic.given(message_id, data)
        if self._chaos.hit("late-arrival", message_id):
            wait = self._chaos.rng.randint(1_000, 90_000)
            self._postponed.add(wait, lambda: self._reception.take(message_id, data, signature))
            raise TransportFault("no answer in time", maybe_sent=True)
        if self._unavailable(message_id):
            return Reply(503, {}, 0)
        return self._replied(message_id, self._reception.take(message_id, data, signature), sink)

    def _replied(self, message_id: str, taken: Taken, sink: Sink) -> Reply:
        self._chaos.boundary(f"taken: {message_id}")
        wait = seconds_late(taken)
        self._chaos.clock.advance(round(min(PATIENCE_SECONDS, wait or 0) * 1000))
        if wait is None or wait > PATIENCE_SECONDS:
            raise TransportFault("the bank did not answer", maybe_sent=True)
        if self._chaos.hit("drop-after", message_id):
            raise TransportFault("the line broke before the answer", maybe_sent=True)
        if taken.reply is not None:
            return self._shown(taken.reply, 200, sink)
        if self._statuses:
            return Reply(409, {}, 0)
        raise TransportFault("the bank hung up", maybe_sent=True)

    def _unavailable(self, message_id: str) -> bool:
        return self._statuses and self._chaos.hit("unavailable", message_id)

    def _reach(self, what: str) -> None:
        self._chaos.boundary(what)
        self._chaos.clock.advance(self._chaos.rng.randint(1, 40))
        self._postponed.arrive()
        self._bank.tick()

    def _shown(self, said: Outgoing, code: int, sink: Sink) -> Reply:
        content = said.content
        if not said.whole or self._chaos.hit("drop-get"):
            sink.write(content[: len(content) // 2])
            raise TransportFault("the line broke in the middle of the answer", maybe_sent=True)
        if self._chaos.hit("garble"):
            content = damaged(content, self._chaos)
        sink.write(content)
        headers = {"etag": said.tag} if said.tag else {}
        if said.signature is not None:
            headers[self._header.lower()] = said.signature.decode("ascii")
        return Reply(code, headers, len(content))


class PathLink(PostLink):
    """The line to a bank that also shows each order under a path of its own: a ``MessageTransport``."""

    async def inquire(
        self,
        message_id: str,
        sink: Sink,
        limit_bytes: int,  # noqa: ARG002
        known_tag: str | None = None,
    ) -> Reply:
        """See MessageTransport."""
        self._reach(f"inquire {message_id}")
        if self._bank.away or self._chaos.hit("drop-before", message_id):
            raise TransportFault("no connection", maybe_sent=False)
        if self._unavailable(message_id):
            return Reply(503, {}, 0)
        report = self._bank.report_on(message_id)
        if report is None:
            return self._shown(self._bank.absent(message_id), 404, sink)
        if known_tag == report.tag:
            return Reply(304, {"etag": report.tag}, 0)
        reply = self._shown(report.outgoing(), 200, sink)
        self._chaos.boundary(f"answered: {message_id}")
        return reply
