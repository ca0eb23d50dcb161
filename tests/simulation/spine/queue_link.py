"""The line to a bank behind queues (消息队列): a ``MessagePost`` that is never answered on the spot."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from gateway.transports.contract import Reply, Sink, TransportFault
from simulators.engine import SimulatedBank
from spine.chaos import Chaos
from spine.later import Postponed
from spine.pushes import Pushes
from spine.reception import Reception, is_instruction, seconds_late
from spine.traffic import Traffic

AWAY_AGAIN_MS = 2_000


class QueueLink:
    """Confirmed by the broker with faults; the bank takes from its queue in its own time, now and then twice."""

    def __init__(
        self,
        bank: SimulatedBank,
        reception: Reception,
        traffic: Traffic,
        chaos: Chaos,
        postponed: Postponed,
        pushes: Pushes,
        header: str,
    ):
        self._bank, self._reception, self._traffic = bank, reception, traffic
        self._chaos, self._postponed, self._pushes, self._header = chaos, postponed, pushes, header

    async def submit(
        self,
        message_id: str,
        body: Callable[[], Iterator[bytes]],
        size: int,
        headers: Mapping[str, str],
        sink: Sink,  # noqa: ARG002
        limit_bytes: int,  # noqa: ARG002
    ) -> Reply:
        """See MessagePost."""
        self._chaos.boundary(f"publish {message_id}")
        self._chaos.clock.advance(self._chaos.rng.randint(1, 40))
        self._postponed.arrive()
        if self._chaos.hit("drop-before", message_id):
            raise TransportFault("no broker", maybe_sent=self._chaos.rng.random() < 0.5)
        data = b"".join(body())
        assert len(data) == size, "the transport was told another size"
        given = headers.get(self._header)
        signature = None if given is None else given.encode("ascii")
        if is_instruction(message_id):
            self._traffic.given(message_id, data)
        self._queued(message_id, data, signature)
        self._chaos.boundary(f"queued: {message_id}")
        if self._chaos.hit("drop-after", message_id):
            raise TransportFault("the line broke before the confirmation", maybe_sent=True)
        return Reply(202, {}, 0)

    def _queued(self, message_id: str, data: bytes, signature: bytes | None) -> None:
        rng, late = self._chaos.rng, self._chaos.hit("late-arrival", message_id)
        waits = [rng.randint(1_000, 90_000) if late else rng.choice([0, 0, rng.randint(1, 3_000)])]
        if self._chaos.hit("duplicate", message_id):
            waits.append(rng.randint(0, 60_000))
        for wait in waits:
            self._add(wait, message_id, lambda: self._take(message_id, data, signature))

    def _take(self, message_id: str, data: bytes, signature: bytes | None) -> None:
        if self._bank.away:
            self._add(AWAY_AGAIN_MS, message_id, lambda: self._take(message_id, data, signature))
            return
        taken = self._reception.take(message_id, data, signature)
        wait, reply = seconds_late(taken), taken.reply
        if reply is not None and wait is not None:
            watching = not is_instruction(message_id)
            self._add(round(wait * 1000), message_id, lambda: self._pushes.add(reply, watching=watching))

    def _add(self, wait_ms: int, message_id: str, happen: Callable[[], object]) -> None:
        self._postponed.add(wait_ms, happen, watching=not is_instruction(message_id))
