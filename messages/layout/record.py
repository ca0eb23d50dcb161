"""One record of a layout, compiled (记录编译): blocks of columns to matrices of octets, and back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from messages.layout.date_cells import DateCells
from messages.layout.errors import CellsRefused, Finding, LayoutError
from messages.layout.model import Align, DateForm, FieldLine, Kind, Pad, Record
from messages.layout.number_cells import DigitCells, WrittenNumberCells
from messages.layout.word_cells import ANY_TEXT, DIGITS, PRINTABLE, CodeCells, WordCells, WordLike
from messages.layout.words import BLANK, SEPARATOR, Octets, first_row

RECORD_END: Final = b"\r\n"
COUNTED: Final = {Kind.SEQUENCE: "sequence", Kind.COUNT: "rows", Kind.TOTAL: "total_fen"}
"""Columns that the engine itself counts, beside the layout's sources."""


@dataclass(frozen=True, slots=True)
class PlacedField:
    """A field that holds a value, and where it stands."""

    line: FieldLine
    source: str
    start: int
    cells: WordLike | DigitCells

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

    def write(self, block: pl.DataFrame) -> tuple[Octets, list[Finding]]:
        """A row of octets for each row of ``block``; fields whose source it does not have stay blank."""
        matrix = np.empty((block.height, self.octets), dtype=np.uint8)
        matrix[:] = self.template
        present = [placed for placed in self.fields if placed.source in block.columns] if block.height else []
        texts = _joined(block, present)
        findings: list[Finding] = []
        for placed in present:
            out = matrix[:, placed.columns]
            if isinstance(placed.cells, DigitCells):
                faults = placed.cells.write(out, block[placed.source])
            else:
                laid = placed.cells.lay(out, texts[placed.source])
                faults = [] if laid else _faults(block, placed.source, placed.cells)
            findings += [Finding(row, placed.source, why) for row, why in faults]
        return matrix, findings

    def read(self, data: bytes, first_line: int) -> pl.DataFrame:
        """The columns of whole records by source; raises LayoutError with the line, field and clause."""
        matrix = np.frombuffer(data, dtype=np.uint8).reshape(-1, self.octets)
        self._check_frame(matrix, first_line)
        drawn = [_drawn(placed, matrix, first_line) for placed in self.fields]
        values = _values(self.fields, drawn)
        block = pl.DataFrame(
            [values.get(placed.source, column) for placed, column in zip(self.fields, drawn, strict=True)]
        )
        for placed in self.fields:
            _refuse_nulls(placed, block[placed.source], first_line)
        return block

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


def _joined(block: pl.DataFrame, fields: list[PlacedField]) -> dict[str, bytes]:
    """Each field's words in one text (UTF-8), all fields in one query."""
    queries = {
        placed.source: placed.cells.words(pl.col(placed.source)).str.join(SEPARATOR).cast(pl.Binary)
        for placed in fields
        if not isinstance(placed.cells, DigitCells)
    }
    return block.select(**queries).row(0, named=True) if queries else {}


def _faults(block: pl.DataFrame, source: str, cells: WordLike) -> list[tuple[int, str]]:
    words = block.select(cells.words(pl.col(source)))[source].to_list()
    return [(row, why) for row, word in enumerate(words) if (why := cells.why_not(word))]


def _drawn(placed: PlacedField, matrix: Octets, first_line: int) -> str | pl.Series:
    cells = placed.cells
    try:
        drawn = (
            cells.read(matrix[:, placed.columns])
            if isinstance(cells, DigitCells)
            else cells.draw(matrix[:, placed.columns])
        )
    except CellsRefused as fault:
        raise _refusal(placed, fault.what, first_line + fault.row) from None
    if drawn is None:
        dtype = pl.Date() if placed.line.kind is Kind.DATE else pl.String()
        drawn = pl.Series([None], dtype=dtype).new_from_index(0, len(matrix))
    return drawn if isinstance(drawn, str) else drawn.alias(placed.source)


def _values(fields: list[PlacedField], drawn: list[str | pl.Series]) -> dict[str, pl.Series]:
    """The values of the fields that were drawn as joined words, all fields in one query."""
    texts: dict[str, str] = {}
    queries: dict[str, pl.Expr] = {}
    for placed, text in zip(fields, drawn, strict=True):
        if isinstance(text, str) and not isinstance(placed.cells, DigitCells):
            texts[placed.source] = text
            queries[placed.source] = placed.cells.value(pl.col(placed.source).str.split(SEPARATOR).explode())
    values = pl.DataFrame({source: [text] for source, text in texts.items()}).select(**queries)
    return {source: values[source] for source in queries}


def _refuse_nulls(placed: PlacedField, column: pl.Series, first_line: int) -> None:
    what = None if isinstance(placed.cells, DigitCells) else placed.cells.null_means
    if what is not None and column.null_count():
        raise _refusal(placed, what, first_line + int(column.is_null().arg_true()[0]))


def _refusal(placed: PlacedField, what: str, line: int) -> LayoutError:
    return LayoutError(what, line=line, field=placed.line.name, clause=placed.line.clause)


def _cells(line: FieldLine, encoding: str) -> WordLike | DigitCells:
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


def _number_cells(line: FieldLine) -> WordLike | DigitCells:
    right = line.align is not Align.LEFT
    zeros = right and line.pad is not Pad.BLANK
    if zeros and not line.in_yuan:
        return DigitCells(line.octets)
    return WrittenNumberCells(line.octets, yuan=line.in_yuan, zeros=zeros, right=right)
