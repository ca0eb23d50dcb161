"""Fields of times and moments (时间、日期时间): they stand once a file, so they are read one at a time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time
from typing import Final

import polars as pl

from messages.layout.errors import CellsRefused
from messages.layout.model import FieldLine, Kind
from messages.layout.word_cells import ANY_TEXT, BLANK_REFUSED, WordCells
from messages.layout.words import Octets

_PATTERNS: Final = {"YYYY": "%Y", "DD": "%d", "HH": "%H", "SS": "%S"}
_EARLIEST: Final = 1900


@dataclass(frozen=True, slots=True)
class MomentCells:
    """A time of the day or a moment, in China Standard Time; blank where there is none and none is required."""

    form: str  # YYYYMMDDHHMMSS and the like
    timed: bool  # a time alone: the day is another field's
    required: bool

    @classmethod
    def of(cls, line: FieldLine) -> MomentCells:
        """The cells of a field of kind time or moment."""
        return cls(line.written or "", line.kind is Kind.TIME, line.required)

    @property
    def pattern(self) -> str:
        """The form for strftime; MM is a month before a day and a minute after an hour."""
        pattern = self.form
        for letters, directive in _PATTERNS.items():
            pattern = pattern.replace(letters, directive)
        head, hours, tail = pattern.partition("%H")
        return head.replace("MM", "%m") + hours + tail.replace("MM", "%M")

    @property
    def null_means(self) -> str | None:
        """See WordLike."""
        return BLANK_REFUSED if self.required else None

    @property
    def frame(self) -> WordCells:
        """The field without regard to what its words mean."""
        return WordCells(len(self.form), "ascii", ANY_TEXT, required=self.required, full=True)

    def words(self, column: pl.Expr) -> pl.Expr:
        """The moments as they are written; ``column`` is Datetime in China Standard Time."""
        return column.cast(pl.Datetime("us")).dt.strftime(self.pattern).fill_null("")

    def lay(self, out: Octets, text: bytes) -> bool:
        """See WordLike."""
        return self.frame.lay(out, text)

    def why_not(self, word: str) -> str | None:
        """See WordLike."""
        return self.frame.why_not(word)

    def value(self, words: pl.Expr) -> pl.Expr:
        """Never called: moments are drawn as they are."""
        return words

    def draw(self, cells: Octets) -> pl.Series | None:
        """The moments (Datetime) or times (Time), null where blank; anything else is refused."""
        words = [cell.tobytes().decode("latin-1").rstrip(" ") for cell in cells]
        return self.read(words) if any(words) else None

    def read(self, words: list[str]) -> pl.Series:
        """The values of words, null where empty; raises CellsRefused with the row of the first that is none."""
        values: list[datetime | time | None] = []
        for row, word in enumerate(words):
            moment = self._moment(word) if word else None
            if word and moment is None:
                raise CellsRefused(row, f"is not a {'time' if self.timed else 'moment'} written {self.form}")
            values.append(moment.time() if moment is not None and self.timed else moment)
        return pl.Series(values, dtype=pl.Time() if self.timed else pl.Datetime("us"))

    def _moment(self, word: str) -> datetime | None:
        try:
            moment = datetime.strptime(word, self.pattern)  # noqa: DTZ007 - the zone is the head's to add
        except ValueError:
            return None
        return moment if moment.strftime(self.pattern) == word and moment.year >= _EARLIEST else None
