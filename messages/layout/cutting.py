"""Cutting a stream of octets into header, blocks of details and trailer (按记录切分), in bounded memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from messages.layout.errors import LayoutError

BLOCK_OCTETS: Final = 2_000_000
PartName: TypeAlias = Literal["header", "detail", "trailer"]


@dataclass(frozen=True, slots=True)
class Piece:
    """Whole records of one part; ``line`` is the 1-based line of the first."""

    part: PartName
    data: bytes
    line: int


@dataclass(frozen=True, slots=True)
class Cutter:
    """Octets of each record with its end; 0 for a part that the message does not have."""

    header: int
    detail: int
    trailer: int

    def cut(self, chunks: Iterable[bytes]) -> Iterator[Piece]:
        """Header, details, trailer, in order. The trailer is what the file ends with; raises LayoutError."""
        buffer = bytearray()
        started = False
        line = 2
        step = max(1, BLOCK_OCTETS // self.detail) * self.detail if self.detail else 0
        for chunk in chunks:
            buffer += chunk
            if not started and len(buffer) >= self.header:
                started = True
                yield Piece("header", _take(buffer, self.header), 1)
            while started and step and len(buffer) >= step + self.trailer:
                yield Piece("detail", _take(buffer, step), line)
                line += step // self.detail
        if not started:
            raise LayoutError(f"the file ends within its header of {self.header} octets", line=1)
        yield from self._rest(buffer, line)

    def _rest(self, buffer: bytearray, line: int) -> Iterator[Piece]:
        rows = max(0, len(buffer) - self.trailer) // self.detail if self.detail else 0
        if rows:
            yield Piece("detail", _take(buffer, rows * self.detail), line)
        if len(buffer) != self.trailer:
            raise LayoutError("from here the file does not go on in whole records", line=line + rows)
        if self.trailer:
            yield Piece("trailer", bytes(buffer), line + rows)


def _take(buffer: bytearray, octets: int) -> bytes:
    taken = bytes(memoryview(buffer)[:octets])  # the view is gone before the buffer may shrink
    del buffer[:octets]
    return taken
