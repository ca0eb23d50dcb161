"""When a run is over: nobody has an effect to come, and the gateway has looked everywhere since."""

from __future__ import annotations

import time

from gateway.demo.world import World
from gateway.services.context import Context
from gateway.store import work as work_store

WATCHING = frozenset({"poll-files", "ask-file", "inquire", "receipts"})  # work that waits for days, as it should
LOOKS = 3
"""The first may have begun before the simulators fell silent, the second sees a file, the third that it is whole."""
LOOK_SECONDS = 0.1


def is_quiet(world: World, context: Context, patience_seconds: float = 30.0) -> bool:
    """Whether nothing is left to do: no simulator an effect to come, the gateway no work but watching.

    What a simulator laid out last, the gateway may not have seen yet. So it must have looked ``LOOKS`` times at
    every place that it watches, however slow the machine is; False where it has not within ``patience_seconds``.
    """
    if not _simulators_silent(world):
        return False
    before, ends = _claims(context), time.monotonic() + patience_seconds
    while not _looked_since(before, now := _claims(context)):
        if time.monotonic() > ends:
            return False
        time.sleep(LOOK_SECONDS)
    with context.store.read() as tx:
        waiting = set(work_store.counts(tx)) - WATCHING
    return not waiting and now.keys() <= before.keys() and _simulators_silent(world)


def _looked_since(before: dict[int, int], now: dict[int, int]) -> bool:
    return all(work_id not in now or now[work_id] >= claims + LOOKS for work_id, claims in before.items())


def _claims(context: Context) -> dict[int, int]:
    with context.store.read() as tx:
        return work_store.claims(tx, WATCHING)


def _simulators_silent(world: World) -> bool:
    for name in world.simulators:
        pending = world.ask(name, "pending")
        if pending["pending"] or pending["prepared"] or pending["receiving"]:
            return False
    return True
