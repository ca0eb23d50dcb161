"""Reading the audit back (审计查询): found by what one asks for, or row by row in bounded memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Select, func, select, true

from gateway.store import audit_tables
from gateway.store.audit import AuditEntry, Head, head_of, read_entry
from gateway.store.database import Store
from gateway.store.errors import StoreRefused

PAGE: Final = 5000
_t = audit_tables.audit


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries; names may hold ``*``, None is any. Times are milliseconds since the epoch, ``to_ms`` exclusive."""

    actor: str | None = None
    action: str | None = None
    subject: str | None = None
    from_ms: int | None = None
    to_ms: int | None = None


def found(tx: Connection, wanted: Wanted, limit: int, before_seq: int | None = None) -> list[AuditEntry]:
    """The newest entries that fit, oldest of them first."""
    query = select(_t)
    for name in ("actor", "action", "subject"):
        pattern = getattr(wanted, name)
        if pattern is not None:
            query = query.where(_t.c[name].like(_like(pattern), escape="\\"))
    query = _in_time(query, wanted)
    if before_seq is not None:
        query = query.where(_t.c.seq < before_seq)
    rows = tx.execute(query.order_by(_t.c.seq.desc()).limit(limit)).all()
    return [read_entry(row) for row in reversed(rows)]


def last_of(tx: Connection, action: str) -> AuditEntry | None:
    """The newest entry of an action."""
    row = tx.execute(select(_t).where(_t.c.action == action).order_by(_t.c.seq.desc()).limit(1)).first()
    return read_entry(row) if row is not None else None


def seqs_in(tx: Connection, wanted: Wanted) -> tuple[int, int] | None:
    """First and last entry of the times wanted, whoever acted; None where there is none."""
    first, last = tx.execute(_in_time(select(func.min(_t.c.seq), func.max(_t.c.seq)), wanted)).one()
    return None if first is None else (int(first), int(last))


def count(tx: Connection) -> int:
    """How many entries there are."""
    return int(tx.execute(select(func.count()).select_from(_t)).scalar_one())


def end(store: Store) -> tuple[Head | None, int]:
    """The end of the chain by its own row, and the number of the last row: of one moment."""
    with store.read() as tx:
        last = tx.execute(select(func.max(_t.c.seq))).scalar_one()
        return head_of(tx), int(last or 0)


def rows(store: Store, last_seq: int, first_seq: int | None = None) -> Iterator[tuple[Any, ...]]:
    """All rows up to ``last_seq``, in their order, a page at a time: the columns as they lie there.

    One that the database itself cannot read is (its seq, None, None, ...).
    """
    after = None if first_seq is None else first_seq - 1
    while after is None or after < last_seq:
        beyond = true() if after is None else _t.c.seq > after
        query = select(_t).where(beyond, _t.c.seq <= last_seq).order_by(_t.c.seq).limit(PAGE)
        page = _page(store, query)
        if not page:
            return
        yield from page
        after = page[-1][0]


def _page(store: Store, query: Select[Any]) -> list[tuple[Any, ...]]:
    try:
        with store.read() as tx:
            return [tuple(row) for row in tx.execute(query)]
    except StoreRefused:
        with store.read() as tx:
            seqs = tx.execute(query.with_only_columns(_t.c.seq)).scalars().all()
        return [_one(store, seq) for seq in seqs]


def _one(store: Store, seq: int) -> tuple[Any, ...]:
    try:
        with store.read() as tx:
            return tuple(tx.execute(select(_t).where(_t.c.seq == seq)).one())
    except StoreRefused:
        return (seq, *[None] * (len(_t.c) - 1))


def _in_time(query: Select[Any], wanted: Wanted) -> Select[Any]:
    if wanted.from_ms is not None:
        query = query.where(_t.c.at_ms >= wanted.from_ms)
    if wanted.to_ms is not None:
        query = query.where(_t.c.at_ms < wanted.to_ms)
    return query


def _like(pattern: str) -> str:
    escaped = pattern.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return escaped.replace("*", "%")
