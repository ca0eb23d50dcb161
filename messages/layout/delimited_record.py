"""One record of a delimited layout, compiled (分隔符记录编译): blocks of columns to lines, and back."""

from __future__ import annotations

from typing import Final, NoReturn

import polars as pl

from messages.layout.delimited_fields import DelimitedField, fields_of, most_octets, of_repertoires, probes, too_long
from messages.layout.delimited_lines import LineForm
from messages.layout.delimited_writing import LineWriter
from messages.layout.errors import CellsRefused, Finding, LayoutError
from messages.layout.line_cutting import LINE_OCTETS
from messages.layout.model import Delimited, FieldLine, Kind, Record
from messages.layout.moment_cells import MomentCells
from messages.layout.word_cells import BLANK_REFUSED, WordCells


class DelimitedRecord:
    """A line of fields in a delimited file."""

    def __init__(self, record: Record, rule: Delimited, encoding: str):
        self._form: Final = LineForm(rule, record, encoding)
        self._fields: Final = list(fields_of(record, encoding))
        self._constants: Final = [(str(n), line) for n, line in enumerate(record) if line.kind is Kind.CONSTANT]
        self._writer: Final = LineWriter(self._form, self._fields)

    @property
    def octets(self) -> int:
        """See Codec; quotes are counted as if every octet were one."""
        record, rule = self._form.record, self._form.rule
        words = sum(most_octets(line) for line in record)
        quotes = words + 2 * len(record) if rule.quote else 0
        return words + quotes + self._form.delimiters * len(rule.delimiter) + len(self._form.end)

    @property
    def rows_at_once(self) -> int:
        """See Codec."""
        return 32_768

    @property
    def sources(self) -> list[str]:
        """See Codec."""
        return [field.source for field in self._fields]

    def write(self, block: pl.DataFrame) -> tuple[bytes, list[Finding]]:
        """See Codec."""
        return self._writer.write(block)

    def fits(self, content: bytes) -> bool:
        """See Codec."""
        first, end, _ = content[:LINE_OCTETS].partition(b"\n")
        try:
            words = self._form.fields(first + end, 1)
        except LayoutError:
            return False
        return all(words[int(column)] == line.value for column, line in self._constants)

    def read(self, octets: bytes, first_line: int) -> pl.DataFrame:
        """See Codec."""
        table = self._form.split(octets, first_line)
        for name, line in self._constants:
            wrong = table[name].ne_missing(pl.Series([line.value]))
            if wrong.any():
                _refuse(line, f"is not {line.value}, which stands here in every such record", wrong, first_line)
        self._check_words(table, first_line)
        drawn = [field for field in self._fields if not isinstance(field.cells, MomentCells)]
        values = table.select(field.value(pl.col(field.name)).alias(field.source) for field in drawn)
        columns = [
            _moments(field, table[field.name], first_line) if field not in drawn else values[field.source]
            for field in self._fields
        ]
        for field, column in zip(self._fields, columns, strict=True):
            _check_values(field, table[field.name], column, first_line)
        return pl.DataFrame(columns)

    def _check_words(self, table: pl.DataFrame, first_line: int) -> None:
        """Lengths and repertoires, all at once; then field by field where they do not hold."""
        free = [field for field in self._fields if isinstance(field.cells, WordCells)]
        probed = table.select(probes(free)).row(0, named=True) if free and table.height else {}
        if of_repertoires(probed) and (not probed or not too_long(probed, table, free)):
            return
        for field in free:
            for row, word in enumerate(table[field.name]):
                why = field.cells.why_not(word) if word is not None else None
                if why is not None:
                    raise _refusal(field.line, why, first_line + row)


def _moments(field: DelimitedField, words: pl.Series, first_line: int) -> pl.Series:
    cells = field.cells
    if not isinstance(cells, MomentCells):
        raise TypeError(f"{field.line.name} holds no moments")
    try:
        return cells.read(words.fill_null("").to_list()).alias(field.source)
    except CellsRefused as fault:
        raise _refusal(field.line, fault.what, first_line + fault.row) from None


def _check_values(field: DelimitedField, words: pl.Series, values: pl.Series, first_line: int) -> None:
    """No value where there is a word is a malformed word, but for free text, where it is blank."""
    if field.line.required and words.null_count():
        _refuse(field.line, BLANK_REFUSED, words.is_null(), first_line)
    blank_is_nothing = field.line.kind is Kind.TEXT and not field.line.required
    if values.null_count() > words.null_count() and not blank_is_nothing:
        _refuse(field.line, field.malformed, words.is_not_null() & values.is_null(), first_line)


def _refuse(line: FieldLine, what: str, wrong: pl.Series, first_line: int) -> NoReturn:
    raise _refusal(line, what, first_line + int(wrong.arg_true()[0]))


def _refusal(line: FieldLine, what: str, number: int) -> LayoutError:
    return LayoutError(what, line=number, field=line.name, clause=line.clause)
