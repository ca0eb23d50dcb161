"""Timing contenders against each other (计时): in turn, several rounds, the best round of each counts.

In turn, so that whatever else the machine does meets all of them alike: ratios hold where absolute rates do not.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

ROUNDS: Final = 3
Contest: TypeAlias = dict[str, float]
"""Contender's name to its best rate per second."""


@dataclass(frozen=True, slots=True)
class Contender:
    """Something that does ``units`` of work each time it is called."""

    name: str
    units: int
    work: Callable[[], object]


def contest(contenders: Sequence[Contender], rounds: int | None = None) -> Contest:
    """The best rate of each over ``rounds`` rounds (ROUNDS), after one round to warm up."""
    best: dict[str, int] = {}
    for number in range((rounds or ROUNDS) + 1):
        gc.collect()
        for contender in contenders:
            elapsed = _nanoseconds(contender.work)
            if number:
                best[contender.name] = min(best.get(contender.name, elapsed), elapsed)
    return {contender.name: contender.units * 1e9 / best[contender.name] for contender in contenders}


def _nanoseconds(work: Callable[[], object]) -> int:
    started = time.perf_counter_ns()
    work()
    return max(1, time.perf_counter_ns() - started)
