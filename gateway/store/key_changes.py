"""Changes of keys as rows (密钥变更): moved on only from the state in which they were seen."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from sqlalchemy import Connection, Row, insert, select, update

from gateway.core.key_changes import ChangeState, KeyAction, KeyChange
from gateway.store import audit_tables
from gateway.store.errors import WrongState
from gateway.store.rows import row_by_id

_t = audit_tables.key_change
OPEN: Final = (ChangeState.PROPOSED, ChangeState.APPLYING)


def add(tx: Connection, change: KeyChange) -> KeyChange:
    """A new change under a number of its own."""
    values = {name: value for name, value in _values(change).items() if name != "change_id"}
    change_id = tx.execute(insert(_t).values(values).returning(_t.c.change_id)).scalar_one()
    return replace(change, change_id=int(change_id))


def by_id(tx: Connection, change_id: int) -> KeyChange:
    """The change of this number; raises NoSuchRow."""
    return _read(row_by_id(tx, _t, change_id))


def move(tx: Connection, seen: KeyChange, moved: KeyChange) -> KeyChange:
    """Replace ``seen`` by ``moved``; raises WrongState where it is not in the state of ``seen`` any more."""
    mine = (_t.c.change_id == seen.change_id) & (_t.c.state == seen.state.value)
    values = {name: value for name, value in _values(moved).items() if name != "change_id"}
    if tx.execute(update(_t).where(mine).values(values)).rowcount != 1:
        raise WrongState(f"key change {seen.change_id} is not {seen.state} any more: somebody else was first")
    return moved


def listed(tx: Connection, state: ChangeState | None = None, limit: int = 100) -> list[KeyChange]:
    """Changes, newest first."""
    query = select(_t).order_by(_t.c.change_id.desc()).limit(limit)
    if state is not None:
        query = query.where(_t.c.state == state.value)
    return [_read(row) for row in tx.execute(query)]


def waiting(tx: Connection, alias: str | None = None) -> list[KeyChange]:
    """Changes that are not over, oldest first; of one alias or of all."""
    query = select(_t).where(_t.c.state.in_([state.value for state in OPEN])).order_by(_t.c.change_id)
    if alias is not None:
        query = query.where(_t.c.alias == alias)
    return [_read(row) for row in tx.execute(query)]


def _values(change: KeyChange) -> dict[str, Any]:
    values = {name: getattr(change, name) for name in KeyChange.__dataclass_fields__}
    return values | {
        "action": change.action.value,
        "state": change.state.value,
        "others": " ".join(change.others),
    }


def _read(row: Row[Any]) -> KeyChange:
    values = dict(row._mapping)
    values |= {
        "action": KeyAction(row.action),
        "state": ChangeState(row.state),
        "others": tuple(row.others.split()),
    }
    return KeyChange(**values)
