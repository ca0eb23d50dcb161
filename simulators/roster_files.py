"""A roster written as files, for testers who submit by other means."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import orjson

from simulators.roster import roster


def write_roster(directory: Path, items: int, seed: int, batches: int, requested_on: date) -> Iterator[Path]:
    """Per batch ``<batch_no>.header.json``, ``.ndjson`` or ``.csv``, and ``.flaws.csv``; yields each path written."""
    directory.mkdir(parents=True, exist_ok=True)
    for batch in roster(items, seed, batches=batches, requested_on=requested_on):
        stem = directory / batch.header["batch_no"]
        for suffix, content in (
            (".header.json", orjson.dumps(batch.header, option=orjson.OPT_INDENT_2)),
            (f".{batch.form}", batch.content()),
            (".flaws.csv", batch.flaws.write_csv().encode("utf-8")),
        ):
            path = stem.with_name(f"{stem.name}{suffix}")
            path.write_bytes(content)
            yield path
