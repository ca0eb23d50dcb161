"""What is under way and arrives when nobody waits for it any more."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from itertools import count

from spine.chaos import VirtualClock


class Postponed:
    """Things that happen at their time, whoever looks first."""

    def __init__(self, clock: VirtualClock):
        self._clock, self._places = clock, count()
        self._waiting: list[tuple[int, int, Callable[[], object], bool]] = []

    def add(self, wait_ms: int, happen: Callable[[], object], *, watching: bool = False) -> None:
        """``happen`` in ``wait_ms``; ``watching``: it is part of looking for news, which never ends."""
        heapq.heappush(self._waiting, (self._clock.now_ms() + wait_ms, next(self._places), happen, watching))

    def arrive(self) -> None:
        """Let happen what is due."""
        while self._waiting and self._waiting[0][0] <= self._clock.now_ms():
            heapq.heappop(self._waiting)[2]()

    def __len__(self) -> int:
        """How many, other than watching."""
        return sum(not watching for *_, watching in self._waiting)
