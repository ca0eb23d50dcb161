"""Job ``build``: turn planned segments into one instruction file's exact bytes, signed and durable.

The bytes are a pure function of the stored batch: a second run writes the same bytes under the same id.
Only after they are durable do the items become INSTRUCTED and the sending is put to work.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import polars as pl

from adapters.contract import InstructionHead
from crypto.contract import StreamSigner
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
    bank = context.bank(instruction.bank)
    signer = context.signer(bank.profile.security)
    content = _write(context, bank, batch, instruction, signer)
    signature = encode_signature(signer.signature(), bank.profile.security.encoding)
    now = context.clock.now_ms()
    with context.store.begin() as tx:
        if instructions.built(tx, instruction.instruction_id, content, signature, signer.key_id, now):
            step_instruction(tx, instruction, ItemEvent.BUILT)
            sending.send(context, tx, instruction, now, completion.priority(batch))
        finish(tx, work)


def _write(context: Context, bank: Bank, batch: Batch, instruction: Instruction, signer: StreamSigner) -> Content:
    head = head_of(batch, instruction.message_id, instruction.file_no, instruction.rows, instruction.fen)
    written = 0
    with context.vault.create("application/octet-stream") as writer:
        for chunk in bank.dialect.build(bank.profile, head, _blocks(context, batch, instruction)):
            signer.update(chunk)
            writer.write(chunk)
            written += len(chunk)
        if written > bank.profile.limits.bytes_per_file:
            raise ValueError(
                f"{instruction.message_id}: {written} bytes are above the bank's limit; check rows_per_file"
            )
        return writer.commit()


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
