"""A fixed-width file (定长文件), compiled from a layout: columns to exact bytes, exact bytes to columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Final, TypeAlias

import numpy as np
import polars as pl

from messages.layout.cutting import Cutter, PartName
from messages.layout.errors import CannotWrite, Finding
from messages.layout.model import Kind, Layout, Message
from messages.layout.record import RecordCodec
from messages.layout.totals import Running, Tally
from messages.layout.vocabulary import MessageName

Head: TypeAlias = Mapping[str, str | int | date | None]
CHUNK_OCTETS: Final = 500_000
WRITE_ROWS: Final = 8_192


@dataclass(frozen=True, slots=True)
class ParsedFile:
    """A whole file: header values, details as blocks of columns named by source, trailer values."""

    head: dict[str, str | int | date | None]
    blocks: tuple[pl.DataFrame, ...]
    trailer: dict[str, str | int | date | None]


class FixedWidthFile:
    """One message of one layout in one encoding. Counts, totals and sequences are written and verified here."""

    def __init__(self, message: Message, encoding: str, *, once: bool):
        """``once``: each reference stands once in a file, as in an instruction (a result may repeat itself)."""
        self._once: Final = once
        self._codecs: Final[dict[PartName, RecordCodec]] = {"header": RecordCodec(message.header, encoding)}
        if message.detail:
            self._codecs["detail"] = RecordCodec(message.detail, encoding)
        if message.trailer:
            self._codecs["trailer"] = RecordCodec(message.trailer, encoding)

    def most_rows(self, octets: int) -> int:
        """How many details a file of at most ``octets`` can have, and count, in its own fields."""
        detail = self._codecs.get("detail")
        if detail is None:
            return 0
        frame = sum(codec.octets for part, codec in self._codecs.items() if part != "detail")
        most = max(0, octets - frame) // detail.octets
        for codec in self._codecs.values():
            for kind in (Kind.SEQUENCE, Kind.COUNT):
                placed = codec.field(kind)
                most = min(most, 10**placed.line.octets - 1) if placed else most
        return most

    def check(self, block: pl.DataFrame) -> list[Finding]:
        """Values of ``block`` that the details cannot carry; columns that it does not have are not judged."""
        detail = self._codecs["detail"]
        findings: list[Finding] = []
        for start in range(0, block.height, WRITE_ROWS):
            part = block.slice(start, WRITE_ROWS)
            _, found = detail.write(part)
            findings += [finding._replace(row=finding.row + start) for finding in found]
        return sorted(findings)

    def check_head(self, head: Head) -> list[Finding]:
        """Values of ``head`` that header and trailer cannot carry; row is 0."""
        return [finding for part in ("header", "trailer") for finding in self._frame_record(part, head)[1]]

    def build(self, head: Head, blocks: Iterable[pl.DataFrame]) -> Iterator[bytes]:
        """The file in chunks of some hundred kB.

        ``head`` has the header's sources and ``rows`` and ``total_fen``, which the blocks must add up
        to: else ValueError, after the last chunk. Raises CannotWrite with the findings of a block, rows
        counted from the first row of all blocks.
        """
        findings = self.check_head(head)
        if findings:
            raise CannotWrite(findings)
        yield self._frame_record("header", head)[0]
        tally = Tally(once=self._once)
        for block in blocks:
            yield from self._details(block, tally.rows)
            tally.take(block)
        promised = (head.get("rows", tally.rows), head.get("total_fen", tally.fen))
        if (tally.rows, tally.fen) != promised or tally.repeated() is not None:
            raise ValueError(f"the head promises {promised}, the items make {tally.rows}, {tally.fen}, each once")
        if "trailer" in self._codecs:
            yield self._frame_record("trailer", head)[0]

    def _frame_record(self, part: PartName, head: Head) -> tuple[bytes, list[Finding]]:
        if part not in self._codecs:
            return b"", []
        codec = self._codecs[part]
        matrix, findings = codec.write(
            pl.DataFrame([_single(placed.source, head[placed.source]) for placed in codec.fields])
        )
        return matrix.tobytes(), findings

    def _details(self, block: pl.DataFrame, before: int) -> Iterator[bytes]:
        detail = self._codecs["detail"]
        wanted = [placed.source for placed in detail.fields if placed.source != "sequence"]
        rows_per_chunk = max(1, CHUNK_OCTETS // detail.octets)
        for start in range(0, block.height, WRITE_ROWS):
            part = block.slice(start, WRITE_ROWS)
            first = before + start + 1
            part = part.select(wanted).insert_column(0, _sequence(first, part.height))
            matrix, findings = detail.write(part)
            if findings:
                raise CannotWrite(sorted(finding._replace(row=finding.row + before + start) for finding in findings))
            for row in range(0, part.height, rows_per_chunk):
                yield matrix[row : row + rows_per_chunk].tobytes()

    def parse(self, chunks: Iterable[bytes]) -> ParsedFile:
        """The whole file, every octet of it accounted for; raises LayoutError."""
        sizes = {part: codec.octets for part, codec in self._codecs.items()}
        cutter = Cutter(sizes["header"], sizes.get("detail", 0), sizes.get("trailer", 0))
        running = Running(self._codecs, once=self._once)
        frame: dict[PartName, dict[str, str | int | date | None]] = {"header": {}, "trailer": {}}
        blocks: list[pl.DataFrame] = []
        for piece in cutter.cut(chunks):
            columns = self._codecs[piece.part].read(piece.data, piece.line)
            if piece.part == "detail":
                blocks.append(running.take(columns, piece.line))
                continue
            frame[piece.part] = columns.row(0, named=True)
            running.expect(piece.part, frame[piece.part], piece.line)
        running.finish()
        return ParsedFile(frame["header"], tuple(blocks), frame["trailer"])


def _single(name: str, value: str | int | date | None) -> pl.Series:
    dtype = {int: pl.Int64(), date: pl.Date(), str: pl.String()}.get(type(value), pl.Null())
    return pl.Series(name, [value], dtype=dtype)


def _sequence(first: int, rows: int) -> pl.Series:
    return pl.Series("sequence", np.arange(first, first + rows))


@lru_cache(maxsize=256)
def compiled(layout: Layout, name: MessageName, encoding: str) -> FixedWidthFile:
    """The compiled message of ``layout``; raises KeyError where the layout does not have it."""
    return FixedWidthFile(layout.messages[name], encoding, once=name is MessageName.INSTRUCTION)
