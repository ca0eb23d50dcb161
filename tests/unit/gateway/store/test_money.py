"""Sums of stored tallies are exact, at every size and after states were added."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.core.lifecycle import STATE_COUNT
from gateway.core.tally import Tally
from gateway.store.money import tally_bytes, totalled

COLUMN = st.lists(st.integers(0, (1 << 63) - 1), min_size=STATE_COUNT, max_size=STATE_COUNT).map(tuple)
TALLY = st.builds(Tally, COLUMN, COLUMN)


@settings(max_examples=60, deadline=None)
@given(tallies=st.lists(TALLY, max_size=8))
def test_a_sum_is_what_it_is_in_whole_numbers(tallies: list[Tally]) -> None:
    assert totalled([tally_bytes(tally) for tally in tallies]) == Tally.total(tallies)


def test_no_tally_is_nothing() -> None:
    assert totalled([]) == Tally.zero()


def test_a_tally_from_before_a_state_was_added() -> None:
    earlier = tally_bytes(Tally((0, 2), (0, 700))), tally_bytes(Tally((0, 1, 4), (0, 5, 9)))
    assert totalled(earlier).fen == (0, 705, 9, *[0] * (STATE_COUNT - 3))
