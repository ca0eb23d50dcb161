"""When a verdict is final (稳定): the bank has said all it will say, and the gateway has looked since."""

from __future__ import annotations

import time
from typing import Final

from gateway.demo.quiet import LOOK_SECONDS, LOOKS, WATCHING
from gateway.demo.world import World
from gateway.services.context import Context
from gateway.store import work as work_store

_LATER: Final = WATCHING | {"notify", "webhook"}
"""Work that may wait without changing any item: looking, and telling people."""
SETTLE_SECONDS: Final = 20.0


def settle(world: World, context: Context, bank: str) -> bool:
    """Wait for it; False where it was not so within ``SETTLE_SECONDS``."""
    ends = time.monotonic() + SETTLE_SECONDS
    while time.monotonic() < ends:
        if _silent(world, bank) and _looked(context, ends) and _idle(context) and _silent(world, bank):
            return True
        time.sleep(LOOK_SECONDS)
    return False


def _silent(world: World, bank: str) -> bool:
    pending = world.ask(bank, "pending")
    return not (pending["pending"] or pending["prepared"])  # a question that comes in now changes nothing


def _looked(context: Context, ends: float) -> bool:
    """Whether every place that is watched was looked at often enough since the call."""
    before = _claims(context)
    while time.monotonic() < ends:
        now = _claims(context)
        if all(work_id not in now or now[work_id] >= claims + LOOKS for work_id, claims in before.items()):
            return True
        time.sleep(LOOK_SECONDS)
    return False


def _claims(context: Context) -> dict[int, int]:
    with context.store.read() as tx:
        return work_store.claims(tx, WATCHING)


def _idle(context: Context) -> bool:
    with context.store.read() as tx:
        return not set(work_store.counts(tx)) - _LATER
