"""Fields of dates (日期): real days of the calendar in one of a few forms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from messages.layout.errors import CellsRefused
from messages.layout.model import DateForm
from messages.layout.word_cells import BLANK_REFUSED, PRINTABLE, WordCells
from messages.layout.words import BLANK, Octets, first_row

_FORMATS: Final = {
    DateForm.COMPACT: "%Y%m%d",
    DateForm.DASHED: "%Y-%m-%d",
    DateForm.SLASHED: "%Y/%m/%d",
}
_EARLIEST: Final = 1900
_NO_DAY: Final = np.datetime64("NaT")


@dataclass(frozen=True, slots=True)
class DateCells:
    """A day; blank where the field is not required and there is none."""

    form: DateForm
    required: bool

    @property
    def null_means(self) -> str | None:
        """See WordLike."""
        return BLANK_REFUSED if self.required else None

    @property
    def frame(self) -> WordCells:
        """The field without regard to what its words mean."""
        return WordCells(len(self.form), "ascii", PRINTABLE, required=self.required, full=True)

    def words(self, column: pl.Expr) -> pl.Expr:
        """The days as they are written; ``column`` is Date."""
        return column.cast(pl.Date).dt.to_string(_FORMATS[self.form]).fill_null("")

    def lay(self, out: Octets, text: bytes) -> bool:
        """See WordLike."""
        return self.frame.lay(out, text)

    def why_not(self, word: str) -> str | None:
        """See WordLike."""
        return self.frame.why_not(word)

    def value(self, words: pl.Expr) -> pl.Expr:
        """Never called: days are drawn as they are."""
        return words

    def draw(self, cells: Octets) -> str | pl.Series | None:
        """The days (Date, null where blank); what is not a day of the calendar is refused."""
        columns = np.ascontiguousarray(cells.T)
        blank = (columns == BLANK).all(axis=0)
        if blank.all():
            return None
        wrong = self._misformed(columns)
        year, month, day = (self._number(columns, letter) for letter in "YMD")
        wrong |= (year < _EARLIEST) | (month < 1) | (month > 12) | (day < 1) | (day > 31)
        first = np.where(wrong, 0, (year - 1970) * 12 + month - 1).astype("M8[M]")
        days = first.astype("M8[D]") + np.where(wrong, 0, day - 1).astype("m8[D]")
        wrong |= days.astype("M8[M]") != first
        row = first_row(wrong & ~blank)
        if row is not None:
            raise CellsRefused(row, f"is not a date written {self.form}")
        days[blank] = _NO_DAY
        return pl.Series(days)

    def _misformed(self, columns: Octets) -> npt.NDArray[np.bool_]:
        wrong = np.zeros(columns.shape[1], dtype=np.bool_)
        for column, letter in zip(columns, self.form, strict=True):
            wrong |= (column < 0x30) | (column > 0x39) if letter.isalpha() else column != ord(letter)
        return wrong

    def _number(self, columns: Octets, letter: str) -> npt.NDArray[np.int64]:
        number = np.zeros(columns.shape[1], dtype=np.int64)
        for column, wanted in zip(columns, self.form, strict=True):
            if wanted == letter:
                number = number * 10 + column - 0x30
        return number
