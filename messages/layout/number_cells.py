"""Fields of numbers (金额、笔数、序号): non-negative integers, fen from end to end, never a float."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from messages.layout.errors import CellsRefused
from messages.layout.word_cells import PRINTABLE, UNWRITABLE, WordCells
from messages.layout.words import Octets, first_row

_ZERO: Final = 0x30
_WHOLE: Final = r"\A(0|[1-9][0-9]*)\z"
_TWO_PLACES: Final = pl.Decimal(38, 2)
_HUNDREDTH: Final = pl.lit(Decimal("0.01"))
_YUAN: Final = r"\A(0|[1-9][0-9]*)\.[0-9]{2}\z"


@dataclass(frozen=True, slots=True)
class DigitCells:
    """A whole number, right-justified, padded with zeros: the usual form, done by arithmetic alone."""

    octets: int

    def write(self, out: Octets, column: pl.Series) -> list[tuple[int, str]]:
        """Lay ``column`` (integers) into ``out``; the (row, why) of those that cannot be, and then nothing is laid."""
        numbers = column.cast(pl.Int64)
        if numbers.null_count():
            return [(row, "is empty") for row, number in enumerate(numbers) if number is None]
        rest: npt.NDArray[np.int64] = numbers.to_numpy()
        if rest.min() < 0 or rest.max() >= 10**self.octets:
            wrong = np.flatnonzero((rest < 0) | (rest >= 10**self.octets))
            return [(int(row), f"is not a number of 1 to {self.octets} digits") for row in wrong]
        for position in range(self.octets - 1, -1, -1):
            tens = rest // 10
            out[:, position] = rest - tens * 10 + _ZERO
            rest = tens
        return []

    def read(self, cells: Octets) -> pl.Series:
        """The numbers (Int64); anything but ASCII digits is refused."""
        digits = np.ascontiguousarray(cells.T) - np.uint8(_ZERO)  # below "0" wraps to above 9
        if digits.max() > 9:
            row = first_row((digits > 9).T) or 0
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

    @property
    def null_means(self) -> str | None:
        """See WordLike."""
        return "is not an amount with two decimals" if self.yuan else "is not a number"

    @property
    def frame(self) -> WordCells:
        """The field without regard to what its words mean."""
        return WordCells(self.octets, "ascii", PRINTABLE, full=self.zeros, right=self.right)

    def words(self, column: pl.Expr) -> pl.Expr:
        """The numbers as they are written; ``column`` is integers, fen where ``yuan``."""
        if self.yuan:  # a decimal of two places is exact
            digits = (column.cast(_TWO_PLACES) * _HUNDREDTH).cast(pl.String)
            digits = digits.str.zfill(self.octets) if self.zeros else digits
        elif self.zeros:  # quicker than to fill up
            digits = (column + 10**self.octets).cast(pl.String).str.slice(1)
        else:
            digits = column.cast(pl.String)
        fits = column.is_between(0, 10 ** (self.octets - self.yuan) - 1)
        return pl.when(fits).then(digits).otherwise(pl.lit(UNWRITABLE))

    def lay(self, out: Octets, text: bytes) -> bool:
        """See WordLike."""
        return self.frame.lay(out, text)

    def why_not(self, word: str) -> str | None:
        """See WordLike."""
        return "is empty, negative or too long" if word == UNWRITABLE else self.frame.why_not(word)

    def draw(self, cells: Octets) -> str | pl.Series | None:
        """See WordLike."""
        return self.frame.joined(cells)

    def value(self, words: pl.Expr) -> pl.Expr:
        """The numbers (Int64, fen where ``yuan``), null for anything but the one way to write them."""
        words = words.str.strip_chars(" ")
        if self.zeros:
            words = words.str.replace(r"\A0+([0-9])", "$1")
        whole = words.str.replace(".", "", literal=True)
        return pl.when(words.str.contains(_YUAN if self.yuan else _WHOLE)).then(whole).cast(pl.Int64, strict=False)
