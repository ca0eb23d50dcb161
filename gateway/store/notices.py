"""SMS notices owed (应发短信): one block per segment and message that paid, one state byte a notice."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from sqlalchemy import Connection, Row, delete, select, update

from gateway.core.notices import NoticeState
from gateway.store import tables
from gateway.store.errors import StatesMoved as StatesMoved
from gateway.store.records import NoticeBlock
from gateway.store.rows import insert_once, row_by_id

_ROW_BYTES: Final = 2
_KEYS_PER_QUERY: Final = 500
_t, _work = tables.notice_block, tables.work


def owe(
    tx: Connection,
    batch_id: int,
    segment_no: int,
    inbox_id: int,
    rows: bytes,
    now_ms: int,  # noqa: ARG001 - every step is told the time
) -> NoticeBlock:
    """Owe notices for ``rows`` (uint16 little endian, rows within the segment); owed once per message and segment."""
    place = {"batch_id": batch_id, "segment_no": segment_no, "inbox_id": inbox_id}
    due = bytes([NoticeState.DUE]) * (len(rows) // _ROW_BYTES)
    insert_once(tx, _t, {**place, "rows": rows, "states": due, "version": 1})
    mine = [getattr(_t.c, name) == value for name, value in place.items()]
    return _block(tx.execute(select(_t).where(*mine)).one())


def by_id(tx: Connection, notice_id: int) -> NoticeBlock:
    """The block; raises NoSuchRow."""
    return _block(row_by_id(tx, _t, notice_id))


def replace_states(tx: Connection, before: NoticeBlock, states: bytes) -> NoticeBlock:
    """Replace the states that were read as ``before``; raises StatesMoved if they changed since."""
    if len(states) != len(before.states):
        raise ValueError(f"notice block {before.notice_id} has {len(before.states)} notices, not {len(states)}")
    guarded = update(_t).where(_t.c.notice_id == before.notice_id, _t.c.version == before.version)
    after = before.version + 1
    if tx.execute(guarded.values(version=after, states=states)).rowcount != 1:
        raise StatesMoved(f"notice block {before.notice_id} changed meanwhile: read it again")
    return by_id(tx, before.notice_id)


def of_batch(tx: Connection, batch_id: int) -> list[NoticeBlock]:
    """All blocks of a batch, oldest first."""
    query = select(_t).where(_t.c.batch_id == batch_id).order_by(_t.c.notice_id)
    return [_block(row) for row in tx.execute(query)]


def counts(tx: Connection, batch_id: int) -> dict[int, int]:
    """Notices of a batch by state (gateway.core.notices.NoticeState)."""
    total = np.zeros(256, dtype=np.int64)
    for states in tx.execute(select(_t.c.states).where(_t.c.batch_id == batch_id)).scalars():
        total += np.bincount(np.frombuffer(states, dtype=np.uint8), minlength=256)
    return {int(state): int(total[state]) for state in np.flatnonzero(total)}


def already(tx: Connection, batch_id: int, segment_no: int) -> list[NoticeBlock]:
    """The blocks of one segment, oldest first: nobody is told twice."""
    query = select(_t).where(_t.c.batch_id == batch_id, _t.c.segment_no == segment_no).order_by(_t.c.notice_id)
    return [_block(row) for row in tx.execute(query)]


def _block(row: Row[Any]) -> NoticeBlock:
    return NoticeBlock(
        notice_id=row.notice_id,
        batch_id=row.batch_id,
        segment_no=row.segment_no,
        inbox_id=row.inbox_id,
        rows=bytes(row.rows),
        states=bytes(row.states),
        version=row.version,
    )


def drop(tx: Connection, batch_id: int) -> int:
    """Remove the notices of a batch, with the work that they left over; how many notices."""
    blocks = of_batch(tx, batch_id)
    keys = [str(block.notice_id) for block in blocks]
    left = (_work.c.kind.in_(["notify", "receipts"])) & _work.c.owner.is_(None)
    for start in range(0, len(keys), _KEYS_PER_QUERY):
        tx.execute(delete(_work).where(left, _work.c.key.in_(keys[start : start + _KEYS_PER_QUERY])))
    tx.execute(delete(_t).where(_t.c.batch_id == batch_id))
    return sum(len(block.states) for block in blocks)
