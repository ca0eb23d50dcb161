"""Which keys came before (查重): 64-bit hashes in sorted runs, 8 octets a key however long the keys are.

Among a million keys two different ones share a hash with a chance of 3 in 100 million.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Hashes = npt.NDArray[np.uint64]


class SeenHashes:
    """A growing set of hashes; runs at least double in size, so that a key is merged few times."""

    def __init__(self) -> None:
        self._runs: list[Hashes] = []

    def __len__(self) -> int:
        return sum(run.size for run in self._runs)

    def repeats(self, hashes: Hashes) -> npt.NDArray[np.bool_]:
        """True for each hash that came before, in an earlier call or earlier in this one; all are kept."""
        distinct, first = np.unique(hashes, return_index=True)
        known = np.zeros(distinct.size, dtype=np.bool_)
        for run in self._runs:
            place = np.minimum(np.searchsorted(run, distinct), run.size - 1)
            known |= run[place] == distinct
        self._add(distinct[~known])
        repeated = np.ones(hashes.size, dtype=np.bool_)
        repeated[first] = known
        return repeated

    def _add(self, run: Hashes) -> None:
        if run.size == 0:
            return
        while self._runs and self._runs[-1].size < 2 * run.size:
            # the stable sort is a merge of the two runs that are sorted already
            run = np.sort(np.concatenate([self._runs.pop(), run]), kind="stable")
        self._runs.append(run)
