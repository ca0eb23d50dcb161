"""Batches (批次): opened, received, then accepted or refused.

Every step is guarded by the state that it starts from, in the UPDATE itself, so that a repeat changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Row, select, update

from gateway.store import tables
from gateway.store.errors import BatchConflict as BatchConflict
from gateway.store.errors import ContentConflict as ContentConflict
from gateway.store.money import require_conserved as require_conserved
from gateway.store.money import tally as tally
from gateway.store.money import tally_by_bank as tally_by_bank
from gateway.store.records import Batch, BatchState, Content
from gateway.store.rows import content_in, content_values, insert_once, row_by_id

_REFERENCES_PER_QUERY: Final = 500
_t = tables.batch


@dataclass(frozen=True, slots=True)
class NewBatch:
    """A batch as it is opened; ``header`` is the canonical header as JSON-ready data."""

    client_id: str
    batch_no: str
    reference: str
    header: dict[str, Any]
    header_sha256: str
    urgent: bool


def open_batch(tx: Connection, new: NewBatch, now_ms: int) -> tuple[Batch, bool]:
    """(batch, True when this call created it); the same header again is the same batch (money rule 7).

    Raises BatchConflict for another header under the same number.
    """
    values = {
        "client_id": new.client_id,
        "batch_no": new.batch_no,
        "reference": new.reference,
        "header": new.header,
        "header_sha256": new.header_sha256,
        "state": BatchState.OPEN,
        "urgent": new.urgent,
        "opened_at_ms": now_ms,
        "rejected_items": 0,
        "rejected_fen": 0,
        "problems": [],
    }
    created = insert_once(tx, _t, values)
    batch = find(tx, new.client_id, new.batch_no)
    if batch is None:
        raise BatchConflict(f"reference {new.reference} belongs to another batch: choose another batch number")
    if batch.header_sha256 != new.header_sha256:
        raise BatchConflict(
            f"batch {new.batch_no} was already opened with another header: "
            "send the first header again, or choose a new batch number"
        )
    return batch, created


def attach_content(tx: Connection, batch_id: int, content: Content, now_ms: int) -> tuple[Batch, bool]:
    """(batch, True when this call attached it): OPEN becomes RECEIVED. The same bytes again change nothing.

    Raises ContentConflict for other bytes, and for a batch that was refused before any came.
    """
    attached = _move(
        tx,
        batch_id,
        {BatchState.OPEN},
        {"state": BatchState.RECEIVED, "received_at_ms": now_ms, **content_values(content)},
    )
    batch = by_id(tx, batch_id)
    if batch.content is None:
        raise ContentConflict(
            f"batch {batch.batch_no} is {batch.state} and takes no content: choose a new batch number"
        )
    if batch.content.sha256 != content.sha256:
        raise ContentConflict(
            f"batch {batch.batch_no} already has other content (SHA-256 {batch.content.sha256[:16]}…): "
            "submit changed content under a new batch number"
        )
    return batch, attached


def find(tx: Connection, client_id: str, batch_no: str) -> Batch | None:
    """A client's batch by its number, or None."""
    row = tx.execute(select(_t).where(_t.c.client_id == client_id, _t.c.batch_no == batch_no)).first()
    return None if row is None else _batch(row)


def by_id(tx: Connection, batch_id: int) -> Batch:
    """The batch; raises NoSuchRow."""
    return _batch(row_by_id(tx, _t, batch_id))


def by_reference(tx: Connection, refs: Iterable[str]) -> dict[str, Batch]:
    """Batches by reference; those that do not exist are left out."""
    wanted, found = sorted(set(refs)), {}
    for start in range(0, len(wanted), _REFERENCES_PER_QUERY):
        chunk = wanted[start : start + _REFERENCES_PER_QUERY]
        for row in tx.execute(select(_t).where(_t.c.reference.in_(chunk))):
            found[row.reference] = _batch(row)
    return found


def recent(tx: Connection, client_id: str | None, limit: int, before_id: int | None = None) -> list[Batch]:
    """Newest first, at most ``limit``; of one client or of all; ``before_id`` continues a list."""
    query = select(_t).order_by(_t.c.batch_id.desc()).limit(limit)
    if client_id is not None:
        query = query.where(_t.c.client_id == client_id)
    if before_id is not None:
        query = query.where(_t.c.batch_id < before_id)
    return [_batch(row) for row in tx.execute(query)]


def accept(tx: Connection, batch_id: int, rejected_items: int, rejected_fen: int, now_ms: int) -> bool:
    """RECEIVED becomes ACCEPTED; False where it is not RECEIVED."""
    values = {"rejected_items": rejected_items, "rejected_fen": rejected_fen, "decided_at_ms": now_ms}
    return _move(tx, batch_id, {BatchState.RECEIVED}, {"state": BatchState.ACCEPTED, **values})


def refuse(
    tx: Connection,
    batch_id: int,
    problems: list[dict[str, Any]],
    rejected_items: int,
    rejected_fen: int,
    now_ms: int,
) -> bool:
    """OPEN or RECEIVED becomes REFUSED, as a whole and for good; False where it is neither."""
    values = {"rejected_items": rejected_items, "rejected_fen": rejected_fen, "decided_at_ms": now_ms}
    return _move(
        tx,
        batch_id,
        {BatchState.OPEN, BatchState.RECEIVED},
        {"state": BatchState.REFUSED, "problems": problems, **values},
    )


def complete(tx: Connection, batch_id: int, now_ms: int) -> bool:
    """ACCEPTED becomes COMPLETED; False where it is not ACCEPTED."""
    return _move(tx, batch_id, {BatchState.ACCEPTED}, {"state": BatchState.COMPLETED, "completed_at_ms": now_ms})


def reopen(tx: Connection, batch_id: int, now_ms: int) -> bool:  # noqa: ARG001 - every step is told the time
    """COMPLETED becomes ACCEPTED again, because an item is no longer final; False where it is not COMPLETED."""
    return _move(tx, batch_id, {BatchState.COMPLETED}, {"state": BatchState.ACCEPTED, "completed_at_ms": None})


def _move(tx: Connection, batch_id: int, frm: set[BatchState], values: dict[str, Any]) -> bool:
    guarded = update(_t).where(_t.c.batch_id == batch_id, _t.c.state.in_(frm))
    return tx.execute(guarded.values(values)).rowcount == 1


def _batch(row: Row[Any]) -> Batch:
    return Batch(
        batch_id=row.batch_id,
        client_id=row.client_id,
        batch_no=row.batch_no,
        reference=row.reference,
        header=row.header,
        header_sha256=row.header_sha256,
        state=BatchState(row.state),
        urgent=row.urgent,
        opened_at_ms=row.opened_at_ms,
        received_at_ms=row.received_at_ms,
        content=content_in(row),
        rejected_items=row.rejected_items,
        rejected_fen=row.rejected_fen,
        problems=row.problems,
        decided_at_ms=row.decided_at_ms,
        completed_at_ms=row.completed_at_ms,
    )
