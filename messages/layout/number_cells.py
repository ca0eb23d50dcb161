"""Fields of numbers (金额、笔数、序号): non-negative integers, fen from end to end, never a float."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from messages.layout.errors import CellsRefused
from messages.layout.word_cells import PRINTABLE, WordCells
from messages.layout.words import Octets, first_row

_ZERO: Final = 0x30
_WHOLE: Final = r"\A(0|[1-9][0-9]*)\z"
_YUAN: Final = r"\A(0|[1-9][0-9]*)\.[0-9]{2}\z"


def unwritable(column: pl.Series, most: int) -> list[tuple[int, str]]:
    """The (row, why) of values that are missing, negative or above ``most``."""
    if not column.null_count() and (not len(column) or 0 <= column.min() <= column.max() <= most):  # type: ignore[operator]
        return []
    return [(row, why) for row, value in enumerate(column.to_list()) if (why := _why_not(value, most))]


def _why_not(value: int | None, most: int) -> str | None:
    if value is None:
        return "is empty"
    if value < 0:
        return "is negative"
    return "has more digits than the field" if value > most else None


@dataclass(frozen=True, slots=True)
class DigitCells:
    """A whole number, right-justified, padded with zeros: the usual form, done by arithmetic alone."""

    octets: int

    def write(self, out: Octets, column: pl.Series) -> list[tuple[int, str]]:
        """Lay ``column`` (integers) into ``out``; the (row, why) of those that cannot be."""
        faults = unwritable(column, 10**self.octets - 1)
        if faults:
            return faults
        rest: npt.NDArray[np.int64] = column.cast(pl.Int64).to_numpy()
        for position in range(self.octets - 1, -1, -1):
            tens = rest // 10
            out[:, position] = rest - tens * 10 + _ZERO
            rest = tens
        return []

    def read(self, cells: Octets) -> pl.Series:
        """The numbers (Int64); anything but ASCII digits is refused."""
        digits = np.ascontiguousarray(cells.T) - _ZERO  # below "0" wraps to above 9
        row = first_row((digits > 9).any(axis=0))
        if row is not None:
            raise CellsRefused(row, "holds something other than the digits 0 to 9")
        numbers = digits[0].astype(np.int64)
        for place_value in digits[1:]:
            numbers *= 10
            numbers += place_value
        return pl.Series(numbers)


@dataclass(frozen=True, slots=True)
class WrittenNumberCells:
    """A number in any other form: in yuan with two decimals, or padded with blanks."""

    octets: int
    yuan: bool
    zeros: bool
    right: bool

    def _words(self) -> WordCells:
        return WordCells(self.octets, "ascii", PRINTABLE, full=self.zeros, right=self.right)

    def write(self, out: Octets, column: pl.Series) -> list[tuple[int, str]]:
        """Lay ``column`` (integers, fen where ``yuan``) into ``out``; the (row, why) of those that cannot be."""
        faults = unwritable(column, 10 ** (self.octets - self.yuan) - 1)
        if faults:
            return faults
        words = column.cast(pl.String)
        if self.yuan:
            fen = words.str.zfill(3)
            words = fen.str.slice(0, fen.str.len_bytes() - 2) + "." + fen.str.slice(-2)
        return self._words().write(out, words.str.zfill(self.octets) if self.zeros else words)

    def read(self, cells: Octets) -> pl.Series:
        """The numbers (Int64, fen where ``yuan``); anything but the one way to write them is refused."""
        words = self._words().read(cells)
        if self.zeros:
            words = words.str.replace(r"\A0+([0-9])", "$1")
        row = first_row(words.str.contains(_YUAN if self.yuan else _WHOLE).not_().to_numpy())
        if row is not None:
            raise CellsRefused(row, "is not an amount with two decimals" if self.yuan else "is not a number")
        return words.str.replace(".", "", literal=True).cast(pl.Int64)
