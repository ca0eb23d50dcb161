"""Segments: sealed items that stay, states that move under a version, money that never changes."""

from __future__ import annotations

import numpy as np
import pytest
from sqlalchemy import update

from gateway.core.lifecycle import ItemState
from gateway.core.tally import MoneyLost, Tally
from gateway.store import batches, lookup, rejection_blocks, segments, tables
from gateway.store.errors import NoSuchRow, StoreRefused, WrongState
from gateway.store.money import tally_bytes
from gateway.store.records import SegmentInfo

READY, PAID, FAILED = ItemState.READY, ItemState.PAID, ItemState.FAILED


def drawn(states: list[int], amounts: bytes) -> tuple[bytes, Tally]:
    column = np.array(states, dtype=np.uint8)
    return column.tobytes(), Tally.of(column, np.frombuffer(amounts, dtype="<i8"))


def test_what_was_sealed_comes_back(store, received, add_segment) -> None:
    batch_id = received().batch_id
    made = [add_segment(batch_id, 1, "city"), add_segment(batch_id, 0), add_segment(batch_id, 2)]
    with store.read() as tx:
        assert segments.infos(tx, batch_id) == [made[1], made[0], made[2]]
        assert segments.infos(tx, batch_id, "rural") == [made[1], made[2]]
        assert segments.sealed(tx, batch_id, 2) == b"sealed 2"
        with pytest.raises(NoSuchRow):
            segments.sealed(tx, batch_id, 3)


def test_states_come_in_order_and_a_missing_one_is_an_error(store, received, add_segment) -> None:
    batch_id = received().batch_id
    add_segment(batch_id, 0), add_segment(batch_id, 1)
    with store.read() as tx:
        found = segments.states(tx, batch_id, [1, 0])
        assert [part.info.segment_no for part in found] == [0, 1]
        assert (found[0].version, found[0].states) == (1, bytes([READY] * 3))
        assert np.frombuffer(found[0].amounts, dtype="<i8").tolist() == [100, 100, 100]
        assert found[0].tally.in_states([READY]) == (3, 300)
        assert segments.states(tx, batch_id, []) == []
        with pytest.raises(NoSuchRow, match="segment 2"):
            segments.states(tx, batch_id, [1, 2])


def test_replacing_states_moves_the_tally_and_the_version(store, received, add_segment) -> None:
    batch_id = received().batch_id
    add_segment(batch_id, 0), add_segment(batch_id, 1, "city")
    with store.begin() as tx:
        before = segments.states(tx, batch_id, [0])[0]
        after = segments.replace_states(tx, before, *drawn([PAID, FAILED, READY], before.amounts))
        batches.require_conserved(tx, batch_id)
    with store.read() as tx:
        assert segments.states(tx, batch_id, [0])[0] == after
        assert after.version == 2
        assert batches.tally(tx, batch_id).in_states([READY]) == (4, 400)
        assert batches.tally(tx, batch_id).in_states([PAID]) == (1, 100)
        by_bank = batches.tally_by_bank(tx, batch_id)
        assert by_bank["city"].in_states([READY]) == (3, 300)
        assert by_bank["rural"].in_states([FAILED]) == (1, 100)


def test_a_stale_version_is_refused(store, received, add_segment) -> None:
    batch_id = received().batch_id
    add_segment(batch_id)
    with store.read() as tx:
        stale = segments.states(tx, batch_id, [0])[0]
    with store.begin() as tx:
        segments.replace_states(tx, stale, *drawn([PAID] * 3, stale.amounts))
    with pytest.raises(segments.StatesMoved), store.begin() as tx:
        segments.replace_states(tx, stale, *drawn([FAILED] * 3, stale.amounts))
    with store.read() as tx:
        assert segments.states(tx, batch_id, [0])[0].states == bytes([PAID] * 3)


@pytest.mark.parametrize("states", [[PAID] * 2, [PAID] * 4, [PAID, PAID, 0], [PAID, PAID, 200]])
def test_states_that_lose_an_item_are_refused(store, received, add_segment, states) -> None:
    batch_id = received().batch_id
    add_segment(batch_id)
    with store.read() as tx:
        before = segments.states(tx, batch_id, [0])[0]
    with pytest.raises(MoneyLost), store.begin() as tx:
        segments.replace_states(tx, before, bytes(states), before.tally)


def test_a_tally_that_is_not_drawn_from_the_states_is_refused(store, received, add_segment) -> None:
    batch_id = received().batch_id
    add_segment(batch_id)
    with store.read() as tx:
        before = segments.states(tx, batch_id, [0])[0]
    _, lower = drawn([PAID] * 2, before.amounts[:16])
    with pytest.raises(MoneyLost, match="3 items of 300 fen"), store.begin() as tx:
        segments.replace_states(tx, before, bytes([PAID] * 3), lower)
    with pytest.raises(MoneyLost), store.begin() as tx:
        segments.replace_states(tx, before, bytes([PAID] * 3), before.tally)


@pytest.mark.parametrize(("rows", "fen"), [(3, 301), (2, 300), (4, 300)])
def test_a_segment_opens_only_with_exactly_its_money(store, received, rows, fen) -> None:
    info = SegmentInfo(received().batch_id, 0, "rural", rows, fen)
    amounts = np.full(3, 100, dtype="<i8").tobytes()
    states, tally = drawn([READY] * 3, amounts)
    with pytest.raises(MoneyLost), store.begin() as tx:
        segments.add(tx, info, b"x")
        segments.open_states(tx, info, states, amounts, tally)
    with store.read() as tx:
        assert segments.infos(tx, info.batch_id) == []


def test_conservation_is_checked_over_the_batch(store, received, add_segment) -> None:
    batch_id = received().batch_id
    add_segment(batch_id), add_segment(batch_id, 1)
    with store.begin() as tx:
        batches.require_conserved(tx, batch_id)
        forged = update(tables.segment_state).where(tables.segment_state.c.segment_no == 1)
        tx.execute(forged.values(tally=tally_bytes(Tally.zero())))
    with pytest.raises(MoneyLost, match="600 fen"), store.begin() as tx:
        batches.require_conserved(tx, batch_id)


def test_a_segment_without_states_is_lost_money(store, received) -> None:
    batch_id = received().batch_id
    with pytest.raises(MoneyLost), store.begin() as tx:
        segments.add(tx, SegmentInfo(batch_id, 0, "rural", 3, 300), b"x")
        batches.require_conserved(tx, batch_id)


def test_large_sums_stay_exact(store, received) -> None:
    batch_id, most = received().batch_id, 4 * 10**18
    amounts = np.array([most], dtype="<i8").tobytes()
    states, tally = drawn([READY], amounts)
    with store.begin() as tx:
        for number in range(3):
            info = SegmentInfo(batch_id, number, "rural", 1, most)
            segments.add(tx, info, b"x")
            segments.open_states(tx, info, states, amounts, tally)
    with store.read() as tx:
        assert batches.tally(tx, batch_id).in_states([READY]) == (3, 3 * most)


def test_clear_drops_a_broken_check_run(store, received, add_segment) -> None:
    batch_id, other = received().batch_id, received("B-2").batch_id
    add_segment(batch_id), add_segment(other)
    with store.begin() as tx:
        segments.add_rejections(tx, batch_id, 0, 1, b"r")
        lookup.add_run(tx, batch_id, "item", np.array([5], dtype=np.uint64), np.array([1], dtype=np.uint32))
        segments.clear(tx, batch_id)
    with store.read() as tx:
        assert segments.infos(tx, batch_id) == []
        assert list(segments.rejections(tx, batch_id)) == []
        assert lookup.find(tx, "item", 5) == []
        assert len(segments.infos(tx, other)) == 1
    add_segment(batch_id)


def test_items_of_a_decided_batch_are_fixed(store, received, add_segment) -> None:
    batch_id = received().batch_id
    info = add_segment(batch_id)
    with store.begin() as tx:
        batches.accept(tx, batch_id, 0, 0, 9)
    for change in (
        lambda tx: segments.clear(tx, batch_id),
        lambda tx: segments.add(tx, info, b"x"),
        lambda tx: segments.add_rejections(tx, batch_id, 0, 1, b"r"),
        lambda tx: segments.clear(tx, 999),
    ):
        with pytest.raises(WrongState), store.begin() as tx:
            change(tx)


def test_a_segment_is_added_once(store, received, add_segment) -> None:
    info = add_segment(received().batch_id)
    with pytest.raises(StoreRefused), store.begin() as tx:
        segments.add(tx, info, b"other")
    with store.read() as tx:
        assert segments.sealed(tx, info.batch_id, 0) == b"sealed 0"


def test_rejections_come_back_in_order(store, received) -> None:
    batch_id = received().batch_id
    with store.begin() as tx:
        segments.add_rejections(tx, batch_id, 1, 20, b"second")
        segments.add_rejections(tx, batch_id, 0, 10, b"first")
    with store.read() as tx:
        assert list(segments.rejections(tx, batch_id)) == [(0, 10, b"first"), (1, 20, b"second")]
        assert rejection_blocks.numbers(tx, batch_id) == [0, 1]
        assert rejection_blocks.sealed(tx, batch_id, 1) == b"second"
        with pytest.raises(NoSuchRow):
            rejection_blocks.sealed(tx, batch_id, 2)
