"""The first tables.

A frozen copy of ``gateway.store.tables`` as of this revision, so that it never changes when they do.
"""

from __future__ import annotations

from typing import Any

from alembic import op
from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Integer,
    LargeBinary,
    Text,
    UniqueConstraint,
)

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Forward only: a database is taken back by restoring a backup."""
    _batches()
    _checks()
    _instructions()
    _answers()
    _platform()
    _work()


def _batches() -> None:
    op.create_table(
        "batch",
        _id("batch_id"),
        _text("client_id"),
        _text("batch_no"),
        _text("reference"),
        Column("header", JSON, nullable=False),
        _text("header_sha256"),
        _text("state"),
        Column("urgent", Boolean, nullable=False),
        _big("opened_at_ms"),
        _big("received_at_ms", nullable=True),
        _big("decided_at_ms", nullable=True),
        _big("completed_at_ms", nullable=True),
        *_content(nullable=True),
        _count("rejected_items"),
        _big("rejected_fen"),
        Column("problems", JSON, nullable=False),
        UniqueConstraint("client_id", "batch_no"),
        UniqueConstraint("reference"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "segment",
        _refers_to("batch", key=True),
        _count("segment_no", key=True),
        _text("bank"),
        _count("rows"),
        _big("fen"),
        _text("key_id", nullable=True),
    )
    op.create_table("segment_sealed", *_segment_key(), _bytes("sealed"))
    op.create_table("segment_amounts", *_segment_key(), _bytes("amounts"))
    op.create_table(
        "segment_state",
        *_segment_key(),
        _count("version"),
        _bytes("tally"),
        _bytes("states"),
    )


def _checks() -> None:
    op.create_table(
        "rejection", _refers_to("batch", key=True), _count("block_no", key=True), _count("rows"), _bytes("sealed")
    )
    op.create_table(
        "lookup_part",
        Column("label", Text, primary_key=True),
        _count("partition", key=True),
        _refers_to("batch", key=True),
        _count("run_no", key=True),
        _bytes("entries"),
    )
    op.create_index("ix_lookup_part_batch_id", "lookup_part", ["batch_id"])


def _instructions() -> None:
    op.create_table(
        "instruction",
        _id("instruction_id"),
        _refers_to("batch"),
        _text("bank"),
        _count("file_no"),
        _text("message_id"),
        _count("first_segment"),
        _count("segment_count"),
        _count("rows"),
        _big("fen"),
        _text("state"),
        *_content(nullable=True),
        _bytes("signature", nullable=True),
        _text("key_id", nullable=True),
        _big("built_at_ms", nullable=True),
        _big("sending_at_ms", nullable=True),
        _big("sent_at_ms", nullable=True),
        UniqueConstraint("message_id"),
        UniqueConstraint("batch_id", "file_no"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_instruction_bank_state", "instruction", ["bank", "state"])
    op.create_table(
        "instruction_segment",
        *_segment_key(),
        Column("instruction_id", BigInteger, ForeignKey("instruction.instruction_id"), nullable=False),
    )


def _answers() -> None:
    op.create_table(
        "inbox",
        _id("inbox_id"),
        _text("bank"),
        _text("name"),
        *_content(nullable=False),
        _bytes("signature", nullable=True),
        _text("state"),
        _text("reason", nullable=True),
        _big("received_at_ms"),
        _big("applied_at_ms", nullable=True),
        _text("key_id", nullable=True),
        UniqueConstraint("bank", "name", "content_sha256"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_inbox_state_inbox_id", "inbox", ["state", "inbox_id"])
    op.create_table(
        "remote_listing",
        Column("bank", Text, primary_key=True),
        Column("name", Text, primary_key=True),
        _big("size"),
        _big("modified_at"),
    )
    op.create_table(
        "result_block",
        _id("result_id"),
        _refers_to("inbox"),
        Column("batch_id", BigInteger, nullable=False),
        _count("segment_no"),
        _count("rows"),
        _bytes("sealed"),
        UniqueConstraint("batch_id", "segment_no", "inbox_id"),
        _in_segment(),
        sqlite_autoincrement=True,
    )
    op.create_table("result_unmatched", _refers_to("inbox", key=True), _count("part", key=True), _bytes("sealed"))


def _platform() -> None:
    op.create_table(
        "notice_block",
        _id("notice_id"),
        Column("batch_id", BigInteger, nullable=False),
        _count("segment_no"),
        _refers_to("inbox"),
        _count("version"),
        _bytes("states"),
        _bytes("rows"),
        UniqueConstraint("batch_id", "segment_no", "inbox_id"),
        _in_segment(),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "outbox",
        _id("outbox_id"),
        _text("kind"),
        _text("key"),
        _text("destination"),
        _bytes("body"),
        _big("created_at_ms"),
        _big("delivered_at_ms", nullable=True),
        _count("attempts"),
        _big("attempted_at_ms", nullable=True),
        _text("last_error", nullable=True),
        UniqueConstraint("kind", "key"),
        sqlite_autoincrement=True,
    )


def _work() -> None:
    op.create_table(
        "work",
        _id("work_id"),
        _text("kind"),
        _text("key"),
        Column("subject", JSON, nullable=False),
        _count("priority"),
        _count("attempts"),
        _big("due_at_ms"),
        _big("again_at_ms", nullable=True),
        _text("owner", nullable=True),
        _big("lease_until_ms", nullable=True),
        _count("fence"),
        _text("last_error", nullable=True),
        UniqueConstraint("kind", "key"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_work_priority_due_at_ms_work_id", "work", ["priority", "due_at_ms", "work_id"])
    op.create_index("ix_work_owner", "work", ["owner"])
    op.create_table(
        "alert",
        _id("alert_id"),
        _text("kind"),
        _text("key"),
        _text("text_zh"),
        _text("text_en"),
        _big("raised_at_ms"),
        _big("last_raised_at_ms"),
        _count("count"),
        UniqueConstraint("kind", "key"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_alert_last_raised_at_ms", "alert", ["last_raised_at_ms"])


def _id(name: str) -> Column[int]:
    return Column(name, BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True)


def _text(name: str, *, nullable: bool = False) -> Column[str]:
    return Column(name, Text, nullable=nullable)


def _count(name: str, *, key: bool = False) -> Column[int]:
    return Column(name, Integer, primary_key=key, nullable=False, autoincrement=False)


def _big(name: str, *, nullable: bool = False) -> Column[int]:
    return Column(name, BigInteger, nullable=nullable)


def _bytes(name: str, *, nullable: bool = False) -> Column[bytes]:
    return Column(name, LargeBinary, nullable=nullable)


def _refers_to(table: str, *, key: bool = False) -> Column[int]:
    name, target = f"{table}_id", ForeignKey(f"{table}.{table}_id")
    return Column(name, BigInteger, target, primary_key=key, nullable=False, autoincrement=False)


def _segment_key() -> tuple[Any, ...]:
    return (
        Column("batch_id", BigInteger, primary_key=True, autoincrement=False),
        _count("segment_no", key=True),
        _in_segment(),
    )


def _in_segment() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(["batch_id", "segment_no"], ["segment.batch_id", "segment.segment_no"])


def _content(*, nullable: bool) -> tuple[Column[Any], ...]:
    return (
        _text("vault_name", nullable=nullable),
        _text("content_sha256", nullable=nullable),
        _big("content_size", nullable=nullable),
        _text("media_type", nullable=nullable),
    )
