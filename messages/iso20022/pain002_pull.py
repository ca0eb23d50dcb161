"""The thorough reader of a pain.002 (支付状态报告逐事件读取): an incremental XML parser, any legal form.

It holds the place in the document. Whole records may be left out of what it is fed, as long as somebody sound has
read them: it then goes on as if they had not been there. Bounded in depth, and in octets without a finished element.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Final

import polars as pl
from lxml import etree

from messages.iso20022.octets import Piece
from messages.iso20022.pain002_record import (
    RAW_FIELDS,
    RECORD,
    RawRecord,
    read_reasons,
    read_record,
    trimmed,
)
from messages.iso20022.schema import PAIN_002, namespace
from messages.iso20022.unreadable import Unreadable
from messages.xml_names import local_name, shown_name

MAX_DEPTH: Final = 64
MAX_ELEMENTS: Final = 10_000
"""Elements inside one record or header part; the schema's own are some dozens."""
MAX_UNFINISHED_BYTES: Final = 2 * 1024 * 1024
STATUS_FIELD: Final = RAW_FIELDS.index("status")
PAYMENT: Final = "OrgnlPmtInfAndSts"

_STEP_BYTES: Final = 128 * 1024  # so that limits bite before the parser has built too much
_URI: Final = namespace(PAIN_002)
_NS: Final = f"{{{_URI}}}"
_ROOTS: Final = (f"{_NS}Document", f"{_NS}CstmrPmtStsRpt")
_SECTIONS: Final = frozenset(_NS + name for name in ("GrpHdr", "OrgnlGrpInfAndSts", PAYMENT, "SplmtryData"))
_SECTION_DEPTH: Final = 3
_PART_DEPTH: Final = 4


@dataclass(slots=True)
class Section:
    """A header part of the report as read: simple texts by element name, reasons, counters."""

    line: int
    texts: dict[str, str] = field(default_factory=dict)
    reason: str | None = None
    text: str | None = None
    counts: dict[str, int] = field(default_factory=dict)  # status -> number, as the bank counts them
    reported: dict[str, int] = field(default_factory=dict)  # status -> records seen


class PullReader:
    """Feed it pieces in order; ``group`` and ``payments`` fill up, ``take`` gives the records read since."""

    def __init__(self) -> None:
        self._parser = etree.XMLPullParser(
            events=("start", "end"),
            encoding="utf-8",
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            huge_tree=False,
            remove_comments=True,  # so that a text with a comment inside is one text
            remove_pis=True,
        )
        self._path: list[etree._Element] = []
        self._fed_lines = 0
        self._fed: list[tuple[int, int]] = []  # (lines fed before, line in the message) of each piece
        self._unfinished = 0
        self._elements = 0
        self._records: list[RawRecord] = []
        self._lines: list[int] = []
        self._reasons: list[etree._Element] = []
        self.message: Section | None = None
        self.group: Section | None = None
        self.payments: list[Section] = []

    def feed(self, piece: Piece) -> None:
        """Reads one piece; raises Unreadable with the line."""
        self._fed.append((self._fed_lines, piece.line))
        for start in range(0, len(piece.data), _STEP_BYTES):
            self._step(piece.data[start : start + _STEP_BYTES])
        self._fed_lines += piece.lines

    def _step(self, octets: bytes) -> None:
        self._unfinished += len(octets)
        try:
            self._parser.feed(octets)
        except etree.XMLSyntaxError:
            raise self._not_well_formed() from None
        # An undeclared entity stops the parser without raising, and the next octets would begin a new document.
        if len(self._parser.feed_error_log):
            raise self._not_well_formed()
        self._events()
        if self._unfinished > MAX_UNFINISHED_BYTES:
            raise Unreadable(f"more than {MAX_UNFINISHED_BYTES} octets in one part", line=self._fed[-1][1])

    def close(self) -> None:
        """The message ends here; raises Unreadable when it may not."""
        try:
            self._parser.close()
        except etree.XMLSyntaxError:
            raise self._not_well_formed() from None
        self._events()

    def take(self) -> tuple[list[RawRecord], list[int]]:
        """The records read since the last call, and the line of each."""
        taken = self._records, self._lines
        self._records, self._lines = [], []
        return taken

    def count(self, statuses: pl.Series) -> None:
        """Notes the statuses of records that were left out of what it was fed."""
        reported = self.payments[-1].reported
        for status, number in statuses.value_counts().iter_rows():
            reported[status] = reported.get(status, 0) + number

    def between_records(self) -> etree._Element | None:
        """The open payment information, if nothing inside it is open: where records may be left out."""
        return self._path[-1] if len(self._path) == _SECTION_DEPTH and self._path[-1].tag == _NS + PAYMENT else None

    def _not_well_formed(self) -> Unreadable:
        lines = [int(entry.line) for entry in self._parser.feed_error_log]
        return Unreadable("not well-formed XML, or cut short", line=self._true_line(lines[0] if lines else 1))

    def _true_line(self, line: int) -> int:
        """Where the parser's line is in the message: it does not count what was left out."""
        at = bisect_right(self._fed, line - 1, key=itemgetter(0)) - 1
        before, true = self._fed[at] if at >= 0 else (0, 1)
        return true + max(0, line - 1 - before)

    def _line(self, element: etree._Element) -> int:
        line: int | None = element.sourceline  # type: ignore[assignment]  # the stub has no type for it
        return self._true_line(line or 1)

    def _events(self) -> None:
        for event, element in self._parser.read_events():
            if not isinstance(element, etree._Element):
                continue
            if event == "start":
                self._start(element)
            else:
                self._end(element)

    def _start(self, element: etree._Element) -> None:
        self._path.append(element)
        depth = len(self._path)
        self._elements = self._elements + 1 if depth > _PART_DEPTH else 0
        if depth > MAX_DEPTH:
            self._wrong(element, f"elements nested deeper than {MAX_DEPTH}")
        if self._elements > MAX_ELEMENTS:
            self._wrong(element, f"more than {MAX_ELEMENTS} elements in one part")
        if depth < _SECTION_DEPTH and element.tag != _ROOTS[depth - 1]:
            self._wrong(element, f"not a {PAIN_002} message")
        if depth == _SECTION_DEPTH:
            if element.tag not in _SECTIONS:
                self._wrong(element, "an element that the schema does not have there")
            if element.tag == _NS + PAYMENT:
                self.payments.append(Section(self._line(element)))
                self._reasons = []

    def _wrong(self, element: etree._Element, what: str) -> None:
        raise Unreadable(what, line=self._line(element), field=shown_name(element))

    def _end(self, element: etree._Element) -> None:
        depth = len(self._path)
        self._path.pop()
        if depth > _PART_DEPTH or depth < _SECTION_DEPTH:
            return
        self._unfinished = 0
        try:
            if depth == _PART_DEPTH:
                self._part(element)
            else:
                self._section(element)
        except Unreadable as fault:
            raise Unreadable(fault.what, line=fault.line or self._line(element), field=fault.field) from None

    def _part(self, element: etree._Element) -> None:
        parent = self._path[-1]
        if parent.tag != _NS + PAYMENT:
            return
        if element.tag == _NS + RECORD:
            self._record(element)
        elif element.tag == _NS + "StsRsnInf":
            self._reasons.append(element)
            return  # read, with its fellows, when the section ends
        else:
            read_into(self.payments[-1], element)
        parent.remove(element)

    def _record(self, element: etree._Element) -> None:
        record = read_record(element)
        self._records.append(record)
        self._lines.append(self._line(element))
        status, reported = record[STATUS_FIELD] or "", self.payments[-1].reported
        reported[status] = reported.get(status, 0) + 1

    def _section(self, element: etree._Element) -> None:
        section = Section(self._line(element))
        if element.tag == _NS + PAYMENT:
            section = self.payments[-1]
            section.reason, section.text = read_reasons(self._reasons)
        elif element.tag == _NS + "SplmtryData":
            pass
        else:
            for child in element:
                read_into(section, child)
            section.reason, section.text = read_reasons(element.iterchildren(_NS + "StsRsnInf"))
            self._keep(element, section)
        element.clear()

    def _keep(self, element: etree._Element, section: Section) -> None:
        name = "group" if element.tag == _NS + "OrgnlGrpInfAndSts" else "message"
        if getattr(self, name) is not None:
            raise Unreadable("said twice in one message", field=shown_name(element))
        setattr(self, name, section)


def read_into(section: Section, element: etree._Element) -> None:
    """Notes one header element; what has inner structure is left to others."""
    name = local_name(element)
    if not str(element.tag).startswith(_NS):
        raise Unreadable("an element of another namespace", field=shown_name(element))
    if name == "NbOfTxsPerSts":
        _read_count(section, element)
    elif not len(element):
        if name in section.texts:
            raise Unreadable("said twice", field=shown_name(element))
        section.texts[name] = trimmed(element) or ""


def _read_count(section: Section, element: etree._Element) -> None:
    status = element.findtext(f"{_NS}DtldSts", "").strip()
    number = element.findtext(f"{_NS}DtldNbOfTxs", "").strip()
    if not (number.isascii() and number.isdigit() and len(number) <= 15) or status in section.counts:
        raise Unreadable("a counter that is no number, or that is given twice", field="NbOfTxsPerSts")
    section.counts[status] = int(number)
