"""The kinds of columns (列的种类) that the tables are made of."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import BigInteger, Column, ForeignKey, ForeignKeyConstraint, Index, Integer, LargeBinary, Text, text

SEALED_HEAD: Final = "substr(sealed, 1, 81)"
"""Of a sealed column: format, key id (at most 64 octets) and nonce. No two sealings ever share it."""


def identity(name: str) -> Column[int]:
    """A number that the database gives out once."""
    return Column(name, BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True)


def words(name: str, *, nullable: bool = False) -> Column[str]:
    """Text of any length."""
    return Column(name, Text, nullable=nullable)


def count(name: str, *, key: bool = False) -> Column[int]:
    """A 32-bit number."""
    return Column(name, Integer, primary_key=key, nullable=False, autoincrement=False)


def big(name: str, *, nullable: bool = False) -> Column[int]:
    """Fen or milliseconds: a 64-bit number."""
    return Column(name, BigInteger, nullable=nullable)


def octets(name: str, *, nullable: bool = False) -> Column[bytes]:
    """Bytes."""
    return Column(name, LargeBinary, nullable=nullable)


def refers_to(table: str, *, key: bool = False) -> Column[int]:
    """``<table>_id`` of a row of ``table``."""
    name, target = f"{table}_id", ForeignKey(f"{table}.{table}_id")
    return Column(name, BigInteger, target, primary_key=key, nullable=False, autoincrement=False)


def segment_key() -> tuple[Any, ...]:
    """Primary key of what a segment has once."""
    return (
        Column("batch_id", BigInteger, primary_key=True, autoincrement=False),
        count("segment_no", key=True),
        in_segment(),
    )


def in_segment() -> ForeignKeyConstraint:
    """The segment of ``batch_id`` and ``segment_no`` exists."""
    return ForeignKeyConstraint(["batch_id", "segment_no"], ["segment.batch_id", "segment.segment_no"])


def content(*, nullable: bool) -> tuple[Column[Any], ...]:
    """A ``records.Content``."""
    return (
        words("vault_name", nullable=nullable),
        words("content_sha256", nullable=nullable),
        big("content_size", nullable=nullable),
        words("media_type", nullable=nullable),
    )


def head_index(table: str) -> Index:
    """Finds sealed rows by the key that their header names, without reading what is sealed."""
    return Index(f"ix_{table}_head", text(SEALED_HEAD))
