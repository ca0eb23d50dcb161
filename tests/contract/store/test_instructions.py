"""Instructions: one plan per message id, one instruction per segment, one set of bytes, guarded steps."""

from __future__ import annotations

import pytest

from gateway.store import instructions
from gateway.store.errors import ContentConflict
from gateway.store.records import InstructionState

S = InstructionState


@pytest.fixture
def batch_id(received, add_segment) -> int:
    """Segments 0, 2, 3 at the rural bank, 1 at the city bank; three items of 100 fen in each."""
    batch_id = received().batch_id
    for number in range(4):
        add_segment(batch_id, number, "city" if number == 1 else "rural")
    return batch_id


@pytest.fixture
def planned(store, batch_id) -> instructions.Instruction:
    with store.begin() as tx:
        return instructions.plan(tx, batch_id, "rural", 0, "M-0", 0, 2, 6, 600)


def test_a_plan_takes_the_next_segments_of_its_bank(store, batch_id, planned) -> None:
    with store.begin() as tx:
        last = instructions.plan(tx, batch_id, "rural", 1, "M-1", 3, 1, 3, 300)
        city = instructions.plan(tx, batch_id, "city", 2, "M-2", 1, 1, 3, 300)
    with store.read() as tx:
        assert instructions.of_batch(tx, batch_id) == [planned, last, city]
        assert instructions.by_message_id(tx, "M-1") == instructions.by_id(tx, last.instruction_id) == last
        assert instructions.by_message_id(tx, "M-9") is None
        assert instructions.open_for_bank(tx, "rural") == [planned, last]
    assert (planned.state, planned.content, planned.sent_at_ms) == (S.PLANNED, None, None)


def test_the_same_plan_again_is_the_same_instruction(store, batch_id, planned) -> None:
    with store.begin() as tx:
        assert instructions.plan(tx, batch_id, "rural", 0, "M-0", 0, 2, 6, 600) == planned


@pytest.mark.parametrize(
    "other",
    [
        ("city", 0, "M-0", 0, 2, 6, 600),  # the message id means another bank's file
        ("rural", 0, "M-0", 0, 3, 9, 900),  # more segments under the same id
        ("rural", 1, "M-1", 2, 1, 3, 300),  # segment 2 is in M-0 already
        ("rural", 1, "M-1", 0, 3, 9, 900),
        ("rural", 0, "M-1", 3, 1, 3, 300),  # the file number is taken
        ("rural", 1, "M-1", 3, 1, 3, 299),  # not the segment's money
        ("rural", 1, "M-1", 3, 2, 6, 600),  # no such segment
    ],
)
def test_no_segment_is_instructed_twice(store, batch_id, planned, other) -> None:
    with pytest.raises(instructions.InstructionConflict), store.begin() as tx:
        instructions.plan(tx, batch_id, *other)
    with store.read() as tx:
        assert instructions.of_batch(tx, batch_id) == [planned]


def test_bytes_are_built_once(store, planned, content) -> None:
    number = planned.instruction_id
    with store.begin() as tx:
        assert instructions.built(tx, number, content("bytes"), b"signature", "key-1", 50)
        assert not instructions.built(tx, number, content("bytes"), b"other", "key-2", 60)
        now = instructions.by_id(tx, number)
    assert (now.state, now.signature, now.key_id, now.built_at_ms) == (S.BUILT, b"signature", "key-1", 50)
    assert now.content is not None and now.content.size == 5
    with pytest.raises(ContentConflict), store.begin() as tx:
        instructions.built(tx, number, content("changed"), b"s", "key-1", 70)


def test_steps_are_guarded_and_timed(store, planned, content) -> None:
    number = planned.instruction_id
    with store.begin() as tx:
        assert not instructions.move(tx, number, {S.BUILT}, S.SENDING, 1)
        instructions.built(tx, number, content("bytes"), None, None, 50)
        assert instructions.move(tx, number, {S.BUILT}, S.SENDING, 60)
        assert not instructions.move(tx, number, {S.BUILT}, S.SENDING, 61)
        assert instructions.move(tx, number, {S.SENDING}, S.BUILT, 62)
        assert instructions.move(tx, number, {S.BUILT}, S.SENDING, 70)
        assert instructions.move(tx, number, {S.SENDING, S.UNKNOWN}, S.SENT, 80)
        assert instructions.move(tx, number, {S.SENT}, S.UNKNOWN, 81)
        assert instructions.move(tx, number, {S.SENDING, S.UNKNOWN}, S.SENT, 90)
        now = instructions.by_id(tx, number)
    assert (now.state, now.sending_at_ms, now.sent_at_ms) == (S.SENT, 70, 80)


def test_closed_instructions_wait_for_nothing(store, planned) -> None:
    with store.begin() as tx:
        assert instructions.move(tx, planned.instruction_id, {S.PLANNED}, S.COMPLETED, 1)
        assert instructions.open_for_bank(tx, "rural") == []
