"""One seed, from submission to the last answer; the modules beside this file are found under ``spine``."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from spine.kit import Kit
from spine.simulate import simulate

MEMORY = Path("/dev/shm")


@pytest.fixture(scope="session")
def kit(tmp_path_factory: pytest.TempPathFactory) -> Kit:
    """Keys and configuration, made once."""
    return Kit.make(tmp_path_factory.mktemp("simulation"))


@pytest.fixture
def room() -> Iterator[Path]:
    """Where one seed keeps its files: in memory where there is such a place, since nobody pulls the plug of this one."""
    with tempfile.TemporaryDirectory(prefix="simulation-", dir=MEMORY if MEMORY.is_dir() else None) as name:
        yield Path(name)


@pytest.fixture
def run_seed(kit: Kit, room: Path) -> Callable[[int], None]:
    """Runs one seed; raises AssertionError naming it."""
    return lambda seed: simulate(kit, room, seed)
