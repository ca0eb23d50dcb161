"""Bank codes of the national payment system (支付系统行号): 12 digits, the last by ISO 7064 MOD 11,10 (GB/T 17710).

Three digits bank class, four digits city, four digits sequence, one check digit.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from messages.checks.octets import Octets, digits, mask, of_width

WIDTH: Final = 12


def are_bank_codes(codes: pl.Series) -> pl.Series:
    """True where a code is 12 digits with the right check digit; null stays null."""
    rows, octets = of_width(codes, WIDTH)
    values, numeric = digits(octets)
    return mask(codes, rows, numeric & (_check_digits(values) == values[:, WIDTH - 1]))


def is_bank_code(code: str) -> bool:
    """The same for one code."""
    return bool(are_bank_codes(pl.Series([code], dtype=pl.String)).item())


def _check_digits(values: Octets) -> npt.NDArray[np.int32]:
    product = np.full(len(values), 10, dtype=np.int32)
    for place in range(WIDTH - 1):
        total = (product + values[:, place]) % 10
        product = np.where(total == 0, 10, total) * 2 % 11
    return (11 - product) % 10
