"""Job ``apply``: read one message of a bank, verified first, and let its words happen to the items.

One message is one transaction: half of a result file is never applied. What cannot be verified, read or
matched is kept with its bytes and the reason, alerted, and moves nothing.
"""

from __future__ import annotations

from sqlalchemy import Connection

from adapters.contract import MessageRefused, ParsedResult
from crypto.contract import SignatureInvalid
from crypto.signature_text import decode_signature
from gateway.services import completion, group_answer, item_rows
from gateway.services.context import Bank, Context
from gateway.services.jobs import finish
from gateway.store import alerts, batches, inbox, instructions
from gateway.store.records import Batch, InboxMessage, InboxState, Instruction, Work


def apply(context: Context, work: Work) -> None:
    """Do it; the message ends APPLIED or QUARANTINED."""
    with context.store.read() as tx:
        message = inbox.by_id(tx, int(work.subject["inbox_id"]))
    if message.state is not InboxState.RECEIVED:
        with context.store.begin() as tx:
            finish(tx, work)
        return
    bank = context.bank(message.bank)
    try:
        key_id = _verify(context, bank, message)
        parsed = bank.dialect.parse(bank.profile, message.name, context.vault.open(message.content))
        batch, instruction = _answered(context, message, parsed)
    except (SignatureInvalid, MessageRefused) as refused:
        _quarantine(context, work, message, refused)
        return
    _commit(context, work, message, key_id, parsed, batch, instruction)


def _verify(context: Context, bank: Bank, message: InboxMessage) -> str:
    if message.signature is None:
        raise SignatureInvalid("the message has no signature")
    verifier = context.verifier(bank.profile.security)
    for chunk in context.vault.open(message.content):
        verifier.update(chunk)
    return verifier.verify(decode_signature(message.signature, bank.profile.security.encoding))


def _answered(context: Context, message: InboxMessage, parsed: ParsedResult) -> tuple[Batch, Instruction]:
    with context.store.read() as tx:
        instruction = instructions.by_message_id(tx, parsed.original_message_id)
        if instruction is None or instruction.bank != message.bank:
            raise MessageRefused(
                "it answers an instruction that this bank was never sent", field_name="original message id"
            )
        return batches.by_id(tx, instruction.batch_id), instruction


def _commit(
    context: Context,
    work: Work,
    message: InboxMessage,
    key_id: str,
    parsed: ParsedResult,
    batch: Batch,
    instruction: Instruction,
) -> None:
    bank, now = context.bank(message.bank), context.clock.now_ms()
    prepared = item_rows.prepare(context, bank, batch, instruction, parsed)
    with context.store.begin() as tx:
        fresh = instructions.by_id(tx, instruction.instruction_id)
        moved = group_answer.apply(context, tx, bank, fresh, message, parsed)
        moved |= item_rows.apply(context, tx, fresh, batch, message, prepared)
        batches.require_conserved(tx, batch.batch_id)
        inbox.applied(tx, message.inbox_id, key_id, now)
        if moved:
            _consequences(context, tx, batch, fresh, message)
        finish(tx, work)


def _consequences(
    context: Context, tx: Connection, batch: Batch, instruction: Instruction, message: InboxMessage
) -> None:
    tally = item_rows.tally_of(tx, instruction)
    completion.settle_instruction(context, tx, instruction.instruction_id, tally)
    completion.tell(context, tx, batch.batch_id, "results", occasion=str(message.inbox_id))
    completion.settle(context, tx, batch.batch_id)


def _quarantine(context: Context, work: Work, message: InboxMessage, why: Exception) -> None:
    now = context.clock.now_ms()
    with context.store.begin() as tx:
        inbox.quarantine(tx, message.inbox_id, str(why), now)
        alerts.raise_alert(
            tx,
            "message-quarantined",
            f"{message.bank}/{message.name}",
            f"银行 {message.bank} 的报文 {message.name} 已隔离，未处理：{why}。原始字节已保存，请与银行核实。",
            f"message {message.name} of bank {message.bank} was quarantined and not applied: {why}. "
            "Its bytes are kept; clear it up with the bank",
            now,
        )
        finish(tx, work)
