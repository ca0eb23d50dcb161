"""A thread pool and reactor for tests that run by hand: threads run when the test says so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.python.failure import Failure


class HandThreads:
    """Looks like ``gateway.api.threads.Threads``; ``step`` runs the oldest call and delivers its result."""

    def __init__(self) -> None:
        self.reactor = Clock()
        self.reactor.callFromThread = lambda call, *args: call(*args)  # type: ignore[attr-defined]
        self._calls: list[tuple[Deferred[Any], Callable[[], Any]]] = []

    def run(self, call: Callable[..., Any], *args: Any, **kwargs: Any) -> Deferred[Any]:
        """Keep the call for later."""
        waiting: Deferred[Any] = Deferred()
        self._calls.append((waiting, lambda: call(*args, **kwargs)))
        return waiting

    @property
    def waiting(self) -> int:
        """How many calls wait for a thread."""
        return len(self._calls)

    def step(self) -> None:
        """Run the oldest call."""
        waiting, call = self._calls.pop(0)
        try:
            result = call()
        except Exception:
            waiting.errback(Failure())
        else:
            waiting.callback(result)

    def run_all(self) -> None:
        """Run until nothing waits."""
        while self._calls:
            self.step()


@pytest.fixture
def threads() -> HandThreads:
    """Threads that run by hand."""
    return HandThreads()
