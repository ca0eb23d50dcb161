"""Where a batch's money stands (资金守恒): tallies summed from its segments, and the proof that none is missing."""

from __future__ import annotations

from sqlalchemy import Connection, func, select

from gateway.core.lifecycle import STATE_COUNT
from gateway.core.tally import MoneyLost, Tally
from gateway.store import tables

_segment, _state = tables.segment, tables.segment_state


def tally(tx: Connection, batch_id: int) -> Tally:
    """Items and fen of the whole batch, by state."""
    return Tally.total(tally_by_bank(tx, batch_id).values())


def tally_by_bank(tx: Connection, batch_id: int) -> dict[str, Tally]:
    """Items and fen by state, for each bank of the batch."""
    joined = _segment.join(_state)
    query = select(_segment.c.bank, _state.c.tally_items, _state.c.tally_fen).select_from(joined)
    parts: dict[str, list[Tally]] = {}
    for row in tx.execute(query.where(_segment.c.batch_id == batch_id)):
        parts.setdefault(row.bank, []).append(tally_from(row.tally_items, row.tally_fen))
    return {bank: Tally.total(tallies) for bank, tallies in parts.items()}


def tally_from(items: list[int], fen: list[int]) -> Tally:
    """The tally as segment_state keeps it; states that came after it was written hold nothing."""
    missing = [0] * (STATE_COUNT - len(items))
    return Tally(tuple(items + missing), tuple(fen + missing))


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
