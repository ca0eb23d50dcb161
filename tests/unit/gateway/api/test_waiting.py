"""Waiting for a check: woken when told, polling when not, never longer than wished."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from twisted.internet.defer import ensureDeferred

from gateway.api.waiting import Watch, wished
from gateway.store.records import Batch, BatchState

BATCH = Batch(7, "c", "b", "r", {}, "", BatchState.RECEIVED, False, 0, 0, None, 0, 0, [])


class Shelf:
    """A store with one batch."""

    def __init__(self) -> None:
        self.batch = BATCH

    def look(self, batch_id: int) -> Batch:
        assert batch_id == 7
        return self.batch


def waiting(threads: Any, shelf: Shelf, seconds: float, most: int = 5) -> tuple[Watch, list[Batch]]:
    """Somebody who waits, and what they were told."""
    watch, told = Watch(threads, shelf.look, poll_seconds=1, most=most), []
    ensureDeferred(watch.settled(shelf.batch, seconds)).addCallback(told.append)
    threads.run_all()
    return watch, told


def test_told_at_once_when_it_changes(threads: Any) -> None:
    """The hook wakes whoever waits, without waiting for the next poll."""
    shelf = Shelf()
    watch, told = waiting(threads, shelf, 10)
    shelf.batch = replace(BATCH, state=BatchState.ACCEPTED)
    watch.changed(7)
    threads.run_all()
    assert [batch.state for batch in told] == [BatchState.ACCEPTED]
    assert threads.reactor.getDelayedCalls() == []


def test_found_by_polling_when_nobody_tells(threads: Any) -> None:
    """A change made by another node is found at the next poll."""
    shelf = Shelf()
    _, told = waiting(threads, shelf, 10)
    shelf.batch = replace(BATCH, state=BatchState.REFUSED)
    threads.reactor.advance(1)
    threads.run_all()
    assert [batch.state for batch in told] == [BatchState.REFUSED]


def test_not_longer_than_wished(threads: Any) -> None:
    """After the time is up, the batch is given as it is."""
    _, told = waiting(threads, Shelf(), 2.5)
    for _ in range(4):
        threads.reactor.advance(1)
        threads.run_all()
    assert [batch.state for batch in told] == [BatchState.RECEIVED]
    assert threads.reactor.getDelayedCalls() == []


def test_nobody_waits_when_too_many_do(threads: Any) -> None:
    """Beyond the bound a request is answered at once."""
    _, told = waiting(threads, Shelf(), 10, most=0)
    assert told == [BATCH]


def test_another_batch_wakes_nobody(threads: Any) -> None:
    """Only those who wait for this batch look again."""
    watch, told = waiting(threads, Shelf(), 10)
    watch.changed(8)
    assert threads.waiting == 0
    assert told == []


@pytest.mark.parametrize(
    ("prefer", "seconds"),
    [
        (None, 10),
        ("wait=5", 5),
        ("respond-async, wait=100", 30),
        ('wait="7"', 7),
        ("wait=-1", 10),
        ("wait=x", 10),
        ("wait=٣", 10),
        ("WAIT = 0", 0),
        ("wait=3; foo=1", 3),
    ],
)
def test_the_wish(prefer: str | None, seconds: float) -> None:
    """``Prefer: wait`` is honoured up to the bound; what cannot be read is no wish."""
    assert wished(prefer, otherwise=10, most=30) == seconds
