"""What a file says of itself against what it holds (笔数、金额、序号核对)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from messages.layout.checksums import Checksum
from messages.layout.cutting import PartName
from messages.layout.errors import LayoutError
from messages.layout.file import HeadValue
from messages.layout.kinds import ChecksumForm
from messages.layout.model import FieldLine, Kind, Record
from messages.layout.words import first_row

COUNTED: Final = {
    Kind.SEQUENCE: "sequence",
    Kind.COUNT: "rows",
    Kind.TOTAL: "total_fen",
    Kind.CHECKSUM: "checksum",
}
"""Columns that the engine itself counts, beside the layout's sources."""


def line_of(record: Record, kind: Kind) -> FieldLine | None:
    """The record's field of this kind, where it has one."""
    return next((line for line in record if line.kind is kind), None)


def checksum_of(record: Record) -> Checksum | None:
    """A fresh checksum, where this trailer has one."""
    line = line_of(record, Kind.CHECKSUM)
    return Checksum(line.checksum or ChecksumForm.CRC32) if line else None


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

    def __init__(self, records: Mapping[PartName, Record], *, once: bool):
        self._records = records
        self._tally = Tally(once=once)
        self._said: list[tuple[FieldLine, HeadValue, int]] = []
        self._checksum = checksum_of(records.get("trailer", ()))

    def expect(self, part: PartName, values: Mapping[str, HeadValue], line: int) -> None:
        """Remember what the header or trailer says."""
        for kind in (Kind.COUNT, Kind.TOTAL, Kind.CHECKSUM):
            field = line_of(self._records[part], kind)
            said = values.get(COUNTED[kind])
            if field is not None and said is not None:
                self._said.append((field, said, line))

    def octets(self, data: bytes) -> None:
        """Take whole detail records as they stand in the file, for the checksum."""
        if self._checksum is not None:
            self._checksum.update(data)

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
        held_by_kind: dict[Kind, HeadValue] = {Kind.COUNT: self._tally.rows, Kind.TOTAL: self._tally.fen}
        if self._checksum is not None:
            held_by_kind[Kind.CHECKSUM] = self._checksum.text()
        for field, said, line in self._said:
            held = held_by_kind[field.kind]
            if said != held:
                raise LayoutError(
                    f"says {said}, the details make {held}", line=line, field=field.name, clause=field.clause
                )
        row = self._tally.repeated()
        if row is not None:
            raise self._refusal(Kind.REFERENCE, "stands in the file twice", row + 2)

    def _refusal(self, kind: Kind, what: str, line: int) -> LayoutError:
        field = line_of(self._records.get("detail", ()), kind)
        if field is None:
            return LayoutError(what, line=line)
        return LayoutError(what, line=line, field=field.name, clause=field.clause)
