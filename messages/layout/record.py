"""One record of a layout, compiled (记录编译): blocks of columns to matrices of octets, and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
import polars as pl

from messages.layout.date_cells import DateCells
from messages.layout.errors import CellsRefused, Finding, LayoutError
from messages.layout.model import Align, DateForm, FieldLine, Kind, Pad, Record
from messages.layout.number_cells import DigitCells, WrittenNumberCells
from messages.layout.word_cells import ANY_TEXT, DIGITS, PRINTABLE, CodeCells, WordCells
from messages.layout.words import BLANK, Octets, first_row

RECORD_END: Final = b"\r\n"
COUNTED: Final = {Kind.SEQUENCE: "sequence", Kind.COUNT: "rows", Kind.TOTAL: "total_fen"}
"""Columns that the engine itself counts, beside the layout's sources."""


class Cells(Protocol):
    """One field's way in and out of a block of records."""

    def write(self, out: Octets, column: pl.Series) -> list[tuple[int, str]]:
        """Lay a column into ``out`` (rows x octets, blank); the (row, why) of values that cannot be."""

    def read(self, cells: Octets) -> pl.Series:
        """The column; raises CellsRefused."""


@dataclass(frozen=True, slots=True)
class PlacedField:
    """A field that holds a value, and where it stands."""

    line: FieldLine
    source: str
    start: int
    cells: Cells

    @property
    def columns(self) -> slice:
        """Its octets within the record."""
        return slice(self.start, self.start + self.line.octets)


class RecordCodec:
    """A fixed-width record: ``octets`` long, CR LF included."""

    def __init__(self, record: Record, encoding: str):
        self.octets: Final = sum(line.octets for line in record) + len(RECORD_END)
        self.template: Final = np.full(self.octets, BLANK, dtype=np.uint8)
        self.template[-2:] = np.frombuffer(RECORD_END, dtype=np.uint8)
        self.fields: Final[list[PlacedField]] = []
        self.constants: Final[list[tuple[FieldLine, slice]]] = []
        start = 0
        for line in record:
            if line.kind is Kind.CONSTANT:
                self._add_constant(line, start)
            elif line.kind is not Kind.FILLER:
                source = line.source or COUNTED[line.kind]
                self.fields.append(PlacedField(line, source, start, _cells(line, encoding)))
            start += line.octets

    def _add_constant(self, line: FieldLine, start: int) -> None:
        columns = slice(start, start + line.octets)
        self.template[columns] = np.frombuffer((line.value or "").encode("ascii"), dtype=np.uint8)
        self.constants.append((line, columns))

    def field(self, kind: Kind) -> PlacedField | None:
        """The record's field of this kind, where it has one."""
        return next((placed for placed in self.fields if placed.line.kind is kind), None)

    def write(self, columns: Mapping[str, pl.Series], rows: int) -> tuple[Octets, list[Finding]]:
        """A row of octets for each row; fields whose source is not among ``columns`` stay blank."""
        matrix = np.empty((rows, self.octets), dtype=np.uint8)
        matrix[:] = self.template
        findings: list[Finding] = []
        for placed in self.fields:
            if rows and placed.source in columns:
                faults = placed.cells.write(matrix[:, placed.columns], columns[placed.source])
                findings += [Finding(row, placed.source, why) for row, why in faults]
        return matrix, findings

    def read(self, data: bytes, first_line: int) -> dict[str, pl.Series]:
        """The columns of whole records by source; raises LayoutError with the line, field and clause."""
        matrix = np.frombuffer(data, dtype=np.uint8).reshape(-1, self.octets)
        self._check_frame(matrix, first_line)
        return {placed.source: _read(placed, matrix, first_line) for placed in self.fields}

    def _check_frame(self, matrix: Octets, first_line: int) -> None:
        row = first_row(matrix[:, -2:] != self.template[-2:])
        if row is not None:
            what = f"is not a record of exactly {self.octets - 2} octets and CR LF"
            raise LayoutError(what, line=first_line + row)
        for line, columns in self.constants:
            row = first_row(matrix[:, columns] != self.template[columns])
            if row is not None:
                what = f"is not {line.value}, which stands here in every such record"
                raise LayoutError(what, line=first_line + row, field=line.name, clause=line.clause)
        body = matrix[:, :-2]
        if body.min() < BLANK or (body == 0x7F).any():
            row = first_row((body < BLANK) | (body == 0x7F)) or 0
            raise LayoutError("holds a control character", line=first_line + row)


def _read(placed: PlacedField, matrix: Octets, first_line: int) -> pl.Series:
    try:
        return placed.cells.read(matrix[:, placed.columns])
    except CellsRefused as fault:
        line = placed.line
        raise LayoutError(fault.what, line=first_line + fault.row, field=line.name, clause=line.clause) from None


def _cells(line: FieldLine, encoding: str) -> Cells:
    right = line.align is Align.RIGHT
    match line.kind:
        case Kind.TEXT:
            return WordCells(line.octets, encoding, ANY_TEXT, required=line.required, right=right)
        case Kind.IDENTIFIER | Kind.REFERENCE:
            return WordCells(line.octets, encoding, PRINTABLE, required=line.required, right=right)
        case Kind.DIGITS:
            return WordCells(line.octets, encoding, DIGITS, required=line.required, full=True)
        case Kind.CODE:
            raw = WordCells(line.octets, "ascii", ANY_TEXT, required=line.required, full=True)
            return CodeCells(raw, dict(line.values))
        case Kind.DATE:
            return DateCells(line.form or DateForm.COMPACT, line.required)
        case _:
            return _number_cells(line)


def _number_cells(line: FieldLine) -> Cells:
    right = line.align is not Align.LEFT
    zeros = right and line.pad is not Pad.BLANK
    if zeros and not line.in_yuan:
        return DigitCells(line.octets)
    return WrittenNumberCells(line.octets, yuan=line.in_yuan, zeros=zeros, right=right)
