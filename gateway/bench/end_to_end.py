"""A batch through the real gateway process over real sockets, with the simulators' own work outside the clock.

While the clock runs the banks only receive; they are *held* until every result is prepared, then released
with the clock running again. What they burn while receiving is on the same two cores and counts against us.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path
from typing import Any

from gateway import wiring
from gateway.bench.client import BenchClient
from gateway.bench.processes import cpu_seconds, peak_megabytes
from gateway.demo.books import read_books
from gateway.demo.world import TWO_BANKS, World
from gateway.services.context import Context
from gateway.store import batches, instructions
from gateway.store.records import BatchState, InstructionState

BANKS = TWO_BANKS
DELIVERED = {InstructionState.SENT, InstructionState.ACKNOWLEDGED, InstructionState.COMPLETED}
LOOK_SECONDS, CLOSE_LOOK_SECONDS = 0.05, 0.005
SECONDS_AT_MOST = 900.0


@dataclass(frozen=True, slots=True)
class Passage:
    """One measured passage."""

    items: int
    batches: int
    outward_seconds: float  # first byte in -> all instructions delivered
    inward_seconds: float  # results released -> applied, receipts read by the platform
    cpu: float
    peak_mb: dict[str, int]
    stall_ms: int
    balanced: bool

    @property
    def seconds(self) -> float:
        """Both ways."""
        return self.outward_seconds + self.inward_seconds

    @property
    def per_second(self) -> int:
        """Items a second, both ways."""
        return int(self.items / self.seconds)


@dataclass(frozen=True, slots=True)
class Prepared:
    """One batch as files."""

    header: dict[str, Any]
    content: Path
    sha256: bytes
    media_type: str = "application/x-ndjson"


FORMS = {".ndjson": "application/x-ndjson", ".csv": "text/csv; charset=gb18030"}


def prepare(directory: Path, items: int, count: int) -> list[Prepared]:
    """Write ``count`` batches of ``items`` in all; outside every clock."""
    arguments = ["roster", str(directory), "--items", str(items), "--batches", str(count)]
    subprocess.run([sys.executable, "-m", "simulators.cli", *arguments], check=True, capture_output=True)
    found = []
    for header_file in sorted(directory.glob("*.header.json")):
        header = json.loads(header_file.read_text("utf-8")) | {"funding_model": "PREFUNDED"}  # both banks pay
        for ending, media_type in FORMS.items():
            content = header_file.with_name(header_file.name.replace(".header.json", ending))
            if content.exists():
                with content.open("rb") as file:
                    found.append(Prepared(header, content, file_digest(file, "sha256").digest(), media_type))
    return found


def passage(directory: Path, prepared: list[Prepared], store_url: str = "") -> Passage:
    """Measure one passage of ``prepared``, all batches at once."""
    patience = {"first_after_seconds": "1", "every_seconds": "0.25", "return_watch_every_seconds": "3600"}
    with World(directory, 1, patience=patience, notices=False, store_url=store_url) as world:
        context = wiring.build_context(world.settings())
        client = BenchClient(world.gateway_url, directory / "keys")
        for name in BANKS:
            world.ask(name, "hold", {})
        outward = _timed(lambda: _outward(client, context, prepared))
        _await(lambda: all(_prepared(world, name) for name in BANKS))
        for name in BANKS:
            world.ask(name, "release", {})
        inward = _timed(lambda: _inward(client, context, prepared))
        pid, books = world.children["gateway"].pid, read_books(context, reasons=False)
        peak, cpu = _named(peak_megabytes(pid), pid), cpu_seconds(pid)
        context.store.dispose()
    items = sum(one.header["declared_count"] for one in prepared)
    balanced = books.balanced and books.counts["paid"] + books.counts["failed"] + books.rejected == items
    return Passage(items, len(prepared), outward, inward, cpu, peak, _stall(directory), balanced)


def small_batches(directory: Path, prepared: list[Prepared]) -> list[int]:
    """Milliseconds from the first byte of each small batch until its instructions are delivered, one by one."""
    found = []
    with World(directory, 1, notices=False) as world:
        context = wiring.build_context(world.settings())
        client = BenchClient(world.gateway_url, directory / "keys")
        for one in prepared:
            client.open(one.header)
            started = time.monotonic()
            client.put(one.header["batch_no"], one.content, one.sha256, one.media_type)
            _await(lambda: _delivered(context), CLOSE_LOOK_SECONDS)
            found.append(int((time.monotonic() - started) * 1000))
            _await(lambda: _completed(context))
        context.store.dispose()
    return found


def _outward(client: BenchClient, context: Context, prepared: list[Prepared]) -> None:
    for one in prepared:
        client.open(one.header)
        client.put(one.header["batch_no"], one.content, one.sha256, one.media_type)
    _await(lambda: _delivered(context))


def _delivered(context: Context) -> bool:
    with context.store.read() as tx:
        for batch in batches.recent(tx, None, 100, None):
            if batch.state in {BatchState.OPEN, BatchState.RECEIVED}:
                return False
            if any(made.state not in DELIVERED for made in instructions.of_batch(tx, batch.batch_id)):
                return False
    return True


def _prepared(world: World, name: str) -> bool:
    pending = world.ask(name, "pending")
    return not pending["receiving"] and pending["prepared"] == pending["pending"]


def _inward(client: BenchClient, context: Context, prepared: list[Prepared]) -> None:
    _await(lambda: _completed(context))
    for one in prepared:
        if not client.results(one.header["batch_no"]):
            raise RuntimeError(f"batch {one.header['batch_no']}: no results")


def _completed(context: Context) -> bool:
    with context.store.read() as tx:
        return all(batch.state is BatchState.COMPLETED for batch in batches.recent(tx, None, 100, None))


def _timed(action: Callable[[], None]) -> float:
    started = time.monotonic()
    action()
    return time.monotonic() - started


def _await(reached: Callable[[], bool], look_seconds: float = LOOK_SECONDS) -> None:
    until = time.monotonic() + SECONDS_AT_MOST
    while not reached():
        if time.monotonic() > until:
            raise RuntimeError(f"not reached within {SECONDS_AT_MOST:.0f} s; see the logs of the run")
        time.sleep(look_seconds)


def _named(peaks: dict[int, int], gateway: int) -> dict[str, int]:
    """The service process, and the largest of its workers."""
    workers = [peak for pid, peak in peaks.items() if pid != gateway]
    return {"service": peaks.get(gateway, 0), "largest worker": max(workers, default=0)}


def _stall(directory: Path) -> int:
    """The worst reactor stall that the gateway told at its end."""
    lines = (directory / "gateway.log").read_text("utf-8", "replace").splitlines()
    told = [json.loads(line) for line in lines if line.startswith("{") and '"worst_ms"' in line]
    return max((int(line["worst_ms"]) for line in told), default=0)
