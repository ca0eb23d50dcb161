"""Many small lives of the gateway, each with other faults: money is conserved, nothing is paid twice or lost.

``SIMULATION_SEEDS=1000`` runs more of them, ``SIMULATION_SEED=17`` one, ``SIMULATION_TRACE=1`` prints what happened.
"""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest


def seeds() -> list[int]:
    if one := os.environ.get("SIMULATION_SEED"):
        return [int(one)]
    return list(range(int(os.environ.get("SIMULATION_SEEDS", "28"))))


@pytest.mark.parametrize("seed", seeds())
def test_money_is_conserved_whatever_happens(run_seed: Callable[[int], None], seed: int) -> None:
    run_seed(seed)
