"""Where a batch's money stands (资金守恒): tallies summed from its segments, and the proof that none is missing.

Nothing is kept by adding and subtracting: every answer is counted from all segments of the batch, some
2 microseconds each.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import numpy as np
from sqlalchemy import Connection, func, select

from gateway.core.lifecycle import STATE_COUNT
from gateway.core.tally import MoneyLost, Tally
from gateway.store import tables

_NUMBER: Final = np.dtype("<i8")
_LARGEST: Final = (1 << 63) - 1
_segment, _state = tables.segment, tables.segment_state


def tally(tx: Connection, batch_id: int) -> Tally:
    """Items and fen of the whole batch, by state."""
    return totalled(tx.execute(select(_state.c.tally).where(_state.c.batch_id == batch_id)).scalars().all())


def tally_by_bank(tx: Connection, batch_id: int) -> dict[str, Tally]:
    """Items and fen by state, for each bank of the batch."""
    query = select(_segment.c.bank, _state.c.tally).select_from(_segment.join(_state))
    parts: dict[str, list[bytes]] = {}
    for bank, written in tx.execute(query.where(_segment.c.batch_id == batch_id)):
        parts.setdefault(bank, []).append(written)
    return {bank: totalled(written) for bank, written in parts.items()}


def tally_bytes(counted: Tally) -> bytes:
    """A tally as segment_state keeps it: items by state, then fen by state, int64 little endian."""
    return np.array([counted.items, counted.fen], dtype=_NUMBER).tobytes()


def totalled(written: Iterable[bytes]) -> Tally:
    """The sum of tallies as they are kept, exact; states that were added to the table later hold nothing."""
    by_length: dict[int, list[bytes]] = {}
    for one in written:
        by_length.setdefault(len(one), []).append(one)
    return Tally.total(_summed(group) for group in by_length.values())


def require_conserved(tx: Connection, batch_id: int) -> None:
    """Raise MoneyLost unless the segments' states add up to the segments themselves (money rule 3).

    To be called in every transaction that moved items, before it ends.
    """
    sums = select(func.coalesce(func.sum(_segment.c.rows), 0), func.coalesce(func.sum(_segment.c.fen), 0))
    rows, fen = tx.execute(sums.where(_segment.c.batch_id == batch_id)).one()
    now = tally(tx, batch_id)
    if (sum(now.items), sum(now.fen)) != (int(rows), int(fen)):
        raise MoneyLost(
            f"batch {batch_id} was accepted with {rows} items of {fen} fen, "
            f"but its states hold {sum(now.items)} items of {sum(now.fen)} fen"
        )


def _summed(tallies: list[bytes]) -> Tally:
    """The sum of tallies of one length; whole numbers of any size where 64 bits might not hold it."""
    columns = np.frombuffer(b"".join(tallies), dtype=_NUMBER).reshape(len(tallies), 2, -1)
    if int(columns.max()) > _LARGEST // len(tallies):
        columns = columns.astype(object)
    items, fen = columns.sum(axis=0).tolist()
    missing = [0] * (STATE_COUNT - len(items))
    return Tally(tuple(items + missing), tuple(fen + missing))
