"""pain.002.001.11, customer payment status report (支付状态报告), read as a stream into columns.

Two readers share the work. The thorough one (``pain002_pull``) reads any legal form and keeps the place in the
document; the quick one (``pain002_bulk``) takes whole runs of plain records off its hands. A comment, CDATA section or
processing instruction anywhere ends the quick way for good, because then a tag's octets need not be a tag.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import polars as pl
from lxml import etree

from messages.iso20022.octets import Piece, pieces
from messages.iso20022.pain002_bulk import BulkReader
from messages.iso20022.pain002_counters import check_counters
from messages.iso20022.pain002_pull import PullReader, Section
from messages.iso20022.pain002_record import RAW_SCHEMA, RECORD, RESULT_COLUMNS, faults, results
from messages.iso20022.unreadable import Unreadable

BULK_FROM_BYTES: Final = 256 * 1024
"""Shorter runs of records are not worth the columns' start-up."""

_FIRST_RECORD: Final = re.compile(rb"<(?:[A-Za-z_][A-Za-z0-9_.-]*:)?" + RECORD.encode() + rb"[\s>]")

__all__ = ["RESULT_COLUMNS", "PaymentStatus", "StatusReport", "parse_status_report"]


@dataclass(frozen=True, slots=True)
class PaymentStatus:
    """One ``OrgnlPmtInfAndSts``: what is said of the payment information as a whole."""

    payment_id: str
    status: str | None
    reason: str | None
    text: str | None
    records: int  # TxInfAndSts that stood in it


@dataclass(frozen=True, slots=True)
class StatusReport:
    """A whole pain.002; texts as the bank wrote them, trimmed, None where not given."""

    message_id: str
    original_message_id: str
    original_message_name: str  # such as pain.001.001.09
    group_status: str | None
    group_reason: str | None
    group_text: str | None
    payments: tuple[PaymentStatus, ...]
    blocks: tuple[pl.DataFrame, ...]  # RESULT_COLUMNS, in the order of the message


def parse_status_report(
    chunks: Iterable[bytes], *, max_bytes: int, bulk_from_bytes: int = BULK_FROM_BYTES
) -> StatusReport:
    """Reads one report; raises Unreadable with the line. Memory: the columns, and some pieces of 2 MB."""
    reader = _Reader(bulk_from_bytes)
    blocks = tuple(block for piece in pieces(chunks, RECORD, max_bytes) for block in reader.blocks(piece))
    return reader.report(blocks)


class _Reader:
    """Hands each piece to the quick or the thorough reader."""

    def __init__(self, bulk_from_bytes: int) -> None:
        self._pull = PullReader()
        self._bulk_from_bytes = bulk_from_bytes
        self._plain = True  # nothing but tags and texts so far
        self._opened = False  # the first record has been seen
        self._place: etree._Element | None = None
        self._bulk: BulkReader | None = None

    def blocks(self, piece: Piece) -> Iterator[pl.DataFrame]:
        """The results in the next piece of the message."""
        self._plain = self._plain and _is_plain(piece)
        if self._plain and not self._opened and (first := _FIRST_RECORD.search(piece.data)):
            self._opened = True
            opening, piece = piece.split(first.start())
            yield from self._thoroughly(opening)
        block = self._quickly(piece) if self._plain else None
        if block is None:
            yield from self._thoroughly(piece)
        else:
            yield block

    def report(self, blocks: tuple[pl.DataFrame, ...]) -> StatusReport:
        """After the last piece."""
        self._pull.close()
        group, message = self._pull.group, self._pull.message
        if group is None or message is None:
            raise Unreadable("a part of the message that the schema requires is missing", field="OrgnlGrpInfAndSts")
        check_counters(group, self._pull.payments)
        return StatusReport(
            message_id=_required(message, "MsgId"),
            original_message_id=_required(group, "OrgnlMsgId"),
            original_message_name=_required(group, "OrgnlMsgNmId"),
            group_status=group.texts.get("GrpSts") or None,
            group_reason=group.reason,
            group_text=group.text,
            payments=tuple(_payment(section) for section in self._pull.payments),
            blocks=blocks,
        )

    def _quickly(self, piece: Piece) -> pl.DataFrame | None:
        if len(piece.data) < self._bulk_from_bytes:
            return None
        place = self._pull.between_records()
        if place is None:
            return None
        if place is not self._place or self._bulk is None:
            self._place, self._bulk = place, BulkReader(place)
        block = self._bulk.read(piece)
        if block is not None:
            self._pull.count(block["status_raw"])
        return block

    def _thoroughly(self, piece: Piece) -> Iterator[pl.DataFrame]:
        self._pull.feed(piece)
        records, lines = self._pull.take()
        if not records:
            return
        raw = pl.DataFrame(records, schema=RAW_SCHEMA, orient="row")
        for row, field, why in faults(raw):
            raise Unreadable(why, line=lines[row], field=field)
        yield results(raw)


def _is_plain(piece: Piece) -> bool:
    if piece.holds(b"<!", b"!"):
        return False
    declarations = 1 if piece.line == 1 and piece.data.startswith(b"<?xml ") else 0
    return b"?" not in piece.data or piece.data.count(b"<?") == declarations


def _required(section: Section, name: str) -> str:
    if not (text := section.texts.get(name)):
        raise Unreadable("required, and missing or empty", line=section.line, field=name)
    if len(text) > 35:
        raise Unreadable("longer than 35 characters", line=section.line, field=name)
    return text


def _payment(section: Section) -> PaymentStatus:
    return PaymentStatus(
        payment_id=_required(section, "OrgnlPmtInfId"),
        status=section.texts.get("PmtInfSts") or None,
        reason=section.reason,
        text=section.text,
        records=sum(section.reported.values()),
    )
