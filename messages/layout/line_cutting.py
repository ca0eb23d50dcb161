"""Cutting a stream of octets into lines of header, details and trailer (按行切分), in bounded memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from messages.layout.cutting import BLOCK_OCTETS, PartName, Piece
from messages.layout.errors import LayoutError

LINE_OCTETS: Final = 65_536
"""No line is longer; a file without line ends is refused long before it is read whole."""


@dataclass(frozen=True, slots=True)
class LineCutter:
    """Which parts a message has beside its header; the header is the first line, a trailer the last."""

    details: bool
    trailer: bool

    def cut(self, chunks: Iterable[bytes]) -> Iterator[Piece]:
        """Header, details, trailer, in order, as whole lines; raises LayoutError."""
        buffer = bytearray()
        line = 1
        for chunk in chunks:
            buffer += chunk
            if line == 1 and (end := self._end_of_first(buffer)):
                yield Piece("header", _take(buffer, end), line)
                line = 2
            while line > 1 and len(buffer) >= BLOCK_OCTETS + LINE_OCTETS:  # what stays behind holds the last line
                piece = self._lines(buffer, BLOCK_OCTETS, "detail", line)
                yield piece
                line += piece.data.count(b"\n")
        if line == 1:
            raise LayoutError("the file is empty" if not buffer else "the line does not end", line=1)
        yield from self._rest(buffer, line)

    @staticmethod
    def _end_of_first(buffer: bytearray) -> int:
        end = buffer.find(b"\n", 0, LINE_OCTETS) + 1
        if not end and len(buffer) >= LINE_OCTETS:
            raise LayoutError(f"the line has more than {LINE_OCTETS} octets", line=1)
        return end

    def _rest(self, buffer: bytearray, line: int) -> Iterator[Piece]:
        if buffer and buffer[-1] != 0x0A:
            raise LayoutError("the last line does not end", line=line + buffer.count(b"\n"))
        last = buffer.rfind(b"\n", 0, max(0, len(buffer) - 1)) + 1 if self.trailer else len(buffer)
        if self.trailer and not buffer:
            raise LayoutError("the file ends without its trailer", line=line)
        if last:
            piece = self._lines(buffer, last, "detail", line)
            yield piece
            line += piece.data.count(b"\n")
        if self.trailer:
            yield Piece("trailer", _take(buffer, len(buffer)), line)

    def _lines(self, buffer: bytearray, most: int, part: PartName, line: int) -> Piece:
        """As many whole lines as there are in ``most`` octets; a message without details has none."""
        if not self.details:
            raise LayoutError("from here the file goes on, and the document has no details", line=line)
        end = buffer.rfind(b"\n", 0, most) + 1
        if not end:
            raise LayoutError(f"the line has more than {LINE_OCTETS} octets", line=line)
        return Piece(part, _take(buffer, end), line)


def _take(buffer: bytearray, octets: int) -> bytes:
    taken = bytes(memoryview(buffer)[:octets])  # the view is gone before the buffer may shrink
    del buffer[:octets]
    return taken
