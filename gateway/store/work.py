"""Work under leases (待办与租约): every job of the house, claimed by one worker at a time on any node.

A claim gives a lease and a new fence number. A worker that stalled past its lease finds that its fence no
longer matches, and the transaction in which it wanted to finish is undone with all its effects.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, case, delete, func, insert, or_, select, update

from gateway.store import tables
from gateway.store.records import Work
from gateway.store.rows import insert_once
from messages.redaction.texts import redacted

_t = tables.work
_FREE: dict[str, Any] = {"owner": None, "lease_until_ms": None, "again_at_ms": None}


def put(tx: Connection, kind: str, key: str, subject: dict[str, Any], *, due_at_ms: int, priority: int = 100) -> None:
    """Ask for work, once per kind and key; where it already waits, the earlier due time and priority win.

    Asked for while a worker is at it, it is done once more after that: what is asked for now, that worker
    may not have seen. So a job that puts itself and then finishes repeats.
    """
    values = {
        "kind": kind,
        "key": key,
        "subject": subject,
        "priority": priority,
        "attempts": 0,
        "due_at_ms": due_at_ms,
        "fence": 0,
    }
    if insert_once(tx, _t, values):
        return
    idle = _t.c.owner.is_(None)
    again = func.coalesce(_t.c.again_at_ms, due_at_ms)
    asked = {
        "due_at_ms": case((idle, _earlier(_t.c.due_at_ms, due_at_ms)), else_=_t.c.due_at_ms),
        "again_at_ms": case((idle, None), else_=_earlier(again, due_at_ms)),
        "priority": _earlier(_t.c.priority, priority),
    }
    mine = (_t.c.kind == kind) & (_t.c.key == key)
    if tx.execute(update(_t).where(mine).values(asked)).rowcount == 0:
        tx.execute(insert(_t).values(values))  # finished by another node between the two statements


def claim(tx: Connection, kinds: Iterable[str], owner: str, now_ms: int, lease_ms: int, limit: int) -> list[Work]:
    """Take up to ``limit`` pieces of due work for ``lease_ms``, most urgent first; never one that another holds."""
    due = (_t.c.due_at_ms <= now_ms) & or_(_t.c.lease_until_ms.is_(None), _t.c.lease_until_ms <= now_ms)
    query = (
        select(_t)
        .where(_t.c.kind.in_(list(kinds)), due)
        .order_by(_t.c.priority, _t.c.due_at_ms, _t.c.work_id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    rows = tx.execute(query).all()
    if rows:
        lease = {"owner": owner, "lease_until_ms": now_ms + lease_ms, "again_at_ms": None}
        taken = update(_t).where(_t.c.work_id.in_([row.work_id for row in rows]))
        tx.execute(taken.values(fence=_t.c.fence + 1, attempts=_t.c.attempts + 1, **lease))
    return [_claimed(row) for row in rows]


def renew(tx: Connection, work: Work, now_ms: int, lease_ms: int) -> bool:
    """Hold it for ``lease_ms`` from now; False where somebody else has it."""
    return tx.execute(update(_t).where(_held(work)).values(lease_until_ms=now_ms + lease_ms)).rowcount == 1


def finish(tx: Connection, work: Work) -> bool:
    """It is done; False where somebody else has it, and then the transaction must be undone."""
    if tx.execute(delete(_t).where(_held(work), _t.c.again_at_ms.is_(None))).rowcount == 1:
        return True
    once_more = {**_FREE, "due_at_ms": _t.c.again_at_ms, "attempts": 0, "last_error": None}
    return tx.execute(update(_t).where(_held(work)).values(once_more)).rowcount == 1


def later(tx: Connection, work: Work, due_at_ms: int, error: str | None = None) -> bool:
    """Give it back, due again at ``due_at_ms``; False where somebody else has it.

    Without an ``error`` it is a regular repetition, and attempts are counted anew.
    """
    due = _earlier(func.coalesce(_t.c.again_at_ms, due_at_ms), due_at_ms)
    values = {**_FREE, "due_at_ms": due, "last_error": None if error is None else redacted(error, (work.key,))}
    if error is None:
        values["attempts"] = 0
    return tx.execute(update(_t).where(_held(work)).values(values)).rowcount == 1


def put_back(tx: Connection, work: Work, due_at_ms: int) -> bool:
    """Undo a claim that came to nothing: due again at ``due_at_ms``, as if it had never been attempted."""
    values = {**_FREE, "due_at_ms": due_at_ms, "attempts": _t.c.attempts - 1}
    return tx.execute(update(_t).where(_held(work)).values(values)).rowcount == 1


def counts(tx: Connection) -> dict[str, int]:
    """Pieces of work not done yet, by kind."""
    return {kind: int(number) for kind, number in tx.execute(select(_t.c.kind, func.count()).group_by(_t.c.kind))}


def claims(tx: Connection, kinds: Iterable[str]) -> dict[int, int]:
    """How often each piece of ``kinds`` has been claimed so far, by work id: who compares knows what was looked at."""
    query = select(_t.c.work_id, _t.c.fence).where(_t.c.kind.in_(list(kinds)))
    return {work_id: int(fence) for work_id, fence in tx.execute(query)}


def next_due(tx: Connection, kinds: Iterable[str]) -> int | None:
    """When the next of ``kinds`` can be claimed: due, and out of any lease; None where nothing waits."""
    free_at = func.coalesce(_t.c.lease_until_ms, _t.c.due_at_ms)
    claimable = case((_t.c.due_at_ms > free_at, _t.c.due_at_ms), else_=free_at)
    found = tx.execute(select(func.min(claimable)).where(_t.c.kind.in_(list(kinds)))).scalar_one()
    return None if found is None else int(found)


def due_kinds(tx: Connection, now_ms: int) -> set[str]:
    """The kinds of which some piece can be claimed now: one look for all lanes of work."""
    free = or_(_t.c.lease_until_ms.is_(None), _t.c.lease_until_ms <= now_ms)
    return set(tx.execute(select(_t.c.kind).where(_t.c.due_at_ms <= now_ms, free).distinct()).scalars())


def release_owner(tx: Connection, owner: str) -> int:
    """Give back all that ``owner`` holds, because it has gone; how many pieces that was."""
    return tx.execute(update(_t).where(_t.c.owner == owner).values(_FREE)).rowcount


def _held(work: Work) -> ColumnElement[bool]:
    return (_t.c.work_id == work.work_id) & (_t.c.fence == work.fence) & _t.c.owner.is_not(None)


def _earlier(column: ColumnElement[Any], value: int) -> ColumnElement[Any]:
    return case((column < value, column), else_=value)


def _claimed(row: Row[Any]) -> Work:
    return Work(
        work_id=row.work_id,
        kind=row.kind,
        key=row.key,
        subject=row.subject,
        priority=row.priority,
        attempts=row.attempts + 1,
        due_at_ms=row.due_at_ms,
        fence=row.fence + 1,
    )
