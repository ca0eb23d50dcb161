"""``gateway bench``: passages and stages in one run, as tables with ratios, as JSON, or as the page in docs."""

from __future__ import annotations

import json
import statistics
import tempfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console

from gateway.bench.end_to_end import Passage, passage, prepare, small_batches
from gateway.bench.postgres import postgresql
from gateway.bench.report import Measured, markdown
from gateway.bench.stages import measure_stages

SMALL_BATCHES, SMALL_ITEMS = 11, 100


def run(items: int, *, as_json: bool, page: Path | None) -> int:
    """Measure everything; 0 unless money went missing on the way."""
    console = Console(stderr=True)
    with tempfile.TemporaryDirectory(prefix="gateway-bench-") as temporary:
        measured = _measure(Path(temporary), items, console)
    text = markdown(measured)
    if page is not None:
        page.write_text(text, encoding="utf-8")
    print(json.dumps(_as_json(measured), ensure_ascii=False) if as_json else text)
    return 0 if all(one.balanced for one in measured.passages.values()) else 1


def _measure(directory: Path, items: int, console: Console) -> Measured:
    passages: dict[str, Passage] = {}

    def measure(name: str, size: int, count: int, store_url: str = "") -> None:
        place = directory / name.replace(" ", "-")
        with console.status(f"{name}: {size:,} items in {count} batch(es)"):
            passages[name] = passage(place / "world", prepare(place / "roster", size, count), store_url)
        console.print(f"{name}: {passages[name].per_second:,} items/s")

    measure("a tenth", items // 10, 1)
    measure("the whole", items, 1)
    measure("two at once", items, 2)
    with postgresql() as url:
        if url is not None:
            measure("PostgreSQL", items, 1, url)
    latency = _latency(directory / "small", console)
    return Measured(items, passages, latency, measure_stages(items, _telling(console)))


def _latency(directory: Path, console: Console) -> int:
    with console.status("small batches"):
        prepared = prepare(directory / "roster", SMALL_BATCHES * SMALL_ITEMS, SMALL_BATCHES)
        times = small_batches(directory / "world", prepared)[1:]  # the first one opens the connections
    return int(statistics.median(times))


def _telling(console: Console) -> Callable[[str], None]:
    return lambda line: console.print(line, highlight=False)


def _as_json(measured: Measured) -> dict[str, Any]:
    return {
        "items": measured.items,
        "passages": {
            name: asdict(one) | {"seconds": one.seconds, "per_second": one.per_second}
            for name, one in measured.passages.items()
        },
        "small_batch_ms": measured.small_batch_ms,
        "asked": [asdict(line) for line in measured.asked()],
        "stages": [asdict(row) for row in measured.stages],
    }
