"""Moving the items of a whole instruction file by one event, inside the caller's transaction."""

from __future__ import annotations

import numpy as np
from sqlalchemy import Connection

from gateway.core.lifecycle import ItemEvent, advance
from gateway.core.tally import Tally
from gateway.store import batches, segments
from gateway.store.records import Instruction, SegmentStates


def segments_of(tx: Connection, instruction: Instruction) -> list[int]:
    """The segment numbers of an instruction: ``segment_count`` of its bank's, from ``first_segment`` on."""
    infos = segments.infos(tx, instruction.batch_id, instruction.bank)
    numbers = sorted(info.segment_no for info in infos if info.segment_no >= instruction.first_segment)
    return numbers[: instruction.segment_count]


def columns_of(
    segment: SegmentStates,
) -> tuple[np.ndarray[tuple[int], np.dtype[np.uint8]], np.ndarray[tuple[int], np.dtype[np.int64]]]:
    """(states, amounts in fen) of a segment as read-only columns."""
    return np.frombuffer(segment.states, dtype=np.uint8), np.frombuffer(segment.amounts, dtype="<i8")


def step_instruction(tx: Connection, instruction: Instruction, event: ItemEvent) -> Tally:
    """Let ``event`` happen to every item of the file; returns the file's tally after it.

    Raises ImpossibleTransition, MoneyLost; then the transaction must be rolled back.
    """
    tallies = []
    for segment in segments.states(tx, instruction.batch_id, segments_of(tx, instruction)):
        states, amounts = columns_of(segment)
        after = advance(states, np.full(len(states), event, dtype=np.uint8))
        tally = Tally.of(after, amounts)
        if after.tobytes() != segment.states:
            segments.replace_states(tx, segment, after.tobytes(), tally)
        tallies.append(tally)
    batches.require_conserved(tx, instruction.batch_id)
    return Tally.total(tallies)
