"""Job ``apply``: read one message of a bank, verified first, and let its words happen to the items.

One message is one transaction: half of a result file is never applied. What cannot be verified, read or
matched is kept with its bytes and the reason, alerted, and moves nothing.
"""

from __future__ import annotations

from sqlalchemy import Connection

from adapters.contract import MessageRefused
from crypto.contract import SealBroken, SignatureInvalid
from gateway.services import completion, consents, group_answer, item_rows
from gateway.services.context import Context
from gateway.services.jobs import finish
from gateway.services.reading import Part, Reading, read
from gateway.services.whose_signature import SignedByRevokedKey, require_not_revoked
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
    try:
        reading = read(context, message)
        prepared = [item_rows.prepare(context, p.bank, p.batch, p.instruction, p.parsed) for p in reading.parts]
        require_not_revoked(context, reading.parts[0].bank, reading.key_id)  # a large file takes a while to read
    except (SignatureInvalid, SealBroken, MessageRefused) as refused:
        _quarantine(context, work, message, refused)
        return
    _commit(context, work, message, reading, prepared)


def _commit(
    context: Context, work: Work, message: InboxMessage, reading: Reading, prepared: list[item_rows.Prepared]
) -> None:
    with context.store.begin() as tx:
        for part, rows in zip(reading.parts, prepared, strict=True):
            _apply_part(context, tx, message, part, rows)
        inbox.applied(tx, message.inbox_id, reading.key_id, context.clock.now_ms())
        finish(tx, work)


def _apply_part(
    context: Context, tx: Connection, message: InboxMessage, part: Part, prepared: item_rows.Prepared
) -> None:
    fresh = instructions.by_id(tx, part.instruction.instruction_id)
    moved = group_answer.apply(context, tx, part.bank, fresh, message, part.parsed)
    moved |= item_rows.apply(context, tx, fresh, part.batch, message, prepared)
    batches.require_conserved(tx, part.batch.batch_id)
    consents.owe(context, tx, message, part, prepared)
    if moved:
        _consequences(context, tx, part.batch, fresh, message)


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
        if isinstance(why, SignedByRevokedKey):
            _alert_revoked(tx, message, why, now)
        else:
            _alert(tx, message, why, now)
        finish(tx, work)


def _alert(tx: Connection, message: InboxMessage, why: Exception, now: int) -> None:
    alerts.raise_alert(
        tx,
        "message-quarantined",
        f"{message.bank}/{message.name}",
        f"银行 {message.bank} 的报文 {message.name} 已隔离，未处理：{why}。原始字节已保存，请与银行核实。",
        f"message {message.name} of bank {message.bank} was quarantined and not applied: {why}. "
        "Its bytes are kept; clear it up with the bank",
        now,
    )


def _alert_revoked(tx: Connection, message: InboxMessage, why: SignedByRevokedKey, now: int) -> None:
    alerts.raise_alert(
        tx,
        "signed-by-revoked-key",
        f"{message.bank}/{message.name}",
        f"银行 {message.bank} 的报文 {message.name} 由已吊销的密钥 {why.key_id} 签名，可能系伪造；"
        "已隔离，未处理。请立即与银行核实，由其以新密钥重新签名发送。",
        f"message {message.name} of bank {message.bank} is signed with revoked key {why.key_id} and may be forged: "
        "quarantined, not applied. Ask the bank at once; what is genuine it sends again, signed with its new key",
        now,
    )
