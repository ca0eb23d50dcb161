"""The fields of one delimited record (分隔符记录的域): what each writes, and how its words are read, by expressions.

``octets`` is the most that a word may have in the bank's encoding, before it is quoted.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import polars as pl

from messages.layout.checksums import HEX_DIGITS
from messages.layout.date_cells import DateCells
from messages.layout.kinds import MAX_NUMBER_OCTETS, NUMERIC, DateForm, Kind, Pad
from messages.layout.model import FieldLine, Record
from messages.layout.moment_cells import MomentCells
from messages.layout.number_cells import WrittenNumberCells
from messages.layout.totals import COUNTED
from messages.layout.word_cells import ANY_TEXT, BLANK_REFUSED, DIGITS, PRINTABLE, CodeCells, WordCells

LONGEST: Final = 1_000
"""Octets of a word whose field the layout does not bound; what is longer is refused."""
_LONGEST_CHARACTER: Final = {"gb18030": 4, "gbk": 2, "gb2312": 2, "utf-8": 4}
_DATES: Final = {DateForm.COMPACT: "%Y%m%d", DateForm.DASHED: "%Y-%m-%d", DateForm.SLASHED: "%Y/%m/%d"}
_EARLIEST: Final = pl.date(1900, 1, 1)
REPERTOIRES: Final = {"printable": bytes(range(0x21, 0x7F)), "digits": b"0123456789"}
"""The octets of words that are not just any text."""

Cells = WordCells | CodeCells | WrittenNumberCells | DateCells | MomentCells


@dataclass(frozen=True, slots=True)
class DelimitedField:
    """One field that holds a value; ``column`` is its place in the record, from 0."""

    line: FieldLine
    source: str
    column: int
    cells: Cells
    encoding: str

    @property
    def name(self) -> str:
        """What its column of words is called."""
        return str(self.column)

    @property
    def octets(self) -> int:
        """The most octets that a word of it has."""
        return most_octets(self.line)

    @property
    def repertoire(self) -> str | None:
        """Of which of REPERTOIRES its words are; None where they are any text, or made here."""
        if not isinstance(self.cells, WordCells):
            return None
        return {PRINTABLE: "printable", DIGITS: "digits"}.get(self.cells.repertoire)

    def lengths(self, word: pl.Expr) -> pl.Expr:
        """At least the octets of each word, and just these but for free text."""
        octets = word.str.len_bytes()
        if self.line.kind is not Kind.TEXT or self.encoding == "utf-8":
            return octets
        most, characters = _LONGEST_CHARACTER[self.encoding], word.str.len_chars()
        return pl.min_horizontal(most * characters, characters + (most - 1) * (octets - characters))

    def value(self, word: pl.Expr) -> pl.Expr:
        """The values of words (String, null where empty): null where there is none, and where it is malformed."""
        if self.repertoire is not None:
            return word
        if isinstance(self.cells, DateCells):
            return _date(word, self.cells.form)
        if isinstance(self.cells, WrittenNumberCells):
            return _number(word, self.cells)
        return self.cells.value(word)

    @property
    def malformed(self) -> str:
        """What is wrong with a word that has no value."""
        if isinstance(self.cells, WordCells):
            return BLANK_REFUSED
        if isinstance(self.cells, DateCells):
            return f"is not a date written {self.cells.form}"
        if isinstance(self.cells, CodeCells):
            return "is not a code of the bank's list"
        return self.cells.null_means or "cannot be read"


def _date(word: pl.Expr, form: DateForm) -> pl.Expr:
    shape = "".join("[0-9]" if letter.isalpha() else letter for letter in form)
    day = word.str.to_date(_DATES[form], strict=False)
    return pl.when(word.str.contains(rf"\A{shape}\z") & (day >= _EARLIEST)).then(day)


def _number(word: pl.Expr, cells: WrittenNumberCells) -> pl.Expr:
    """The numbers written the one way that the field has."""
    places = cells.octets - len(".00") if cells.yuan else cells.octets
    shape = rf"[0-9]{{{places}}}" if cells.zeros else rf"(0|[1-9][0-9]{{0,{places - 1}}})"
    written = word.str.contains(rf"\A{shape}{'[.][0-9]{2}' if cells.yuan else ''}\z")
    whole = word.str.replace(".", "", literal=True) if cells.yuan else word
    return pl.when(written).then(whole).cast(pl.Int64, strict=False)


def most_octets(line: FieldLine) -> int:
    """The most octets that any word of a field has."""
    if line.kind is Kind.FILLER:
        return 0
    if line.checksum is not None:
        return HEX_DIGITS[line.checksum]
    if line.written is not None:
        return len(line.written)
    if line.octets is None and line.kind is Kind.CODE:
        return max(len(raw) for raw, _ in line.values)
    bound = MAX_NUMBER_OCTETS + line.in_yuan if line.kind in NUMERIC else LONGEST
    return line.octets or bound


def probes(fields: list[DelimitedField]) -> Iterator[pl.Expr]:
    """A few numbers and texts about columns of words that tell whether all are as they must be."""
    for field in fields:
        word = pl.col(field.name)
        yield field.lengths(word).max().alias(f"longest {field.name}")
        yield word.str.len_bytes().min().alias(f"shortest {field.name}")
    for kind in REPERTOIRES:
        names = [field.name for field in fields if field.repertoire == kind]
        if names:
            yield pl.concat_str(names, ignore_nulls=True).str.join("").cast(pl.Binary).alias(kind)


def too_long(probed: dict[str, Any], words: pl.DataFrame, fields: list[DelimitedField]) -> bool:
    """Whether any word is longer than its field; those that seem so are looked at."""
    return any(
        any(field.cells.why_not(word) for word in _suspects(field, words))
        for field in fields
        if (probed[f"longest {field.name}"] or 0) > field.octets
    )


def _suspects(field: DelimitedField, words: pl.DataFrame) -> pl.Series:
    return words.filter(field.lengths(pl.col(field.name)) > field.octets)[field.name]


def of_repertoires(probed: dict[str, Any]) -> bool:
    """Whether the words that are not just any text hold nothing else."""
    return not any(probed.get(kind, b"").translate(None, octets) for kind, octets in REPERTOIRES.items())


def fields_of(record: Record, encoding: str) -> Iterator[DelimitedField]:
    """The fields of a record that hold values."""
    for column, line in enumerate(record):
        if line.kind not in (Kind.CONSTANT, Kind.FILLER):
            source = line.source or COUNTED[line.kind]
            yield DelimitedField(line, source, column, _cells(line, encoding), encoding)


def _cells(line: FieldLine, encoding: str) -> Cells:
    octets, required = most_octets(line), line.required
    match line.kind:
        case Kind.TEXT:
            return WordCells(octets, encoding, ANY_TEXT, required=required)
        case Kind.IDENTIFIER | Kind.REFERENCE | Kind.CHECKSUM:
            return WordCells(octets, encoding, PRINTABLE, required=required)
        case Kind.DIGITS:
            return WordCells(octets, encoding, DIGITS, required=required)
        case Kind.CODE:
            return CodeCells(WordCells(octets, "ascii", ANY_TEXT, required=required), dict(line.values))
        case Kind.DATE:
            return DateCells(line.form or DateForm.COMPACT, required)
        case Kind.TIME | Kind.MOMENT:
            return MomentCells.of(line)
        case _:
            return WrittenNumberCells(octets, yuan=line.in_yuan, zeros=line.pad is Pad.ZERO, right=False)
