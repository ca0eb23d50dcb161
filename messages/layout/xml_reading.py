"""A record-XML document, read as a stream into raw texts and columns (XML 报文读取).

Two readers share the work. The thorough one reads any legal form and keeps the place in the document; the quick one
takes whole runs of plain rows off its hands. A comment, CDATA section or processing instruction anywhere ends the quick
way for good, because then a tag's octets need not be a tag.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Final

import polars as pl
from lxml import etree

from messages.iso20022.octets import Piece
from messages.layout.errors import LayoutError
from messages.layout.xml_bulk import BulkReader
from messages.layout.xml_pull import PullReader
from messages.layout.xml_record import Fault, XmlRecord
from messages.layout.xml_tree import Tree

BULK_FROM_OCTETS: Final = 32 * 1024
"""Shorter runs of rows are not worth the columns' start-up."""


class DocumentReader:
    """Hands each piece to the quick or the thorough reader; gives values of rows, and raw texts of the frame."""

    def __init__(self, tree: Tree, detail: XmlRecord | None, row: str):
        """``row`` is the local name of the row element."""
        self._tree, self._detail = tree, detail
        self._pull = PullReader(tree)
        self._first_row: Final = re.compile(rb"<(?:[^\s<>/:]+:)?" + re.escape(row.encode()) + rb"[\s/>]")
        self._plain = True  # nothing but tags and texts so far
        self._opened = False  # the first row has been seen
        self._place: etree._Element | None = None
        self._bulk: BulkReader | None = None
        self._rows = 0

    def blocks(self, piece: Piece) -> Iterator[pl.DataFrame]:
        """The rows in the next piece of the document; raises LayoutError."""
        self._plain = self._plain and not piece.holds(b"<!", b"!") and not piece.holds(b"<?", b"?")
        if self._plain and not self._opened and (first := self._first_row.search(piece.data)):
            self._opened = True
            opening, piece = piece.split(first.start())
            yield from self._thoroughly(opening)
        block = self._quickly(piece) if self._plain and len(piece.data) >= BULK_FROM_OCTETS else None
        if block is None:
            yield from self._thoroughly(piece)
        else:
            self._rows += block.height
            yield block

    def frame(self) -> tuple[list[str | None], list[int]]:
        """After the last piece: the raw text and line of each field of header and trailer."""
        self._pull.close()
        return self._pull.frame, self._pull.frame_lines

    def _quickly(self, piece: Piece) -> pl.DataFrame | None:
        place = self._pull.between_rows()
        if place is None or self._detail is None:
            return None
        if place is not self._place or self._bulk is None:
            self._place, self._bulk = place, BulkReader(self._tree, place)
        raw = self._bulk.read(piece)
        if raw is None:
            return None
        values, faults = self._detail.read(raw)
        return None if faults else values

    def _thoroughly(self, piece: Piece) -> Iterator[pl.DataFrame]:
        self._pull.feed(piece)
        rows, lines = self._pull.take()
        if not rows or self._detail is None:
            return
        names = [str(number) for number in range(len(self._tree.detail))]
        raw = pl.DataFrame(rows, schema=dict.fromkeys(names, pl.String), orient="row")
        values, faults = self._detail.read(raw)
        if faults:
            raise refusal(faults[0], lines.__getitem__, self._rows)
        self._rows += values.height
        yield values


def refusal(fault: Fault, line_of: Callable[[int], int], before: int) -> LayoutError:
    """What is wrong with one row; rows are counted from 1."""
    what = f"row {before + fault.row + 1}: {fault.why}"
    return LayoutError(what, line=line_of(fault.row), field=fault.line.name, clause=fault.line.clause)
