"""What was erased of which batch, and how far an erasure has come (删除记录)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, and_, func, insert, or_, select, update

from gateway.core.retention import What
from gateway.store import tables
from gateway.store.data_tables import erasure
from gateway.store.records import BatchState

_t: Final = erasure
_batch: Final = tables.batch
_ended_at: Final = func.coalesce(_batch.c.completed_at_ms, _batch.c.decided_at_ms)


@dataclass(frozen=True, slots=True)
class Erasure:
    """One erasure, done or begun; ``erased`` counts items, results, files or notices."""

    erasure_id: int
    batch_id: int
    what: What
    erased: int
    cursor: int  # segments below are done
    begun_at_ms: int
    done_at_ms: int | None


def begin(tx: Connection, batch_id: int, what: What, now_ms: int) -> Erasure:
    """Decided: from now on it is only carried out."""
    values = {"batch_id": batch_id, "what": what, "begun_at_ms": now_ms, "erased": 0, "cursor": 0}
    return _erasure(tx.execute(insert(_t).values(values).returning(*_t.c)).one())


def advance(tx: Connection, one: Erasure, erased: int, cursor: int) -> None:
    """Add what one step erased; segments below ``cursor`` are done."""
    tx.execute(update(_t).where(_t.c.erasure_id == one.erasure_id).values(erased=_t.c.erased + erased, cursor=cursor))


def end(tx: Connection, one: Erasure, now_ms: int) -> Erasure | None:
    """It is carried out; the erasure with its count, None where another node ended it first."""
    mine = update(_t).where(_t.c.erasure_id == one.erasure_id, _t.c.done_at_ms.is_(None))
    row = tx.execute(mine.values(done_at_ms=now_ms).returning(*_t.c)).first()
    return None if row is None else _erasure(row)


def unfinished(tx: Connection) -> Erasure | None:
    """The oldest that was begun and not ended."""
    row = tx.execute(select(_t).where(_t.c.done_at_ms.is_(None)).order_by(_t.c.erasure_id).limit(1)).first()
    return None if row is None else _erasure(row)


def of_batch(tx: Connection, batch_id: int) -> list[tuple[int, int | None]]:
    """(number, end) of every erasure of a batch: who sees the same list twice has seen nothing erased between."""
    query = select(_t.c.erasure_id, _t.c.done_at_ms).where(_t.c.batch_id == batch_id).order_by(_t.c.erasure_id)
    return [(number, end) for number, end in tx.execute(query)]


def is_erased(tx: Connection, batch_id: int, what: What) -> bool:
    """Whether ``what`` of the batch was ever erased."""
    query = select(_t.c.erasure_id).where(_t.c.batch_id == batch_id, _t.c.what == what, _t.c.done_at_ms.is_not(None))
    return tx.execute(query.limit(1)).first() is not None


def counted(tx: Connection) -> dict[str, tuple[int, int]]:
    """(batches, pieces) that were erased, by what they are."""
    query = select(_t.c.what, func.count(), func.sum(_t.c.erased)).where(_t.c.done_at_ms.is_not(None))
    return {what: (int(batches), int(pieces)) for what, batches, pieces in tx.execute(query.group_by(_t.c.what))}


def candidates(tx: Connection, what: What, before_ms: int, after: int, limit: int) -> list[int]:
    """Batches above ``after`` that ended before ``before_ms`` and have had nothing of ``what`` erased since then."""
    done = and_(_t.c.batch_id == _batch.c.batch_id, _t.c.what == what, _t.c.begun_at_ms > _ended_at)
    query = (
        select(_batch.c.batch_id)
        .where(_ended(), _ended_at < before_ms, _batch.c.batch_id > after)
        .where(~select(_t.c.erasure_id).where(done).exists())
        .order_by(_batch.c.batch_id)
        .limit(limit)
    )
    return list(tx.execute(query).scalars())


def _ended() -> ColumnElement[bool]:
    completed = (_batch.c.state == BatchState.COMPLETED) & _batch.c.completed_at_ms.is_not(None)
    return or_(completed, _batch.c.state == BatchState.REFUSED)


def _erasure(row: Row[Any]) -> Erasure:
    return Erasure(
        row.erasure_id, row.batch_id, What(row.what), row.erased, row.cursor, row.begun_at_ms, row.done_at_ms
    )
