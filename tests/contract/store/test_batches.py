"""Batches: idempotent opening, one content, guarded steps."""

from __future__ import annotations

import dataclasses

import pytest

from gateway.store import batches
from gateway.store.errors import NoSuchRow
from gateway.store.records import BatchState


def test_a_batch_is_opened_once_and_found_again(store, new_batch) -> None:
    with store.begin() as tx:
        first, created = batches.open_batch(tx, new_batch(), 10)
        second, again = batches.open_batch(tx, new_batch(), 20)
    assert (created, again) == (True, False)
    assert first == second
    assert first.state is BatchState.OPEN
    assert first.header == {"header": "h", "数": 10**15}
    assert first.opened_at_ms == 10
    assert first.content is None
    with store.read() as tx:
        assert batches.find(tx, "platform", "B-1") == batches.by_id(tx, first.batch_id) == first
        assert batches.find(tx, "other", "B-1") is None


def test_another_header_under_the_same_number_is_a_conflict(store, new_batch) -> None:
    with store.begin() as tx:
        batches.open_batch(tx, new_batch(), 10)
    with pytest.raises(batches.BatchConflict, match="B-1"), store.begin() as tx:
        batches.open_batch(tx, new_batch(header="changed"), 20)


def test_the_same_number_of_another_client_is_another_batch(store, new_batch) -> None:
    with store.begin() as tx:
        batches.open_batch(tx, new_batch(), 10)
        _, created = batches.open_batch(tx, new_batch(client="county"), 10)
    assert created


def test_a_reference_is_never_shared(store, new_batch) -> None:
    with store.begin() as tx:
        batches.open_batch(tx, new_batch(), 10)
    twin = dataclasses.replace(new_batch("B-2"), reference=new_batch().reference)
    with pytest.raises(batches.BatchConflict, match="reference"), store.begin() as tx:
        batches.open_batch(tx, twin, 10)


def test_content_is_attached_once(store, new_batch, content) -> None:
    with store.begin() as tx:
        batch, _ = batches.open_batch(tx, new_batch(), 10)
        first, attached = batches.attach_content(tx, batch.batch_id, content("a"), 11)
        second, again = batches.attach_content(tx, batch.batch_id, content("a"), 12)
    assert (attached, again) == (True, False)
    assert first == second
    assert (first.state, first.received_at_ms) == (BatchState.RECEIVED, 11)
    with pytest.raises(batches.ContentConflict, match="other content"), store.begin() as tx:
        batches.attach_content(tx, batch.batch_id, content("b"), 13)


def test_the_same_content_is_recognised_in_every_later_state(store, received, content) -> None:
    batch = received()
    with store.begin() as tx:
        batches.accept(tx, batch.batch_id, 0, 0, 3)
        found, attached = batches.attach_content(tx, batch.batch_id, content("B-1"), 12)
    assert (found.state, attached) == (BatchState.ACCEPTED, False)


def test_a_batch_that_was_refused_before_its_content_takes_none(store, new_batch, content) -> None:
    with store.begin() as tx:
        batch, _ = batches.open_batch(tx, new_batch(), 10)
        assert batches.refuse(tx, batch.batch_id, [{"code": "X"}], 0, 0, 11)
    with pytest.raises(batches.ContentConflict, match="REFUSED"), store.begin() as tx:
        batches.attach_content(tx, batch.batch_id, content("a"), 12)


def test_accepting_happens_once(store, received) -> None:
    batch = received()
    with store.begin() as tx:
        assert batches.accept(tx, batch.batch_id, 2, 700, 20)
        assert not batches.accept(tx, batch.batch_id, 9, 9, 21)
        assert not batches.refuse(tx, batch.batch_id, [{"code": "X"}], 9, 9, 22)
        now = batches.by_id(tx, batch.batch_id)
    assert (now.state, now.rejected_items, now.rejected_fen) == (BatchState.ACCEPTED, 2, 700)
    assert (now.decided_at_ms, now.problems) == (20, [])


def test_a_refused_batch_keeps_its_reasons(store, received) -> None:
    batch, problems = received(), [{"code": "COUNT_MISMATCH", "zh": "笔数不符", "en": "count"}]
    with store.begin() as tx:
        assert batches.refuse(tx, batch.batch_id, problems, 1, 5, 20)
        assert not batches.accept(tx, batch.batch_id, 0, 0, 21)
        now = batches.by_id(tx, batch.batch_id)
    assert (now.state, now.problems) == (BatchState.REFUSED, problems)


def test_completing_and_reopening(store, received) -> None:
    batch = received()
    with store.begin() as tx:
        assert not batches.complete(tx, batch.batch_id, 20)
        batches.accept(tx, batch.batch_id, 0, 0, 20)
        assert not batches.reopen(tx, batch.batch_id, 21)
        assert batches.complete(tx, batch.batch_id, 30)
        assert not batches.complete(tx, batch.batch_id, 31)
        assert batches.by_id(tx, batch.batch_id).completed_at_ms == 30
        assert batches.reopen(tx, batch.batch_id, 40)
        now = batches.by_id(tx, batch.batch_id)
    assert (now.state, now.completed_at_ms) == (BatchState.ACCEPTED, None)


def test_lists(store, new_batch) -> None:
    with store.begin() as tx:
        made = [batches.open_batch(tx, new_batch(f"B-{n}"), n)[0] for n in range(5)]
        other, _ = batches.open_batch(tx, new_batch("B-9", client="county"), 9)
    with store.read() as tx:
        assert batches.recent(tx, "platform", 2, None) == [made[4], made[3]]
        assert batches.recent(tx, "platform", 9, made[3].batch_id) == [made[2], made[1], made[0]]
        assert batches.recent(tx, None, 1, None) == [other]
        wanted = [made[0].reference, other.reference, "nobody", *(f"none{n}" for n in range(1200))]
        assert batches.by_reference(tx, wanted) == {made[0].reference: made[0], other.reference: other}
        assert batches.by_reference(tx, []) == {}


def test_an_unknown_id_is_an_error(store) -> None:
    with pytest.raises(NoSuchRow, match="batch 77"), store.read() as tx:
        batches.by_id(tx, 77)
