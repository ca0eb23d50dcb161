"""One seed from beginning to end."""

from __future__ import annotations

from pathlib import Path

from spine.judge import judge, require_conserved
from spine.kit import Kit
from spine.scheduler import Scheduler, show_trace
from spine.world import World

STORM_JOBS = 250
CALM_MS = 1_500_000


def simulate(kit: Kit, room: Path, seed: int) -> World:
    """Faults for a while, then calm; raises AssertionError with the seed in it."""
    world = World(kit, room, seed)
    try:
        _run(world)
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
    world.store.committed = lambda: require_conserved(world)
    scheduler = Scheduler(world)
    scheduler.run(STORM_JOBS)
    world.chaos.end()
    world.chaos.note("CALM")
    scheduler.run(1_000_000, until_ms=world.clock.now_ms() + CALM_MS)
    with world.chaos.quiet():
        judge(world)
