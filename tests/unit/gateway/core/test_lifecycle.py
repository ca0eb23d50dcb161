"""The life-cycle table: every pair, and the money rules over any sequence of events."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.core.diagram import life_cycle_diagram
from gateway.core.lifecycle import TRANSITIONS, ImpossibleTransition, ItemEvent, ItemState, advance

S, E = ItemState, ItemEvent


def one(state: ItemState, event: ItemEvent) -> ItemState:
    return ItemState(int(advance(np.array([state], dtype=np.uint8), np.array([event], dtype=np.uint8))[0]))


@pytest.mark.parametrize("state", list(S))
@pytest.mark.parametrize("event", list(E))
def test_every_pair_is_what_the_table_says(state: ItemState, event: ItemEvent) -> None:
    expected = TRANSITIONS[state].get(event)
    if expected is None:
        with pytest.raises(ImpossibleTransition):
            one(state, event)
    else:
        assert one(state, event) is expected


BANK_WORDS = [E.ACCEPTED, E.PAID, E.FAILED, E.RETURNED, E.UNCLEAR]


def test_only_what_left_can_be_answered() -> None:
    """Nothing that a bank or a transport says can move an item that was never instructed."""
    assert set(TRANSITIONS[S.READY]) == {E.BUILT}


def test_a_bank_may_say_anything_about_what_left() -> None:
    for state in set(S) - {S.READY}:
        assert set(BANK_WORDS) <= set(TRANSITIONS[state])


@given(st.lists(st.sampled_from([e for e in E if e is not E.BUILT]), max_size=12))
def test_final_words_never_overwrite_each_other(events: list[ItemEvent]) -> None:
    state, failed, paid = S.INSTRUCTED, False, False
    for event in events:
        state = one(state, event)
        failed |= state is S.FAILED
        paid |= state in {S.PAID, S.RETURNED}
        if failed and paid:
            raise AssertionError("an item was both failed and paid without a dispute between")
        if state is S.DISPUTED:
            return


@given(st.lists(st.sampled_from(list(E)), max_size=10))
def test_disputed_never_ends_by_itself(events: list[ItemEvent]) -> None:
    state = S.DISPUTED
    for event in events:
        if event is not E.BUILT:
            state = one(state, event)
    assert state is S.DISPUTED


def test_an_item_that_may_have_left_is_never_ready_again() -> None:
    for state, row in TRANSITIONS.items():
        if state is not S.READY:
            assert S.READY not in row.values()


def test_the_documented_diagram_is_the_table() -> None:
    text = (Path(__file__).resolve().parents[4] / "docs" / "architecture.md").read_text(encoding="utf-8")
    assert life_cycle_diagram() in text
