"""How far re-sealing has come (重加密进度): one row for each alias and key that became the active one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Row, insert, select, update

from gateway.store.data_tables import reseal_run

_t: Final = reseal_run


@dataclass(frozen=True, slots=True)
class ResealRun:
    """What was sealed anew under ``key_id``, in rows or files and in octets."""

    alias: str
    key_id: str
    cursor: str
    items: int
    items_before: int
    octets: int
    unreadable: int
    begun_at_ms: int
    done_at_ms: int | None


def current(tx: Connection, alias: str) -> ResealRun | None:
    """The run that was begun last, or None."""
    query = select(_t).where(_t.c.alias == alias).order_by(_t.c.begun_at_ms.desc()).limit(1)
    row = tx.execute(query).first()
    return None if row is None else _run(row)


def begin(tx: Connection, alias: str, key_id: str, now_ms: int) -> ResealRun:
    """The run towards this key: the current one if it is not done, else begun now, or once more."""
    newest = current(tx, alias)
    if newest is not None and newest.key_id == key_id and newest.done_at_ms is None:
        return newest
    begun = max(now_ms, newest.begun_at_ms + 1) if newest is not None else now_ms
    again = {
        "cursor": "",
        "items": 0,
        "items_before": -1,
        "octets": 0,
        "unreadable": 0,
        "begun_at_ms": begun,
        "done_at_ms": None,
    }
    mine = _t.c.alias == alias, _t.c.key_id == key_id
    if tx.execute(update(_t).where(*mine).values(again)).rowcount == 0:
        tx.execute(insert(_t).values(alias=alias, key_id=key_id, **again))
    found = current(tx, alias)
    assert found is not None  # noqa: S101 - written above
    return found


def advance(tx: Connection, run: ResealRun, *, items: int, octets: int, unreadable: int = 0, cursor: str = "") -> None:
    """Add what one step did; several nodes add up."""
    sums = {"items": _t.c["items"] + items, "octets": _t.c.octets + octets, "unreadable": unreadable}
    tx.execute(_mine(run).values(cursor=cursor, **sums))


def begin_pass(tx: Connection, run: ResealRun, *, may_be_last: bool) -> None:
    """From the first file on: what this pass finds decides whether it was the last."""
    before = _t.c["items"] if may_be_last else -1
    tx.execute(_mine(run).values(cursor="", items_before=before, unreadable=0))


def close(tx: Connection, alias: str, key_id: str, unreadable: int, now_ms: int) -> ResealRun | None:
    """Nothing is left that could be sealed anew: the run, or None where that was known before."""
    run = current(tx, alias)
    if run is not None and run.key_id == key_id and run.done_at_ms is not None:
        return None
    run = begin(tx, alias, key_id, now_ms)
    tx.execute(_mine(run).values(done_at_ms=now_ms, unreadable=unreadable, cursor=""))
    return run


def all_runs(tx: Connection) -> list[ResealRun]:
    """Every run, newest first."""
    return [_run(row) for row in tx.execute(select(_t).order_by(_t.c.begun_at_ms.desc(), _t.c.alias))]


def _mine(run: ResealRun) -> Any:
    return update(_t).where(_t.c.alias == run.alias, _t.c.key_id == run.key_id)


def _run(row: Row[Any]) -> ResealRun:
    values = row._mapping
    return ResealRun(**{name: values[name] for name in ResealRun.__dataclass_fields__})
