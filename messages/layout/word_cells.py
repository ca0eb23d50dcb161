"""Fields of words (文本、标识、数字串、代码): what may stand in them, and how they are written and read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt
import polars as pl

from messages.layout.errors import CellsRefused
from messages.layout.words import BLANK, Encoded, Octets, decode, encode, first_row, lines_of, place

UNWRITABLE: Final = "\0"
"""Stands for a value that has no word in the field; no repertoire has it."""
BLANK_REFUSED: Final = "is blank, and must not be"


class WordLike(Protocol):
    """A field that is written, and mostly read, as words: columns of them, joined."""

    @property
    def null_means(self) -> str | None:
        """What is wrong where a value that was read is null; None where null is a value."""

    def words(self, column: pl.Expr) -> pl.Expr:
        """The words (String, never null) to write for a column of values."""

    def lay(self, out: Octets, text: bytes) -> bool:
        """Lay joined words (UTF-8) into ``out``; False, and nothing laid, if any of them cannot be."""

    def why_not(self, word: str) -> str | None:
        """Why this one word cannot be written, without telling it; None if it can."""

    def draw(self, cells: Octets) -> str | pl.Series | None:
        """Joined words (to be given to ``value``), or the values themselves, or None where all are blank."""

    def value(self, words: pl.Expr) -> pl.Expr:
        """The values of words that were read, padding and all."""


@dataclass(frozen=True, slots=True)
class Repertoire:
    """Which octets a word may have, and how to say so."""

    lowest: int
    highest: int
    otherwise: str

    def strangers(self, octets: Octets) -> npt.NDArray[np.bool_]:
        """Which octets are outside of it; DEL always is."""
        outside = (octets - np.uint8(self.lowest)) > self.highest - self.lowest  # below the lowest wraps around
        return outside | (octets == 0x7F) if self.highest > 0x7F else outside


ANY_TEXT: Final = Repertoire(0x20, 0xFF, "holds a control character")
PRINTABLE: Final = Repertoire(0x21, 0x7E, "holds something other than printable ASCII")
DIGITS: Final = Repertoire(0x30, 0x39, "holds something other than the digits 0 to 9")


@dataclass(frozen=True, slots=True)
class WordCells:
    """A field whose value is the word itself; ``full``: a word fills its field or is not there."""

    octets: int
    encoding: str
    repertoire: Repertoire
    required: bool = True
    full: bool = False
    right: bool = False

    @property
    def null_means(self) -> str | None:
        """See WordLike."""
        return BLANK_REFUSED if self.required else None

    def words(self, column: pl.Expr) -> pl.Expr:
        """The values without the blanks that padding would add to them."""
        words = column.cast(pl.String).fill_null("")
        return words.str.strip_chars(" ") if self.right else words.str.strip_chars_end(" ")

    def lay(self, out: Octets, text: bytes) -> bool:
        """See WordLike."""
        try:
            words = encode(text, self.encoding)
        except UnicodeEncodeError:
            return False
        if not self._fit(words, rows=len(out)):
            return False
        place(out, words, right=self.right)
        return True

    def _fit(self, words: Encoded, rows: int) -> bool:
        shortest, longest = int(words.lengths.min()), int(words.lengths.max())
        if longest > self.octets or (self.required and shortest == 0):
            return False
        if self.full and shortest < self.octets and not np.isin(words.lengths, (0, self.octets)).all():
            return False
        separators = rows
        strangers = np.count_nonzero(self.repertoire.strangers(words.buffer))
        return len(words.lengths) == separators == strangers

    def why_not(self, word: str) -> str | None:
        """See WordLike."""
        try:
            octets = word.encode(self.encoding)
        except UnicodeEncodeError:
            return f"holds a character that {self.encoding.upper()} does not have"
        if not octets:
            return "is empty" if self.required else None
        if self.repertoire.strangers(np.frombuffer(octets, dtype=np.uint8)).any():
            return self.repertoire.otherwise
        if self.full and len(octets) != self.octets:
            return f"has {len(octets)} octets, not exactly {self.octets}"
        return f"has {len(octets)} octets, the field has {self.octets}" if len(octets) > self.octets else None

    def draw(self, cells: Octets) -> str | pl.Series | None:
        """See WordLike; what stands outside the repertoire is refused."""
        if self.repertoire is not ANY_TEXT and len(cells):
            words = self._of_one_length(cells)
            if words is not None:
                return lines_of(words)
        return self.joined(cells)

    def _of_one_length(self, cells: Octets) -> Octets | None:
        """The cells without padding where all words are as long as the first one: the usual case, and the quick one."""
        used = np.flatnonzero(cells[0] != BLANK)
        if used.size == 0 or (self.full and used.size != self.octets):
            return None
        word, padding = cells[:, : used.size], cells[:, used.size :]
        if self.right:
            padding, word = cells[:, : -used.size], cells[:, -used.size :]
        return word if (padding == BLANK).all() and not self.repertoire.strangers(word).any() else None

    def joined(self, cells: Octets) -> str | None:
        """The words as ``value`` takes them; what stands outside the repertoire is refused."""
        if self.repertoire is not ANY_TEXT:  # control characters are the record's to refuse
            row = first_row(self._misplaced(cells))
            if row is not None:
                raise CellsRefused(row, self.repertoire.otherwise)
        return decode(cells, self.encoding)

    def _misplaced(self, cells: Octets) -> npt.NDArray[np.bool_]:
        blank = cells == BLANK
        wrong = self.repertoire.strangers(cells)
        if not wrong.any():
            return wrong
        wrong &= ~blank
        before, after = (blank[:, 1:], blank[:, :-1]) if self.right else (blank[:, :-1], blank[:, 1:])
        wrong[:, 1:] |= before & ~after
        if self.full:
            wrong[:, 0] |= blank[:, -1] & ~blank[:, 0]
        return wrong

    def value(self, words: pl.Expr) -> pl.Expr:
        """See WordLike."""
        words = words.str.strip_chars(" ") if self.right else words.str.strip_chars_end(" ")
        return pl.when(words != "").then(words)


@dataclass(frozen=True, slots=True)
class CodeCells:
    """A field that holds the bank's code for one of our closed list."""

    frame: WordCells
    ours_by_raw: Mapping[str, str]

    @property
    def null_means(self) -> str | None:
        """See WordLike."""
        return self.frame.null_means

    def words(self, column: pl.Expr) -> pl.Expr:
        """The bank's codes."""
        raw_by_ours = {ours: raw for raw, ours in self.ours_by_raw.items()}
        raw = column.cast(pl.String).replace_strict(raw_by_ours, default=UNWRITABLE, return_dtype=pl.String)
        return pl.when(column.is_not_null()).then(raw).otherwise(pl.lit(""))

    def lay(self, out: Octets, text: bytes) -> bool:
        """See WordLike."""
        return self.frame.lay(out, text)

    def why_not(self, word: str) -> str | None:
        """See WordLike."""
        return "has no code in the bank's list" if word == UNWRITABLE else self.frame.why_not(word)

    def draw(self, cells: Octets) -> str | pl.Series | None:
        """See WordLike; a code that the document does not have is refused."""
        known = (cells == BLANK).all(axis=1)
        for raw in self.ours_by_raw:
            known |= (cells == np.frombuffer(raw.encode("ascii"), dtype=np.uint8)).all(axis=1)
        row = first_row(~known)
        if row is not None:
            raise CellsRefused(row, "is not a code of the bank's list")
        return self.frame.joined(cells)

    def value(self, words: pl.Expr) -> pl.Expr:
        """Our values."""
        return words.replace_strict(dict(self.ours_by_raw), default=None, return_dtype=pl.String)
