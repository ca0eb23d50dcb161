"""What a bank says about a file as a whole (文件级回执): taken, refused, never seen, or something unreadable."""

from __future__ import annotations

from sqlalchemy import Connection

from adapters.contract import ParsedResult
from gateway.core.lifecycle import ItemEvent
from gateway.services import item_rows, sending
from gateway.services.context import Bank, Context
from gateway.services.states import step_instruction
from gateway.store import alerts, instructions
from gateway.store.records import InboxMessage, Instruction, InstructionState
from messages.outcome import Outcome, Reason

S = InstructionState
OPEN = {S.BUILT, S.SENDING, S.SENT, S.UNKNOWN}
"""BUILT too: what is about to go again after a doubt turns out to be at the bank, and need not go."""


def apply(
    context: Context, tx: Connection, bank: Bank, instruction: Instruction, message: InboxMessage, parsed: ParsedResult
) -> bool:
    """Let the file-level word happen to all items of the file; True when anything may have moved."""
    outcome = _outcome(bank, parsed)
    now = context.clock.now_ms()
    if parsed.blocks:
        # Who speaks of its items has it: from here on the bank cannot be taken to have never seen it.
        instructions.move(tx, instruction.instruction_id, OPEN, S.ACKNOWLEDGED, now)
        return False
    if outcome is None:
        return False
    if outcome is Outcome.ACCEPTED:
        instructions.move(tx, instruction.instruction_id, OPEN, S.ACKNOWLEDGED, now)
        step_instruction(tx, instruction, ItemEvent.ACCEPTED)
        return True
    if outcome is Outcome.FAILED and not _duplicate(bank, parsed):
        instructions.move(tx, instruction.instruction_id, OPEN | {S.ACKNOWLEDGED}, S.REFUSED, now)
        item_rows.fail_all(context, tx, bank, instruction, message, parsed)
        _alert(
            tx,
            "instruction-refused",
            instruction,
            parsed,
            "整份指令被银行拒绝，其明细均为失败，请更正后补发",
            "was refused whole by the bank: its items failed, correct and re-issue them",
            now,
        )
        return True
    if outcome is Outcome.ABSENT:
        return _absent(context, tx, instruction, parsed, now)
    _alert(
        tx,
        "unclear-file-status",
        instruction,
        parsed,
        "银行返回的文件状态无法识别",
        "got a file status we cannot read",
        now,
    )
    return False


def _outcome(bank: Bank, parsed: ParsedResult) -> Outcome | None:
    if parsed.group_outcome is not None:
        return parsed.group_outcome
    return None if parsed.group_status_raw is None else bank.codes.file_status(parsed.group_status_raw)


def _duplicate(bank: Bank, parsed: ParsedResult) -> bool:
    """Refused as a duplicate: the bank already has it, so its items have by no means failed."""
    return bank.codes.reason(parsed.group_status_raw, parsed.group_reason_raw) is Reason.DUPLICATE


def _absent(context: Context, tx: Connection, instruction: Instruction, parsed: ParsedResult, now: int) -> bool:
    if instruction.state is not S.UNKNOWN:
        _alert(tx, "absent-after-acceptance", instruction, parsed, "银行称未收到", "is unknown to the bank", now)
        return False
    if not sending.may_resend(context, instruction):
        _alert(
            tx,
            "absent",
            instruction,
            parsed,
            "银行称未收到，须人工确认后重发",
            "never arrived; a person must decide",
            now,
        )
        return False
    step_instruction(tx, instruction, ItemEvent.ABSENT)
    instructions.move(tx, instruction.instruction_id, {S.UNKNOWN}, S.BUILT, now)
    sending.send(context, tx, instruction, now)
    return True


def _alert(
    tx: Connection, kind: str, instruction: Instruction, parsed: ParsedResult, zh: str, en: str, now: int
) -> None:
    status = f"{parsed.group_status_raw or '-'}/{parsed.group_reason_raw or '-'}"
    name = instruction.message_id
    bank = instruction.bank
    text_zh, text_en = (
        f"银行 {bank} 的指令 {name}：{zh}（{status}）。",
        f"instruction {name} to bank {bank} {en} ({status})",
    )
    alerts.raise_alert(tx, kind, name, text_zh, text_en, now)
