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
from gateway.store.records import Alert, Batch, Content, Instruction
from gateway.store.rows import content_in
from messages.batch.numbering import BATCH_REFERENCE_LENGTH

_ALERTS_MOST: Final = 2_000
_MESSAGES_MOST: Final = 10_000
_READ_MOST: Final = 1_000_000
_PUSHED: Final = "pushed/"
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


@dataclass(frozen=True, slots=True)
class Look:
    """The books at one moment: all alerts, and each message of the bank with the batch that it speaks of."""

    alerts: tuple[Alert, ...]
    received: tuple[tuple[str | None, Message], ...]

    def received_about(self, reference: str) -> list[Message]:
        """The bank's messages about one batch."""
        return [message for about, message in self.received if about == reference]

    def alerts_about(self, reference: str) -> tuple[Alert, ...]:
        """Alerts whose key names the batch, or one of those messages."""
        names = [message.name for message in self.received_about(reference)]
        return tuple(one for one in self.alerts if reference in one.key or any(name in one.key for name in names))

    def nameless_alerts(self, references: Iterable[str]) -> tuple[tuple[str, str], ...]:
        """(kind, key) of those that name none of these batches."""
        named = {alert.alert_id for reference in references for alert in self.alerts_about(reference)}
        return tuple((alert.kind, alert.key) for alert in self.alerts if alert.alert_id not in named)


class Books:
    """Reads the store of a gateway about one client's batches at one bank, from the moment it is made."""

    def __init__(self, context: Context, client: str, bank: str):
        self._context, self._client, self._bank = context, client, bank
        self._since_ms = context.clock.now_ms()
        self._about: dict[int, str | None] = {}

    def look(self, every: Iterable[CaseBatch]) -> Look:
        """Everything as it is now."""
        references = [one.reference for one in every]
        with self._context.store.read() as tx:
            raised = alerts.recent(tx, _ALERTS_MOST)
            rows = _received(tx, self._bank, self._since_ms)
        return Look(tuple(raised), tuple((self._of(message, kept, references), message) for message, kept in rows))

    def evidence(self, one: CaseBatch, look: Look) -> Evidence:
        """All about one case."""
        raised, mine = look.alerts_about(one.reference), look.received_about(one.reference)
        with self._context.store.read() as tx:
            batch = batches.find(tx, self._client, one.batch_no)
            if batch is None:
                return Evidence(raised, (), tuple(mine))
            made = [_sent(item, item.content) for item in instructions.of_batch(tx, batch.batch_id) if item.content]
            spoke = _that_spoke(tx, batch) - {message.inbox_id for message in mine}
        mine += [message for _, message in look.received if message.inbox_id in spoke]
        return Evidence(raised, tuple(made), tuple(sorted(mine, key=lambda message: message.inbox_id or 0)))

    def _of(self, message: Message, kept: Content, references: list[str]) -> str | None:
        """The batch that a message speaks of: by its name, or where the bank pushes it, by what stands in it."""
        known = message.inbox_id or 0
        if known not in self._about:
            found = _named(message.name, references)
            if found is None and message.name.startswith(_PUSHED) and message.size <= _READ_MOST:
                found = _within(b"".join(self._context.vault.open(kept)), references)
            self._about[known] = found
        return self._about[known]


def _named(name: str, references: Iterable[str]) -> str | None:
    return next((reference for reference in references if reference in name), None)


def _within(content: bytes, references: Iterable[str]) -> str | None:
    """A reference in any of a bank's encodings, or in one that is none of them."""
    return next(
        (
            reference
            for reference in references
            if len(reference) == BATCH_REFERENCE_LENGTH
            and (reference.encode("ascii") in content or reference.encode("utf-16-le") in content)
        ),
        None,
    )


def _that_spoke(tx: Connection, batch: Batch) -> set[int | None]:
    """Messages that moved items of the batch."""
    numbers = [info.segment_no for info in segments.infos(tx, batch.batch_id)]
    return {block.inbox_id for number in numbers for block in results.of_segment(tx, batch.batch_id, number)}


def _sent(made: Instruction, content: Content) -> Message:
    at = made.sent_at_ms or made.sending_at_ms or made.built_at_ms or 0
    return Message(None, made.message_id, content.sha256, content.size, made.state, _moment(at), made.key_id)


def _received(tx: Connection, bank: str, since_ms: int) -> list[tuple[Message, Content]]:
    query = select(_inbox).where(_inbox.c.bank == bank, _inbox.c.received_at_ms >= since_ms)
    query = query.order_by(_inbox.c.inbox_id.desc()).limit(_MESSAGES_MOST)
    found = []
    for row in reversed(tx.execute(query).all()):
        kept = content_in(row)
        if kept is not None:
            at = _moment(row.received_at_ms)
            found.append((Message(row.inbox_id, row.name, kept.sha256, kept.size, row.state, at, row.key_id), kept))
    return found


def _moment(at_ms: int) -> str:
    return instant(at_ms).isoformat()
