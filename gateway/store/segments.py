"""Segments (分段): sealed items that never change, and beside them the state bytes that do.

Sealed items, amounts and states are rows of different tables: a change of state writes some kilobytes only.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

import numpy as np
from sqlalchemy import Connection, Row, delete, insert, select, update

from gateway.core.lifecycle import ItemState
from gateway.core.tally import MoneyLost, Tally
from gateway.store import tables
from gateway.store.errors import NoSuchRow, WrongState
from gateway.store.errors import StatesMoved as StatesMoved
from gateway.store.money import tally_bytes, totalled
from gateway.store.records import BatchState, SegmentInfo, SegmentStates

_SEGMENTS_PER_QUERY: Final = 500
_segment, _sealed, _amounts, _state = (
    tables.segment,
    tables.segment_sealed,
    tables.segment_amounts,
    tables.segment_state,
)
_ALL_STATES: Final = bytes(ItemState)
_CHECK_TRACES: Final = (_state, _amounts, _sealed, _segment, tables.rejection, tables.lookup_part)


def clear(tx: Connection, batch_id: int) -> None:
    """Drop what a broken check run left behind; raises WrongState unless the batch is RECEIVED."""
    _require_checking(tx, batch_id)
    for table in _CHECK_TRACES:
        tx.execute(delete(table).where(table.c.batch_id == batch_id))


def add(tx: Connection, info: SegmentInfo, sealed: bytes, key_id: str | None = None) -> None:
    """Store a sealed segment of a batch that is being checked; raises WrongState, and StoreRefused for a repeat.

    ``key_id`` names the sealing key, so that operators can see when a key is no longer in use.
    """
    _require_checking(tx, info.batch_id)
    place = {"batch_id": info.batch_id, "segment_no": info.segment_no}
    tx.execute(insert(_segment), {**place, "bank": info.bank, "rows": info.rows, "fen": info.fen, "key_id": key_id})
    tx.execute(insert(_sealed), {**place, "sealed": sealed})


def open_states(tx: Connection, info: SegmentInfo, states: bytes, amounts: bytes, tally: Tally) -> None:
    """The first states of a segment: one byte and one int64 (little endian, fen) an item.

    Raises MoneyLost unless bytes, tally and ``info`` speak of the same items and fen.
    """
    _require_drawn(info, states, amounts, tally)
    place = {"batch_id": info.batch_id, "segment_no": info.segment_no}
    tx.execute(insert(_amounts), {**place, "amounts": amounts})
    tx.execute(insert(_state), {**place, "version": 1, "states": states, "tally": tally_bytes(tally)})


def sealed(tx: Connection, batch_id: int, segment_no: int) -> bytes:
    """A segment's sealed items; raises NoSuchRow."""
    query = select(_sealed.c.sealed).where(_sealed.c.batch_id == batch_id, _sealed.c.segment_no == segment_no)
    found = tx.execute(query).scalar_one_or_none()
    if found is None:
        raise NoSuchRow(f"batch {batch_id} has no segment {segment_no}")
    return bytes(found)


def infos(tx: Connection, batch_id: int, bank: str | None = None) -> list[SegmentInfo]:
    """The segments of a batch in order, all or one bank's."""
    query = select(_segment).where(_segment.c.batch_id == batch_id).order_by(_segment.c.segment_no)
    if bank is not None:
        query = query.where(_segment.c.bank == bank)
    return [_info(row) for row in tx.execute(query)]


def states(tx: Connection, batch_id: int, segment_nos: Iterable[int]) -> list[SegmentStates]:
    """The states of some segments, by segment number; raises NoSuchRow if one has none."""
    wanted = sorted(set(segment_nos))
    found = [
        part
        for start in range(0, len(wanted), _SEGMENTS_PER_QUERY)
        for part in _states(tx, batch_id, wanted[start : start + _SEGMENTS_PER_QUERY])
    ]
    missing = set(wanted) - {part.info.segment_no for part in found}
    if missing:
        raise NoSuchRow(f"batch {batch_id}: segment {min(missing)} has no states")
    return found


def replace_states(tx: Connection, before: SegmentStates, states: bytes, tally: Tally) -> SegmentStates:
    """Replace the state bytes that were read as ``before``; returns what now stands.

    Raises StatesMoved if they changed since, MoneyLost if items or fen would appear or vanish. The caller
    calls ``batches.require_conserved`` before the transaction ends. From the first replacement on, others
    that move items of the same batch wait, so that the last of them sees the batch as a whole.
    """
    info = before.info
    tally.require_same_money(before.tally)
    _require_drawn(info, states, before.amounts, tally)
    _keep_others_waiting(tx, info.batch_id)
    guarded = update(_state).where(
        _state.c.batch_id == info.batch_id,
        _state.c.segment_no == info.segment_no,
        _state.c.version == before.version,
    )
    after = before.version + 1
    if tx.execute(guarded.values(version=after, states=states, tally=tally_bytes(tally))).rowcount != 1:
        raise StatesMoved(f"batch {info.batch_id}, segment {info.segment_no} changed meanwhile: read it again")
    return SegmentStates(info, after, states, before.amounts, tally)


def add_rejections(tx: Connection, batch_id: int, block_no: int, rows: int, sealed: bytes) -> None:
    """Store a sealed block of findings of a batch that is being checked; raises WrongState."""
    _require_checking(tx, batch_id)
    values = {"batch_id": batch_id, "block_no": block_no, "rows": rows, "sealed": sealed}
    tx.execute(insert(tables.rejection), values)


def rejections(tx: Connection, batch_id: int) -> Iterator[tuple[int, int, bytes]]:
    """(block number, rows, sealed block) in order; one block in memory at a time."""
    table = tables.rejection
    mine = table.c.batch_id == batch_id
    for block_no in tx.execute(select(table.c.block_no).where(mine).order_by(table.c.block_no)).scalars().all():
        row = tx.execute(select(table).where(mine, table.c.block_no == block_no)).one()
        yield row.block_no, row.rows, bytes(row.sealed)


def _require_checking(tx: Connection, batch_id: int) -> None:
    batch = tables.batch
    query = select(batch.c.state).where(batch.c.batch_id == batch_id).with_for_update(read=True)
    state = tx.execute(query).scalar_one_or_none()
    if state != BatchState.RECEIVED:
        raise WrongState(
            f"batch {batch_id} is {state or 'unknown'}, not being checked: its items may not change any more"
        )


def _keep_others_waiting(tx: Connection, batch_id: int) -> None:
    """On PostgreSQL two transactions might each see only their own half of a batch become final."""
    batch = tables.batch
    tx.execute(select(batch.c.batch_id).where(batch.c.batch_id == batch_id).with_for_update(key_share=True)).first()


def _require_drawn(info: SegmentInfo, states: bytes, amounts: bytes, tally: Tally) -> None:
    """The tally is what the bytes say, and all that the segment holds; every byte is a state."""
    if (len(states), len(amounts)) != (info.rows, 8 * info.rows) or states.translate(None, _ALL_STATES):
        raise MoneyLost(
            f"batch {info.batch_id}, segment {info.segment_no}: {info.rows} items, "
            f"but {len(states)} state bytes, {len(amounts)} amount bytes, or a byte that is no state"
        )
    drawn = Tally.of(np.frombuffer(states, dtype=np.uint8), np.frombuffer(amounts, dtype="<i8"))
    if drawn != tally or (sum(drawn.items), sum(drawn.fen)) != (info.rows, info.fen):
        raise MoneyLost(
            f"batch {info.batch_id}, segment {info.segment_no} holds {info.rows} items of {info.fen} fen, "
            f"but its tally {sum(tally.items)} of {sum(tally.fen)}, its bytes {sum(drawn.items)} of {sum(drawn.fen)}"
        )


def _states(tx: Connection, batch_id: int, segment_nos: list[int]) -> Iterator[SegmentStates]:
    query = (
        select(_segment, _amounts.c.amounts, _state.c.version, _state.c.tally, _state.c.states)
        .select_from(_segment.join(_amounts).join(_state))
        .where(_segment.c.batch_id == batch_id, _segment.c.segment_no.in_(segment_nos))
        .order_by(_segment.c.segment_no)
    )
    for row in tx.execute(query):
        yield SegmentStates(_info(row), row.version, bytes(row.states), bytes(row.amounts), totalled([row.tally]))


def _info(row: Row[Any]) -> SegmentInfo:
    return SegmentInfo(row.batch_id, row.segment_no, row.bank, row.rows, row.fen)
