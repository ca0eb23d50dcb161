"""Erasing sealed rows (删除密封数据中的个人信息): opened, emptied, sealed again, and exchanged one by one.

A row that was sealed anew meanwhile is read again; a row that is empty already stays as it is. So every step may be
repeated, by any node.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

import polars as pl
from sqlalchemy import Connection, delete, select

from gateway.core.erased import PERSONAL, rebuilt, without_people, without_telling_ids, without_words
from gateway.services.context import Context
from gateway.services.frames import context_of, seal_frame, unseal_frame
from gateway.store import reseal, tables

Change: TypeAlias = Callable[[pl.DataFrame], pl.DataFrame]
EVERY: Final = pl.lit(value=True)


class MovedAgain(Exception):
    """A row was exchanged by somebody else while it was being emptied: nothing is committed, do it again."""


def erase_people(context: Context, tx: Connection, batch_id: int, segment_no: int, chosen: pl.Expr = EVERY) -> int:
    """Erase the chosen items of one segment; how many had something to erase. Raises MovedAgain."""
    count = 0
    something = pl.any_horizontal([pl.col(name).is_not_null() for name in PERSONAL])
    for row in reseal.of_segment(tx, "segment_sealed", batch_id, segment_no):
        items = _opened(context, row)
        wanted = items.select((chosen & something).fill_null(value=False).alias("wanted"))["wanted"]
        count += int(wanted.sum())
        if wanted.any():
            _exchange(context, tx, row, without_people(items, pl.lit(wanted)))
    return count


def erase_words(context: Context, tx: Connection, batch_id: int, segment_no: int, chosen: pl.Expr = EVERY) -> int:
    """Erase what banks said in words about the chosen items of one segment; how many results. Raises MovedAgain."""
    count = 0
    for row in reseal.of_segment(tx, "result_block", batch_id, segment_no):
        said = _opened(context, row)
        wanted = said.select((chosen & pl.col("text_raw").is_not_null()).fill_null(value=False).alias("w"))["w"]
        count += int(wanted.sum())
        if wanted.any():
            _exchange(context, tx, row, without_words(said, pl.lit(wanted)))
    return count


def erase_telling_ids(context: Context, tx: Connection, batch_id: int, number: str | None = None) -> None:
    """Replace item ids of findings that tell a person. Raises MovedAgain."""
    after = b""
    while rows := reseal.of_batch(tx, "rejection", batch_id, after, 1):
        found = _opened(context, rows[0])
        emptied = without_telling_ids(found, number)
        if not emptied.equals(found):
            _exchange(context, tx, rows[0], emptied)
        after = rows[0].head


def drop_set_aside(tx: Connection, batch_id: int) -> int:
    """Remove result rows that fitted no item of the instructions of this batch; how many blocks."""
    lost, instruction = tables.result_unmatched, tables.instruction
    mine = select(instruction.c.instruction_id).where(instruction.c.batch_id == batch_id)
    return tx.execute(delete(lost).where(lost.c.part.in_(mine))).rowcount


def _opened(context: Context, row: reseal.SealedRow) -> pl.DataFrame:
    return unseal_frame(context.sealer, row.sealed, context_of(row.table, row.place))


def _exchange(context: Context, tx: Connection, row: reseal.SealedRow, frame: pl.DataFrame) -> None:
    sealed = seal_frame(context.sealer, rebuilt(frame), context_of(row.table, row.place))
    if not reseal.swap(tx, row, sealed):
        raise MovedAgain(f"{row.table} of batch {row.place.get('batch_id')} was sealed anew meanwhile")
