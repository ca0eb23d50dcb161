"""The one place that decides about sending: what is durable before, and what a fault means after.

Used by the file path and by the HTTPS path alike, so that money rule 1 stands in one place:
SENDING is committed before the first byte may leave; a fault that may have let bytes out makes the
instruction UNKNOWN, and only the bank's word, or its promise to reject duplicates, moves it on.
"""

from __future__ import annotations

from enum import Enum

from sqlalchemy import Connection

from gateway.core.backoff import retry_delay_ms
from gateway.core.lifecycle import ItemEvent
from gateway.services import calendars, revoked_signature
from gateway.services.context import Context
from gateway.services.jobs import Later, finish, give_back
from gateway.services.states import step_instruction
from gateway.store import alerts, instructions
from gateway.store import work as work_store
from gateway.store.records import Instruction, InstructionState, Work
from gateway.transports.contract import TransportFault

S = InstructionState


class Permit(Enum):
    """What may be done with an instruction now."""

    SEND = "send"  # nothing has left, or identical bytes may go again
    ASK = "ask"  # it may have left: ask the bank
    NOTHING = "nothing"  # the bank has it


def closed_until_ms(context: Context, work: Work) -> int | None:
    """When to try again: the bank is closed, or the signature no longer stands; None for now, or nothing to send."""
    with context.store.read() as tx:
        instruction = instructions.by_id(tx, int(work.subject["instruction_id"]))
    if instruction.state is not S.BUILT:
        return None
    waits = revoked_signature.due_again_ms(context, instruction)
    return waits if waits is not None else calendars.closed_until_ms(context, context.bank_of(instruction))


def permit(context: Context, instruction_id: int) -> tuple[Instruction, Permit]:
    """Commit SENDING if sending is allowed; the caller must then send or report the fault."""
    with context.store.begin() as tx:
        instruction = instructions.by_id(tx, instruction_id)
        if instruction.state is S.BUILT:
            mine = instructions.move(tx, instruction_id, {S.BUILT}, S.SENDING, context.clock.now_ms())
            return instruction, Permit.SEND if mine else Permit.ASK
        if instruction.state in {S.SENDING, S.UNKNOWN}:
            return instruction, Permit.ASK
        return instruction, Permit.NOTHING


def delivered(context: Context, work: Work, instruction: Instruction) -> None:
    """The bank has the whole message; the sending is finished."""
    now = context.clock.now_ms()
    with context.store.begin() as tx:
        _sent(tx, instruction, now)
        _ask_later(context, tx, instruction, now)
        finish(tx, work)


def known(context: Context, work: Work, instruction: Instruction) -> None:
    """The bank spoke of it before its sending could be finished: only the watching is left to start."""
    with context.store.begin() as tx:
        _ask_later(context, tx, instruction, context.clock.now_ms())
        finish(tx, work)


def arrived(context: Context, instruction: Instruction) -> None:
    """An instruction in doubt turned out to be at the bank."""
    with context.store.begin() as tx:
        _sent(tx, instruction, context.clock.now_ms())


def _sent(tx: Connection, instruction: Instruction, now: int) -> None:
    # BUILT where another node made it sendable again meanwhile: it need not go again.
    instructions.move(tx, instruction.instruction_id, {S.BUILT, S.SENDING, S.UNKNOWN}, S.SENT, now)
    step_instruction(tx, instruction, ItemEvent.DELIVERED)


def doubted(context: Context, work: Work, instruction: Instruction, why: str) -> None:
    """It may have arrived, and nobody here can know: the bank is asked."""
    now = context.clock.now_ms()
    with context.store.begin() as tx:
        instructions.move(tx, instruction.instruction_id, {S.SENDING}, S.UNKNOWN, now)
        step_instruction(tx, instruction, ItemEvent.DOUBTED)
        alerts.raise_alert(
            tx,
            "delivery-unknown",
            instruction.message_id,
            f"发往银行 {instruction.bank} 的指令 {instruction.message_id} 发送结果未知（{why}），正在向银行查询，不会重复支付。",
            f"delivery of {instruction.message_id} to bank {instruction.bank} is unknown ({why}); the bank is being asked, "
            "nothing is paid twice",
            now,
        )
        _ask_later(context, tx, instruction, now)
        finish(tx, work)


def failed(context: Context, work: Work, instruction: Instruction, fault: TransportFault) -> None:
    """A transport fault: back to BUILT and later again when nothing left, else UNKNOWN; raises Fenced."""
    if fault.maybe_sent:
        doubted(context, work, instruction, str(fault))
        return
    now = context.clock.now_ms()
    with context.store.begin() as tx:
        instructions.move(tx, instruction.instruction_id, {S.SENDING}, S.BUILT, now)
        alerts.raise_alert(
            tx,
            "bank-unreachable",
            instruction.bank,
            f"银行 {instruction.bank} 暂时无法连接：{fault}。指令未发出，将自动重试。",
            f"bank {instruction.bank} cannot be reached: {fault}. Nothing was sent; it is tried again by itself",
            now,
        )
        # Together: whoever lost his lease must not undo the SENDING of whoever holds it now.
        give_back(tx, work, Later(now + retry_delay_ms(work.key, work.attempts), str(fault)))


def may_resend(context: Context, instruction: Instruction) -> bool:
    """Whether this bank promised to reject a second message under the same id."""
    return context.bank_of(instruction).profile.inquiry.bank_rejects_duplicates


def resend(context: Context, instruction: Instruction) -> bool:
    """Make an unresolved instruction sendable again; only where the bank rejects duplicates (money rule 1).

    Identical bytes go out under the identical id, so a bank that did receive them answers, and pays nothing.
    """
    if not may_resend(context, instruction):
        return False
    now = context.clock.now_ms()
    with context.store.begin() as tx:
        if not instructions.move(tx, instruction.instruction_id, {S.SENDING, S.UNKNOWN}, S.BUILT, now):
            return False
        send(context, tx, instruction, now)
    return True


def send(context: Context, tx: Connection, instruction: Instruction, now: int, priority: int = 100) -> None:
    """Put the sending of a BUILT instruction to work."""
    kind = "send-file" if context.bank_of(instruction).profile.by_files else "send-message"
    work_store.put(tx, kind, instruction.message_id, subject_of(instruction), due_at_ms=now, priority=priority)


def subject_of(instruction: Instruction) -> dict[str, object]:
    """What work about an instruction carries."""
    return {"instruction_id": instruction.instruction_id, "bank": instruction.bank}


def _ask_later(context: Context, tx: Connection, instruction: Instruction, now: int) -> None:
    inquiry = context.bank_of(instruction).profile.inquiry
    due = now + int(inquiry.first_after_seconds * 1000)
    work_store.put(tx, _asking(context, instruction), instruction.message_id, subject_of(instruction), due_at_ms=due)


def _asking(context: Context, instruction: Instruction) -> str:
    return "ask-file" if context.bank_of(instruction).profile.by_files else "inquire"
