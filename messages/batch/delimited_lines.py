"""Items as rows of cells (CSV、TSV 明细行): the fast reader for well-formed rows, the exact reader for all others.

A record is a line: a quoted cell with a line end inside is refused, for both its lines. Otherwise as RFC 4180.
"""

from __future__ import annotations

import csv
from typing import Final

import polars as pl

from messages.batch.codes import Code
from messages.batch.columns import ITEM_SCHEMA
from messages.batch.delimited_header import Columns
from messages.batch.delimited_values import LABELS, code_of, fen_of
from messages.batch.findings import Finding, found_at
from messages.batch.line_reader import ItemRow


class DelimitedLines:
    """Rows under one header; empty cells mean "not given"."""

    def __init__(self, columns: Columns, delimiter: str):
        self._fields, self._delimiter = columns.fields, delimiter
        self._schema: Final = dict.fromkeys(columns.fields, pl.String())
        plain = rf'[^"\r\x00{delimiter}]*'
        cell = rf'(?:{plain}|"(?:[^"\r\x00]|"")*")'
        self._shape = rf"\A{cell}(?:{delimiter}{cell}){{{len(self._fields) - 1}}}\z"

    def fitting(self, text: pl.Series) -> pl.Series:
        """Rows with the right number of cells, every quote in its place, no NUL and no stray carriage return."""
        return text.str.contains(self._shape)

    def parse(self, body: bytes) -> pl.DataFrame:
        """All rows of ``body``, which all are fitting, at once."""
        return pl.read_csv(body, has_header=False, separator=self._delimiter, schema=self._schema)

    def parse_one(self, line_no: int, line: str) -> ItemRow | list[Finding]:
        """One row exactly, or what is wrong with it."""
        if "\0" in line:
            return [Finding(line_no, Code.LINE_NUL)]
        try:
            cells = next(csv.reader([line], delimiter=self._delimiter, strict=True))
        except csv.Error:
            return [Finding(line_no, Code.LINE_NOT_CSV)]
        if len(cells) != len(self._fields):
            return [Finding(line_no, Code.COLUMN_COUNT)]
        return tuple(cells)

    def items(self, rows: list[ItemRow]) -> pl.DataFrame:
        """What ``parse_one`` gave, as the frame that ``parse`` gives."""
        return pl.DataFrame(rows, schema=self._schema, orient="row")

    def finished(self, items: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame | None]:
        """Cells as ``ITEM_SCHEMA``: empty as null, labels as codes, amounts as fen (else AMOUNT_FORMAT)."""
        given = items.with_columns(pl.when(pl.col(name) != "").then(pl.col(name)) for name in self._fields)
        amount = "amount_yuan" if "amount_yuan" in self._fields else "amount_fen"
        shaped = given.select(*(self._column(name, amount) for name in ITEM_SCHEMA), pl.col("line_no"))
        wrong = shaped["amount_fen"].is_null() & given[amount].is_not_null()
        if not wrong.any():
            return shaped, None
        return shaped.filter(~wrong), found_at(shaped, wrong, "amount_fen", Code.AMOUNT_FORMAT)

    def _column(self, name: str, amount: str) -> pl.Expr:
        if name == "amount_fen":
            return fen_of(amount)
        if name not in self._fields:
            return pl.lit(None, dtype=pl.String).alias(name)
        return code_of(name) if name in LABELS else pl.col(name)
