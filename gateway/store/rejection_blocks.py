"""Findings block by block (校验结果块), each in its own short snapshot, for readers that are slow."""

from __future__ import annotations

from sqlalchemy import Connection, select

from gateway.store import tables
from gateway.store.errors import NoSuchRow

_t = tables.rejection


def numbers(tx: Connection, batch_id: int) -> list[int]:
    """The block numbers of a batch, in order."""
    return list(tx.execute(select(_t.c.block_no).where(_t.c.batch_id == batch_id).order_by(_t.c.block_no)).scalars())


def sealed(tx: Connection, batch_id: int, block_no: int) -> bytes:
    """One sealed block; raises NoSuchRow."""
    query = select(_t.c.sealed).where(_t.c.batch_id == batch_id, _t.c.block_no == block_no)
    found = tx.execute(query).scalar_one_or_none()
    if found is None:
        raise NoSuchRow(f"batch {batch_id} has no block {block_no} of findings")
    return bytes(found)
