"""The SMS provider and the platform, seen from the gateway, with faults on the way."""

from __future__ import annotations

from collections import Counter
from typing import Any

from gateway.core.notices import Template
from gateway.transports.contract import TransportFault
from simulators.sms_provider import Lot, Message, SmsProvider
from spine.chaos import Chaos
from spine.later import Postponed


class SmsLink:
    """``gateway.services.notifying.SmsProvider`` onto the simulated provider."""

    def __init__(self, provider: SmsProvider, chaos: Chaos, postponed: Postponed):
        self.lot_size = provider.lot_size
        self._provider, self._chaos, self._postponed = provider, chaos, postponed
        self.late: Counter[str] = Counter()  # calls under way when nobody waited any more

    async def call(self, lot_id: str, template: Template, batch: list[dict[str, Any]]) -> dict[str, str | None]:
        """See SmsProvider."""
        self._reach(f"lot {lot_id}", maybe_sent=self._chaos.rng.random() < 0.5)
        messages = [Message(**message) for message in batch]
        lot = Lot(lot_id=lot_id, template=template.code, sign=template.sign, messages=messages)
        if self._chaos.hit("late-arrival", lot_id):
            self.late[lot_id] += 1
            self._postponed.add(self._chaos.rng.randint(1_000, 60_000), lambda: self._provider.take(lot))
            raise TransportFault("no answer in time", maybe_sent=True)
        answer = self._provider.take(lot)
        self._chaos.boundary(f"lot taken: {lot_id}")
        if self._chaos.hit("drop-after", lot_id):
            raise TransportFault("the line broke before the answer", maybe_sent=True)
        return _said(answer)

    async def find(self, lot_id: str) -> dict[str, str | None] | None:
        """See SmsProvider."""
        self._reach(f"find {lot_id}", maybe_sent=False)
        answer = self._provider.answer_of(lot_id)
        return None if answer is None else _said(answer)

    async def receipts(self, lot_id: str) -> dict[str, str]:
        """See SmsProvider."""
        self._reach(f"receipts {lot_id}", maybe_sent=False)
        known = self._provider.receipts_of(lot_id) or {"receipts": []}
        return {entry["id"]: entry["status"] for entry in known["receipts"]}

    def _reach(self, what: str, *, maybe_sent: bool) -> None:
        self._chaos.boundary(what)
        self._chaos.clock.advance(self._chaos.rng.randint(1, 20))
        self._postponed.arrive()
        if self._chaos.hit("drop-before", what):
            raise TransportFault(f"{what}: no connection", maybe_sent=maybe_sent)


def _said(answer: dict[str, Any]) -> dict[str, str | None]:
    refused = {entry["id"]: entry["code"] for entry in answer["refused"]}
    return {**dict.fromkeys(answer["accepted"]), **refused}


class PlatformLink:
    """``gateway.services.webhooks.Platform``; remembers every body by its key."""

    def __init__(self, chaos: Chaos):
        self._chaos = chaos
        self.heard: Counter[str] = Counter()
        self.bodies: dict[str, set[bytes]] = {}

    async def tell(self, body: bytes, key: str) -> int:
        """See Platform."""
        self._chaos.boundary(f"tell {key}")
        if self._chaos.hit("drop-before", key):
            raise TransportFault("no connection", maybe_sent=False)
        if self._chaos.hit("unavailable", key):
            return 503
        self.heard[key] += 1
        self.bodies.setdefault(key, set()).add(body)
        self._chaos.boundary(f"told {key}")
        if self._chaos.hit("drop-after", key):
            raise TransportFault("the line broke before the answer", maybe_sent=True)
        return 200
