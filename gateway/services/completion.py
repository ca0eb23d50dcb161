"""What follows from a batch moving: the platform is told, and a batch whose items are all final is closed."""

from __future__ import annotations

from typing import Any

import orjson
from sqlalchemy import Connection

from gateway.clock import instant
from gateway.core.lifecycle import FINAL, IN_FLIGHT, UNRESOLVED, ItemState
from gateway.core.tally import Tally
from gateway.services.context import Context
from gateway.store import batches, instructions, outbox
from gateway.store import work as work_store
from gateway.store.records import Batch, BatchState, InstructionState

URGENT_PRIORITY, ORDINARY_PRIORITY, COMFORT_PRIORITY = 10, 100, 200


def priority(batch: Batch) -> int:
    """Urgent batches go first (急事急办, seed 001 五(一))."""
    return URGENT_PRIORITY if batch.urgent else ORDINARY_PRIORITY


def tell(context: Context, tx: Connection, batch_id: int, event: str, occasion: str = "") -> None:
    """Put a signed message to the platform into the outbox; once per event and occasion (T8, R2)."""
    batch, now = batches.by_id(tx, batch_id), context.clock.now_ms()
    body = orjson.dumps(
        {
            "event": f"batch.{event}",
            "occurred_at": instant(now).isoformat(),
            **summary(batch, batches.tally(tx, batch_id)),
        },
        option=orjson.OPT_SORT_KEYS,
    )
    key = f"{batch.reference}/{event}/{occasion}"
    message = outbox.put(tx, "webhook", key, batch.client_id, body, now)
    subject = {"outbox_id": message.outbox_id, "client_id": batch.client_id}
    work_store.put(tx, "webhook", key, subject, due_at_ms=now, priority=ORDINARY_PRIORITY)


def summary(batch: Batch, tally: Tally) -> dict[str, Any]:
    """The batch in figures: items and fen by outcome; no personal data."""
    parts = {
        "paid": {ItemState.PAID},
        "failed": {ItemState.FAILED},
        "returned": {ItemState.RETURNED},
        "unknown": UNRESOLVED,
        "in_flight": IN_FLIGHT,
    }
    counted = {name: tally.in_states(states) for name, states in parts.items()}
    counted["rejected"] = (batch.rejected_items, batch.rejected_fen)
    return {
        "batch_no": batch.batch_no,
        "reference": batch.reference,
        "state": batch.state.value,
        "items": {name: items for name, (items, _) in counted.items()},
        "fen": {name: fen for name, (_, fen) in counted.items()},
        "problems": batch.problems,
    }


def settle(context: Context, tx: Connection, batch_id: int) -> None:
    """Close the batch when every accepted item has a final outcome, and reopen it when one has no longer."""
    batch = batches.by_id(tx, batch_id)
    if batch.state not in {BatchState.ACCEPTED, BatchState.COMPLETED}:
        return
    tally = batches.tally(tx, batch_id)
    final = tally.in_states(FINAL)[0] == sum(tally.items)
    now = context.clock.now_ms()
    if final and batches.complete(tx, batch_id, now):
        tell(context, tx, batch_id, "completed", occasion=str(now))  # told each time: it may reopen and complete again
    elif not final and batch.state is BatchState.COMPLETED:
        batches.reopen(tx, batch_id, now)


def settle_instruction(context: Context, tx: Connection, instruction_id: int, tally: Tally) -> bool:
    """Close one instruction file when all of its items are final; True when it is closed."""
    if tally.in_states(FINAL)[0] != sum(tally.items):
        return False
    answered = {
        InstructionState.BUILT,  # about to go again after a doubt; the bank has answered it all
        InstructionState.SENDING,
        InstructionState.SENT,
        InstructionState.UNKNOWN,
        InstructionState.ACKNOWLEDGED,
    }
    instructions.move(tx, instruction_id, answered, InstructionState.COMPLETED, context.clock.now_ms())
    return True
