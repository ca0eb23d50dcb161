"""Doing background work here and now (立即执行): for a machine on which no node runs, or somebody who wants to watch."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

from gateway.services.context import Context
from gateway.services.jobs import Later
from gateway.store import work as work_store
from gateway.store.records import Work

_LEASE_MS = 600_000
_REST_SECONDS = 0.05


def do(context: Context, kind: str, job: Callable[[Context, Work], Later | None], told: Callable[[int], None]) -> int:
    """Run all steps of one kind of work; how many. ``told`` hears of each. A node that has the work is waited for."""
    owner, steps = f"cli-{os.getpid()}", 0
    while True:
        with context.store.begin() as tx:
            now = context.clock.now_ms()
            claimed = work_store.claim(tx, [kind], owner, now, _LEASE_MS, 1)
            waiting = work_store.counts(tx).get(kind, 0)
        if not claimed and not waiting:
            return steps
        if claimed:
            _one(context, claimed[0], job)
            steps += 1
            told(steps)
        time.sleep(_REST_SECONDS)


def _one(context: Context, work: Work, job: Callable[[Context, Work], Later | None]) -> None:
    try:
        later = job(context, work)
    except BaseException:
        with context.store.begin() as tx:
            work_store.later(tx, work, context.clock.now_ms(), "broken off at the command line")
        raise
    if later is not None:
        with context.store.begin() as tx:
            work_store.later(tx, work, min(later.due_at_ms, context.clock.now_ms()), later.why)
