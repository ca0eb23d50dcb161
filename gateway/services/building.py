"""Job ``build``: turn planned segments into one instruction file's exact bytes, signed and durable.

The bytes are a pure function of the stored batch: a second run writes the same bytes under the same id.
Only after they are durable do the items become INSTRUCTED and the sending is put to work.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import polars as pl

from adapters.contract import InstructionHead
from adapters.envelopes.contract import Outer
from crypto.signature_text import encode_signature
from gateway.clock import instant
from gateway.core.lifecycle import ItemEvent
from gateway.services import completion, sending
from gateway.services.context import Bank, Context
from gateway.services.frames import segment_context, unseal_frame
from gateway.services.jobs import finish
from gateway.services.states import segments_of, step_instruction
from gateway.store import batches, instructions, segments
from gateway.store.records import Batch, Content, Instruction, InstructionState, Work
from messages.batch.numbering import item_references


def build(context: Context, work: Work) -> None:
    """Do it; the instruction ends BUILT with its sending put to work."""
    with context.store.read() as tx:
        instruction = instructions.by_id(tx, int(work.subject["instruction_id"]))
        batch = batches.by_id(tx, instruction.batch_id)
    if instruction.state is not InstructionState.PLANNED:
        with context.store.begin() as tx:
            finish(tx, work)
        return
    bank = context.bank_of(instruction)
    made = (_signed_beside if bank.envelope is None else _enveloped)(context, bank, batch, instruction)
    now = context.clock.now_ms()
    with context.store.begin() as tx:
        # Whoever was faster has signed other bytes (a signature is drawn anew each time): theirs are the ones that leave.
        first = instructions.by_id(tx, instruction.instruction_id).state is InstructionState.PLANNED
        if first and instructions.built(tx, instruction.instruction_id, made.content, made.signature, made.key_id, now):
            step_instruction(tx, instruction, ItemEvent.BUILT)
            sending.send(context, tx, instruction, now, completion.priority(batch))
        finish(tx, work)


@dataclass(frozen=True, slots=True)
class _Made:
    content: Content
    signature: bytes | None  # null where it stands inside the content
    key_id: str


def _signed_beside(context: Context, bank: Bank, batch: Batch, instruction: Instruction) -> _Made:
    """Signed and stored while it is built: files of any size take constant memory."""
    signer = context.signer(bank.profile.security)
    written = 0
    with context.vault.create("application/octet-stream") as writer:
        for chunk in _chunks(context, bank, batch, instruction):
            signer.update(chunk)
            writer.write(chunk)
            written += len(chunk)
        _require_within(written, bank, instruction)
        content = writer.commit()
    signature = encode_signature(signer.signature(), bank.profile.security.encoding)
    return _Made(content, signature, signer.key_id)


def _enveloped(context: Context, bank: Bank, batch: Batch, instruction: Instruction) -> _Made:
    """Sealed whole: banks with envelopes take messages of some megabytes at most."""
    assert bank.envelope is not None  # noqa: S101 - asked before
    body = b"".join(_chunks(context, bank, batch, instruction))
    outer = Outer(instruction.message_id, "instruction", instant(batch.received_at_ms or batch.opened_at_ms))
    keys = context.envelope_keys(bank.profile.security)
    sealed, key_id = bank.envelope.seal(bank.profile, outer, body, keys)
    _require_within(len(sealed), bank, instruction)
    with context.vault.create("application/octet-stream") as writer:
        writer.write(sealed)
        return _Made(writer.commit(), None, key_id)


def _chunks(context: Context, bank: Bank, batch: Batch, instruction: Instruction) -> Iterator[bytes]:
    head = head_of(batch, instruction.message_id, instruction.file_no, instruction.rows, instruction.fen)
    return bank.dialect.build(bank.profile, head, _blocks(context, batch, instruction))


def _require_within(octets: int, bank: Bank, instruction: Instruction) -> None:
    if octets > bank.profile.limits.bytes_per_file:
        raise ValueError(f"{instruction.message_id}: {octets} bytes are above the bank's limit; check rows_per_file")


def _blocks(context: Context, batch: Batch, instruction: Instruction) -> Iterator[pl.DataFrame]:
    with context.store.read() as tx:
        numbers = segments_of(tx, instruction)
    for number in numbers:
        with context.store.read() as tx:
            sealed = segments.sealed(tx, batch.batch_id, number)
        items = unseal_frame(context.sealer, sealed, segment_context(batch.batch_id, number))
        yield items.with_columns(item_references(batch.reference))


def head_of(batch: Batch, name: str, file_no: int, rows: int, total_fen: int) -> InstructionHead:
    """What the file says about itself: only stored facts, never the clock."""
    header, payer = batch.header, batch.header["paying_account"]
    return InstructionHead(
        message_id=name,
        file_no=file_no,
        rows=rows,
        total_fen=total_fen,
        created_at=instant(batch.received_at_ms or batch.opened_at_ms),
        requested_on=date.fromisoformat(header["requested_on"]),
        batch_no=batch.batch_no,
        project_code=header["project_code"],
        policy_name=header["policy_name"],
        voucher_no=header["voucher_no"],
        debtor_name=payer["name"],
        debtor_account=payer["account"],
        debtor_bank_code=payer["bank_code"],
    )
