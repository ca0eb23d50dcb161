"""``gateway bench``: passages and stages in one run, as a table with ratios, or as JSON."""

from __future__ import annotations

import json
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from gateway.bench.end_to_end import Passage, passage, prepare

ASKED_PER_SECOND, ASKED_TWO, ASKED_MB, ASKED_STALL_MS, ASKED_GROWTH = 40_000, 1.35, 500, 50, 10.5


def run(items: int, *, as_json: bool) -> int:
    """Measure everything; 0 unless money went missing on the way."""
    console = Console(stderr=as_json)
    with tempfile.TemporaryDirectory(prefix="gateway-bench-") as temporary:
        passages = _passages(Path(temporary), items, console)
    report = {"items": items, "passages": {name: _told(one) for name, one in passages.items()}, **_ratios(passages)}
    if as_json:
        print(json.dumps(report, ensure_ascii=False))
    else:
        console.print(_table(passages), _verdicts(passages), sep="\n")
    return 0 if all(one.balanced for one in passages.values()) else 1


def _passages(directory: Path, items: int, console: Console) -> dict[str, Passage]:
    plan = {"tenth": (items // 10, 1), "whole": (items, 1), "two at once": (items, 2)}
    found = {}
    for name, (size, count) in plan.items():
        with console.status(f"{name}: {size:,} items in {count} batch(es)"):
            place = directory / name.replace(" ", "-")
            prepared = prepare(place / "roster", size, count)
            found[name] = passage(place / "world", prepared)
        console.print(f"{name}: {found[name].per_second:,} items/s")
    return found


def _told(one: Passage) -> dict[str, Any]:
    return asdict(one) | {"seconds": one.seconds, "per_second": one.per_second}


def _ratios(passages: dict[str, Passage]) -> dict[str, float]:
    tenth, whole, two = passages["tenth"], passages["whole"], passages["two at once"]
    return {
        "growth_10x": whole.seconds / tenth.seconds,
        "two_at_once": two.per_second / whole.per_second,
    }


def _table(passages: dict[str, Passage]) -> Table:
    table = Table(title="End to end, SQLite, real SFTP and HTTPS on loopback", title_justify="left")
    for column in ("passage", "items", "out s", "back s", "items/s", "cpu s", "service MB", "worker MB", "stall ms"):
        table.add_column(column, justify="left" if column == "passage" else "right")
    for name, one in passages.items():
        peaks = [f"{one.peak_mb[part]}" for part in ("service", "largest worker")]
        times = [f"{one.outward_seconds:.1f}", f"{one.inward_seconds:.1f}", f"{one.per_second:,}", f"{one.cpu:.1f}"]
        table.add_row(name, f"{one.items:,}", *times, *peaks, str(one.stall_ms))
    return table


def _verdicts(passages: dict[str, Passage]) -> Table:
    whole, ratios = passages["whole"], _ratios(passages)
    memory = max(whole.peak_mb.values())
    rows = (
        ("items a second", f"{whole.per_second:,}", f"{ASKED_PER_SECOND:,}", whole.per_second >= ASKED_PER_SECOND),
        ("two batches at once", f"{ratios['two_at_once']:.2f}x", f"{ASKED_TWO}x", ratios["two_at_once"] >= ASKED_TWO),
        ("largest process, MB", str(memory), str(ASKED_MB), memory <= ASKED_MB),
        ("worst reactor stall, ms", str(whole.stall_ms), str(ASKED_STALL_MS), whole.stall_ms <= ASKED_STALL_MS),
        ("10x the items costs", f"{ratios['growth_10x']:.1f}x", f"{ASKED_GROWTH}x", ratios["growth_10x"] <= ASKED_GROWTH),
    )
    table = Table(title="Asked of this project", title_justify="left")
    for column in ("what", "measured", "asked", "reached"):
        table.add_column(column, justify="left" if column == "what" else "right")
    for what, measured, asked, reached in rows:
        table.add_row(what, measured, asked, "[green]yes[/]" if reached else "[red]no[/]")
    return table
