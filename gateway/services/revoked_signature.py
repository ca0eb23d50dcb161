"""An instruction that waits to be sent, signed with a key of ours that has been revoked since (吊销密钥的待发指令).

It does not go out. Where nothing of it can have left it is built and signed anew, under the same id; where an attempt
was begun its bytes must stay as they are (money rule 1), so it waits for a person.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection

from gateway.services.context import Context
from gateway.store import alerts, instructions
from gateway.store import work as work_store
from gateway.store.records import Instruction

SOON_MS: Final = 1_000  # the building takes about as long
HELD_MS: Final = 60_000


def due_again_ms(context: Context, instruction: Instruction) -> int | None:
    """When to look at a BUILT instruction again; None where its signature stands and it may go."""
    alias = context.bank_of(instruction).profile.security.signing_key
    if instruction.key_id is None or not context.revoked(alias, instruction.key_id):
        return None
    now = context.clock.now_ms()
    with context.store.begin() as tx:
        if instructions.unbuild(tx, instruction.instruction_id):
            subject = {"instruction_id": instruction.instruction_id, "bank": instruction.bank}
            work_store.put(tx, "build", instruction.message_id, subject, due_at_ms=now)
            return now + SOON_MS
        _held(tx, instruction, now)
    return now + HELD_MS


def _held(tx: Connection, instruction: Instruction, now: int) -> None:
    alerts.raise_alert(
        tx,
        "instruction-key-revoked",
        instruction.message_id,
        f"指令 {instruction.message_id} 由已吊销的密钥 {instruction.key_id} 签名，且曾开始发送，现已停发；"
        f"请先向银行 {instruction.bank} 核实是否收到，再决定如何处理。",
        f"instruction {instruction.message_id} is signed with revoked key {instruction.key_id} and its sending was begun "
        f"before: it is held back; find out from bank {instruction.bank} what it holds, then decide",
        now,
    )
