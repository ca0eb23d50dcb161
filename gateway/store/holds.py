"""Legal holds (法律保全): batches of which nothing may be erased until somebody lifts the hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Row, insert, select, update

from gateway.store import tables
from gateway.store.data_tables import legal_hold

_t: Final = legal_hold


@dataclass(frozen=True, slots=True)
class Hold:
    """One hold; ``reason`` is an operator's own words, without personal data."""

    hold_id: int
    batch_id: int
    batch_no: str
    client_id: str
    reason: str
    placed_by: str
    placed_at_ms: int


def place(tx: Connection, batch_id: int, reason: str, placed_by: str, now_ms: int) -> int:
    """Place a hold; a batch may have several, and stays until the last is lifted."""
    values = {"batch_id": batch_id, "reason": reason, "placed_by": placed_by, "placed_at_ms": now_ms}
    return int(tx.execute(insert(_t).values(values).returning(_t.c.hold_id)).scalar_one())


def lift(tx: Connection, hold_id: int, lifted_by: str, now_ms: int) -> bool:
    """Lift a hold; False where there is none of this number, or it was lifted before."""
    standing = update(_t).where(_t.c.hold_id == hold_id, _t.c.lifted_at_ms.is_(None))
    return tx.execute(standing.values(lifted_by=lifted_by, lifted_at_ms=now_ms)).rowcount == 1


def standing(tx: Connection) -> list[Hold]:
    """Every hold that was not lifted, oldest first."""
    query = (
        select(_t, tables.batch.c.batch_no, tables.batch.c.client_id)
        .select_from(_t.join(tables.batch))
        .where(_t.c.lifted_at_ms.is_(None))
        .order_by(_t.c.hold_id)
    )
    return [_hold(row) for row in tx.execute(query)]


def is_held(tx: Connection, batch_id: int) -> bool:
    """Whether any hold on the batch stands."""
    query = select(_t.c.hold_id).where(_t.c.batch_id == batch_id, _t.c.lifted_at_ms.is_(None)).limit(1)
    return tx.execute(query).first() is not None


def _hold(row: Row[Any]) -> Hold:
    return Hold(row.hold_id, row.batch_id, row.batch_no, row.client_id, row.reason, row.placed_by, row.placed_at_ms)
