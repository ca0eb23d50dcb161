"""A file of records (记录文件): header, details, trailer, each written and read by its codec, whatever their form."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final, Protocol

import numpy as np
import polars as pl

from messages.layout.cutting import PartName, Piece
from messages.layout.errors import CannotWrite, Finding
from messages.layout.file import CHUNK_OCTETS, Head, HeadValue, ParsedFile
from messages.layout.head_values import of_row, one_row
from messages.layout.model import Kind, Message, Record
from messages.layout.totals import COUNTED, Running, Tally, checksum_of, line_of

_DIGITS: Final = 18  # of a counter that the layout does not bound


class Codec(Protocol):
    """One record, compiled."""

    @property
    def octets(self) -> int:
        """The most octets of a record, its end included."""

    @property
    def rows_at_once(self) -> int:
        """How many rows are best written in one go."""

    @property
    def sources(self) -> list[str]:
        """The columns that the record carries."""

    def write(self, block: pl.DataFrame) -> tuple[bytes, list[Finding]]:
        """A record for each row; fields whose source ``block`` does not have stay blank. No bytes where findings."""

    def read(self, octets: bytes, first_line: int) -> pl.DataFrame:
        """The columns of whole records by source; raises LayoutError with the line, field and clause."""

    def fits(self, content: bytes) -> bool:
        """Whether ``content`` begins with such a record, as far as its shape and its constants tell."""


def records_of(message: Message) -> dict[PartName, Record]:
    """The records that the message has."""
    parts: dict[PartName, Record] = {"header": message.header, "detail": message.detail, "trailer": message.trailer}
    return {part: record for part, record in parts.items() if record}


class RecordFile:
    """A LayoutFile of records one behind the other."""

    def __init__(
        self,
        records: Mapping[PartName, Record],
        codecs: Mapping[PartName, Codec],
        cut: Callable[[Iterable[bytes]], Iterator[Piece]],
        *,
        once: bool,
    ):
        """``cut`` tells the parts; ``once``: each reference stands once in a file (a result may repeat itself)."""
        self._records: Final = records
        self._codecs: Final = codecs
        self._cut: Final = cut
        self._once: Final = once

    def most_rows(self, octets: int) -> int:
        """See LayoutFile."""
        detail = self._codecs.get("detail")
        if detail is None:
            return 0
        frame = sum(codec.octets for part, codec in self._codecs.items() if part != "detail")
        most = max(0, octets - frame) // detail.octets
        for record in self._records.values():
            for kind in (Kind.SEQUENCE, Kind.COUNT):
                line = line_of(record, kind)
                most = min(most, 10 ** (line.octets or _DIGITS) - 1) if line else most
        return most

    def check(self, block: pl.DataFrame) -> list[Finding]:
        """See LayoutFile."""
        findings: list[Finding] = []
        detail = self._codecs["detail"]
        for start in range(0, block.height, detail.rows_at_once):
            _, found = detail.write(block.slice(start, detail.rows_at_once))
            findings += [finding._replace(row=finding.row + start) for finding in found]
        return sorted(findings)

    def check_head(self, head: Head) -> list[Finding]:
        """See LayoutFile."""
        return [finding for part in ("header", "trailer") for finding in self._frame_record(part, head)[1]]

    def build(self, head: Head, blocks: Iterable[pl.DataFrame]) -> Iterator[bytes]:
        """See LayoutFile."""
        findings = self.check_head(head)
        if findings:
            raise CannotWrite(findings)
        yield self._frame_record("header", head)[0]
        tally = Tally(once=self._once)
        checksum = checksum_of(self._records.get("trailer", ()))
        for block in blocks:
            for chunk in self._details(block, tally.rows):
                if checksum is not None:
                    checksum.update(chunk)
                yield chunk
            tally.take(block)
        promised = (head.get("rows", tally.rows), head.get("total_fen", tally.fen))
        if (tally.rows, tally.fen) != promised or tally.repeated() is not None:
            raise ValueError(f"the head promises {promised}, the items make {tally.rows}, {tally.fen}, each once")
        if "trailer" in self._codecs:
            made = {COUNTED[Kind.CHECKSUM]: checksum.text()} if checksum is not None else {}
            yield self._frame_record("trailer", {**head, **made})[0]

    def _frame_record(self, part: PartName, head: Head) -> tuple[bytes, list[Finding]]:
        if part not in self._codecs:
            return b"", []
        unmade = COUNTED[Kind.CHECKSUM]  # only known at the end
        sources = [source for source in self._codecs[part].sources if source != unmade or unmade in head]
        return self._codecs[part].write(one_row(head, sources) if sources else pl.DataFrame({"": [None]}))

    def _details(self, block: pl.DataFrame, before: int) -> Iterator[bytes]:
        detail = self._codecs["detail"]
        wanted = [source for source in detail.sources if source != COUNTED[Kind.SEQUENCE]]
        for start in range(0, block.height, detail.rows_at_once):
            part = block.slice(start, detail.rows_at_once)
            first = before + start + 1
            octets, findings = detail.write(part.select(wanted).insert_column(0, _sequence(first, part.height)))
            if findings:
                raise CannotWrite(sorted(finding._replace(row=finding.row + before + start) for finding in findings))
            for place in range(0, len(octets), CHUNK_OCTETS):
                yield octets[place : place + CHUNK_OCTETS]

    def matches(self, content: bytes) -> bool:
        """See LayoutFile."""
        return self._codecs["header"].fits(content)

    def parse(self, chunks: Iterable[bytes]) -> ParsedFile:
        """See LayoutFile."""
        running = Running(self._records, once=self._once)
        frame: dict[PartName, dict[str, HeadValue]] = {"header": {}, "trailer": {}}
        blocks: list[pl.DataFrame] = []
        for piece in self._cut(chunks):
            columns = self._codecs[piece.part].read(piece.data, piece.line)
            if piece.part == "detail":
                running.octets(piece.data)
                blocks.append(running.take(columns, piece.line))
                continue
            frame[piece.part] = of_row(columns) if columns.width else {}
            running.expect(piece.part, frame[piece.part], piece.line)
        running.finish()
        return ParsedFile(frame["header"], tuple(blocks), frame["trailer"])


def _sequence(first: int, rows: int) -> pl.Series:
    return pl.Series("sequence", np.arange(first, first + rows))
