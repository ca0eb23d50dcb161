"""The runner: claims due work under leases and hands it to lanes. It decides nothing about money.

A lane is a kind of capacity (processes for columns, processes for file transfer, the reactor for HTTP).
Work that fails comes back later by ``backoff``; work whose process died comes back when its lease ends.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import structlog
from twisted.internet.defer import Deferred, ensureDeferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall

from gateway.clock import Clock
from gateway.core.backoff import retry_delay_ms
from gateway.services.jobs import Fenced, Later
from gateway.store import alerts
from gateway.store import work as work_store
from gateway.store.database import Store
from gateway.store.records import Work
from messages.redaction.faults import told

LEASE_MS = 30_000
TICK_SECONDS = 0.1
ALERT_AFTER_ATTEMPTS = 5

log = structlog.get_logger()
Run = Callable[[Work], Awaitable[Later | None]]


@dataclass(slots=True)
class Lane:
    """One kind of capacity: which kinds of work it runs, how many at once, and how."""

    name: str
    kinds: tuple[str, ...]
    slots: int
    run: Run
    exclusive: Callable[[Work], str | None] = lambda _: None  # works of one key never overlap
    running: dict[int, Work] = field(default_factory=dict)


class Runner:
    """Keeps all lanes busy with what is due."""

    def __init__(self, store: Store, clock: Clock, owner: str, reactor: IReactorTime, blocking: Callable[..., Any]):
        self._store, self._clock, self._owner = store, clock, owner
        self._reactor, self._blocking = reactor, blocking
        self._lanes: list[Lane] = []
        self._loops: list[LoopingCall] = []
        self._stopping = self._looking = self._again = False

    def add(self, lane: Lane) -> None:
        """Take a lane into service; before ``start``."""
        self._lanes.append(lane)

    def start(self) -> None:
        """Free what an earlier life of this node held, then begin."""
        with self._store.begin() as tx:
            work_store.release_owner(tx, self._owner)
        for seconds, action in ((TICK_SECONDS, self.poke), (LEASE_MS / 3000, self._renew)):
            loop = LoopingCall(action)
            loop.clock = self._reactor
            loop.start(seconds, now=True)
            self._loops.append(loop)

    async def stop(self) -> None:
        """Claim nothing more; running work keeps its lease until it ends or this process does."""
        self._stopping = True
        for loop in self._loops:
            loop.stop()

    def poke(self) -> None:
        """Something may have become due: look now instead of at the next tick."""
        self._again = True
        if not self._looking and not self._stopping:
            self._looking = True
            ensureDeferred(self._look()).addErrback(self._look_failed)

    async def _look(self) -> None:
        try:
            while self._again and not self._stopping:
                self._again = False
                due: set[str] = await self._blocking(self._due)
                for lane in self._lanes:
                    if due.intersection(lane.kinds) and lane.slots > len(lane.running):
                        await self._fill(lane)
        finally:
            self._looking = False

    def _look_failed(self, failure: Any) -> None:
        log.error("looking for work failed", failure=told(failure.value))

    def _due(self) -> set[str]:
        with self._store.read() as tx:
            return work_store.due_kinds(tx, self._clock.now_ms())

    async def _fill(self, lane: Lane) -> None:
        for work in await self._blocking(self._claim, lane, lane.slots - len(lane.running)):
            lane.running[work.work_id] = work
            ensureDeferred(self._one(lane, work)).addErrback(self._look_failed)

    def _claim(self, lane: Lane, free: int) -> list[Work]:
        now = self._clock.now_ms()
        with self._store.begin() as tx:
            claimed = work_store.claim(tx, lane.kinds, self._owner, now, LEASE_MS, free)
            busy = {lane.exclusive(work) for work in lane.running.values()}
            return [work for work in claimed if self._admit(tx, work, lane.exclusive(work), busy, now)]

    def _admit(self, tx: Any, work: Work, key: str | None, busy: set[str | None], now: int) -> bool:
        if key is not None and key in busy:
            work_store.put_back(tx, work, now + 50)
            return False
        busy.add(key)
        return True

    async def _one(self, lane: Lane, work: Work) -> None:
        started = self._clock.now_ms()
        try:
            later = await lane.run(work)
            if later is None:
                log.info("work done", kind=work.kind, key=work.key, ms=self._clock.now_ms() - started)
            else:
                await self._blocking(self._later, work, later)
        except Fenced as fenced:
            log.warning("lease lost", kind=work.kind, key=work.key, why=str(fenced))
        except Exception as error:
            log.exception("work failed", kind=work.kind, key=work.key, attempts=work.attempts)
            await self._blocking(self._failed, work, error)
        finally:
            lane.running.pop(work.work_id, None)
            self.poke()

    def _later(self, work: Work, later: Later) -> None:
        with self._store.begin() as tx:
            work_store.later(tx, work, later.due_at_ms, later.why)

    def _failed(self, work: Work, error: Exception) -> None:
        now = self._clock.now_ms()
        what = told(error)[:300]
        with self._store.begin() as tx:
            work_store.later(tx, work, now + retry_delay_ms(work.key, work.attempts), what)
            if work.attempts >= ALERT_AFTER_ATTEMPTS:
                zh = f"任务 {work.kind} {work.key} 已失败 {work.attempts} 次：{what}；将继续重试。"
                en = f"work {work.kind} {work.key} failed {work.attempts} times: {what}; it is tried again by itself"
                alerts.raise_alert(tx, "work-failing", f"{work.kind}/{work.key}", zh, en, now)

    def _renew(self) -> Deferred[None]:
        return ensureDeferred(self._renew_all())

    async def _renew_all(self) -> None:
        running = [work for lane in self._lanes for work in lane.running.values()]
        if running:
            await self._blocking(self._renew_these, running)

    def _renew_these(self, running: list[Work]) -> None:
        now = self._clock.now_ms()
        with self._store.begin() as tx:
            for work in running:
                work_store.renew(tx, work, now, LEASE_MS)
