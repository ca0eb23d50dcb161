"""Work by due time, any that is due, in an order drawn from the seed; what dies is taken up after its lease."""

from __future__ import annotations

import os
import sys
from collections import Counter

from sqlalchemy import select

from gateway.core.backoff import retry_delay_ms
from gateway.services.jobs import Fenced, Later
from gateway.services.runner import LEASE_MS
from gateway.store import alerts, tables
from gateway.store import work as work_store
from gateway.store.errors import StatesMoved, StoreFull, StoreRefused, WrongState
from gateway.store.records import Work
from spine.chaos import Crash
from spine.world import World

TWO_AT_ONCE = (StatesMoved, StoreRefused, WrongState)
"""Errors that are right when somebody else did the work meanwhile; any other is a fault of ours."""


class Scheduler:
    """Runs a world's work, one job at a time; a stalled job lets the other node run meanwhile."""

    def __init__(self, world: World):
        self._world, self._chaos, self._clock = world, world.chaos, world.clock
        self._depth, self._stalls = 0, 0
        self.ran: Counter[str] = Counter()
        world.chaos.stall = self._others

    def run(self, jobs: int, until_ms: int | None = None) -> None:
        """So many jobs, or up to that time."""
        for _ in range(jobs):
            if until_ms is not None and self._clock.now_ms() >= until_ms:
                return
            if not self.step():
                return

    def step(self) -> bool:
        """One job; False where nothing will ever be due."""
        with self._chaos.quiet():
            self._world.happen()
        self._pushed()
        with self._chaos.quiet():
            work = self._claim()
        if work is None:
            return False
        self.ran[work.kind] += 1
        self._chaos.job = work.kind
        self._chaos.note(f"{'  ' * self._depth}{work.kind} {work.key} attempt {work.attempts} fence {work.fence}")
        try:
            later = self._world.jobs[work.kind](work)
        except Crash as crash:
            self._crashed(crash)
        except Fenced:
            self._chaos.note("fenced")
        except Exception as error:
            self._failed(work, error)
        else:
            self._later(work, later)
        self._clock.advance(self._world.rng.randint(0, 30))
        return True

    def _pushed(self) -> None:
        """Whatever work there is: banks call when they like."""
        self._chaos.job = "pushed"
        for partner in self._world.partners.values():
            if partner.pushes is not None:
                try:
                    partner.pushes.bring(self._world.context)
                except Crash as crash:
                    self._crashed(crash)

    def _claim(self) -> Work | None:
        kinds = self._due_kinds()
        if not kinds:
            return None
        kind, rng, now = self._world.rng.choice(kinds), self._world.rng, self._clock.now_ms()
        with self._world.store.begin() as tx:
            claimed = work_store.claim(tx, [kind], f"node-{self._depth}", now, LEASE_MS, rng.randint(1, 3))
            chosen = claimed.pop(rng.randrange(len(claimed)))
            for other in claimed:
                work_store.put_back(tx, other, now)
        return chosen

    def _due_kinds(self) -> list[str]:
        """What can be claimed now, or else as soon as anything can; the clock goes there."""
        query = "SELECT kind, max(due_at_ms, coalesce(lease_until_ms, 0)) AS free FROM work ORDER BY free"
        with self._world.store.read() as tx:
            waiting = tx.exec_driver_sql(query).all()
        if waiting:
            self._clock.reach(waiting[0].free)
        return sorted({kind for kind, free in waiting if free <= self._clock.now_ms()})

    def _crashed(self, crash: Crash) -> None:
        self._chaos.note(f"CRASHED {crash}")
        self._chaos.revive()
        if self._world.rng.random() < 0.5:
            self._world.start_node()
            with self._chaos.quiet(), self._world.store.begin() as tx:
                work_store.release_owner(tx, f"node-{self._depth}")

    def _failed(self, work: Work, error: Exception) -> None:
        self._chaos.note(f"FAILED {type(error).__name__}: {error}")
        if not isinstance(error, StoreFull) and not (isinstance(error, TWO_AT_ONCE) and self._stalls):
            raise error
        due = self._clock.now_ms() + retry_delay_ms(work.key, work.attempts)
        self._later(work, Later(due, f"{type(error).__name__}: {error}"))

    def _later(self, work: Work, later: Later | None) -> None:
        if later is not None:
            self._chaos.note(f"later in {(later.due_at_ms - self._clock.now_ms()) / 1000} s: {later.why}")
            with self._chaos.quiet(), self._world.store.begin() as tx:
                work_store.later(tx, work, later.due_at_ms, later.why)

    def _others(self) -> None:
        """The job that just ran stalls past its lease; another node goes on."""
        self._stalls += 1
        self._depth += 1
        self._clock.advance(LEASE_MS + 1)
        try:
            self.run(self._world.rng.randint(1, 25))
        finally:
            self._depth -= 1


def show_trace(world: World) -> None:
    """Print what happened, when asked to."""
    if not os.environ.get("SIMULATION_TRACE"):
        return
    print("\n".join(world.chaos.trace), file=sys.stderr)
    with world.chaos.quiet(), world.store.read() as tx:
        t = tables.inbox
        for row in tx.execute(select(t.c.inbox_id, t.c.name, t.c.state, t.c.reason, t.c.received_at_ms)):
            print(*row, file=sys.stderr)
        for alert in alerts.recent(tx, 1000):
            print(alert.kind, alert.count, alert.text_en, file=sys.stderr)
    for partner in world.partners.values():
        print(partner.name, partner.bank.desk.script, file=sys.stderr)
