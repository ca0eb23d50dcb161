"""Instruction files (指令文件): planned once, built once, then moved by guarded steps.

Which segments an instruction holds is written down segment by segment under a primary key, so that no
item can ever be in two instructions (money rule 1).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from sqlalchemy import Connection, Row, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from gateway.store import segments, tables
from gateway.store.errors import ContentConflict
from gateway.store.errors import InstructionConflict as InstructionConflict
from gateway.store.records import Content, Instruction, InstructionState
from gateway.store.rows import content_in, content_values, insert_once, row_by_id

CLOSED: Final = frozenset({InstructionState.COMPLETED, InstructionState.REFUSED})
_t = tables.instruction


def plan(
    tx: Connection,
    batch_id: int,
    bank: str,
    file_no: int,
    message_id: str,
    first_segment: int,
    segment_count: int,
    rows: int,
    fen: int,
    edition: str = "",
) -> Instruction:
    """Decide one instruction: the bank's next ``segment_count`` segments from ``first_segment`` on.

    The same plan again is the same instruction. Raises InstructionConflict where the message id means
    something else already, a segment is in another instruction, or rows and fen are not the segments' own.
    """
    asked = {
        "batch_id": batch_id,
        "bank": bank,
        "file_no": file_no,
        "message_id": message_id,
        "first_segment": first_segment,
        "segment_count": segment_count,
        "rows": rows,
        "fen": fen,
        "edition": edition,
    }
    planned = insert_once(tx, _t, {**asked, "state": InstructionState.PLANNED})
    instruction = by_message_id(tx, message_id)
    if instruction is None or any(getattr(instruction, name) != value for name, value in asked.items()):
        raise InstructionConflict(f"{message_id} (batch {batch_id}, file {file_no}) is already planned differently")
    if planned:
        _take_segments(tx, instruction)
    return instruction


def by_id(tx: Connection, instruction_id: int) -> Instruction:
    """The instruction; raises NoSuchRow."""
    return _instruction(row_by_id(tx, _t, instruction_id))


def by_message_id(tx: Connection, message_id: str) -> Instruction | None:
    """The instruction that a bank calls by this id, or None."""
    row = tx.execute(select(_t).where(_t.c.message_id == message_id)).first()
    return None if row is None else _instruction(row)


def of_batch(tx: Connection, batch_id: int) -> list[Instruction]:
    """All instructions of a batch, by file number."""
    query = select(_t).where(_t.c.batch_id == batch_id).order_by(_t.c.file_no)
    return [_instruction(row) for row in tx.execute(query)]


def open_for_bank(tx: Connection, bank: str) -> list[Instruction]:
    """A bank's instructions that still wait for something, oldest first."""
    still_open = [state for state in InstructionState if state not in CLOSED]
    query = select(_t).where(_t.c.bank == bank, _t.c.state.in_(still_open)).order_by(_t.c.instruction_id)
    return [_instruction(row) for row in tx.execute(query)]


def built(
    tx: Connection, instruction_id: int, content: Content, signature: bytes | None, key_id: str | None, now_ms: int
) -> bool:
    """PLANNED becomes BUILT with its exact bytes; False where that was done before with the same bytes.

    Raises ContentConflict where other bytes are already durable: those are the ones that may have left.
    """
    values = {"state": InstructionState.BUILT, "signature": signature, "key_id": key_id, "built_at_ms": now_ms}
    guarded = update(_t).where(_t.c.instruction_id == instruction_id, _t.c.state == InstructionState.PLANNED)
    if tx.execute(guarded.values(**values, **content_values(content))).rowcount == 1:
        return True
    stored = by_id(tx, instruction_id)
    if stored.content is None or stored.content.sha256 != content.sha256:
        raise ContentConflict(f"{stored.message_id} was built before with other bytes: the first ones stay")
    return False


def unbuild(tx: Connection, instruction_id: int) -> bool:
    """BUILT becomes PLANNED again, to be signed with another key; False where a sending was ever begun."""
    untouched = (_t.c.state == InstructionState.BUILT) & _t.c.sending_at_ms.is_(None) & _t.c.sent_at_ms.is_(None)
    unsigned = {"state": InstructionState.PLANNED, "signature": None, "key_id": None, "built_at_ms": None}
    guarded = update(_t).where(_t.c.instruction_id == instruction_id, untouched)
    return tx.execute(guarded.values(**unsigned, **content_values(None))).rowcount == 1


def move(
    tx: Connection, instruction_id: int, frm: Iterable[InstructionState], to: InstructionState, now_ms: int
) -> bool:
    """Step to ``to`` if it stands in one of ``frm``; False if not, and then nothing changed.

    ``sending_at_ms`` is the latest attempt, ``sent_at_ms`` the first confirmed delivery.
    """
    values: dict[str, Any] = {"state": to}
    if to is InstructionState.SENDING:
        values["sending_at_ms"] = now_ms
    if to is InstructionState.SENT:
        values["sent_at_ms"] = func.coalesce(_t.c.sent_at_ms, now_ms)
    guarded = update(_t).where(_t.c.instruction_id == instruction_id, _t.c.state.in_(list(frm)))
    return tx.execute(guarded.values(values)).rowcount == 1


def _take_segments(tx: Connection, instruction: Instruction) -> None:
    infos = [
        info
        for info in segments.infos(tx, instruction.batch_id, instruction.bank)
        if info.segment_no >= instruction.first_segment
    ][: instruction.segment_count]
    asked = (instruction.segment_count, instruction.rows, instruction.fen)
    there = (len(infos), sum(info.rows for info in infos), sum(info.fen for info in infos))
    if asked != there:
        raise InstructionConflict(
            f"{instruction.message_id} asks for {asked} (segments, items, fen), but the batch holds {there}"
        )
    taken = [
        {"batch_id": info.batch_id, "segment_no": info.segment_no, "instruction_id": instruction.instruction_id}
        for info in infos
    ]
    try:
        tx.execute(insert(tables.instruction_segment), taken)
    except IntegrityError as error:
        raise InstructionConflict(f"a segment of {instruction.message_id} is already in another instruction") from error


def _instruction(row: Row[Any]) -> Instruction:
    return Instruction(
        instruction_id=row.instruction_id,
        batch_id=row.batch_id,
        bank=row.bank,
        file_no=row.file_no,
        message_id=row.message_id,
        first_segment=row.first_segment,
        segment_count=row.segment_count,
        rows=row.rows,
        fen=row.fen,
        state=InstructionState(row.state),
        content=content_in(row),
        signature=row.signature,
        key_id=row.key_id,
        built_at_ms=row.built_at_ms,
        sending_at_ms=row.sending_at_ms,
        sent_at_ms=row.sent_at_ms,
        edition=row.edition,
    )
