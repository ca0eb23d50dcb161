"""What banks said about a segment's items (银行结果历史), and which statement is the current one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import polars as pl

from gateway.core.matching import Disposition

RESULT_BLOCK_SCHEMA: Final[dict[str, pl.DataType]] = {
    "row": pl.UInt16(),  # row within the segment
    "item_no": pl.UInt32(),
    "event": pl.UInt8(),  # gateway.core.lifecycle.ItemEvent
    "outcome": pl.String(),
    "reason": pl.String(),
    "remedy": pl.String(),
    "status_raw": pl.String(),
    "reason_raw": pl.String(),
    "text_raw": pl.String(),
    "bank_reference": pl.String(),
    "settled_on": pl.Date(),
    "disposition": pl.String(),  # gateway.core.matching.Disposition
}
"""A result block: one row per statement of one inbox message about one segment, in the bank's order."""


def history(blocks: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """Result blocks one after another, in the order in which they were appended."""
    parts = [block.select([pl.col(name).cast(kind) for name, kind in RESULT_BLOCK_SCHEMA.items()]) for block in blocks]
    return pl.concat([pl.DataFrame(schema=RESULT_BLOCK_SCHEMA), *parts])


def latest_applied(said: pl.DataFrame) -> pl.DataFrame:
    """Per row the last statement that moved the item; what was repeated or set aside says nothing new."""
    applied = said.filter(pl.col("disposition") == Disposition.APPLIED.value)
    return applied.unique("row", keep="last", maintain_order=True)
