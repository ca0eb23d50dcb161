"""Questions to a bank (查询报文): about a whole instruction, or about its items that have no final word yet."""

from __future__ import annotations

from datetime import date

import numpy as np

from adapters.contract import Inquirer, Question
from adapters.envelopes.contract import Outer
from gateway.clock import instant
from gateway.core.lifecycle import FINAL
from gateway.services.context import Context
from gateway.services.small_messages import sealed
from gateway.services.states import columns_of, segments_of
from gateway.store import batches, segments
from gateway.store.records import Instruction, InstructionState
from gateway.transports.contract import Misconfigured
from messages.batch.numbering import SEGMENT_STRIDE, item_reference

ITEMS_PER_ROUND = 50
"""A bank that is asked item by item is asked about so many at a time; the rest follows in the next round."""
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def about(context: Context, instruction: Instruction) -> list[Question]:
    """What to ask now; empty where every item has its final word and the bank is asked item by item."""
    inquiry, now = context.bank_of(instruction).profile.inquiry, context.clock.now_ms()
    with context.store.read() as tx:
        batch = batches.by_id(tx, instruction.batch_id)
    whole = Question(
        inquiry_id=_inquiry_id(instruction.message_id, now, 0),
        original_message_id=instruction.message_id,
        created_at=instant(now),
        requested_on=date.fromisoformat(batch.header["requested_on"]),
        debtor_account=batch.header["paying_account"]["account"],
    )
    # In doubt whether it arrived at all, the instruction is asked for and not its items.
    if inquiry.per == "batch" or instruction.state in {InstructionState.UNKNOWN, InstructionState.SENDING}:
        return [whole]
    return [
        Question(
            _inquiry_id(instruction.message_id, now, number),
            whole.original_message_id,
            whole.created_at,
            whole.requested_on,
            whole.debtor_account,
            (reference,),
        )
        for number, reference in enumerate(_open_references(context, instruction, batch.reference))
    ]


def written(context: Context, instruction: Instruction, question: Question) -> tuple[bytes, dict[str, str]]:
    """The question's bytes as they leave, and the headers that go with them."""
    bank = context.bank_of(instruction)
    if not isinstance(bank.dialect, Inquirer):
        raise Misconfigured(f"bank {instruction.bank}: its dialect has no inquiry message: correct inquiry.by")
    outer = Outer(question.inquiry_id, "inquiry", question.created_at)
    return sealed(context, bank, outer, bank.dialect.inquiry(bank.profile, question))


def _open_references(context: Context, instruction: Instruction, reference: str) -> list[str]:
    found: list[str] = []
    with context.store.read() as tx:
        for segment in segments.states(tx, instruction.batch_id, segments_of(tx, instruction)):
            states, _ = columns_of(segment)
            rows = np.flatnonzero(~np.isin(states, list(FINAL)))[: ITEMS_PER_ROUND - len(found)]
            first = segment.info.segment_no * SEGMENT_STRIDE
            found += [item_reference(reference, first + int(row)) for row in rows]
    return found


def _inquiry_id(message_id: str, now_ms: int, number: int) -> str:
    """26 letters and digits: the instruction, the second, and a number within it."""
    return f"{message_id}{_base36(now_ms // 100, 7)}{_base36(number, 2)}"


def _base36(value: int, width: int) -> str:
    text = ""
    for _ in range(width):
        value, digit = divmod(value, 36)
        text = _DIGITS[digit] + text
    return text
