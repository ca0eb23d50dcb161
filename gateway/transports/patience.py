"""How long to wait on the reactor: for any progress, and in all."""

from __future__ import annotations

from typing import Any, TypeVar

from twisted.internet.defer import Deferred

T = TypeVar("T")


class Patience:
    """Cancels what is being watched after too long a silence, or too long in all; ``clock`` is a reactor."""

    def __init__(self, clock: Any, idle_seconds: float, overall_seconds: float):
        self._clock = clock
        self._idle_seconds = idle_seconds
        self._overall_seconds = overall_seconds
        self._started = self._last = clock.seconds()
        self._watched: Deferred[Any] | None = None
        self._call: Any = None
        self.expired: str | None = None  # what ran out

    def watch(self, work: Deferred[T]) -> Deferred[T]:
        """The same Deferred, cancelled when patience is over."""
        self._watched = work
        if self._call is None:
            self._wait()
        return work

    def progress(self) -> None:
        """Something moved: the silence starts anew."""
        self._last = self._clock.seconds()

    def end(self) -> None:
        """Stop watching."""
        self._watched = None
        if self._call is not None:
            self._call.cancel()
            self._call = None

    def _wait(self) -> None:
        """One timer, looked at when it fires, instead of one moved at every chunk."""
        now = self._clock.seconds()
        idle_left = self._last + self._idle_seconds - now
        overall_left = self._started + self._overall_seconds - now
        if overall_left <= 0:
            self._expire(f"not finished within {self._overall_seconds:g} s")
        elif idle_left <= 0:
            self._expire(f"silent for {self._idle_seconds:g} s")
        else:
            self._call = self._clock.callLater(min(idle_left, overall_left), self._look)

    def _look(self) -> None:
        self._call = None
        self._wait()

    def _expire(self, why: str) -> None:
        self.expired = why
        watched, self._watched = self._watched, None
        if watched is not None:
            watched.cancel()
