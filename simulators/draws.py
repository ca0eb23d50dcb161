"""Numbers that look random and are not: a hash of seed, purpose and place, the same on every machine and version."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

Words = npt.NDArray[np.uint64]

_GOLDEN: Final = np.uint64(0x9E3779B97F4A7C15)
_MIX_1: Final = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2: Final = np.uint64(0x94D049BB133111EB)


def mix(words: Words) -> Words:
    """SplitMix64's finaliser over a whole column; arithmetic modulo 2^64."""
    words = words + _GOLDEN
    words = (words ^ (words >> np.uint64(30))) * _MIX_1
    words = (words ^ (words >> np.uint64(27))) * _MIX_2
    mixed: Words = words ^ (words >> np.uint64(31))
    return mixed


class Draws:
    """Draws for rows ``first`` to ``first + rows - 1`` of one seed; every purpose has its own stream."""

    def __init__(self, seed: int, first: int, rows: int):
        self.rows = rows
        self.places = np.arange(first, first + rows, dtype=np.int64)
        self._seed = seed

    def words(self, purpose: str) -> Words:
        """64 bits per row."""
        stream = hashlib.sha256(f"{self._seed}/{purpose}".encode()).digest()[:8]
        return mix(mix(self.places.view(np.uint64)) ^ np.uint64(int.from_bytes(stream, "big")))

    def below(self, purpose: str, limit: int) -> npt.NDArray[np.int64]:
        """An integer in [0, limit) per row; the tiny bias of a remainder does not matter here."""
        numbers: npt.NDArray[np.int64] = (self.words(purpose) % np.uint64(limit)).astype(np.int64)
        return numbers

    def one_in(self, purpose: str, often: int) -> npt.NDArray[np.bool_]:
        """True about once in ``often`` rows."""
        hits: npt.NDArray[np.bool_] = self.below(purpose, often) == 0
        return hits

    def pick(self, purpose: str, choices: Sequence[str]) -> pl.Series:
        """One of ``choices`` per row."""
        return pl.Series(purpose, choices, dtype=pl.String)[self.below(purpose, len(choices))]
