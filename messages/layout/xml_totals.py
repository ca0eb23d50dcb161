"""What a record-XML document says of itself against what it holds (笔数、金额、序号核对)."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from messages.layout.errors import LayoutError
from messages.layout.kinds import Kind
from messages.layout.model import FieldLine, Record
from messages.layout.totals import COUNTED, Tally, line_of
from messages.layout.words import first_row


class Held:
    """Counts and adds up while rows are read; rows are named by their number from 1, as a document may be one line."""

    def __init__(self, detail: Record, *, once: bool):
        self._tally: Final = Tally(once=once)
        self._detail: Final = detail

    def take(self, block: pl.DataFrame) -> pl.DataFrame:
        """Checks the sequence of a block of rows, counts it, and gives it without its sequence; raises LayoutError."""
        sequence = COUNTED[Kind.SEQUENCE]
        if sequence in block.columns:
            expected = np.arange(self._tally.rows + 1, self._tally.rows + 1 + block.height)
            wrong = first_row(block[sequence].to_numpy() != expected)
            if wrong is not None:
                raise self._refusal(Kind.SEQUENCE, self._tally.rows + wrong + 1, "is not the next number")
            block = block.drop(sequence)
        self._tally.take(block)
        return block

    def compare(self, line: FieldLine, said: object, at: int) -> None:
        """One field of header or trailer with what the rows make; raises LayoutError."""
        held = {Kind.COUNT: self._tally.rows, Kind.TOTAL: self._tally.fen}.get(line.kind)
        if held is not None and said != held:
            raise LayoutError(f"says {said}, the details make {held}", line=at, field=line.name, clause=line.clause)

    def finish(self) -> None:
        """Raises LayoutError where a reference stands twice that must stand once."""
        row = self._tally.repeated()
        if row is not None:
            raise self._refusal(Kind.REFERENCE, row + 1, "stands in the document twice")

    def _refusal(self, kind: Kind, row: int, what: str) -> LayoutError:
        line = line_of(self._detail, kind)
        return LayoutError(
            f"row {row}: {what}", field=line.name if line else None, clause=line.clause if line else None
        )
