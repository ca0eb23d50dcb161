"""The tables about data at rest (静态数据表): re-sealing under a new key, erasure, and legal holds."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Column, Index, Table, Text

from gateway.store.columns import big, identity, refers_to, words
from gateway.store.tables import metadata

reseal_run: Final = Table(  # how far everything has come under one active key
    "reseal_run",
    metadata,
    Column("alias", Text, primary_key=True),
    Column("key_id", Text, primary_key=True),
    words("cursor"),  # the last vault file that was looked at; "" at the beginning, and for rows of the database
    big("items"),  # rows or files that were sealed anew
    big("items_before"),  # when the current pass over the vault began; -1: that pass cannot be the last
    big("octets"),
    big("unreadable"),  # met in the current pass: sealed under a key that is gone, or damaged
    big("begun_at_ms"),
    big("done_at_ms", nullable=True),  # when a whole pass found nothing left to do
)

legal_hold: Final = Table(
    "legal_hold",
    metadata,
    identity("hold_id"),
    refers_to("batch"),
    words("reason"),
    words("placed_by"),
    big("placed_at_ms"),
    words("lifted_by", nullable=True),
    big("lifted_at_ms", nullable=True),
    Index(None, "batch_id"),
    sqlite_autoincrement=True,
)

erasure: Final = Table(
    "erasure",
    metadata,
    identity("erasure_id"),
    refers_to("batch"),
    words("what"),  # gateway.core.retention.What
    big("begun_at_ms"),
    big("done_at_ms", nullable=True),
    big("erased"),  # items, results, files or notices, as ``what`` says
    big("cursor"),  # segments below are done
    Index(None, "batch_id", "what"),
    Index(None, "done_at_ms"),
    sqlite_autoincrement=True,
)

vault_removal: Final = Table(  # decided in a transaction, done after it: a file cannot be rolled back
    "vault_removal",
    metadata,
    Column("vault_name", Text, primary_key=True),
    Column("batch_id", BigInteger, nullable=True),  # null: a message that no batch ever owned
    big("decided_at_ms"),
    big("removed_at_ms", nullable=True),
    Index(None, "removed_at_ms"),
)
