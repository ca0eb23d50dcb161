"""Data keys: heads of sealed rows by index, the key of each lookup run, re-sealing, erasure and legal holds."""

from __future__ import annotations

from typing import Any

from alembic import op
from sqlalchemy import BigInteger, Column, ForeignKey, Integer, Text, text

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

SEALED = ("segment_sealed", "rejection", "result_block", "result_unmatched")


def upgrade() -> None:
    """Runs made before have no key id, and are made anew in the background."""
    for table in SEALED:
        op.create_index(f"ix_{table}_head", table, [text("substr(sealed, 1, 81)")])
    op.add_column("lookup_part", Column("key_id", Text, nullable=False, server_default=text("''")))
    op.create_index("ix_lookup_part_key_id_batch_id", "lookup_part", ["key_id", "batch_id"])
    _resealing()
    _holds()
    _erasures()


def _resealing() -> None:
    op.create_table(
        "reseal_run",
        Column("alias", Text, primary_key=True),
        Column("key_id", Text, primary_key=True),
        _text("cursor"),
        _big("items"),
        _big("items_before"),
        _big("octets"),
        _big("unreadable"),
        _big("begun_at_ms"),
        _big("done_at_ms", nullable=True),
    )


def _holds() -> None:
    op.create_table(
        "legal_hold",
        _id("hold_id"),
        Column("batch_id", BigInteger, ForeignKey("batch.batch_id"), nullable=False),
        _text("reason"),
        _text("placed_by"),
        _big("placed_at_ms"),
        _text("lifted_by", nullable=True),
        _big("lifted_at_ms", nullable=True),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_legal_hold_batch_id", "legal_hold", ["batch_id"])


def _erasures() -> None:
    op.create_table(
        "erasure",
        _id("erasure_id"),
        Column("batch_id", BigInteger, ForeignKey("batch.batch_id"), nullable=False),
        _text("what"),
        _big("begun_at_ms"),
        _big("done_at_ms", nullable=True),
        _big("erased"),
        _big("cursor"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_erasure_batch_id_what", "erasure", ["batch_id", "what"])
    op.create_index("ix_erasure_done_at_ms", "erasure", ["done_at_ms"])
    op.create_table(
        "vault_removal",
        Column("vault_name", Text, primary_key=True),
        _big("batch_id", nullable=True),
        _big("decided_at_ms"),
        _big("removed_at_ms", nullable=True),
    )
    op.create_index("ix_vault_removal_removed_at_ms", "vault_removal", ["removed_at_ms"])


def _id(name: str) -> Column[Any]:
    return Column(name, BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True)


def _text(name: str, *, nullable: bool = False) -> Column[str]:
    return Column(name, Text, nullable=nullable)


def _big(name: str, *, nullable: bool = False) -> Column[int]:
    return Column(name, BigInteger, nullable=nullable)
