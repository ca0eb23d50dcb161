"""One line of the table: what is called, what it may raise, and where its first inputs come from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

Seeds = Callable[[], list[bytes]]


@dataclass(frozen=True, slots=True)
class Target:
    """A parser as the fuzzers see it: octets in; anything but an answer or one of ``refusals`` is a finding."""

    name: str
    call: Callable[[bytes], object]
    refusals: tuple[type[Exception], ...]
    seeds: Seeds
    slow: bool = False  # some milliseconds an input: the test gives it fewer


class Disagreement(AssertionError):
    """Two ways to read the same octets that must agree, and do not."""
