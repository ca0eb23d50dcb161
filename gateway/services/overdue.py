"""Saying aloud that a bank owes an answer: nothing ends by itself, and nothing stays silent."""

from __future__ import annotations

from gateway.services.context import Context
from gateway.store import alerts
from gateway.store.records import Instruction, InstructionState

DONE = {InstructionState.COMPLETED, InstructionState.REFUSED}


def overdue(context: Context, instruction: Instruction) -> None:
    """Alert when a sent instruction is still without its final results after the profile's patience."""
    patience = context.bank_of(instruction).profile.inquiry.give_up_alert_after_seconds
    since, now = instruction.sent_at_ms or instruction.sending_at_ms, context.clock.now_ms()
    if instruction.state in DONE or since is None or now - since < patience * 1000:
        return
    with context.store.begin() as tx:
        alerts.raise_alert(
            tx,
            "answer-overdue",
            instruction.message_id,
            f"指令 {instruction.message_id} 发送后仍无完整结果，请联系银行 {instruction.bank}。",
            f"instruction {instruction.message_id} still has no complete result: call bank {instruction.bank}",
            now,
        )
