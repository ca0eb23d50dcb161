"""Every line of the fuzz table over its seeds and some damage to them: what ``make fuzz`` looks for longer.

``FUZZ_MUTATIONS=20`` does twenty times as much. A finding is named with the octets that show it.
"""

from __future__ import annotations

import os
import resource
import time
from typing import Final

import pytest
from fuzzing.mutation import mutations
from fuzzing.verdict import judge
from targets import TARGETS

TIMES: Final = int(os.environ.get("FUZZ_MUTATIONS", "1"))
QUICK, SLOW = 300 * TIMES, 1_000 * TIMES
SECONDS: Final = 0.16 * TIMES
"""After so long a target stops, on a loaded machine sooner than elsewhere: its seeds are always run."""
GROWTH_KILOBYTES: Final = 400_000


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_a_target_answers_or_refuses_and_nothing_else(name: str) -> None:
    target = TARGETS[name]
    seeds, before = target.seeds(), _peak()
    until = time.monotonic() + SECONDS
    for number, content in enumerate([*seeds, *mutations(seeds, QUICK, name)]):
        if number >= len(seeds) and time.monotonic() > until:
            break
        found = judge(target, content)
        assert found is None, f"{found.identity}: {found.what}\n{content[:2_000]!r}"
    assert _peak() - before < GROWTH_KILOBYTES, "grew by hundreds of megabytes"


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_some_seeds_are_answered(name: str) -> None:
    """A target whose every input is refused at its door would test the door only."""
    target = TARGETS[name]
    if name in REFUSES_ALL:
        return
    assert any(_answers(name, content) for content in target.seeds())


REFUSES_ALL: Final = {"signature.rsa", "xml.bounded.utf-8"}


def _answers(name: str, content: bytes) -> bool:
    target = TARGETS[name]
    try:
        target.call(content)
    except target.refusals:
        return False
    return True


def _peak() -> int:
    """Kilobytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
