"""One field of a record-XML record (XML 字段): columns of values to columns of words, and back.

White space around a value is not part of it, either way. ``octets`` is the most that a value may have in the bank's
encoding, before anything in it is written as ``&amp;`` or the like.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Final

import polars as pl

from messages.iso20022.characters import ILLEGAL
from messages.layout.date_cells import DateCells
from messages.layout.errors import CellsRefused
from messages.layout.kinds import MAX_NUMBER_OCTETS, TEXTUAL, DateForm, Kind, Pad
from messages.layout.model import FieldLine
from messages.layout.moment_cells import MomentCells
from messages.layout.number_cells import WrittenNumberCells
from messages.layout.totals import COUNTED
from messages.layout.word_cells import ANY_TEXT, DIGITS, PRINTABLE, UNWRITABLE, CodeCells, WordCells

WHITESPACE: Final = " \t\r\n"
LONGEST: Final = 1_000
"""Octets of a value that the layout does not bound; what is longer is refused."""

ESCAPES: Final = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_STRANGERS: Final = {ANY_TEXT: r"[\x00-\x1f\x7f\x{fffe}\x{ffff}]", PRINTABLE: "[^!-~]", DIGITS: "[^0-9]"}
_DAYS: Final = {
    DateForm.COMPACT: (r"\A[0-9]{8}\z", "%Y%m%d"),
    DateForm.DASHED: (r"\A[0-9]{4}-[0-9]{2}-[0-9]{2}\z", "%Y-%m-%d"),
    DateForm.SLASHED: (r"\A[0-9]{4}/[0-9]{2}/[0-9]{2}\z", "%Y/%m/%d"),
}
_EARLIEST: Final = 1900

Cells = WordCells | CodeCells | WrittenNumberCells | DateCells | MomentCells


@dataclass(frozen=True, slots=True)
class XmlField:
    """One field that holds a value; ``number`` is its place in the record."""

    number: int
    line: FieldLine
    cells: Cells
    encoding: str

    @classmethod
    def of(cls, number: int, line: FieldLine, encoding: str) -> XmlField:
        """The field of one line of the table."""
        return cls(number, line, _cells(line, encoding), encoding)

    @property
    def key(self) -> str:
        """Its column among words and raw texts."""
        return str(self.number)

    @property
    def source(self) -> str:
        """Its column among values."""
        return self.line.source or COUNTED[self.line.kind]

    @property
    def octets(self) -> int:
        """The most octets that a word of it has, before escaping."""
        return _octets(self.line)

    @property
    def escapes(self) -> dict[str, str]:
        """What must be written otherwise in it; nothing in numbers and dates."""
        if self.line.kind not in TEXTUAL | {Kind.CODE}:
            return {}
        return {**ESCAPES, '"': "&quot;"} if "@" in (self.line.path or "") else ESCAPES

    def words(self) -> pl.Expr:
        """What is written for the column ``source``, as column ``key``; UNWRITABLE where there is no word for one."""
        return self.cells.words(pl.col(self.source)).str.strip_chars(WHITESPACE).alias(self.key)

    def doubt(self) -> pl.Expr:
        """True for every word of column ``key`` that ``why_not`` refuses, and for some that it does not.

        Whether the encoding has the characters of a text is not judged here.
        """
        word = pl.col(self.key)
        if not isinstance(self.cells, WordCells):
            doubt = word.str.contains("\0", literal=True) | (word.str.len_bytes() > self.octets)
            return doubt | (word == "") if self.cells.null_means else doubt
        doubt = word.str.contains(_STRANGERS[self.cells.repertoire]) | (self._at_most(word) > self.octets)
        if self.cells.full:
            doubt |= (word.str.len_bytes() != self.octets) & (word != "")
        return doubt | (word == "") if self.cells.required else doubt

    def _at_most(self, word: pl.Expr) -> pl.Expr:
        """Octets in the encoding, or some more; exact for ASCII."""
        octets, characters = word.str.len_bytes().cast(pl.Int64), word.str.len_chars().cast(pl.Int64)
        if self.encoding == "utf-8":
            return octets
        if self.encoding == "gb18030":  # four octets for some characters that UTF-8 writes in two
            return pl.min_horizontal(characters * 4, characters + (octets - characters) * 3)
        return pl.min_horizontal(characters * 2, octets)

    def why_not(self, word: str) -> str | None:
        """Why one word cannot stand in the field, without telling it; None if it can."""
        if word != UNWRITABLE and any(sign in ILLEGAL for sign in word):
            return "holds a character that XML cannot carry"
        return self.cells.why_not(word)

    def value(self) -> pl.Expr:
        """The values of the trimmed words in column ``key``, named ``source``; null for none, and for no such value."""
        word = pl.col(self.key)
        if isinstance(self.cells, DateCells):
            pattern, form = _DAYS[self.cells.form]
            day = pl.when(word.str.contains(pattern)).then(word).str.to_date(form, strict=False)
            return pl.when(day.dt.year() >= _EARLIEST).then(day).alias(self.source)
        if isinstance(self.cells, MomentCells):
            dtype = pl.Time() if self.cells.timed else pl.Datetime("us")
            return word.map_batches(partial(_moments, self.cells), return_dtype=dtype).alias(self.source)
        return self.cells.value(word).alias(self.source)

    @property
    def misread(self) -> str:
        """What is wrong with a word that has no value."""
        match self.cells:
            case WrittenNumberCells():
                return self.cells.null_means or ""
            case CodeCells():
                return "is not a code of the bank's list"
            case _:
                return f"is not written {self.line.written}"


def _moments(cells: MomentCells, words: pl.Series) -> pl.Series:
    """One at a time: they stand once a document."""
    read = [_moment(cells, word) for word in words]
    return pl.concat(read) if read else cells.read([])


def _moment(cells: MomentCells, word: str) -> pl.Series:
    try:
        return cells.read([word])
    except CellsRefused:
        return cells.read([""])


def _octets(line: FieldLine) -> int:
    if line.written is not None:
        return len(line.written)
    if line.kind is Kind.CODE:
        return max(len(raw) for raw, _ in line.values)
    return line.octets or (LONGEST if line.kind in TEXTUAL | {Kind.DIGITS} else MAX_NUMBER_OCTETS)


def _cells(line: FieldLine, encoding: str) -> Cells:
    octets = _octets(line)
    match line.kind:
        case Kind.TEXT:
            return WordCells(octets, encoding, ANY_TEXT, required=line.required)
        case Kind.IDENTIFIER | Kind.REFERENCE:
            return WordCells(octets, encoding, PRINTABLE, required=line.required)
        case Kind.DIGITS:
            return WordCells(octets, encoding, DIGITS, required=line.required, full=line.octets is not None)
        case Kind.CODE:
            raw = WordCells(octets, "ascii", ANY_TEXT, required=line.required)
            return CodeCells(raw, dict(line.values))
        case Kind.DATE:
            return DateCells(line.form or DateForm.COMPACT, line.required)
        case Kind.TIME | Kind.MOMENT:
            return MomentCells.of(line)
        case _:
            return WrittenNumberCells(octets, yuan=line.in_yuan, zeros=line.pad is Pad.ZERO, right=True)
