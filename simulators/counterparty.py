"""What every simulated counterparty has: a script, an agenda, and a switch for being away."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Generic, TypeVar

from simulators.agenda import Agenda
from simulators.script import Script

T = TypeVar("T")
Clock = Callable[[], int]


def wall_clock_ms() -> int:
    """Milliseconds since the epoch. Only *when* an answer leaves depends on a clock, never what it says."""
    return time.time_ns() // 1_000_000


class SteeredClock:
    """A clock that a tester can put forward, stop and start again, over any other clock."""

    def __init__(self, source: Clock = wall_clock_ms):
        self._source = source
        self._ahead_ms = 0
        self._stopped_at_ms: int | None = None

    def __call__(self) -> int:
        """Milliseconds since the epoch."""
        return self._stopped_at_ms if self._stopped_at_ms is not None else self._source() + self._ahead_ms

    @property
    def stopped(self) -> bool:
        """Whether it stands still unless put forward."""
        return self._stopped_at_ms is not None

    def advance(self, seconds: float) -> None:
        """Put it forward; a clock never goes back."""
        step = max(0, round(seconds * 1000))
        self._ahead_ms += step
        if self._stopped_at_ms is not None:
            self._stopped_at_ms += step

    def stop(self) -> None:
        """Stand still."""
        self._stopped_at_ms = self()

    def run(self) -> None:
        """Go on from where it stands."""
        if self._stopped_at_ms is not None:
            self._ahead_ms = self._stopped_at_ms - self._source()
            self._stopped_at_ms = None


class Counterparty(Generic[T]):
    """The part of a simulator that a tester steers; ``T`` is what its agenda holds."""

    def __init__(self, script: Script, clock: Clock = wall_clock_ms):
        self.script = script
        self.clock = SteeredClock(clock)
        self.agenda: Agenda[T] = Agenda()
        self._away_until_ms = 0
        self._receiving = 0
        self._lock = Lock()

    def begin(self) -> None:
        """One more instruction is being handled, so that a tester sees that answers are still being made."""
        with self._lock:
            self._receiving += 1

    def end(self) -> None:
        """It is handled, all its answers are on the agenda."""
        with self._lock:
            self._receiving -= 1

    @contextmanager
    def receiving(self) -> Iterator[None]:
        """Around the handling of one instruction."""
        self.begin()
        try:
            yield
        finally:
            self.end()

    def play(self, script: Script) -> None:
        """Another script from now on; what is on the agenda already stays."""
        self.script = script

    def hold(self) -> None:
        """Keep results back, fully prepared."""
        self.agenda.held = True

    def release(self) -> None:
        """Let results go again; those that are due go at once."""
        self.agenda.held = False

    def go_away(self, seconds: float) -> None:
        """Be unreachable for ``seconds`` from now; 0 is back at once."""
        self._away_until_ms = self.clock() + round(seconds * 1000)

    @property
    def away(self) -> bool:
        """Whether connections are refused now."""
        return self.clock() < self._away_until_ms

    def pending(self) -> dict[str, int | bool]:
        """What is still to come, as JSON-ready data."""
        return {
            "receiving": self._receiving,
            "pending": self.agenda.pending(),
            "prepared": self.agenda.prepared(self.clock()),
            "held": self.agenda.held,
            "away": self.away,
        }
