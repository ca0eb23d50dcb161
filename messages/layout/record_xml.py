"""A record-XML message (XML 记录报文), compiled from a layout: columns to exact bytes, exact bytes to columns.

The document has an XML declaration that names the encoding, the root with the layout's namespaces, the header's
elements, one element an item, each on a line of its own, and the trailer's elements; nothing else. See ``xml_record``
for values, ``xml_tree`` for what a document may hold, ``xml_octets`` for encodings.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import numpy as np
import polars as pl

from messages.layout.errors import CannotWrite, Finding, LayoutError
from messages.layout.file import CHUNK_OCTETS, Head, HeadValue, ParsedFile
from messages.layout.head_values import of_row, one_row
from messages.layout.kinds import Kind
from messages.layout.model import Layout
from messages.layout.totals import COUNTED, Tally, line_of
from messages.layout.vocabulary import MessageName
from messages.layout.xml_heads import begins_like
from messages.layout.xml_octets import utf8_pieces
from messages.layout.xml_paths import templates
from messages.layout.xml_reading import DocumentReader
from messages.layout.xml_record import XmlRecord
from messages.layout.xml_totals import Held
from messages.layout.xml_tree import tree

WRITE_ROWS: Final = 8_192
_DECLARED: Final = {"gb18030": "GB18030", "gbk": "GBK", "gb2312": "GB2312", "utf-8": "UTF-8"}


class RecordXmlFile:
    """One message of one layout in one encoding. Counts, totals and sequences are written and verified here."""

    def __init__(self, layout: Layout, name: MessageName, encoding: str, *, once: bool):
        """``once``: each reference stands once in a document. Raises xml_paths.PathRefused."""
        message, namespaces = layout.messages[name], dict(layout.namespaces)
        markup = templates(message, namespaces)
        self._once: Final = once
        self._encoding: Final = encoding
        self._tree: Final = tree(message, namespaces)
        self._declaration: Final = f'<?xml version="1.0" encoding="{_DECLARED[encoding]}"?>\n'
        self._header: Final = XmlRecord(message.header, markup.opening, encoding)
        self._trailer: Final = XmlRecord(message.trailer, markup.closing, encoding, len(message.header))
        self._detail: Final = XmlRecord(message.detail, (*markup.row, "\n"), encoding) if markup.row else None

    def most_rows(self, octets: int) -> int:
        """See LayoutFile; every value taken at its longest, and every character of a text at its longest escape."""
        if self._detail is None:
            return 0
        frame = len(self._declaration) + self._header.most_octets() + self._trailer.most_octets() + 1
        most = max(0, octets - frame) // self._detail.most_octets()
        for record in (self._header, self._detail, self._trailer):
            for kind in (Kind.SEQUENCE, Kind.COUNT):
                line = line_of(record.lines, kind)
                most = min(most, 10**line.octets - 1) if line and line.octets else most
        return most

    def check(self, block: pl.DataFrame) -> list[Finding]:
        """See LayoutFile."""
        if self._detail is None:
            return []
        findings: list[Finding] = []
        for start in range(0, block.height, WRITE_ROWS):
            words = self._detail.words(block.slice(start, WRITE_ROWS))
            findings += _moved(self._detail.findings(words), start)
        return findings

    def check_head(self, head: Head) -> list[Finding]:
        """See LayoutFile."""
        return [
            finding
            for record in (self._header, self._trailer)
            if record.fields
            for finding in record.findings(_head_words(record, head))
        ]

    def build(self, head: Head, blocks: Iterable[pl.DataFrame]) -> Iterator[bytes]:
        """See LayoutFile."""
        findings = self.check_head(head)
        if findings:
            raise CannotWrite(findings)
        opening = self._header.marked_up(_head_words(self._header, head)).item()
        yield (self._declaration + opening + ("\n" if self._detail else "")).encode(self._encoding)
        tally = Tally(once=self._once)
        for block in blocks:
            yield from self._details(block, tally.rows)
            tally.take(block)
        promised = (head.get("rows", tally.rows), head.get("total_fen", tally.fen))
        if (tally.rows, tally.fen) != promised or tally.repeated() is not None:
            raise ValueError(f"the head promises {promised}, the items make {tally.rows}, {tally.fen}, each once")
        yield (self._trailer.marked_up(_head_words(self._trailer, head)).item() + "\n").encode(self._encoding)

    def _details(self, block: pl.DataFrame, before: int) -> Iterator[bytes]:
        detail = self._detail
        if detail is None:
            raise ValueError("this message has no details")
        for start in range(0, block.height, WRITE_ROWS):
            part = block.slice(start, WRITE_ROWS)
            first = before + start + 1
            sequence = pl.Series(COUNTED[Kind.SEQUENCE], np.arange(first, first + part.height))
            words = detail.words(part.with_columns(sequence))
            missing = [field.source for field in detail.fields.values() if field.key not in words.columns]
            if missing:
                raise KeyError(f"the items have no column {', '.join(missing)}")
            findings = detail.findings(words, encodable=True)
            if findings:
                raise CannotWrite(_moved(findings, before + start))
            yield from self._encoded(words, detail.marked_up(words), before + start)

    def _encoded(self, words: pl.DataFrame, rows: pl.Series, before: int) -> Iterator[bytes]:
        rows_per_chunk = max(1, CHUNK_OCTETS * len(rows) // max(1, int(rows.str.len_bytes().sum())))
        for part in (rows.slice(start, rows_per_chunk) for start in range(0, len(rows), rows_per_chunk)):
            octets: bytes = part.str.join("").cast(pl.Binary).item()
            try:
                yield (
                    octets if self._encoding == "utf-8" or octets.isascii() else octets.decode().encode(self._encoding)
                )
            except UnicodeEncodeError:
                findings = self._detail.findings(words) if self._detail else []
                raise CannotWrite(_moved(findings, before)) from None

    def matches(self, content: bytes) -> bool:
        """Whether root element and header constants are this message's; never raises."""
        constants = {
            number: line.value or "" for number, line in enumerate(self._header.lines) if line.kind is Kind.CONSTANT
        }
        return begins_like(content, self._encoding, self._tree, constants)

    def parse(self, chunks: Iterable[bytes]) -> ParsedFile:
        """See LayoutFile; lines are the document's, rows are counted from 1."""
        row = (self._tree.row or self._tree.root).name.rpartition("}")[2]
        reader = DocumentReader(self._tree, self._detail, row)
        held = Held(self._tree.detail, once=self._once)
        blocks = [
            held.take(block) for piece in utf8_pieces(chunks, self._encoding, row) for block in reader.blocks(piece)
        ]
        texts, places = reader.frame()
        header, trailer = (_frame_values(record, texts, places, held) for record in (self._header, self._trailer))
        held.finish()
        return ParsedFile(header, tuple(blocks), trailer)


def _head_words(record: XmlRecord, head: Head) -> pl.DataFrame:
    sources = list(dict.fromkeys(field.source for field in record.fields.values()))
    return record.words(one_row(head, sources)) if sources else pl.DataFrame()


def _moved(findings: list[Finding], rows: int) -> list[Finding]:
    return [finding._replace(row=finding.row + rows) for finding in findings]


def _frame_values(record: XmlRecord, texts: list[str | None], places: list[int], held: Held) -> dict[str, HeadValue]:
    """The values of header or trailer, compared with what the rows make; raises LayoutError."""
    numbered = list(enumerate(record.lines, record.first))
    if not numbered:
        return {}
    schema = {str(number): pl.String for number, _ in numbered}
    values, faults = record.read(pl.DataFrame([texts[record.first :][: len(numbered)]], schema=schema, orient="row"))
    for fault in faults:
        at = next(places[number] for number, line in numbered if line is fault.line)
        raise LayoutError(fault.why, line=at, field=fault.line.name, clause=fault.line.clause)
    head = of_row(values) if values.width else {}
    for number, line in numbered:
        held.compare(line, head.get(COUNTED.get(line.kind, "")), places[number])
    return head
