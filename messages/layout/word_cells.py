"""Fields of words (文本、标识、数字串、代码): what may stand in them, and how they are written and read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from messages.layout.errors import CellsRefused
from messages.layout.words import BLANK, Encoded, Octets, decode, encode, first_row, place


@dataclass(frozen=True, slots=True)
class Repertoire:
    """Which octets a word may have, and how to say so."""

    allowed: npt.NDArray[np.bool_]
    otherwise: str
    pattern: str  # the same as a regular expression over a whole decoded word


def _octets(low: int, high: int) -> npt.NDArray[np.bool_]:
    allowed = np.zeros(256, dtype=np.bool_)
    allowed[low : high + 1] = True
    allowed[0x7F] = False
    return allowed


ANY_TEXT: Final = Repertoire(_octets(0x20, 0xFF), "holds a control character", r"\A[^\x00-\x1f\x7f]+\z")
PRINTABLE: Final = Repertoire(_octets(0x21, 0x7E), "holds something other than printable ASCII", r"\A[!-~]+\z")
DIGITS: Final = Repertoire(_octets(0x30, 0x39), "holds something other than the digits 0 to 9", r"\A[0-9]+\z")


@dataclass(frozen=True, slots=True)
class WordCells:
    """A field whose value is the word itself; ``full``: a word fills its field or is not there."""

    octets: int
    encoding: str
    repertoire: Repertoire
    required: bool = True
    full: bool = False
    right: bool = False

    def write(self, out: Octets, column: pl.Series) -> list[tuple[int, str]]:
        """Lay ``column`` (String, nulls allowed) into ``out``; the (row, why) of those that cannot be."""
        words = column.fill_null("")
        words = words.str.strip_chars(" ") if self.right else words.str.strip_chars_end(" ")
        encoded = self._encoded(words)
        if encoded is None:
            return [(row, why) for row, word in enumerate(words.to_list()) if (why := self._why_not(word))]
        place(out, encoded, right=self.right)
        return []

    def _encoded(self, words: pl.Series) -> Encoded | None:
        """The words where all of them fit, judged at once."""
        try:
            encoded = encode(words, self.encoding)
        except UnicodeEncodeError:
            return None
        strangers = np.count_nonzero(~self.repertoire.allowed[encoded.buffer])
        shortest, longest = int(encoded.lengths.min()), int(encoded.lengths.max())
        fits = longest <= self.octets and not (self.required and shortest == 0)
        if self.full:
            fits = fits and bool(np.isin(encoded.lengths, (0, self.octets)).all())
        return encoded if fits and strangers == encoded.separators == len(words) else None

    def _why_not(self, word: str) -> str | None:
        """Why this one word cannot be written, without telling it; None if it can."""
        try:
            octets = word.encode(self.encoding)
        except UnicodeEncodeError:
            return f"holds a character that {self.encoding.upper()} does not have"
        if not octets:
            return "is empty" if self.required else None
        if not self.repertoire.allowed[np.frombuffer(octets, dtype=np.uint8)].all():
            return self.repertoire.otherwise
        if self.full and len(octets) != self.octets:
            return f"has {len(octets)} octets, not exactly {self.octets}"
        return f"has {len(octets)} octets, the field has {self.octets}" if len(octets) > self.octets else None

    def read(self, cells: Octets) -> pl.Series:
        """The words, null where blank; raises CellsRefused."""
        words = decode(cells, self.encoding, right=self.right)
        if self.required:
            refuse_blank(words)
        if self.full:
            blank = (cells == BLANK).all(axis=1)
            row = first_row((~self.repertoire.allowed[cells]).any(axis=1) & ~blank)
        else:
            row = _first(words.str.contains(self.repertoire.pattern).not_())
        if row is not None:
            raise CellsRefused(row, self.repertoire.otherwise)
        return words


@dataclass(frozen=True, slots=True)
class CodeCells:
    """A field that holds the bank's code for one of our closed list."""

    words: WordCells
    ours_by_raw: Mapping[str, str]
    raw_by_ours: Mapping[str, str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "raw_by_ours", {ours: raw for raw, ours in self.ours_by_raw.items()})

    def write(self, out: Octets, column: pl.Series) -> list[tuple[int, str]]:
        """Lay the bank's codes for ``column`` into ``out``; the (row, why) of those that it has no code for."""
        raw = column.replace_strict(self.raw_by_ours, default=None, return_dtype=pl.String)
        unknown = (raw.is_null() & column.is_not_null()).arg_true().to_list()
        if unknown:
            return [(row, "has no code in the bank's list") for row in unknown]
        return self.words.write(out, raw)

    def read(self, cells: Octets) -> pl.Series:
        """Our values; a code that the document does not have is refused."""
        raw = self.words.read(cells)
        ours = raw.replace_strict(self.ours_by_raw, default=None, return_dtype=pl.String)
        row = _first(ours.is_null() & raw.is_not_null())
        if row is not None:
            raise CellsRefused(row, "is not a code of the bank's list")
        return ours


def refuse_blank(values: pl.Series) -> None:
    """Raise CellsRefused at the first null."""
    row = _first(values.is_null()) if values.null_count() else None
    if row is not None:
        raise CellsRefused(row, "is blank, and must not be")


def _first(mask: pl.Series) -> int | None:
    return first_row(mask.fill_null(value=False).to_numpy())
