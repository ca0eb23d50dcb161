"""What the gateway's own books hold about a case (留痕): alerts, and every message out and in by digest and size."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, select

from gateway.certify.batch import CaseBatch
from gateway.clock import instant
from gateway.services.context import Context
from gateway.store import alerts, batches, instructions, results, segments, tables
from gateway.store.records import Alert, Batch, InboxState, Instruction

_ALERTS_MOST: Final = 10_000
_MESSAGES_MOST: Final = 20_000
_inbox: Final = tables.inbox


@dataclass(frozen=True, slots=True)
class Message:
    """One message on the wire; never its content."""

    inbox_id: int | None  # null: one of ours
    name: str
    sha256: str
    size: int
    state: str
    at: str
    key_id: str | None

    def as_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return {
            "direction": "out" if self.inbox_id is None else "in",
            "name": self.name,
            "sha256": self.sha256,
            "size": self.size,
            "state": self.state,
            "at": self.at,
            "key_id": self.key_id,
        }


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that concerns one case."""

    alerts: tuple[Alert, ...]
    sent: tuple[Message, ...]
    received: tuple[Message, ...]

    @property
    def quarantined(self) -> int:
        """Messages of the bank that were kept and moved nothing."""
        return sum(message.state == InboxState.QUARANTINED for message in self.received)


class Books:
    """Reads the store of a gateway; many cases by one look each."""

    def __init__(self, context: Context, client: str, bank: str):
        self._context, self._client, self._bank = context, client, bank

    def alerts(self) -> list[Alert]:
        """Every alert there is, newest first."""
        with self._context.store.read() as tx:
            return alerts.recent(tx, _ALERTS_MOST)

    def evidence(self, every: Iterable[CaseBatch]) -> dict[str, Evidence]:
        """By case id."""
        with self._context.store.read() as tx:
            raised = alerts.recent(tx, _ALERTS_MOST)
            received = _received(tx, self._bank)
            return {one.case.id: self._of(tx, one, raised, received) for one in every}

    def _of(self, tx: Connection, one: CaseBatch, raised: list[Alert], received: list[Message]) -> Evidence:
        batch = batches.find(tx, self._client, one.batch_no)
        if batch is None:
            return Evidence((), (), ())
        made = [item for item in instructions.of_batch(tx, batch.batch_id) if item.content is not None]
        spoke = _that_spoke(tx, batch)
        mine = [m for m in received if m.inbox_id in spoke or _names(m.name, one)]
        return Evidence(
            tuple(alert for alert in raised if _names(alert.key, one)),
            tuple(_sent(instruction) for instruction in made),
            tuple(mine),
        )


def _names(text: str, one: CaseBatch) -> bool:
    return one.reference in text


def _that_spoke(tx: Connection, batch: Batch) -> set[int]:
    """Messages that moved items of the batch: what a bank pushes is not called after an instruction."""
    numbers = [info.segment_no for info in segments.infos(tx, batch.batch_id)]
    return {block.inbox_id for number in numbers for block in results.of_segment(tx, batch.batch_id, number)}


def _sent(made: Instruction) -> Message:
    assert made.content is not None  # noqa: S101 - chosen so
    at = made.sent_at_ms or made.sending_at_ms or made.built_at_ms or 0
    return Message(None, made.message_id, made.content.sha256, made.content.size, made.state, _moment(at), made.key_id)


def _received(tx: Connection, bank: str) -> list[Message]:
    query = select(_inbox).where(_inbox.c.bank == bank).order_by(_inbox.c.inbox_id.desc()).limit(_MESSAGES_MOST)
    rows = tx.execute(query).all()
    return [
        Message(r.inbox_id, r.name, r.content_sha256, r.content_size, r.state, _moment(r.received_at_ms), r.key_id)
        for r in reversed(rows)
    ]


def _moment(at_ms: int) -> str:
    return instant(at_ms).isoformat()
