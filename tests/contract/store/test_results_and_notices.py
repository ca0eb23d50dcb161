"""Results are appended once; notices are owed once and move under a version."""

from __future__ import annotations

import numpy as np
import pytest

from gateway.core.notices import NoticeState
from gateway.store import notices, results
from gateway.store.records import ResultBlock


@pytest.fixture
def batch_id(received, add_segment) -> int:
    batch_id = received().batch_id
    add_segment(batch_id, 0), add_segment(batch_id, 1)
    return batch_id


def test_results_are_appended_in_order_and_once(store, batch_id, inbox_id) -> None:
    first, second = inbox_id("R1"), inbox_id("R2")
    blocks = [ResultBlock(batch_id, 0, second, 2, b"said first"), ResultBlock(batch_id, 0, first, 3, b"said second")]
    with store.begin() as tx:
        assert [results.append(tx, block) for block in blocks] == [True, True]
        assert results.append(tx, ResultBlock(batch_id, 1, first, 1, b"elsewhere"))
    with store.begin() as tx:
        assert not results.append(tx, ResultBlock(batch_id, 0, first, 9, b"repeated"))
    with store.read() as tx:
        assert results.of_segment(tx, batch_id, 0) == blocks
        assert results.of_segment(tx, batch_id, 7) == []


def test_unmatched_rows_are_kept(store, inbox_id) -> None:
    first, second = inbox_id("R1"), inbox_id("R2")
    with store.begin() as tx:
        assert results.unmatched(tx, first, b"a")
        assert not results.unmatched(tx, first, b"again")
        assert results.unmatched(tx, first, b"b", part=1)
        assert results.unmatched(tx, second, b"c")
        assert results.list_unmatched(tx) == [(second, b"c"), (first, b"a"), (first, b"b")]
        assert results.list_unmatched(tx, 1) == [(second, b"c")]


def test_notices_are_owed_once_a_message(store, batch_id, inbox_id) -> None:
    rows = np.array([0, 2], dtype="<u2").tobytes()
    message = inbox_id("R1")
    with store.begin() as tx:
        block = notices.owe(tx, batch_id, 0, message, rows, 5)
        assert notices.owe(tx, batch_id, 0, message, b"\x01\x00", 6) == block
    assert (block.rows, block.states, block.version) == (rows, bytes([NoticeState.DUE] * 2), 1)
    with store.read() as tx:
        assert notices.by_id(tx, block.notice_id) == block
        assert notices.already(tx, batch_id, 0) == notices.of_batch(tx, batch_id) == [block]
        assert notices.already(tx, batch_id, 1) == []


def test_notice_states_move_under_a_version(store, batch_id, inbox_id) -> None:
    first, second = inbox_id("R1"), inbox_id("R2")
    with store.begin() as tx:
        block = notices.owe(tx, batch_id, 0, first, b"\x00\x00\x01\x00", 5)
        notices.owe(tx, batch_id, 1, second, b"\x02\x00", 5)
        after = notices.replace_states(tx, block, bytes([NoticeState.CALLING, NoticeState.NO_MOBILE]))
        assert after.version == 2
        assert notices.counts(tx, batch_id) == {NoticeState.DUE: 1, NoticeState.CALLING: 1, NoticeState.NO_MOBILE: 1}
        assert notices.counts(tx, 99) == {}
    with pytest.raises(notices.StatesMoved), store.begin() as tx:
        notices.replace_states(tx, block, bytes([NoticeState.TAKEN] * 2))
    with pytest.raises(ValueError, match="2 notices"), store.begin() as tx:
        notices.replace_states(tx, after, bytes([NoticeState.TAKEN]))
    with store.read() as tx:
        assert notices.by_id(tx, block.notice_id) == after
