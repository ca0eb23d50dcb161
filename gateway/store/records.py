"""The rows that the store hands out, and the states of the things that are not items."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from gateway.core.segments import SegmentInfo
from gateway.core.tally import Tally

__all__ = [
    "Alert",
    "Batch",
    "BatchState",
    "Content",
    "InboxMessage",
    "InboxState",
    "Instruction",
    "InstructionState",
    "NoticeBlock",
    "OutboxMessage",
    "ResultBlock",
    "SegmentInfo",
    "SegmentStates",
    "Work",
]


class BatchState(StrEnum):
    """The life of a batch (批次)."""

    OPEN = "OPEN"  # header taken, items still to come
    RECEIVED = "RECEIVED"  # all bytes durable, being checked
    REFUSED = "REFUSED"  # refused whole, reasons in ``problems``; no item of it is ever paid
    ACCEPTED = "ACCEPTED"  # checked; its good items are on their way
    COMPLETED = "COMPLETED"  # every accepted item has a final outcome (a return may still follow)


class InstructionState(StrEnum):
    """The life of one instruction file."""

    PLANNED = "PLANNED"  # which segments it holds is decided
    BUILT = "BUILT"  # exact bytes and signature durable
    SENDING = "SENDING"  # committed before the first byte may leave
    SENT = "SENT"
    UNKNOWN = "UNKNOWN"  # may have arrived; being asked for
    ACKNOWLEDGED = "ACKNOWLEDGED"  # the bank took the file
    REFUSED = "REFUSED"  # the bank refused the file as a whole: all items failed
    COMPLETED = "COMPLETED"  # every item has a final outcome


class InboxState(StrEnum):
    """The life of one message from a bank."""

    RECEIVED = "RECEIVED"
    APPLIED = "APPLIED"
    QUARANTINED = "QUARANTINED"  # kept with its bytes and the reason; never applied


@dataclass(frozen=True, slots=True)
class Content:
    """Exact bytes at rest: the vault's name for them, what they are, and their SHA-256 in hex."""

    vault_name: str
    sha256: str
    size: int
    media_type: str  # application/x-ndjson, text/csv; charset=gb18030, ...


@dataclass(frozen=True, slots=True)
class Batch:
    """One batch as stored; ``header`` is the canonical header as JSON-ready data."""

    batch_id: int
    client_id: str
    batch_no: str
    reference: str  # messages.batch.numbering.batch_reference
    header: dict[str, Any]
    header_sha256: str
    state: BatchState
    urgent: bool
    opened_at_ms: int
    received_at_ms: int | None
    content: Content | None
    rejected_items: int
    rejected_fen: int
    problems: list[dict[str, Any]]  # why refused, for people: code, zh, en
    decided_at_ms: int | None = None  # when accepted or refused
    completed_at_ms: int | None = None  # null again after a reopening


@dataclass(frozen=True, slots=True)
class SegmentStates:
    """The narrow, changing part of a segment: one state byte and one amount an item."""

    info: SegmentInfo
    version: int
    states: bytes  # uint8 x rows
    amounts: bytes  # int64 little endian x rows
    tally: Tally


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction file: consecutive segments of one bank."""

    instruction_id: int
    batch_id: int
    bank: str
    file_no: int
    message_id: str
    first_segment: int
    segment_count: int
    rows: int
    fen: int
    state: InstructionState
    content: Content | None
    signature: bytes | None  # as it travels (encoded)
    key_id: str | None
    built_at_ms: int | None
    sending_at_ms: int | None
    sent_at_ms: int | None
    edition: str = ""  # of the bank's profile: the day from which it holds, "" for the first


@dataclass(frozen=True, slots=True)
class InboxMessage:
    """One message from a bank, exact bytes kept."""

    inbox_id: int
    bank: str
    name: str  # file name, or "<message_id>/reply" and the like for HTTP
    content: Content
    signature: bytes | None  # as it came
    state: InboxState
    reason: str | None  # why quarantined
    received_at_ms: int
    applied_at_ms: int | None
    key_id: str | None  # which key verified it


@dataclass(frozen=True, slots=True)
class ResultBlock:
    """What one inbox message said about one segment; sealed Arrow bytes, appended, never changed."""

    batch_id: int
    segment_no: int
    inbox_id: int
    rows: int
    sealed: bytes


@dataclass(frozen=True, slots=True)
class NoticeBlock:
    """Notices owed for one segment's newly paid items; ``items`` are row numbers within the segment."""

    notice_id: int
    batch_id: int
    segment_no: int
    inbox_id: int
    rows: bytes  # uint16 little endian, row numbers
    states: bytes  # uint8 x len(rows): gateway.core.notices.NoticeState
    version: int


@dataclass(frozen=True, slots=True)
class Work:
    """One piece of work under a lease; ``fence`` must still match when it is finished."""

    work_id: int
    kind: str
    key: str
    subject: dict[str, Any]
    priority: int
    attempts: int
    due_at_ms: int
    fence: int


@dataclass(frozen=True, slots=True)
class OutboxMessage:
    """A message to the platform with its exact body (signed webhook); retried until taken."""

    outbox_id: int
    kind: str
    key: str
    destination: str  # client id
    body: bytes
    created_at_ms: int
    delivered_at_ms: int | None
    attempts: int


@dataclass(frozen=True, slots=True)
class Alert:
    """Something a person must know; raised once per (kind, key)."""

    alert_id: int
    kind: str
    key: str
    text_zh: str
    text_en: str
    raised_at_ms: int
    count: int
