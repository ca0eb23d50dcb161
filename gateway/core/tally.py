"""Counting the money (资金守恒): how many items and how many fen stand in each state.

A tally is drawn from states and amounts, never kept by adding and subtracting, so that it cannot
drift. Conservation (architecture, money rule 3) is checked wherever a state column is replaced.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from gateway.core.lifecycle import STATE_COUNT, ItemState


class MoneyLost(Exception):
    """Items or fen would appear or vanish: nothing is committed, and somebody is woken."""


@dataclass(frozen=True, slots=True)
class Tally:
    """Items and fen by state; index = ItemState number."""

    items: tuple[int, ...]
    fen: tuple[int, ...]

    @classmethod
    def zero(cls) -> Tally:
        """No items at all."""
        return cls((0,) * STATE_COUNT, (0,) * STATE_COUNT)

    @classmethod
    def of(cls, states: npt.NDArray[np.uint8], amounts_fen: npt.NDArray[np.int64]) -> Tally:
        """The tally of one segment; exact integers throughout."""
        items = np.bincount(states, minlength=STATE_COUNT)
        fen = np.zeros(STATE_COUNT, dtype=np.int64)
        np.add.at(fen, states, amounts_fen)
        return cls(tuple(int(n) for n in items), tuple(int(n) for n in fen))

    @classmethod
    def total(cls, parts: Iterable[Tally]) -> Tally:
        """The sum of many tallies."""
        items, fen = [0] * STATE_COUNT, [0] * STATE_COUNT
        for part in parts:
            items = [a + b for a, b in zip(items, part.items, strict=True)]
            fen = [a + b for a, b in zip(fen, part.fen, strict=True)]
        return cls(tuple(items), tuple(fen))

    def in_states(self, states: Iterable[ItemState]) -> tuple[int, int]:
        """(items, fen) that stand in any of ``states``."""
        chosen = list(states)
        return sum(self.items[s] for s in chosen), sum(self.fen[s] for s in chosen)

    def require_same_money(self, other: Tally) -> None:
        """Raise MoneyLost unless both hold the same number of items and the same fen."""
        mine, theirs = (sum(self.items), sum(self.fen)), (sum(other.items), sum(other.fen))
        if mine != theirs:
            raise MoneyLost(f"{mine[0]} items of {mine[1]} fen became {theirs[0]} items of {theirs[1]} fen")
