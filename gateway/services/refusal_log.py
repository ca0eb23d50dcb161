"""Refusals in the audit (拒绝调用的审计): the first of its kind at once, what repeats counted and written hourly.

So whoever knocks a thousand times a second leaves a trace, and does not fill the disk with it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from gateway.clock import Clock
from gateway.core.authority import Actor, Permission
from gateway.services import auditing
from gateway.store.database import Store

MOST_KINDS: Final = 500
_OTHERS: Final = Actor("others", frozenset())


@dataclass(slots=True)
class _Repeated:
    actor: Actor
    code: str
    permission: Permission | None
    since_ms: int
    until_ms: int
    count: int = 0


class RefusalLog:
    """Keeps count for one process; ``write_later`` runs a function that blocks somewhere else."""

    def __init__(self, store: Store, clock: Clock, write_later: Callable[[Callable[[], None]], object]):
        self._store, self._clock, self._write_later = store, clock, write_later
        self._lock = threading.Lock()
        self._known: dict[tuple[str, str, str], _Repeated] = {}

    def note(self, actor: Actor, code: str, permission: Permission | None = None) -> None:
        """One refusal; does not block. An actor without roles has only been claimed, not proven."""
        now = self._clock.now_ms()
        with self._lock:
            key = (actor.name, code, permission or "")
            if key not in self._known and len(self._known) >= MOST_KINDS:
                actor, key = _OTHERS, ("others", code, "")
            known = self._known.get(key)
            if known is not None:
                known.count, known.until_ms = known.count + 1, now
                return
            self._known[key] = _Repeated(actor, code, permission, now, now)
        first = _Repeated(actor, code, permission, now, now, 1)
        self._write_later(lambda: self._write([first]))

    def flush(self) -> int:
        """Write down what was repeated since the last time, and begin anew; how many entries that made. Blocks."""
        with self._lock:
            repeated = [one for one in self._known.values() if one.count]
            self._known.clear()
        self._write(repeated)
        return len(repeated)

    def _write(self, refusals: list[_Repeated]) -> None:
        with self._store.begin() as tx:
            for one in refusals:
                after = {
                    "code": one.code.lower().replace("_", "-"),
                    "permission": one.permission,
                    "roles": sorted(one.actor.roles),
                    "count": one.count,
                    "since_ms": one.since_ms,
                    "until_ms": one.until_ms,
                }
                auditing.write(tx, one.actor, "operator.refused", one.actor.name, self._clock.now_ms(), after=after)
