"""What a file says of itself against what it holds (笔数、金额、序号核对)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import numpy as np
import numpy.typing as npt
import polars as pl

from messages.layout.cutting import PartName
from messages.layout.errors import LayoutError
from messages.layout.model import FieldLine, Kind
from messages.layout.record import COUNTED, RecordCodec
from messages.layout.words import first_row


def exact_sum(numbers: pl.Series) -> int:
    """The sum of non-negative 64-bit numbers, exact however many they are."""
    values = numbers.cast(pl.Int64).to_numpy()
    high = values // 1_000_000_000
    return int(high.sum()) * 1_000_000_000 + int((values - high * 1_000_000_000).sum())


class Tally:
    """Rows, fen and references of the details so far."""

    def __init__(self, *, once: bool):
        self.rows = 0
        self.fen = 0
        self._references: list[pl.Series] = []
        self._once = once

    def take(self, block: pl.DataFrame) -> None:
        """Count one more block."""
        self.rows += block.height
        if "amount_fen" in block.columns:
            self.fen += exact_sum(block["amount_fen"])
        if self._once and "reference" in block.columns:
            self._references.append(block["reference"])

    def repeated(self) -> int | None:
        """The first row whose reference stood before, where each stands once."""
        references = pl.concat(self._references) if self._references else pl.Series(dtype=pl.String)
        rising = references.slice(1) > references.slice(0, max(0, len(references) - 1))
        if rising.all():  # as ours are; cheaper than to count different ones
            return None
        if references.n_unique() == len(references):
            return None
        return int(references.is_first_distinct().not_().arg_true()[0])


class Running:
    """Counts, adds up and compares while a file is read."""

    def __init__(self, codecs: Mapping[PartName, RecordCodec], *, once: bool):
        self._codecs = codecs
        self._tally = Tally(once=once)
        self._said: list[tuple[FieldLine, int, int]] = []

    def expect(self, part: PartName, values: Mapping[str, str | int | date | None], line: int) -> None:
        """Remember what the header or trailer says."""
        for kind in (Kind.COUNT, Kind.TOTAL):
            placed = self._codecs[part].field(kind)
            said = values.get(COUNTED[kind])
            if placed is not None and isinstance(said, int):
                self._said.append((placed.line, said, line))

    def take(self, block: pl.DataFrame, line: int) -> pl.DataFrame:
        """Check the sequence of a block of details, count it, and give it without its sequence."""
        if "sequence" in block.columns:
            self._check_sequence(block["sequence"].to_numpy(), line)
            block = block.drop("sequence")
        self._tally.take(block)
        return block

    def _check_sequence(self, sequence: npt.NDArray[np.int64], line: int) -> None:
        row = first_row(sequence != np.arange(self._tally.rows + 1, self._tally.rows + 1 + len(sequence)))
        if row is not None:
            raise self._refusal(Kind.SEQUENCE, "is not the next number of the file", line + row)

    def finish(self) -> None:
        """Raise LayoutError unless the file holds what it says, and each reference once where it must."""
        for field, said, line in self._said:
            held = self._tally.rows if field.kind is Kind.COUNT else self._tally.fen
            if said != held:
                raise LayoutError(
                    f"says {said}, the details make {held}", line=line, field=field.name, clause=field.clause
                )
        row = self._tally.repeated()
        if row is not None:
            raise self._refusal(Kind.REFERENCE, "stands in the file twice", row + 2)

    def _refusal(self, kind: Kind, what: str, line: int) -> LayoutError:
        placed = self._codecs["detail"].field(kind)
        if placed is None:
            return LayoutError(what, line=line)
        return LayoutError(what, line=line, field=placed.line.name, clause=placed.line.clause)
