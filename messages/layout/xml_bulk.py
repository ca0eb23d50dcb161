"""The quick reader of record-XML rows (XML 记录批量读取): pieces of whole rows, thousands at a time.

It never refuses anything: what is not all sound rows is declined, and the thorough reader takes that piece. For
pieces without comment, CDATA section and processing instruction only.
"""

from __future__ import annotations

import re
from typing import Final
from xml.sax.saxutils import quoteattr

import numpy as np
import polars as pl
from lxml import etree

from messages.iso20022.octets import Piece
from messages.layout.errors import LayoutError
from messages.layout.xml_fields import WHITESPACE
from messages.layout.xml_pull import PullReader
from messages.layout.xml_shapes import Shape, learn
from messages.layout.xml_tree import Tree
from messages.xml_names import local_name

MAX_SHAPES: Final = 16
"""Shapes kept; rows of more different ones go to the parser, which is slower, not wrong."""

_POSITION: Final = "position"
_TEXT: Final = "text"
_CLOSING: Final = re.compile(rb"</[^\s<>]+>\Z")


class BulkReader:
    """Reads runs of rows that stand directly in the element ``parent``."""

    def __init__(self, tree: Tree, parent: etree._Element):
        self._tree = tree
        ancestors = [*reversed(list(parent.iterancestors())), parent]
        self._opening = "".join(map(_start_tag, ancestors))
        self._shapes: list[Shape] = []
        self._row_end = ""

    def read(self, piece: Piece) -> pl.DataFrame | None:
        """The raw texts of the piece's rows by field key, or None where it is not all sound rows."""
        closing = _CLOSING.search(piece.data[-300:])
        if not piece.ends_record or closing is None:
            return None
        data = piece.data
        if b"\r" in data:  # line ends, as a parser would normalise them (XML 1.0 section 2.11)
            data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        self._row_end = closing[0].decode()
        *texts, _ = data.split(closing[0])
        rows = pl.DataFrame(
            {
                _POSITION: np.arange(len(texts), dtype=np.uint32),
                _TEXT: pl.Series(texts, dtype=pl.Binary).cast(pl.String),
            }
        )
        found = self._fitting(rows)
        if found is None:
            return None
        whole = found[0] if len(found) == 1 else pl.concat(found).sort(_POSITION)
        return whole.drop(_POSITION)

    def _fitting(self, rows: pl.DataFrame) -> list[pl.DataFrame] | None:
        found: list[pl.DataFrame] = []
        for shape in self._shapes:
            rows = _take(shape, rows, found)
        while rows.height and len(self._shapes) < MAX_SHAPES:
            new = learn(rows[_TEXT][0], self._read_one)
            left = _take(new, rows, found) if new is not None else rows
            if new is None or left.height == rows.height:  # it may not fit its own example: a reference in it
                break
            self._shapes.append(new)
            rows = left
        if not rows.height:
            return found
        rest = self._parse(rows[_TEXT].to_list())
        if rest is None:
            return None
        names = [str(number) for number in range(len(self._tree.detail))]
        parsed = pl.DataFrame(rest, schema=dict.fromkeys(names, pl.String), orient="row")
        return [*found, parsed.insert_column(0, rows[_POSITION])]

    def _read_one(self, row: str) -> list[str | None] | None:
        rows = self._parse([row])
        return rows[0] if rows else None

    def _parse(self, rows: list[str]) -> list[list[str | None]] | None:
        """The texts of all rows, or None where they are anything else.

        Each text is followed by the one closing tag of a row. A row in a row is refused by the tree, so that as many
        rows as texts means that every text is one whole row.
        """
        data = (self._opening + "".join(row + self._row_end for row in rows)).encode()
        reader = PullReader(self._tree)
        try:
            reader.feed(Piece(data, 1, 0, False))
        except LayoutError:
            return None
        read, _ = reader.take()
        parent = reader.between_rows()
        if parent is None or (parent.text or "").strip(WHITESPACE):  # text before the first row is nobody's
            return None
        return read if len(read) == len(rows) else None


def _start_tag(element: etree._Element) -> str:
    """A start tag with the element's name and every prefix that is in force inside it."""
    name = local_name(element)
    prefixes = {f"xmlns:{prefix}" if prefix else "xmlns": uri for prefix, uri in element.nsmap.items()}
    declared = "".join(f" {name}={quoteattr(uri)}" for name, uri in prefixes.items() if name != "xmlns:xml")
    return f"<{element.prefix}:{name}{declared}>" if element.prefix else f"<{name}{declared}>"


def _take(shape: Shape, rows: pl.DataFrame, found: list[pl.DataFrame]) -> pl.DataFrame:
    """Adds the rows that have the shape to ``found``; returns the others."""
    if not rows.height:
        return rows
    fitting, others = shape.split(rows, _TEXT)
    if fitting.height:
        found.append(fitting)
    return others
