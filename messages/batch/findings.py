"""Building rows of ``REJECTION_SCHEMA`` (校验结果行), by column and, on the exact path, one by one."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import polars as pl

from messages.batch.codes import Code
from messages.batch.columns import REJECTION_SCHEMA
from messages.batch.rejections import CATALOGUE

LINE: Final = "line"
"""The ``field`` of a finding about a line as a whole."""

ITEM_ID_PATTERN: Final = r"\A[0-9A-Za-z][0-9A-Za-z._:/-]{0,63}\z"
"""明细编号: 1 to 64 ASCII characters. A finding repeats only ids of this form, so that it stays small and harmless."""

_ITEM_ID: Final = re.compile(ITEM_ID_PATTERN.removeprefix(r"\A").removesuffix(r"\z"))


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding about one line that could not be read."""

    line_no: int
    code: Code
    field: str = LINE
    item_id: str | None = None
    amount_fen: int | None = None


def is_item_id(text: object) -> bool:
    """One value: a string of the form of an item id."""
    return isinstance(text, str) and _ITEM_ID.fullmatch(text) is not None


def no_findings() -> pl.DataFrame:
    """An empty frame of ``REJECTION_SCHEMA``."""
    return pl.DataFrame(schema=REJECTION_SCHEMA)


def frame_of(findings: Iterable[Finding]) -> pl.DataFrame:
    """Findings of the exact path as a frame of ``REJECTION_SCHEMA``."""
    rows = [(f.line_no, f.item_id, f.field, f.code, CATALOGUE[f.code].severity, f.amount_fen) for f in findings]
    return pl.DataFrame(rows, schema=REJECTION_SCHEMA, orient="row")


def found_at(items: pl.DataFrame, failing: pl.Series, field: str, code: Code) -> pl.DataFrame:
    """One finding for each row of ``items`` where ``failing`` is true (null counts as false)."""
    return items.filter(failing).select(
        pl.col("line_no"),
        pl.when(pl.col("item_id").str.contains(ITEM_ID_PATTERN)).then(pl.col("item_id")).alias("item_id"),
        pl.lit(field).alias("field"),
        pl.lit(str(code)).alias("code"),
        pl.lit(str(CATALOGUE[code].severity)).alias("severity"),
        pl.col("amount_fen"),
    )


def gathered(parts: list[pl.DataFrame]) -> pl.DataFrame:
    """All parts as one frame in the order of lines."""
    filled = [part for part in parts if part.height]
    return pl.concat(filled).sort("line_no", maintain_order=True) if filled else no_findings()
