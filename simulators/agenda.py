"""What is still to happen, in order of time; results can be held back until they are released."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from itertools import count
from threading import Lock
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(order=True, slots=True)
class _Entry(Generic[T]):
    due_ms: int
    place: int
    effect: T = field(compare=False)
    holdable: bool = field(compare=False)


class Agenda(Generic[T]):
    """Effects by due time (milliseconds of whatever clock the caller keeps). Safe to use from several threads."""

    def __init__(self) -> None:
        self._entries: list[_Entry[T]] = []
        self._places = count()
        self._lock = Lock()
        self.held = False

    def add(self, due_ms: int, effect: T, *, holdable: bool = True) -> None:
        """One more effect; those due at the same time keep the order in which they were added."""
        with self._lock:
            heapq.heappush(self._entries, _Entry(due_ms, next(self._places), effect, holdable))

    def take_due(self, now_ms: int) -> list[T]:
        """Effects that are due and may happen, oldest first; they are gone from the agenda."""
        with self._lock:
            due: list[T] = []
            kept: list[_Entry[T]] = []
            while self._entries and self._entries[0].due_ms <= now_ms:
                entry = heapq.heappop(self._entries)
                if self.held and entry.holdable:
                    kept.append(entry)
                else:
                    due.append(entry.effect)
            for entry in kept:
                heapq.heappush(self._entries, entry)
            return due

    def pending(self) -> int:
        """How many effects are still to come, held or not."""
        with self._lock:
            return len(self._entries)

    def prepared(self, now_ms: int) -> int:
        """How many effects are due and wait only for their release."""
        with self._lock:
            return sum(entry.due_ms <= now_ms and entry.holdable for entry in self._entries) if self.held else 0
