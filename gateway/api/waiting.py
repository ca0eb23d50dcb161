"""Waiting for a check to finish (等待校验结果): told when told, looking from time to time when not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred

from gateway.api.threads import Threads
from gateway.store.records import Batch, BatchState

FIRST_LOOK_SECONDS = 0.05
UNSETTLED = frozenset({BatchState.OPEN, BatchState.RECEIVED})


class Watch:
    """Who waits for which batch. ``changed`` may be called from any thread; missing it costs one poll."""

    def __init__(self, threads: Threads, look: Callable[[int], Batch], *, poll_seconds: float, most: int):
        self._threads, self._look, self._poll_seconds, self._most = threads, look, poll_seconds, most
        self._waiting: dict[int, set[Deferred[None]]] = {}
        self._count = 0

    def changed(self, batch_id: int) -> None:
        """A batch moved on: those who wait for it look again."""
        self._threads.reactor.callFromThread(self._wake, batch_id)

    async def settled(self, batch: Batch, seconds: float) -> Batch:
        """The batch once its check is over, or as it is after ``seconds``; at once when too many wait already."""
        if self._count >= self._most:
            return batch
        self._count += 1
        try:
            return await self._settled(batch, self._threads.reactor.seconds() + seconds)
        finally:
            self._count -= 1

    async def _settled(self, batch: Batch, until: float) -> Batch:
        pause = FIRST_LOOK_SECONDS  # small batches are checked in a moment, large ones are looked at less often
        while batch.state in UNSETTLED:
            left = until - self._threads.reactor.seconds()
            if left <= 0:
                break
            woken = self._enlist(batch.batch_id)
            try:
                batch = await self._threads.run(self._look, batch.batch_id)  # enlisted first: nothing is missed
                if batch.state in UNSETTLED:
                    await self._sleep(woken, min(pause, self._poll_seconds, left))
            finally:
                self._strike(batch.batch_id, woken)
            pause *= 2
        return batch

    async def _sleep(self, woken: Deferred[None], seconds: float) -> None:
        timer = self._threads.reactor.callLater(seconds, _fire, woken)
        try:
            await woken
        finally:
            if timer.active():
                timer.cancel()

    def _enlist(self, batch_id: int) -> Deferred[None]:
        woken: Deferred[None] = Deferred()
        self._waiting.setdefault(batch_id, set()).add(woken)
        return woken

    def _strike(self, batch_id: int, woken: Deferred[None]) -> None:
        others = self._waiting.get(batch_id, set())
        others.discard(woken)
        if not others:
            self._waiting.pop(batch_id, None)

    def _wake(self, batch_id: int) -> None:
        for woken in list(self._waiting.get(batch_id, ())):
            _fire(woken)


def wished(prefer: str | None, otherwise: float, most: float) -> float:
    """Seconds to wait from ``Prefer: wait=N`` (RFC 7240 4.3), at most ``most``; an unreadable wish is none."""
    for part in (prefer or "").split(","):
        name, _, value = part.partition(";")[0].partition("=")
        seconds = value.strip().strip('"')
        if name.strip().lower() == "wait" and seconds.isascii() and seconds.isdigit():
            return float(min(int(seconds[:6]), int(most)))
    return min(otherwise, most)


def _fire(woken: Deferred[Any]) -> None:
    if not woken.called:
        woken.callback(None)
