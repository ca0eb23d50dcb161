"""One record of a record-XML message, compiled (XML 记录编译): columns to markup, raw texts to columns.

Every element of the table is written, empty where there is no value; an absent and an empty element both read as no
value. A record is the header, a row element, or the trailer.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple
from xml.sax.saxutils import escape

import polars as pl

from messages.layout.errors import Finding
from messages.layout.kinds import Kind
from messages.layout.model import FieldLine, Record
from messages.layout.xml_fields import WHITESPACE, XmlField
from messages.layout.xml_paths import Pieces


class Fault(NamedTuple):
    """One value that cannot be read: 0-based row of its block, field, why."""

    row: int
    line: FieldLine
    why: str


class XmlRecord:
    """The fields of one record and the markup around them; ``first`` is the number of its first field."""

    def __init__(self, record: Record, pieces: Pieces, encoding: str, first: int = 0):
        self.lines: Final = record
        self.first: Final = first
        self._encoding: Final = encoding
        self._constants: Final[dict[int, FieldLine]] = {}
        self.fields: Final[dict[int, XmlField]] = {}
        for number, line in enumerate(record, first):
            if line.kind is Kind.CONSTANT:
                self._constants[number] = line
            elif line.kind is not Kind.FILLER:
                self.fields[number] = XmlField.of(number, line, encoding)
        self._pieces: Final = tuple(self._fixed(piece) for piece in pieces)

    def _fixed(self, piece: str | int) -> str | XmlField:
        if isinstance(piece, str):
            return piece
        if piece in self._constants:
            return escape(self._constants[piece].value or "", {'"': "&quot;"})
        return self.fields.get(piece, "")  # a filler is written empty

    def most_octets(self) -> int:
        """The most octets that one such record takes as it is written."""
        return sum(
            len(piece.encode(self._encoding))
            if isinstance(piece, str)
            else piece.octets * max(map(len, piece.escapes.values()), default=1)
            for piece in self._pieces
        )

    def words(self, block: pl.DataFrame) -> pl.DataFrame:
        """The words of every field whose source ``block`` has, by field key."""
        return block.select(field.words() for field in self.fields.values() if field.source in block.columns)

    def findings(self, words: pl.DataFrame, *, encodable: bool = False) -> list[Finding]:
        """Words that cannot stand in their fields; ``encodable``: the encoding is known to have every character."""
        given = [field for field in self.fields.values() if field.key in words.columns]
        if not given or not words.height:
            return []
        doubts = words.select(field.doubt() for field in given)
        flags = doubts.select(pl.all().any()).row(0)
        findings: list[Finding] = []
        for field, doubtful in zip(given, flags, strict=True):
            column, doubt = words[field.key], doubts[field.key]
            if not encodable and not self._encodes(field, column):
                doubtful, doubt = True, doubt | (column.str.len_bytes() != column.str.len_chars())
            if doubtful:
                findings += _reasons(field, column, doubt)
        return sorted(findings)

    def _encodes(self, field: XmlField, column: pl.Series) -> bool:
        if field.line.kind is not Kind.TEXT or self._encoding in ("utf-8", "gb18030"):
            return True
        try:
            column.str.join("").item().encode(self._encoding)
        except UnicodeEncodeError:
            return False
        return True

    def marked_up(self, words: pl.DataFrame) -> pl.Series:
        """A text a row: the markup with the words in their places."""
        fields = [piece for piece in self._pieces if isinstance(piece, XmlField)]
        if not fields:
            return pl.Series(["".join(str(piece) for piece in self._pieces)])
        marked = words.select(
            pl.col(field.key).str.contains(f"[{''.join(field.escapes) or '&'}]").any() for field in fields
        ).row(0, named=True)
        parts = [
            pl.lit(piece) if isinstance(piece, str) else _escaped(piece, needed=marked[piece.key])
            for piece in self._pieces
        ]
        return words.select(pl.concat_str(parts)).to_series()

    def read(self, raw: pl.DataFrame) -> tuple[pl.DataFrame, list[Fault]]:
        """Values by source out of raw texts by field key, and what is wrong with them, in row order."""
        numbers = [*self._constants, *self.fields]
        words = raw.select(pl.col(str(number)).fill_null("").str.strip_chars(WHITESPACE) for number in numbers)
        values = words.select(field.value() for field in self.fields.values())
        lines = {field.source: field.line for field in self.fields.values()}
        faults = [Fault(row, lines[source], why) for row, source, why in self.findings(words, encodable=True)]
        faults += [*self._wrong_constants(words), *self._wrong_values(words, values)]
        return values, sorted(faults, key=lambda fault: fault.row)

    def _wrong_constants(self, words: pl.DataFrame) -> Iterator[Fault]:
        for number, line in self._constants.items():
            wrong = words[str(number)] != line.value
            if wrong.any():
                yield Fault(_first(wrong), line, f"is not {line.value}, which always stands here")

    def _wrong_values(self, words: pl.DataFrame, values: pl.DataFrame) -> Iterator[Fault]:
        for field in self.fields.values():
            column = values[field.source]
            if column.null_count() and (wrong := column.is_null() & (words[field.key] != "")).any():
                yield Fault(_first(wrong), field.line, field.misread)


def _escaped(field: XmlField, *, needed: bool) -> pl.Expr:
    word = pl.col(field.key)
    return word.str.replace_many(list(field.escapes), list(field.escapes.values())) if needed else word


def _reasons(field: XmlField, column: pl.Series, doubt: pl.Series) -> list[Finding]:
    rows = doubt.arg_true()
    words = column.gather(rows).to_list()
    reasons = ((row, field.why_not(word)) for row, word in zip(rows.to_list(), words, strict=True))
    return [Finding(row, field.source, why) for row, why in reasons if why]


def _first(wrong: pl.Series) -> int:
    return int(wrong.arg_true()[0])
