"""Messages to the platform (发件箱): the exact body is durable with the change that it tells of."""

from __future__ import annotations

from sqlalchemy import Connection, select, update

from gateway.store import tables
from gateway.store.records import OutboxMessage
from gateway.store.rows import insert_once, row_by_id
from messages.redaction.texts import redacted

_t = tables.outbox


def put(tx: Connection, kind: str, key: str, destination: str, body: bytes, now_ms: int) -> OutboxMessage:
    """Owe a message; the same kind and key again is the message put first, with its first body."""
    values = {
        "kind": kind,
        "key": key,
        "destination": destination,
        "body": body,
        "created_at_ms": now_ms,
        "attempts": 0,
    }
    insert_once(tx, _t, values)
    return by_id(tx, tx.execute(select(_t.c.outbox_id).where(_t.c.kind == kind, _t.c.key == key)).scalar_one())


def by_id(tx: Connection, outbox_id: int) -> OutboxMessage:
    """The message; raises NoSuchRow."""
    row = row_by_id(tx, _t, outbox_id)
    return OutboxMessage(
        outbox_id=row.outbox_id,
        kind=row.kind,
        key=row.key,
        destination=row.destination,
        body=bytes(row.body),
        created_at_ms=row.created_at_ms,
        delivered_at_ms=row.delivered_at_ms,
        attempts=row.attempts,
    )


def delivered(tx: Connection, outbox_id: int, now_ms: int) -> bool:
    """The other side took it; False where that was known before."""
    guarded = update(_t).where(_t.c.outbox_id == outbox_id, _t.c.delivered_at_ms.is_(None))
    counted = {"attempts": _t.c.attempts + 1, "attempted_at_ms": now_ms}
    return tx.execute(guarded.values(delivered_at_ms=now_ms, last_error=None, **counted)).rowcount == 1


def attempted(tx: Connection, outbox_id: int, error: str, now_ms: int) -> None:
    """An attempt failed; ``error`` is kept for operators."""
    values = {"attempts": _t.c.attempts + 1, "attempted_at_ms": now_ms, "last_error": redacted(error)}
    tx.execute(update(_t).where(_t.c.outbox_id == outbox_id).values(values))
