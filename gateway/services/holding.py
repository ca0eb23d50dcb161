"""Placing and lifting legal holds (法律保全): an act of a privacy officer, with a reason, in the audit."""

from __future__ import annotations

from sqlalchemy import select

from gateway.core.authority import Actor, Permission, require
from gateway.services import auditing
from gateway.services.context import Context
from gateway.store import batches, holds, tables
from gateway.store.records import Batch


class NoSuchBatch(Exception):
    """No batch has this number, or several clients have one."""

    def __init__(self, zh: str, en: str):
        self.zh, self.en = zh, en
        super().__init__(en)


def place(context: Context, actor: Actor, batch_no: str, reason: str, client_id: str | None = None) -> int:
    """Hold a batch; the hold's number. Raises NotAllowed, NoSuchBatch, ActRefused for a reason that names a person."""
    require(actor, Permission.PERSONAL_ERASE)
    batch, now = _batch(context, batch_no, client_id), context.clock.now_ms()
    with context.store.begin() as tx:
        hold_id = holds.place(tx, batch.batch_id, reason, actor.name, now)
        told = {"client": batch.client_id, "reason": reason}
        auditing.write(tx, actor, "hold.placed", batch.reference, now, after=told)
    return hold_id


def lift(context: Context, actor: Actor, hold_id: int, reason: str) -> bool:
    """Lift a hold; False where none of this number stands. Raises NotAllowed, ActRefused."""
    require(actor, Permission.PERSONAL_ERASE)
    now = context.clock.now_ms()
    with context.store.begin() as tx:
        found = next((one for one in holds.standing(tx) if one.hold_id == hold_id), None)
        if found is None or not holds.lift(tx, hold_id, actor.name, now):
            return False
        batch = batches.by_id(tx, found.batch_id)
        told = {"client": batch.client_id, "reason": reason}
        auditing.write(tx, actor, "hold.lifted", batch.reference, now, after=told)
    return True


def _batch(context: Context, batch_no: str, client_id: str | None) -> Batch:
    table = tables.batch
    query = select(table.c.batch_id).where(table.c.batch_no == batch_no)
    if client_id is not None:
        query = query.where(table.c.client_id == client_id)
    with context.store.read() as tx:
        found = [batches.by_id(tx, batch_id) for batch_id in tx.execute(query.limit(2)).scalars()]
    if not found:
        raise NoSuchBatch("没有该批次号的批次。", "no batch has this number")
    if len(found) > 1:
        raise NoSuchBatch(
            "多个平台有该批次号：请用 --client 指明。", "several clients have this number: say which (--client)"
        )
    return found[0]
