"""Bank codes of the national payment system (支付系统行号): 12 digits, the last by ISO 7064 MOD 11,10 (GB/T 17710).

Three digits bank class, four digits city, four digits sequence, one check digit.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from messages.checks.octets import Octets, digits, mask, of_width

WIDTH: Final = 12

# one step of MOD 11,10: the product so far (1 to 10) and a digit give the next product
_STEP: Final = np.array([[((p + d) % 10 or 10) * 2 % 11 for d in range(10)] for p in range(11)], dtype=np.uint8)


def are_bank_codes(codes: pl.Series) -> pl.Series:
    """True where a code is 12 digits with the right check digit; null stays null."""
    rows, octets = of_width(codes, WIDTH)
    values, numeric = digits(octets)
    values = np.where(numeric, values, np.uint8(0))
    return mask(codes, rows, numeric & (_check_digits(values) == values[WIDTH - 1]))


def is_bank_code(code: str) -> bool:
    """The same for one code."""
    return bool(are_bank_codes(pl.Series([code], dtype=pl.String)).item())


def _check_digits(values: Octets) -> Octets:
    product = np.full(values.shape[1], 10, dtype=np.uint8)
    for place in range(WIDTH - 1):
        product = _STEP[product, values[place]]
    return (11 - product) % 10
