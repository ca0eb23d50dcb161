"""Work: one worker at a time, leases that end, fences that hold."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from typing import Any

import pytest
from sqlalchemy import Connection

from gateway.store import alerts, work
from gateway.store.database import Store
from gateway.store.records import Work

LEASE_MS = 1_000


def put(tx: Connection, key: str, due: int = 0, **more: Any) -> None:
    work.put(tx, more.pop("kind", "build"), key, {"key": key}, due_at_ms=due, **more)


def claim(
    tx: Connection, now: int = 10, owner: str = "node-a", limit: int = 9, kinds: tuple[str, ...] = ("build",)
) -> list[Work]:
    return work.claim(tx, kinds, owner, now, LEASE_MS, limit)


def test_due_work_is_claimed_most_urgent_first(store) -> None:
    with store.begin() as tx:
        put(tx, "late", 9)
        put(tx, "early", 3)
        put(tx, "urgent", 9, priority=10)
        put(tx, "not yet", 11)
        put(tx, "other", 0, kind="webhook")
        assert [piece.key for piece in claim(tx, limit=2)] == ["urgent", "early"]
        (last,) = claim(tx)
        assert (last.key, last.kind, last.subject, last.attempts, last.due_at_ms) == (
            "late",
            "build",
            {"key": "late"},
            1,
            9,
        )
        assert claim(tx) == []
        assert [piece.key for piece in claim(tx, kinds=("webhook", "build"))] == ["other"]
        assert claim(tx, kinds=()) == []


def test_asking_twice_is_asking_once_at_the_earlier_time(store) -> None:
    with store.begin() as tx:
        put(tx, "a", 50)
        put(tx, "a", 20, priority=10)
        put(tx, "a", 90, priority=200)
        assert work.counts(tx) == {"build": 1}
        assert work.next_due(tx, ["build"]) == 20
        assert claim(tx, now=20)[0].priority == 10


def test_finished_work_is_gone_and_may_be_asked_for_again(store) -> None:
    with store.begin() as tx:
        put(tx, "a")
        (piece,) = claim(tx)
        assert work.finish(tx, piece)
        assert not work.finish(tx, piece)
        assert work.counts(tx) == {}
        put(tx, "a")
        assert claim(tx)[0].attempts == 1


def test_what_is_asked_for_while_somebody_is_at_it_is_done_once_more(store) -> None:
    with store.begin() as tx:
        put(tx, "a")
        (piece,) = claim(tx)
        put(tx, "a", 70)
        put(tx, "a", 60)
        assert claim(tx, now=100) == []
        assert work.finish(tx, piece)
        assert work.next_due(tx, ["build"]) == 60
        (again,) = claim(tx, now=100)
        assert (again.attempts, again.fence) == (1, 2)
        assert work.finish(tx, again)
        assert work.counts(tx) == {}


def test_work_given_back_keeps_the_earlier_of_both_times(store) -> None:
    with store.begin() as tx:
        put(tx, "a")
        (piece,) = claim(tx)
        put(tx, "a", 60)
        assert work.later(tx, piece, 500, "no answer")
        assert work.next_due(tx, ["build"]) == 60
        (again,) = claim(tx, now=100)
        assert again.attempts == 2
        assert work.later(tx, again, 500)
        assert claim(tx, now=499) == []
        (third,) = claim(tx, now=500)
        assert third.attempts == 1


def test_a_claim_that_came_to_nothing_is_no_attempt(store) -> None:
    with store.begin() as tx:
        put(tx, "a")
        (piece,) = claim(tx)
        assert work.put_back(tx, piece, 60)
        assert not work.put_back(tx, piece, 60)
        (again,) = claim(tx, now=60)
    assert (again.attempts, again.fence) == (1, 2)


def test_a_lease_that_ended_is_taken_over_and_the_stalled_worker_is_fenced(store) -> None:
    with store.begin() as tx:
        put(tx, "a")
        (stalled,) = claim(tx, now=10)
        assert claim(tx, now=10 + LEASE_MS - 1, owner="node-b") == []
        assert work.next_due(tx, ["build"]) == 10 + LEASE_MS
        (taken,) = claim(tx, now=10 + LEASE_MS, owner="node-b")
        assert (taken.fence, taken.attempts) == (stalled.fence + 1, 2)
    with store.begin() as tx:
        assert not work.renew(tx, stalled, 2_000, LEASE_MS)
        assert not work.later(tx, stalled, 2_000)
        assert not work.finish(tx, stalled)
        assert work.finish(tx, taken)


def test_a_stalled_worker_never_meets_a_stranger_under_its_number(store) -> None:
    with store.begin() as tx:
        put(tx, "a")
        (stalled,) = claim(tx, now=10)
        (taken,) = claim(tx, now=10 + LEASE_MS)
        assert work.finish(tx, taken)
        put(tx, "b")
        (stranger,) = claim(tx)
        assert stranger.fence == stalled.fence
        assert not work.finish(tx, stalled)
        assert work.counts(tx) == {"build": 1}


def test_a_stalled_workers_effects_are_undone(store) -> None:
    with store.begin() as tx:
        put(tx, "a")
        (stalled,) = claim(tx, now=10)
        claim(tx, now=10 + LEASE_MS, owner="node-b")
    with pytest.raises(RuntimeError), store.begin() as tx:
        alerts.raise_alert(tx, "effect", "of a stalled worker", "-", "-", 5)
        if not work.finish(tx, stalled):
            raise RuntimeError("fenced")
    with store.read() as tx:
        assert alerts.recent(tx, 9) == []


def test_a_renewed_lease_holds(store) -> None:
    with store.begin() as tx:
        put(tx, "a")
        (piece,) = claim(tx, now=10)
        assert work.renew(tx, piece, 900, LEASE_MS)
        assert claim(tx, now=10 + LEASE_MS) == []
        assert work.finish(tx, piece)


def test_what_a_dead_node_held_is_free_at_once(store) -> None:
    with store.begin() as tx:
        for key in "abc":
            put(tx, key)
        held = claim(tx, limit=2)
        claim(tx, owner="node-b")
        assert work.release_owner(tx, "node-a") == 2
        assert not work.finish(tx, held[0])
        assert {piece.key for piece in claim(tx)} == {"a", "b"}


def test_counts_and_next_due(store) -> None:
    with store.begin() as tx:
        assert work.counts(tx) == {}
        assert work.next_due(tx, ["build", "webhook"]) is None
        put(tx, "a", 30), put(tx, "b", 20), put(tx, "c", 10, kind="webhook")
        assert work.counts(tx) == {"build": 2, "webhook": 1}
        assert work.next_due(tx, ["build"]) == 20
        assert work.next_due(tx, ["build", "webhook"]) == 10


def take_all(url: str, owner: str) -> list[str]:
    """Claim and finish until nothing is left; runs in a thread or in a process of its own."""
    store, mine = Store(url), []
    while True:
        with store.begin() as tx:
            pieces = claim(tx, owner=owner, limit=3)
        if not pieces:
            store.dispose()
            return mine
        mine += [piece.key for piece in pieces]
        with store.begin() as tx:
            assert all(work.finish(tx, piece) for piece in pieces)


def hand_over(url: str, owner: str, results: Any) -> None:
    results.put(take_all(url, owner))


def test_threads_never_claim_the_same_work(url, store) -> None:
    with store.begin() as tx:
        for number in range(120):
            put(tx, str(number))
    with ThreadPoolExecutor(3) as pool:
        taken = list(pool.map(lambda owner: take_all(url, owner), ["a", "b", "c"]))
    assert sorted(chain.from_iterable(taken), key=int) == [str(number) for number in range(120)]


def test_processes_never_claim_the_same_work(url, store) -> None:
    with store.begin() as tx:
        for number in range(120):
            put(tx, str(number))
    context = multiprocessing.get_context("fork")
    results = context.Queue()
    workers = [context.Process(target=hand_over, args=(url, owner, results)) for owner in "ab"]
    for worker in workers:
        worker.start()
    taken = [results.get(timeout=30) for _ in workers]
    for worker in workers:
        worker.join(30)
    assert sorted(chain.from_iterable(taken), key=int) == [str(number) for number in range(120)]


def test_one_look_tells_which_kinds_are_due(store) -> None:
    with store.begin() as tx:
        work.put(tx, "check", "a", {}, due_at_ms=10)
        work.put(tx, "build", "b", {}, due_at_ms=99)
        work.put(tx, "apply", "c", {}, due_at_ms=10)
        assert work.due_kinds(tx, 20) == {"check", "apply"}
        work.claim(tx, ["check"], "node", 20, 50, 1)
        assert work.due_kinds(tx, 20) == {"apply"}
        assert work.due_kinds(tx, 70) == {"check", "apply"}


def test_claims_are_counted_for_those_who_wait_for_a_look(store) -> None:
    with store.begin() as tx:
        work.put(tx, "build", "a", {}, due_at_ms=1)
        work.put(tx, "webhook", "b", {}, due_at_ms=1)
        (before,) = work.claims(tx, ["build"]).items()
        (taken,) = work.claim(tx, ["build"], "node", 5, LEASE_MS, 1)
        assert work.claims(tx, ["build"]) == {before[0]: before[1] + 1} == {taken.work_id: taken.fence}
