"""How fast background work may go (后台任务节奏): always on, but out of the way of anybody's money."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from gateway.services.context import Context
from gateway.store import work as work_store

MONEY: Final = frozenset({"check", "build", "apply", "send-file", "send-message", "ask-file", "inquire"})
"""Kinds of work that somebody's money waits for."""


@dataclass(frozen=True, slots=True)
class Pace:
    """A step does a ``divisor``-th of what it might, then rests."""

    divisor: int
    pause_ms: int

    def share(self, most: int) -> int:
        """How much of ``most`` a step does; something always."""
        return max(most // self.divisor, 1)


IDLE: Final = Pace(1, 50)
BUSY: Final = Pace(8, 2_000)


def pace(context: Context) -> Pace:
    """Small steps and long rests while money waits to be moved."""
    with context.store.read() as tx:
        waiting = MONEY & work_store.due_kinds(tx, context.clock.now_ms())
    return BUSY if waiting else IDLE
