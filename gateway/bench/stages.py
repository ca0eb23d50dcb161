"""Stage by stage (分段测量): every stage's own code beside its bare limit and its peers, in one run."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from adapters.profile import BankProfile
from adapters.profile_reader import read_all
from gateway.bench import (
    stages_crypto,
    stages_families,
    stages_fixed_width,
    stages_intake,
    stages_pain001,
    stages_pain002,
    stages_store,
)
from gateway.bench.rows import Row, table
from gateway.setup import config_directory

__all__ = ["MOST_STAGE_ITEMS", "Row", "measure_stages", "table"]

MOST_STAGE_ITEMS: Final = 200_000
"""A stage holds its sample in memory, so that making it is not measured; more items would not change a rate."""


def measure_stages(items: int, progress: Callable[[str], None]) -> list[Row]:
    """All rows over at most MOST_STAGE_ITEMS items; ``progress`` is told each one as soon as it is known.

    Takes about a minute and some 600 MB; raises RuntimeError where a stage does not do what it is timed for.
    """
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="gateway-bench-") as directory:
        for row in _measured(min(items, MOST_STAGE_ITEMS), Path(directory)):
            progress(table([row]).splitlines()[-1])
            rows.append(row)
    return rows


def _measured(items: int, directory: Path) -> Iterator[Row]:
    profiles = read_all(config_directory() / "banks")
    iso, fixed = _of_dialect(profiles, "iso20022"), _of_dialect(profiles, "fixed-width")
    yield from stages_intake.measure(items, directory)
    yield from stages_pain001.measure(items, directory, iso)
    yield from stages_fixed_width.measure(items, directory, fixed)
    yield from stages_pain002.measure(items, directory, iso)
    yield from stages_crypto.measure(items)
    yield from stages_store.measure(items, directory)
    yield from stages_families.measure(items, profiles)


def _of_dialect(profiles: dict[str, BankProfile], dialect: str) -> BankProfile:
    return next(profile for profile in profiles.values() if profile.dialect == dialect)
