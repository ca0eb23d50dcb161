"""Fields of dates (日期): real days of the calendar in one of a few forms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from messages.layout.errors import CellsRefused
from messages.layout.model import DateForm
from messages.layout.word_cells import PRINTABLE, WordCells, refuse_blank
from messages.layout.words import BLANK, Octets, first_row

_FORMATS: Final = {
    DateForm.COMPACT: "%Y%m%d",
    DateForm.DASHED: "%Y-%m-%d",
    DateForm.SLASHED: "%Y/%m/%d",
}
_EARLIEST: Final = 1900


@dataclass(frozen=True, slots=True)
class DateCells:
    """A day; blank where the field is not required and there is none."""

    form: DateForm
    required: bool

    def write(self, out: Octets, column: pl.Series) -> list[tuple[int, str]]:
        """Lay ``column`` (Date) into ``out``; the (row, why) of those that cannot be."""
        words = WordCells(len(self.form), "ascii", PRINTABLE, required=self.required, full=True)
        return words.write(out, column.dt.to_string(_FORMATS[self.form]))

    def read(self, cells: Octets) -> pl.Series:
        """The days (Date, null where blank); what is not a day of the calendar is refused."""
        blank = (cells == BLANK).all(axis=1)
        wrong = self._misformed(cells)
        year, month, day = (self._number(cells, letter) for letter in "YMD")
        wrong |= (year < _EARLIEST) | (month < 1) | (month > 12) | (day < 1) | (day > 31)
        months = (year - 1970) * 12 + month - 1
        first = np.where(wrong, 0, months).astype("M8[M]")
        days = first.astype("M8[D]") + np.where(wrong, 0, day - 1).astype("m8[D]")
        wrong |= days.astype("M8[M]") != first
        row = first_row(wrong & ~blank)
        if row is not None:
            raise CellsRefused(row, f"is not a date written {self.form}")
        dates = pl.Series(days.astype("M8[D]")).cast(pl.Date)
        dates = dates.zip_with(pl.Series(~blank), pl.Series([None], dtype=pl.Date).new_from_index(0, len(dates)))
        if self.required:
            refuse_blank(dates)
        return dates

    def _misformed(self, cells: Octets) -> npt.NDArray[np.bool_]:
        wrong = np.zeros(len(cells), dtype=np.bool_)
        for position, letter in enumerate(self.form):
            column = cells[:, position]
            wrong |= (column < 0x30) | (column > 0x39) if letter.isalpha() else column != ord(letter)
        return wrong

    def _number(self, cells: Octets, letter: str) -> npt.NDArray[np.int64]:
        number = np.zeros(len(cells), dtype=np.int64)
        for position, wanted in enumerate(self.form):
            if wanted == letter:
                number = number * 10 + cells[:, position].astype(np.int64) - 0x30
        return number
