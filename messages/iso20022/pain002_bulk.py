"""The quick reader of a pain.002 (支付状态报告批量读取): pieces of whole records, thousands at a time.

It never refuses anything: what it cannot be sure of it declines, and the thorough reader takes that piece.
"""

from __future__ import annotations

from typing import Final
from xml.sax.saxutils import quoteattr

import numpy as np
import numpy.typing as npt
import polars as pl
from lxml import etree

from messages.iso20022.octets import Piece
from messages.iso20022.pain002_pull import PAYMENT
from messages.iso20022.pain002_record import RAW_SCHEMA, RECORD, RawRecord, faults, read_record, results
from messages.iso20022.pain002_shapes import Shape, learn, matching
from messages.iso20022.schema import PAIN_002, namespace
from messages.iso20022.unreadable import Unreadable

MAX_SHAPES: Final = 16
"""Shapes kept; a report with more different ones than this goes to the parser, which is slower, not wrong."""

_TAG: Final = f"{{{namespace(PAIN_002)}}}{RECORD}"
_POSITION: Final = "position"


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
        text = piece.text
        if b"\r" in piece.data:  # line ends, as a parser would normalise them (XML 1.0 section 2.11)
            text = text.replace("\r\n", "\n").replace("\r", "\n")
        *records, rest = text.split(self._record_end)
        if rest:
            return None
        raw = self._raw(pl.Series(records, dtype=pl.String), marked=b"&" in piece.data or piece.holds(b"]]>", b"]"))
        return None if raw is None or faults(raw) else results(raw)

    def _raw(self, records: pl.Series, *, marked: bool) -> pl.DataFrame | None:
        everyone = np.arange(records.len(), dtype=np.uint32)
        left, plain = everyone[:0], everyone
        if marked:
            touched = records.str.contains_any(["&", "]]>"]).to_numpy()
            left, plain = everyone[touched], everyone[~touched]
        frames: list[pl.DataFrame] = []
        for shape in self._shapes:
            plain = self._match(shape, records, plain, frames)
        while plain.size and len(self._shapes) < MAX_SHAPES:
            shape_or_none = learn(str(records[int(plain[0])]), self._read_one)
            if shape_or_none is None:
                break
            before = plain.size
            plain = self._match(shape_or_none, records, plain, frames)
            if plain.size == before:  # it does not even fit its own example: an empty text in it
                break
            self._shapes.append(shape_or_none)
        return self._with_parsed(records, np.sort(np.concatenate([left, plain])), frames)

    def _match(
        self, shape: Shape, records: pl.Series, wanted: npt.NDArray[np.uint32], frames: list[pl.DataFrame]
    ) -> npt.NDArray[np.uint32]:
        """Adds the records that fit to ``frames``; returns those that do not."""
        if not wanted.size:
            return wanted
        found, mask = matching(shape, records if wanted.size == records.len() else records.gather(wanted))
        fits: npt.NDArray[np.bool_] = mask.to_numpy()
        frames.append(found.with_columns(pl.Series(_POSITION, wanted[fits])))
        unfit: npt.NDArray[np.uint32] = wanted[~fits]
        return unfit

    def _with_parsed(
        self, records: pl.Series, wanted: npt.NDArray[np.uint32], frames: list[pl.DataFrame]
    ) -> pl.DataFrame | None:
        if wanted.size:
            rows = self._parse("".join(record + self._record_end for record in records.gather(wanted)))
            if rows is None or len(rows) != wanted.size:
                return None
            parsed = pl.DataFrame(rows, schema=RAW_SCHEMA, orient="row")
            frames.append(parsed.with_columns(pl.Series(_POSITION, wanted)))
        if len(frames) == 1:
            return frames[0].drop(_POSITION)
        return pl.concat(frames).sort(_POSITION).drop(_POSITION)

    def _read_one(self, record: str) -> RawRecord | None:
        rows = self._parse(record + self._record_end)
        return rows[0] if rows and len(rows) == 1 else None

    def _parse(self, records: str) -> list[RawRecord] | None:
        """All records of the text, or None where it holds anything else.

        Each record ends with the one closing tag of its name in its text, so that as many children as texts, all of
        them records, means that every text is one whole record.
        """
        parser = etree.XMLParser(encoding="utf-8", resolve_entities=False, no_network=True, load_dtd=False)
        try:
            root = etree.fromstring((self._opening + records + self._closing).encode(), parser)
            if len(parser.error_log) or any(child.tag != _TAG for child in root):
                return None
            return [read_record(child) for child in root]
        except (etree.XMLSyntaxError, Unreadable):
            return None
