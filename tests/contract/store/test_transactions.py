"""Transactions: all or nothing, snapshots, several writers, and both halves of a batch becoming final at once."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from sqlalchemy import select, text

from gateway.core.lifecycle import ItemState
from gateway.core.tally import Tally
from gateway.store import batches, inbox, outbox, segments, tables, work
from gateway.store.contents import vault_names
from gateway.store.database import StoreUnavailable
from gateway.store.errors import StatesMoved
from gateway.store.inbox import Received


def paid(store, batch_id: int, number: int) -> Tally:
    """Pay a whole segment and read the batch's tally, as a worker does that applies results."""
    with store.begin() as tx:
        before = segments.states(tx, batch_id, [number])[0]
        states = np.full(before.info.rows, ItemState.PAID, dtype=np.uint8)
        tally = Tally.of(states, np.frombuffer(before.amounts, dtype="<i8"))
        segments.replace_states(tx, before, states.tobytes(), tally)
        batches.require_conserved(tx, batch_id)
        return batches.tally(tx, batch_id)


def test_a_change_of_state_and_its_message_are_one(store, received, add_segment) -> None:
    batch_id = received().batch_id
    add_segment(batch_id)
    with pytest.raises(RuntimeError, match="crash"), store.begin() as tx:
        before = segments.states(tx, batch_id, [0])[0]
        states = np.full(3, ItemState.PAID, dtype=np.uint8)
        segments.replace_states(tx, before, states.tobytes(), Tally.of(states, np.full(3, 100)))
        outbox.put(tx, "webhook", "k", "platform", b"{}", 5)
        work.put(tx, "webhook", "k", {}, due_at_ms=5)
        raise RuntimeError("crash")
    with store.read() as tx:
        assert segments.states(tx, batch_id, [0]) == [before]
        assert tx.execute(select(tables.outbox)).all() == []
        assert work.counts(tx) == {}


def test_a_reader_sees_one_moment(store, opened, new_batch) -> None:
    with store.begin() as tx:
        batches.open_batch(tx, new_batch("B-1"), 1)
    with opened().read() as snapshot:
        assert len(batches.recent(snapshot, None, 9)) == 1
        with store.begin() as tx:
            batches.open_batch(tx, new_batch("B-2"), 1)
        assert len(batches.recent(snapshot, None, 9)) == 1
    with store.read() as tx:
        assert len(batches.recent(tx, None, 9)) == 2


def test_a_reader_cannot_write(store, new_batch) -> None:
    with pytest.raises(Exception, match=r"readonly|read-only|may not be written|primary"), store.read() as tx:
        batches.open_batch(tx, new_batch(), 1)


def test_two_writers_of_one_segment_never_both_win(store, opened, received, add_segment) -> None:
    batch_id, wins = received().batch_id, []
    add_segment(batch_id)
    with store.read() as tx:
        seen = segments.states(tx, batch_id, [0])[0]
    states = np.full(3, ItemState.PAID, dtype=np.uint8)

    def move(_: int) -> None:
        own = opened()
        try:
            with own.begin() as tx:
                segments.replace_states(tx, seen, states.tobytes(), Tally.of(states, np.full(3, 100)))
            wins.append("won")
        except StatesMoved:
            wins.append("moved")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(move, range(4)))
    assert sorted(wins) == ["moved", "moved", "moved", "won"]


def test_the_last_of_two_halves_sees_the_whole_batch(store, opened, received, add_segment) -> None:
    batch_id = received().batch_id
    add_segment(batch_id, 0), add_segment(batch_id, 1)
    with ThreadPoolExecutor(2) as pool:
        tallies = list(pool.map(lambda number: paid(opened(), batch_id, number), [0, 1]))
    assert sorted(tally.in_states([ItemState.PAID])[0] for tally in tallies) == [3, 6]


def test_a_batch_is_opened_by_one_of_many(opened, new_batch) -> None:
    def attempt(_: int) -> bool:
        with opened().begin() as tx:
            return batches.open_batch(tx, new_batch(), 1)[1]

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(attempt, range(4))) == [False, False, False, True]


def test_a_name_is_taken_by_one_of_many_contents(opened, content) -> None:
    def attempt(what: str) -> Received:
        with opened().begin() as tx:
            return inbox.receive(tx, "rural", "R1", content(what), None, 5)[1]

    with ThreadPoolExecutor(4) as pool:
        found = [received.value for received in pool.map(attempt, "abcd")]
    assert sorted(found) == ["CONFLICT", "CONFLICT", "CONFLICT", "NEW"]


def test_work_asked_for_by_many_is_there_once(opened, store) -> None:
    def attempt(due: int) -> None:
        with opened().begin() as tx:
            work.put(tx, "build", "k", {}, due_at_ms=due)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(attempt, [40, 10, 30, 20]))
    with store.read() as tx:
        assert (work.counts(tx), work.next_due(tx, ["build"])) == ({"build": 1}, 10)


def test_waiting_for_a_lock_ends(store, opened, received) -> None:
    batch_id = received().batch_id
    impatient = opened(busy_timeout_seconds=0.2)
    with store.begin() as tx:
        batches.accept(tx, batch_id, 0, 0, 5)
        with pytest.raises(StoreUnavailable, match="lock"), impatient.begin() as other:
            batches.accept(other, batch_id, 0, 0, 5)


def test_ping_and_migrating_again(store) -> None:
    store.ping()
    store.migrate()
    store.ping()


def test_all_contents_are_known(store, received, content) -> None:
    batch = received()
    with store.begin() as tx:
        message, _ = inbox.receive(tx, "rural", "R1", content("a"), None, 5)
    with store.read() as tx:
        assert batch.content is not None
        assert vault_names(tx) == {batch.content.vault_name, message.content.vault_name}


def test_the_writers_of_one_process_take_turns(store) -> None:
    inside, done = threading.Event(), []

    def second() -> None:
        with store.begin() as tx:
            tx.execute(text("SELECT 1"))
            done.append("second")

    with store.begin():
        other = threading.Thread(target=lambda: (inside.set(), second()))
        other.start()
        inside.wait()
        done.append("first")
    other.join(10)
    assert "first" in done and "second" in done
