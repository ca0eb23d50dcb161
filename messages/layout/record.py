"""One record of a layout, compiled (记录编译): blocks of columns to matrices of octets, and back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl

from messages.layout.date_cells import DateCells
from messages.layout.errors import CellsRefused, Finding, LayoutError
from messages.layout.model import Align, DateForm, FieldLine, Kind, Pad, Record
from messages.layout.moment_cells import MomentCells
from messages.layout.number_cells import DigitCells, WrittenNumberCells
from messages.layout.totals import COUNTED
from messages.layout.word_cells import ANY_TEXT, DIGITS, PRINTABLE, CodeCells, WordCells, WordLike
from messages.layout.words import BLANK, SEPARATOR, Octets, first_row

_DTYPES: Final[dict[Kind, pl.DataType]] = {Kind.DATE: pl.Date(), Kind.TIME: pl.Time(), Kind.MOMENT: pl.Datetime("us")}
RECORD_END: Final = b"\r\n"


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
        return slice(self.start, self.start + self.line.width)


class RecordCodec:
    """A fixed-width record: ``octets`` long, CR LF included."""

    def __init__(self, record: Record, encoding: str):
        self.octets: Final = sum(line.width for line in record) + len(RECORD_END)
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
            start += line.width

    def _add_constant(self, line: FieldLine, start: int) -> None:
        columns = slice(start, start + line.width)
        self.template[columns] = np.frombuffer((line.value or "").encode("ascii"), dtype=np.uint8)
        self.constants.append((line, columns))

    @property
    def rows_at_once(self) -> int:
        """See Codec; a matrix of more is slower."""
        return 8_192

    @property
    def sources(self) -> list[str]:
        """See Codec."""
        return [placed.source for placed in self.fields]

    def write(self, block: pl.DataFrame) -> tuple[bytes, list[Finding]]:
        """See Codec."""
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
        return (b"", findings) if findings else (matrix.tobytes(), [])

    def fits(self, content: bytes) -> bool:
        """See Codec: of this length, and with all its constants."""
        record = np.frombuffer(content[: self.octets], dtype=np.uint8)
        fixed = [slice(self.octets - len(RECORD_END), self.octets), *(columns for _, columns in self.constants)]
        return len(record) == self.octets and all((record[part] == self.template[part]).all() for part in fixed)

    def read(self, data: bytes, first_line: int) -> pl.DataFrame:
        """See Codec."""
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
        dtype = _DTYPES.get(placed.line.kind, pl.String())
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
            return WordCells(line.width, encoding, ANY_TEXT, required=line.required, right=right)
        case Kind.IDENTIFIER | Kind.REFERENCE:
            return WordCells(line.width, encoding, PRINTABLE, required=line.required, right=right)
        case Kind.DIGITS:
            return WordCells(line.width, encoding, DIGITS, required=line.required, full=True)
        case Kind.CODE:
            raw = WordCells(line.width, "ascii", ANY_TEXT, required=line.required, full=True)
            return CodeCells(raw, dict(line.values))
        case Kind.DATE:
            return DateCells(line.form or DateForm.COMPACT, line.required)
        case Kind.TIME | Kind.MOMENT:
            return MomentCells.of(line)
        case Kind.CHECKSUM:
            return WordCells(line.width, "ascii", PRINTABLE, full=True)
        case _:
            return _number_cells(line)


def _number_cells(line: FieldLine) -> WordLike | DigitCells:
    right = line.align is not Align.LEFT
    zeros = right and line.pad is not Pad.BLANK
    if zeros and not line.in_yuan:
        return DigitCells(line.width)
    return WrittenNumberCells(line.width, yuan=line.in_yuan, zeros=zeros, right=right)
