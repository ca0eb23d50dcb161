"""What a reader of item lines does, whichever format the lines have (明细行读取接口)."""

from __future__ import annotations

from typing import Protocol

import polars as pl

from messages.batch.findings import Finding

ItemRow = tuple[str | int | None, ...]


class LineReader(Protocol):
    """Two readings of the same lines that give the same answer: many at once, or one with its findings."""

    def fitting(self, text: pl.Series) -> pl.Series:
        """Lines about which both readings are known to agree; a boolean for each of ``text``."""

    def parse(self, body: bytes) -> pl.DataFrame:
        """Fitting lines as columns."""

    def parse_one(self, line_no: int, line: str) -> ItemRow | list[Finding]:
        """One line as a row of the same columns, or its findings."""

    def items(self, rows: list[ItemRow]) -> pl.DataFrame:
        """Rows as the frame that ``parse`` gives."""

    def finished(self, items: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame | None]:
        """Columns of either reading (and ``line_no``) as ``ITEM_SCHEMA``, and findings made on the way."""
