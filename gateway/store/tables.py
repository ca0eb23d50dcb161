"""The tables of the store (库表): one MetaData, the same on SQLite and PostgreSQL.

Money is integer fen and time is integer milliseconds since the epoch, both BIGINT. What never changes
(sealed items, amounts) stands in other tables than what does (state bytes), so that a change writes little.
Ids are never used twice (AUTOINCREMENT): a worker that wakes up late must not meet a stranger under its number.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from gateway.store.columns import (
    big,
    content,
    count,
    head_index,
    identity,
    in_segment,
    octets,
    refers_to,
    segment_key,
    words,
)

metadata: Final = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)


def _table(name: str, *parts: Any) -> Table:
    return Table(name, metadata, *parts, sqlite_autoincrement=True)


batch = _table(
    "batch",
    identity("batch_id"),
    words("client_id"),
    words("batch_no"),
    words("reference"),
    Column("header", JSON, nullable=False),
    words("header_sha256"),
    words("state"),  # BatchState
    Column("urgent", Boolean, nullable=False),
    big("opened_at_ms"),
    big("received_at_ms", nullable=True),
    big("decided_at_ms", nullable=True),  # accepted or refused
    big("completed_at_ms", nullable=True),
    *content(nullable=True),
    count("rejected_items"),
    big("rejected_fen"),
    Column("problems", JSON, nullable=False),
    UniqueConstraint("client_id", "batch_no"),
    UniqueConstraint("reference"),
)

segment = _table(
    "segment",
    refers_to("batch", key=True),
    count("segment_no", key=True),
    words("bank"),
    count("rows"),
    big("fen"),
    words("key_id", nullable=True),
)

segment_sealed = _table("segment_sealed", *segment_key(), octets("sealed"), head_index("segment_sealed"))

segment_amounts = _table("segment_amounts", *segment_key(), octets("amounts"))  # int64 little endian x rows

segment_state = _table(
    "segment_state",
    *segment_key(),
    count("version"),
    octets("tally"),  # gateway.store.money.tally_bytes; before the bytes, so that a sum need not read past them
    octets("states"),  # uint8 x rows
)

rejection = _table(
    "rejection",
    refers_to("batch", key=True),
    count("block_no", key=True),
    count("rows"),
    octets("sealed"),
    head_index("rejection"),
)

lookup_part = _table(
    "lookup_part",
    Column("label", Text, primary_key=True),
    count("partition", key=True),
    refers_to("batch", key=True),
    count("run_no", key=True),
    octets("entries"),  # (u64 token, u32 item_no) little endian, sorted by token
    Column("key_id", Text, nullable=False, server_default=text("''")),  # of the blind index that made the tokens
    Index(None, "batch_id"),
    Index(None, "key_id", "batch_id"),
)

instruction = _table(
    "instruction",
    identity("instruction_id"),
    refers_to("batch"),
    words("bank"),
    count("file_no"),
    words("message_id"),
    count("first_segment"),
    count("segment_count"),
    count("rows"),
    big("fen"),
    words("state"),  # InstructionState
    *content(nullable=True),
    octets("signature", nullable=True),
    words("key_id", nullable=True),
    big("built_at_ms", nullable=True),
    big("sending_at_ms", nullable=True),
    big("sent_at_ms", nullable=True),
    Column("edition", Text, nullable=False, server_default=text("''")),
    UniqueConstraint("message_id"),
    UniqueConstraint("batch_id", "file_no"),
    Index(None, "bank", "state"),
)

instruction_segment = _table(  # the primary key is money rule 1: no segment is ever in two instructions
    "instruction_segment",
    *segment_key(),
    Column("instruction_id", BigInteger, ForeignKey("instruction.instruction_id"), nullable=False),
)

inbox = _table(
    "inbox",
    identity("inbox_id"),
    words("bank"),
    words("name"),
    *content(nullable=False),
    octets("signature", nullable=True),
    words("state"),  # InboxState
    words("reason", nullable=True),
    big("received_at_ms"),
    big("applied_at_ms", nullable=True),
    words("key_id", nullable=True),
    UniqueConstraint("bank", "name", "content_sha256"),
    Index(None, "state", "inbox_id"),
)

remote_listing = _table(
    "remote_listing",
    Column("bank", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    big("size"),
    big("modified_at"),  # seconds, the bank's clock
)

result_block = _table(
    "result_block",
    identity("result_id"),
    refers_to("inbox"),
    Column("batch_id", BigInteger, nullable=False),
    count("segment_no"),
    count("rows"),
    octets("sealed"),
    UniqueConstraint("batch_id", "segment_no", "inbox_id"),
    in_segment(),
    head_index("result_block"),
)

result_unmatched = _table(
    "result_unmatched",
    refers_to("inbox", key=True),
    count("part", key=True),
    octets("sealed"),
    head_index("result_unmatched"),
)

notice_block = _table(
    "notice_block",
    identity("notice_id"),
    Column("batch_id", BigInteger, nullable=False),
    count("segment_no"),
    refers_to("inbox"),
    count("version"),
    octets("states"),  # uint8, gateway.core.notices.NoticeState
    octets("rows"),  # uint16 little endian
    UniqueConstraint("batch_id", "segment_no", "inbox_id"),
    in_segment(),
)

outbox = _table(
    "outbox",
    identity("outbox_id"),
    words("kind"),
    words("key"),
    words("destination"),
    octets("body"),
    big("created_at_ms"),
    big("delivered_at_ms", nullable=True),
    count("attempts"),
    big("attempted_at_ms", nullable=True),
    words("last_error", nullable=True),
    UniqueConstraint("kind", "key"),
)

work = _table(
    "work",
    identity("work_id"),
    words("kind"),
    words("key"),
    Column("subject", JSON, nullable=False),
    count("priority"),
    count("attempts"),
    big("due_at_ms"),
    big("again_at_ms", nullable=True),  # asked for once more while somebody was at it
    words("owner", nullable=True),
    big("lease_until_ms", nullable=True),
    count("fence"),
    words("last_error", nullable=True),
    UniqueConstraint("kind", "key"),
    Index(None, "priority", "due_at_ms", "work_id"),
    Index(None, "owner"),
)

alert = _table(
    "alert",
    identity("alert_id"),
    words("kind"),
    words("key"),
    words("text_zh"),
    words("text_en"),
    big("raised_at_ms"),
    big("last_raised_at_ms"),
    count("count"),
    UniqueConstraint("kind", "key"),
    Index(None, "last_raised_at_ms"),
)
