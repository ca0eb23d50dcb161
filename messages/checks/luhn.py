"""Card numbers (银行卡号) by the Luhn formula, ISO/IEC 7812-1 annex B.

Only ever a warning: old card and passbook numbers in use do not satisfy it.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from messages.checks.octets import digits, mask, of_width

SHORTEST: Final = 16
LONGEST: Final = 19

_DOUBLED: Final = np.zeros(256, dtype=np.uint8)
_DOUBLED[:10] = [0, 2, 4, 6, 8, 1, 3, 5, 7, 9]


def satisfy_luhn(numbers: pl.Series) -> pl.Series:
    """True where 16 to 19 digits satisfy Luhn; false for anything else; null stays null."""
    length = numbers.str.len_bytes()
    sized = pl.select(pl.when((length >= SHORTEST) & (length <= LONGEST)).then(numbers)).to_series()
    # zeros on the left add nothing to the sum, so every length becomes one matrix
    rows, octets = of_width(sized.str.zfill(LONGEST), LONGEST)
    values, numeric = digits(octets)
    total = np.zeros(rows.size, dtype=np.uint16)
    for place in range(LONGEST):
        total += values[place] if (LONGEST - place) % 2 else _DOUBLED[values[place]]
    return mask(numbers, rows, numeric & (total % 10 == 0))


def satisfies_luhn(number: str) -> bool:
    """The same for one number."""
    return bool(satisfy_luhn(pl.Series([number], dtype=pl.String)).item())
