"""Which segments go into which instruction file (拆分): a pure function of the stored batch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from gateway.core.segments import SegmentInfo
from messages.batch.numbering import SEGMENT_STRIDE


@dataclass(frozen=True, slots=True)
class PlannedFile:
    """One instruction file: ``segment_count`` segments of one bank, from ``first_segment`` on."""

    bank: str
    file_no: int
    segments: tuple[int, ...]
    rows: int
    fen: int


def segment_rows(rows_per_file: int) -> int:
    """Rows of a full segment for a bank: files are always made of whole segments.

    >>> segment_rows(499), segment_rows(100_000)
    (499, 10000)
    """
    return min(rows_per_file, SEGMENT_STRIDE)


def plan_files(infos: Iterable[SegmentInfo], rows_per_file: Mapping[str, int]) -> Iterator[PlannedFile]:
    """Fill files with whole segments, bank by bank, in segment order.

    File numbers count through the whole batch, so that message ids never repeat between banks.
    """
    by_bank: dict[str, list[SegmentInfo]] = {}
    for info in infos:
        by_bank.setdefault(info.bank, []).append(info)
    file_no = 0
    for bank in sorted(by_bank):
        for group in _groups(sorted(by_bank[bank], key=lambda info: info.segment_no), rows_per_file[bank]):
            numbers = tuple(info.segment_no for info in group)
            rows, fen = sum(info.rows for info in group), sum(info.fen for info in group)
            yield PlannedFile(bank, file_no, numbers, rows, fen)
            file_no += 1


def _groups(infos: list[SegmentInfo], rows_per_file: int) -> Iterator[list[SegmentInfo]]:
    group: list[SegmentInfo] = []
    for info in infos:
        if group and sum(g.rows for g in group) + info.rows > rows_per_file:
            yield group
            group = []
        group.append(info)
    if group:
        yield group
