"""The quick reader of a pain.002 (支付状态报告批量读取): pieces of whole records, thousands at a time.

It never refuses anything: what it cannot be sure of it declines, and the thorough reader takes that piece.
"""

from __future__ import annotations

from typing import Final
from xml.sax.saxutils import quoteattr

import numpy as np
import polars as pl
from lxml import etree

from messages.iso20022.octets import Piece
from messages.iso20022.pain002_pull import PAYMENT
from messages.iso20022.pain002_record import RAW_SCHEMA, RECORD, RawRecord, faults, read_record, results
from messages.iso20022.pain002_shapes import POSITION, TEXT, Shape, learn, matching
from messages.iso20022.schema import PAIN_002, namespace
from messages.iso20022.unreadable import Unreadable

MAX_SHAPES: Final = 16
"""Shapes kept; a report with more different ones than this goes to the parser, which is slower, not wrong."""

MAX_TAGS: Final = 100
"""Tags in one record: the schema's own come to some dozens. It also bounds how deep they nest."""

_TAG: Final = f"{{{namespace(PAIN_002)}}}{RECORD}"


class BulkReader:
    """Reads runs of records that stand directly in the payment information element ``parent``.

    For pieces without comment, CDATA section and processing instruction only.
    """

    def __init__(self, parent: etree._Element):
        names = {f"xmlns:{prefix}" if prefix else "xmlns": uri for prefix, uri in parent.nsmap.items()}
        declared = " ".join(f"{name}={quoteattr(uri)}" for name, uri in names.items() if name != "xmlns:xml")
        self._opening, self._closing = f"<records {declared}>", "</records>"
        self._record_end = f"</{parent.prefix}:{RECORD}>" if parent.prefix else f"</{RECORD}>"
        self._shapes: list[Shape] = []

    def read(self, piece: Piece) -> pl.DataFrame | None:
        """The piece's records as ``RESULT_COLUMNS``, or None where it is not all sound records."""
        if not piece.ends_record or PAYMENT.encode() in piece.data:
            return None
        data = piece.data
        if b"\r" in data:  # line ends, as a parser would normalise them (XML 1.0 section 2.11)
            data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        *records, rest = data.split(self._record_end.encode())
        # Two mentions of its name a record: no record inside another, no other spelling of the closing tag.
        if rest or data.count(RECORD.encode()) != 2 * len(records):
            return None
        texts = pl.Series(TEXT, records, dtype=pl.Binary).cast(pl.String)
        numbered = pl.DataFrame({POSITION: np.arange(len(records), dtype=np.uint32), TEXT: texts})
        raw = self._raw(numbered, marked=b"&" in piece.data or piece.holds(b"]]>", b"]"))
        return None if raw is None or faults(raw) else results(raw)

    def _raw(self, records: pl.DataFrame, *, marked: bool) -> pl.DataFrame | None:
        found: list[pl.DataFrame] = []
        plain, special = records, records.clear()
        if marked:
            touched = pl.col(TEXT).str.contains_any(["&", "]]>"])
            plain, special = records.filter(~touched), records.filter(touched)
        for shape in self._shapes:
            plain = _match(shape, plain, found)
        plain = self._match_new(plain, found)
        rest = pl.concat([plain, special]).sort(POSITION)
        if rest.height:
            rows = self._parse(rest[TEXT].to_list())
            if rows is None or len(rows) != rest.height:
                return None
            found.append(pl.DataFrame(rows, schema=RAW_SCHEMA, orient="row").insert_column(0, rest[POSITION]))
        return found[0] if len(found) == 1 else pl.concat(found).sort(POSITION)

    def _match_new(self, records: pl.DataFrame, found: list[pl.DataFrame]) -> pl.DataFrame:
        """Learns the shapes of what is left; returns what is left then."""
        while records.height and len(self._shapes) < MAX_SHAPES:
            shape = learn(records[TEXT][0], self._read_one)
            if shape is None:
                break
            left = _match(shape, records, found)
            if left.height == records.height:  # it does not even fit its own example: an empty text in it
                break
            self._shapes.append(shape)
            records = left
        return records

    def _read_one(self, record: str) -> RawRecord | None:
        rows = self._parse([record])
        return rows[0] if rows and len(rows) == 1 else None

    def _parse(self, records: list[str]) -> list[RawRecord] | None:
        """The records of all texts, or None where they are anything else.

        Each text is followed by the one closing tag of a record, and there are no others, so that as many children
        as texts, all of them records, means that every text is one whole record.
        """
        if any(record.count("<") > MAX_TAGS for record in records):
            return None
        content = "".join(record + self._record_end for record in records)
        parser = etree.XMLParser(encoding="utf-8", resolve_entities=False, no_network=True, load_dtd=False)
        try:
            root = etree.fromstring((self._opening + content + self._closing).encode(), parser)
            if len(parser.error_log) or any(child.tag != _TAG for child in root):
                return None
            return [read_record(child) for child in root]
        except (etree.XMLSyntaxError, Unreadable):
            return None


def _match(shape: Shape, records: pl.DataFrame, found: list[pl.DataFrame]) -> pl.DataFrame:
    """Adds the records that have the shape to ``found``; returns the others."""
    if not records.height:
        return records
    fit = matching(shape, records)
    if not fit.height:
        return records
    found.append(fit)
    if fit.height == records.height:
        return records.clear()
    others = ~np.isin(records[POSITION].to_numpy(), fit[POSITION].to_numpy(), assume_unique=True)
    return records.filter(pl.Series(others))
