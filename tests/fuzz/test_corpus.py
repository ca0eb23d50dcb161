"""Every line of the fuzz table over its seeds and some damage to them: what ``make fuzz`` looks for longer.

The damage is drawn from seeds of its own, the same in every run; ``FUZZ_TIMES=20`` does twenty times as much of it.
"""

from __future__ import annotations

import os
import resource
from collections.abc import Iterable
from typing import Final

import pytest
from fuzzing.mutation import mutations
from fuzzing.target import Target
from fuzzing.verdict import judge
from targets import TARGETS

TIMES: Final = int(os.environ.get("FUZZ_TIMES", "1"))
QUICK, SLOW, SLOW_MORE = 200 * TIMES, 20 * TIMES, 100 * TIMES
GROWTH_KILOBYTES: Final = 400_000
REFUSES_ALL: Final = {"signature.rsa", "xml.bounded.utf-8"}


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_a_target_answers_or_refuses_and_nothing_else(name: str) -> None:
    target = TARGETS[name]
    seeds = target.seeds()
    _stand(target, [*seeds, *mutations(seeds, SLOW if target.slow else QUICK, name)])


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(name for name, target in TARGETS.items() if target.slow))
def test_a_slow_target_does_so_too(name: str) -> None:
    _stand(TARGETS[name], mutations(TARGETS[name].seeds(), SLOW_MORE, f"{name} more"))


@pytest.mark.parametrize("name", sorted(TARGETS.keys() - REFUSES_ALL))
def test_some_seeds_are_answered(name: str) -> None:
    """A target that refuses all its seeds at the door would show the door only."""
    assert any(_answers(TARGETS[name], content) for content in TARGETS[name].seeds())


def _stand(target: Target, contents: Iterable[bytes]) -> None:
    before = _peak()
    for content in contents:
        found = judge(target, content)
        assert found is None, f"{found.identity}: {found.what}\n{content[:2_000]!r}"
    assert _peak() - before < GROWTH_KILOBYTES, "grew by hundreds of megabytes"


def _answers(target: Target, content: bytes) -> bool:
    try:
        target.call(content)
    except target.refusals:
        return False
    return True


def _peak() -> int:
    """Kilobytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
