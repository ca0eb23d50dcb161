"""What a file says of itself against what it holds (笔数、金额、序号核对)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import polars as pl

from messages.layout.cutting import PartName
from messages.layout.errors import LayoutError
from messages.layout.model import FieldLine, Kind
from messages.layout.record import COUNTED, RecordCodec


def exact_sum(numbers: pl.Series) -> int:
    """The sum of non-negative 64-bit numbers, exact however many they are."""
    high = (numbers // 1_000_000_000).sum()
    low = (numbers % 1_000_000_000).sum()
    return int(high) * 1_000_000_000 + int(low)


class Running:
    """Counts, adds up and compares while a file is read."""

    def __init__(self, codecs: Mapping[PartName, RecordCodec]):
        self._codecs = codecs
        self._rows = 0
        self._fen = 0
        self._references: list[pl.Series] = []
        self._said: list[tuple[FieldLine, int, int]] = []

    def expect(self, part: PartName, values: Mapping[str, str | int | date | None], line: int) -> None:
        """Remember what the header or trailer says."""
        for kind in (Kind.COUNT, Kind.TOTAL):
            placed = self._codecs[part].field(kind)
            said = values.get(COUNTED[kind])
            if placed is not None and isinstance(said, int):
                self._said.append((placed.line, said, line))

    def take(self, columns: dict[str, pl.Series], line: int) -> dict[str, pl.Series]:
        """Check the sequence of a block of details, count it, and give it without its sequence."""
        kept = {source: column for source, column in columns.items() if source != "sequence"}
        if "sequence" in columns:
            self._check_sequence(columns["sequence"], line)
        if "amount_fen" in columns:
            self._fen += exact_sum(columns["amount_fen"])
        if "reference" in columns:
            self._references.append(columns["reference"])
        self._rows += len(next(iter(columns.values())))
        return kept

    def _check_sequence(self, sequence: pl.Series, line: int) -> None:
        expected = pl.int_range(self._rows + 1, self._rows + 1 + len(sequence), dtype=pl.Int64, eager=True)
        wrong = (sequence != expected).arg_true()
        if len(wrong):
            self._refuse(Kind.SEQUENCE, "is not the next number of the file", line + int(wrong[0]))

    def finish(self) -> None:
        """Raise LayoutError unless the file holds what it says, each reference once."""
        for field, said, line in self._said:
            held = self._rows if field.kind is Kind.COUNT else self._fen
            if said != held:
                what = f"says {said}, the details make {held}"
                raise LayoutError(what, line=line, field=field.name, clause=field.clause)
        if self._references:
            references = pl.concat(self._references)
            if references.n_unique() != len(references):
                second = int(references.is_first_distinct().not_().arg_true()[0])
                self._refuse(Kind.REFERENCE, "stands in the file twice", second + 2)

    def _refuse(self, kind: Kind, what: str, line: int) -> None:
        placed = self._codecs["detail"].field(kind)
        field = placed.line if placed else None
        raise LayoutError(what, line=line, field=field and field.name, clause=field and field.clause)
