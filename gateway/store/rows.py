"""Rows in and out: insert once, find by id, read and write a content's four columns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Row, Table, select
from sqlalchemy.dialects import postgresql, sqlite

from gateway.store.errors import NoSuchRow
from gateway.store.records import Content


def insert_once(tx: Connection, table: Table, values: Mapping[str, Any]) -> bool:
    """Insert, unless a unique key says that it is there already; True when it was inserted.

    On PostgreSQL this waits for another transaction that is just inserting the same key.
    """
    insert = sqlite.insert if tx.dialect.name == "sqlite" else postgresql.insert
    statement = insert(table).values(values).on_conflict_do_nothing().returning(*table.primary_key.columns)
    return tx.execute(statement).first() is not None


def row_by_id(tx: Connection, table: Table, row_id: int) -> Row[Any]:
    """The row whose one-column primary key is ``row_id``; raises NoSuchRow."""
    (key,) = table.primary_key.columns
    row = tx.execute(select(table).where(key == row_id)).first()
    if row is None:
        raise NoSuchRow(f"{table.name} {row_id} is not in this database: check that the right one is configured")
    return row


def content_values(content: Content | None) -> dict[str, Any]:
    """A content as columns, all NULL where there is none."""
    if content is None:
        return dict.fromkeys(("vault_name", "content_sha256", "content_size", "media_type"))
    return {
        "vault_name": content.vault_name,
        "content_sha256": content.sha256,
        "content_size": content.size,
        "media_type": content.media_type,
    }


def content_in(row: Row[Any]) -> Content | None:
    """The content in a row, None where there is none yet."""
    if row.vault_name is None:
        return None
    return Content(row.vault_name, row.content_sha256, row.content_size, row.media_type)
