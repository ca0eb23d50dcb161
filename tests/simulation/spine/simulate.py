"""One seed from beginning to end."""

from __future__ import annotations

from pathlib import Path
from unittest.mock import patch

from gateway.core import planning
from gateway.services import file_collection
from messages.batch.numbering import SEGMENT_STRIDE
from spine.judge import Watch, at_work, judge, moving
from spine.kit import Kit
from spine.scheduler import Scheduler, show_trace
from spine.world import World

STORM_JOBS = 110
CALM_JOBS = 3_000
CALM_MS = 100_000
"""Longer than any bank is left unasked: what is still to come comes in this time, counted from the last event."""


def simulate(kit: Kit, room: Path, seed: int) -> World:
    """Faults for a while, then calm; raises AssertionError with the seed in it."""
    world = World(kit, room, seed)
    try:
        with (
            patch.object(planning, "SEGMENT_STRIDE", world.rng.choice([3, 4, SEGMENT_STRIDE])),
            patch.object(file_collection, "FILES_PER_POLL", world.rng.choice([1, 3, 1000])),
        ):
            _run(world)  # small segments, so that a file has several; few files a poll, so that some wait
    except Exception as wrong:
        show_trace(world)
        again = f"SIMULATION_SEED={seed} SIMULATION_TRACE=1 python -m pytest tests/simulation"
        raise AssertionError(f"seed {seed}: {type(wrong).__name__}: {wrong}\nonce more: {again}") from wrong
    finally:
        world.store.dispose()
    return world


def _run(world: World) -> None:
    with world.chaos.quiet():
        world.submit()
        world.burden()
    watch = Watch(world)
    world.store.committed = watch.committed
    scheduler = Scheduler(world)
    scheduler.run(STORM_JOBS)
    world.chaos.end()
    world.chaos.note("CALM")
    _come_to_rest(world, scheduler)
    with world.chaos.quiet():
        judge(world)


def _come_to_rest(world: World, scheduler: Scheduler) -> None:
    """Until nothing has moved for a while; raises AssertionError where that never comes."""
    quiet_since = world.clock.now_ms()
    for _ in range(CALM_JOBS):
        scheduler.run(1)
        if moving(world):
            quiet_since = world.clock.now_ms()
        if world.clock.now_ms() >= quiet_since + CALM_MS and not at_work(world):
            return
    raise AssertionError(f"no rest after {CALM_JOBS} jobs without faults")
