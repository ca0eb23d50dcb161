"""Sealed rows by the key they are sealed under (按密钥查找密封数据), and their exchange for rows sealed anew.

A sealed thing names its key in its header, so nobody keeps a second record of it that could be wrong: an index over
the first octets (``columns.SEALED_HEAD``) finds and counts rows without reading what is sealed.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Table, func, literal_column, or_, select, update

from crypto.sealing import SEGMENT_MAGIC, key_range, named_key
from gateway.store import tables
from gateway.store.columns import SEALED_HEAD

SEALED_TABLES: Final[dict[str, Table]] = {
    table.name: table
    for table in (tables.segment_sealed, tables.result_block, tables.rejection, tables.result_unmatched)
}
NO_KEY: Final = ""
"""The key id under which bytes are counted that name no key: no reader of ours can open them."""

_head: Final[ColumnElement[bytes]] = literal_column(SEALED_HEAD)  # as text, so that both databases see their index
_END: Final = SEGMENT_MAGIC[:-1] + bytes([SEGMENT_MAGIC[-1] + 1])


@dataclass(frozen=True, slots=True)
class SealedRow:
    """One sealed row: ``place`` are the other columns of the row, ``head`` identifies this sealing of it."""

    table: str
    place: dict[str, int]
    head: bytes
    sealed: bytes


def counted(tx: Connection) -> dict[str, int]:
    """Rows of all sealed tables by key id; only the indexes are read."""
    total: Counter[str] = Counter()
    for table in SEALED_TABLES.values():
        total.update(_counted(tx, table))
    return dict(total)


def not_under(tx: Connection, name: str, key_id: str, after: bytes, limit: int) -> list[SealedRow]:
    """Up to ``limit`` rows of one table that are sealed under another key than ``key_id``, heads above ``after``."""
    table, (first, behind) = SEALED_TABLES[name], key_range(SEGMENT_MAGIC, key_id)
    others = or_(_head < first, _head >= behind) & (_head > after)
    query = select(table, _head.label("head")).where(others).order_by(_head).limit(limit)
    return [_row(name, dict(row)) for row in tx.execute(query).mappings()]


def of_segment(tx: Connection, name: str, batch_id: int, segment_no: int) -> list[SealedRow]:
    """The rows of a table that belong to one segment, oldest first."""
    table = SEALED_TABLES[name]
    mine = (table.c.batch_id == batch_id) & (table.c.segment_no == segment_no)
    query = select(table, _head.label("head")).where(mine).order_by(*table.primary_key.columns)
    return [_row(name, dict(row)) for row in tx.execute(query).mappings()]


def of_batch(tx: Connection, name: str, batch_id: int, after: bytes, limit: int) -> list[SealedRow]:
    """Up to ``limit`` rows of a table that belong to one batch, heads above ``after``."""
    table = SEALED_TABLES[name]
    mine = (table.c.batch_id == batch_id) & (_head > after)
    query = select(table, _head.label("head")).where(mine).order_by(_head).limit(limit)
    return [_row(name, dict(row)) for row in tx.execute(query).mappings()]


def swap(tx: Connection, row: SealedRow, sealed: bytes) -> bool:
    """Put ``sealed`` in its place; False where it is no longer the sealing that was read (its nonce tells)."""
    table = SEALED_TABLES[row.table]
    mine = [column == row.place[column.name] for column in table.primary_key.columns]
    return tx.execute(update(table).where(*mine, _head == row.head).values(sealed=sealed)).rowcount == 1


def _row(name: str, columns: dict[str, Any]) -> SealedRow:
    sealed, head = bytes(columns.pop("sealed")), bytes(columns.pop("head"))
    return SealedRow(name, columns, head, sealed)


def _counted(tx: Connection, table: Table) -> Counter[str]:
    """Hops from key to key along the index: each hop is one search, each count a walk over index entries."""
    total: Counter[str] = Counter()
    total[NO_KEY] = _count(tx, table, _head < SEGMENT_MAGIC) + _count(tx, table, _head >= _END)
    at: bytes | None = _next(tx, table, SEGMENT_MAGIC)
    while at is not None:
        key_id = named_key(at)
        first, behind = (at, at + b"\0") if key_id is None else key_range(SEGMENT_MAGIC, key_id)
        total[key_id or NO_KEY] += _count(tx, table, (_head >= first) & (_head < behind))
        at = _next(tx, table, behind)
    return +total


def _next(tx: Connection, table: Table, start: bytes) -> bytes | None:
    query = select(_head).select_from(table).where(_head >= start, _head < _END).order_by(_head).limit(1)
    found = tx.execute(query).scalar_one_or_none()
    return None if found is None else bytes(found)


def _count(tx: Connection, table: Table, where: ColumnElement[bool]) -> int:
    return int(tx.execute(select(func.count()).select_from(table).where(where)).scalar_one())
