"""Cutting a batch into segments (分段): each holds one bank's items, in the order they came.

A segment is the unit of sealing, of state columns and of instruction files. Segment and row give the
item number, so that a bank's answer leads straight back to the row.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import polars as pl

from messages.batch.numbering import SEGMENT_STRIDE


@dataclass(frozen=True, slots=True)
class SegmentInfo:
    """Where a segment belongs; its items are one bank's, numbered segment_no * SEGMENT_STRIDE + row."""

    batch_id: int
    segment_no: int
    bank: str
    rows: int
    fen: int


class Segmenter:
    """Collects routed items and lets go of full segments; memory is one unfinished segment a bank."""

    def __init__(self, batch_id: int, rows_per_segment: Mapping[str, int]):
        self._batch_id = batch_id
        self._rows = rows_per_segment
        self._waiting: dict[str, list[pl.DataFrame]] = {}
        self._next_no = 0

    def add(self, items: pl.DataFrame, banks: pl.Series) -> Iterator[tuple[SegmentInfo, pl.DataFrame]]:
        """Take a block of good items with the bank of each row; yield every segment that became full."""
        for (bank,), part in (
            items.with_columns(banks.alias("_bank")).partition_by("_bank", as_dict=True, maintain_order=True).items()
        ):
            self._waiting.setdefault(str(bank), []).append(part.drop("_bank"))
        for bank in sorted(self._waiting):
            yield from self._take(bank, only_full=True)

    def finish(self) -> Iterator[tuple[SegmentInfo, pl.DataFrame]]:
        """Yield what is left, one last segment a bank."""
        for bank in sorted(self._waiting):
            yield from self._take(bank, only_full=False)

    def _take(self, bank: str, *, only_full: bool) -> Iterator[tuple[SegmentInfo, pl.DataFrame]]:
        size = self._rows[bank]
        if not self._waiting[bank]:
            return
        if only_full and sum(part.height for part in self._waiting[bank]) < size:
            return
        items = pl.concat(self._waiting[bank])
        whole = items.height - items.height % size if only_full else items.height
        for start in range(0, whole, size):
            yield self._numbered(bank, items.slice(start, min(size, whole - start)))
        rest = items.slice(whole)
        self._waiting[bank] = [rest] if rest.height else []

    def _numbered(self, bank: str, items: pl.DataFrame) -> tuple[SegmentInfo, pl.DataFrame]:
        segment_no, self._next_no = self._next_no, self._next_no + 1
        if not items.height:
            raise ValueError(f"segment {segment_no} of bank {bank} would be empty")
        numbers = pl.int_range(items.height, dtype=pl.UInt32) + segment_no * SEGMENT_STRIDE
        info = SegmentInfo(self._batch_id, segment_no, bank, items.height, int(items["amount_fen"].sum()))
        return info, items.with_columns(numbers.alias("item_no"))
