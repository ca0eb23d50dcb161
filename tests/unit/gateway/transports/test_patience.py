"""How long an exchange may take: in silence, and in all."""

from __future__ import annotations

from typing import Any

import pytest
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock

from gateway.transports.patience import Patience


def watched(idle: float, total: float) -> tuple[Clock, Patience, list[Any]]:
    clock: Any = Clock()
    patience, outcomes = Patience(clock, idle, total), []
    work: Deferred[None] = Deferred()
    patience.watch(work).addBoth(outcomes.append)
    return clock, patience, outcomes


def test_silence_ends_it() -> None:
    clock, patience, outcomes = watched(5, 100)
    clock.advance(4.9)
    assert outcomes == []
    clock.advance(0.1)
    assert outcomes[0].check(CancelledError)
    assert patience.expired == "silent for 5 s"


def test_progress_starts_the_silence_anew_but_not_the_whole() -> None:
    clock, patience, outcomes = watched(5, 20)
    for _ in range(4):
        clock.advance(4.5)
        patience.progress()
        assert outcomes == []
    clock.advance(2)
    assert outcomes[0].check(CancelledError)
    assert patience.expired == "not finished within 20 s"


@pytest.mark.parametrize("advance", [0, 3])
def test_afterwards_nothing_is_left_on_the_reactor(advance: float) -> None:
    clock, patience, outcomes = watched(5, 20)
    clock.advance(advance)
    patience.end()
    assert clock.getDelayedCalls() == []
    assert outcomes == []


def test_one_patience_covers_several_waits() -> None:
    clock, patience, outcomes = watched(5, 100)
    clock.advance(3)
    second: Deferred[None] = Deferred()
    patience.watch(second).addBoth(outcomes.append)
    clock.advance(2)
    assert len(outcomes) == 1
    assert second.called
