"""Whose the files in the vault are (文件归属), and their removal: decided in a transaction, carried out after it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from sqlalchemy import Connection, Select, select, union, update

from gateway.store import locks, tables
from gateway.store.data_tables import vault_removal
from gateway.store.database import Store
from gateway.store.records import InboxState
from gateway.store.rows import insert_once

_t: Final = vault_removal
_inbox, _instruction = tables.inbox, tables.instruction


def of_batch(tx: Connection, batch_id: int) -> list[str]:
    """The batch's own files that are still there: its upload and its instructions."""
    owners = [
        select(owner.c.vault_name).where(owner.c.batch_id == batch_id, owner.c.vault_name.is_not(None))
        for owner in (tables.batch, _instruction)
    ]
    return _there(tx, tx.execute(union(*owners)).scalars())


def messages_of(tx: Connection, batch_id: int) -> dict[int, str]:
    """Messages from banks that said something about items of the batch: inbox id -> name of a file still there."""
    found = tx.execute(select(_inbox.c.inbox_id, _inbox.c.vault_name).where(_inbox.c.inbox_id.in_(_speaking(batch_id))))
    names = {row.inbox_id: row.vault_name for row in found}
    there = set(_there(tx, names.values()))
    return {inbox_id: name for inbox_id, name in names.items() if name in there}


def batches_of_message(tx: Connection, inbox_id: int) -> set[int]:
    """Every batch of which a message spoke."""
    return set(tx.execute(_spoken_of(inbox_id)).scalars())


def messages_of_nobody(tx: Connection, before_ms: int, but: Collection[str], after: int, limit: int) -> dict[int, str]:
    """Settled messages from banks not in ``but`` that spoke of no item, received before: inbox id -> file."""
    linked = [
        select(table.c.inbox_id).where(table.c.inbox_id == _inbox.c.inbox_id).exists()
        for table in (tables.result_block, tables.notice_block, tables.result_unmatched)
    ]
    removed = select(_t.c.vault_name).where(_t.c.vault_name == _inbox.c.vault_name).exists()
    query = select(_inbox.c.inbox_id, _inbox.c.vault_name).where(
        _inbox.c.received_at_ms < before_ms,
        _inbox.c.state != InboxState.RECEIVED,
        _inbox.c.bank.not_in(list(but)),
        _inbox.c.inbox_id > after,
        *(~one for one in (*linked, removed)),
    )
    return {row.inbox_id: row.vault_name for row in tx.execute(query.order_by(_inbox.c.inbox_id).limit(limit))}


def decide_removal(tx: Connection, names: Iterable[str], batch_id: int | None, now_ms: int) -> int:
    """These files go when ``tx`` is committed; how many of them were not decided before."""
    _hold(tx)
    values = {"batch_id": batch_id, "decided_at_ms": now_ms}
    return sum(insert_once(tx, _t, {"vault_name": name, **values}) for name in sorted(set(names)))


def is_removed(tx: Connection, name: str) -> bool:
    """Whether the removal of a file was decided."""
    return tx.execute(select(_t.c.vault_name).where(_t.c.vault_name == name)).first() is not None


def decided(tx: Connection, limit: int) -> list[str]:
    """Files whose removal was decided and not carried out yet."""
    return list(tx.execute(select(_t.c.vault_name).where(_t.c.removed_at_ms.is_(None)).limit(limit)).scalars())


def removed(tx: Connection, names: Collection[str], now_ms: int) -> None:
    """These are gone."""
    tx.execute(update(_t).where(_t.c.vault_name.in_(list(names))).values(removed_at_ms=now_ms))


@contextmanager
def still_wanted(store: Store, name: str) -> Iterator[bool]:
    """Whether the file is to stay; while the block runs nobody can decide otherwise."""
    with store.begin() as tx:
        _hold(tx)
        yield not is_removed(tx, name)


def _hold(tx: Connection) -> None:
    locks.serialize(tx, "vault-removal")


def _there(tx: Connection, names: Iterable[str]) -> list[str]:
    wanted = sorted(set(names))
    gone = {
        name
        for start in range(0, len(wanted), 500)
        for name in tx.execute(
            select(_t.c.vault_name).where(_t.c.vault_name.in_(wanted[start : start + 500]))
        ).scalars()
    }
    return [name for name in wanted if name not in gone]


def _speaking(batch_id: int) -> Any:
    """Inbox ids that spoke of the batch; a set-aside row's part is the instruction that its message answered."""
    blocks = [select(table.c.inbox_id).where(table.c.batch_id == batch_id) for table in _ABOUT_ITEMS]
    lost = tables.result_unmatched
    answered = select(_instruction.c.instruction_id).where(_instruction.c.batch_id == batch_id)
    return union(*blocks, select(lost.c.inbox_id).where(lost.c.part.in_(answered))).subquery().select()


def _spoken_of(inbox_id: int) -> Any:
    lost = tables.result_unmatched
    blocks: list[Select[Any]] = [select(table.c.batch_id).where(table.c.inbox_id == inbox_id) for table in _ABOUT_ITEMS]
    joined = lost.join(_instruction, lost.c.part == _instruction.c.instruction_id)
    return union(*blocks, select(_instruction.c.batch_id).select_from(joined).where(lost.c.inbox_id == inbox_id))


_ABOUT_ITEMS: Final = (tables.result_block, tables.notice_block)
