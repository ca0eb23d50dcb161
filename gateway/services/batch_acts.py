"""Batches in the audit (批次审计): who submitted what, and what became of it as a whole; never what is in an item."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Connection

from gateway.core.act_values import reference
from gateway.core.authority import Actor
from gateway.services import auditing
from gateway.store import batches
from gateway.store.records import Batch, BatchState

_MOST_CODES: Final = 20


def opened(tx: Connection, batch: Batch, origin: str, now_ms: int) -> None:
    """A header was taken for the first time."""
    _write(
        tx, _submitter(batch, origin), "batch.opened", batch, now_ms, {**_size(batch), "digest": batch.header_sha256}
    )


def received(tx: Connection, batch: Batch, origin: str, now_ms: int) -> None:
    """All its bytes are here."""
    digest = batch.content.sha256 if batch.content is not None else None
    _write(tx, _submitter(batch, origin), "batch.received", batch, now_ms, {**_size(batch), "digest": digest})


def decided(tx: Connection, batch_id: int, now_ms: int) -> None:
    """The check is over; nothing where it left the batch as it was."""
    batch = batches.by_id(tx, batch_id)
    if batch.state not in (BatchState.ACCEPTED, BatchState.REFUSED, BatchState.COMPLETED):
        return
    refused = batch.state is BatchState.REFUSED
    codes = sorted({str(problem["code"]) for problem in batch.problems})[:_MOST_CODES]
    after = {**_size(batch), "rejected_items": batch.rejected_items, "codes": [reference(code) for code in codes]}
    _write(tx, auditing.GATEWAY, "batch.refused" if refused else "batch.accepted", batch, now_ms, after)


def _submitter(batch: Batch, origin: str) -> Actor:
    return Actor(batch.client_id, frozenset(), origin=origin)


def _size(batch: Batch) -> dict[str, Any]:
    """As declared."""
    return {"items": batch.header.get("declared_count"), "fen": batch.header.get("declared_total_fen")}


def _write(tx: Connection, actor: Actor, action: str, batch: Batch, now_ms: int, after: dict[str, Any]) -> None:
    said = {"client": reference(batch.client_id), "state": batch.state.value, **after}
    auditing.write(tx, actor, action, f"{batch.client_id}/{batch.batch_no}", now_ms, after=said)
