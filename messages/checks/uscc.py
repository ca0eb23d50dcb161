"""Unified social credit codes (统一社会信用代码), GB 32100-2015: 18 characters of a 31-letter alphabet, MOD 31."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from messages.checks.octets import mask, of_width, weighted_sum

WIDTH: Final = 18
ALPHABET: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"
"""No I, O, S, V, Z: they are taken for digits."""

_FOREIGN: Final = 99
_VALUES: Final = np.full(256, _FOREIGN, dtype=np.int16)
_VALUES[np.frombuffer(ALPHABET.encode(), dtype=np.uint8)] = np.arange(len(ALPHABET))
_WEIGHTS: Final = tuple(pow(3, place, 31) for place in range(WIDTH - 1))


def are_usccs(codes: pl.Series) -> pl.Series:
    """True where a code has the alphabet, a numeric region (places 3 to 8) and the right check character."""
    rows, octets = of_width(codes, WIDTH)
    values = _VALUES[octets]
    formed = np.logical_and.reduce(values != _FOREIGN, axis=0) & np.logical_and.reduce(values[2:8] <= 9, axis=0)
    # a foreign octet's value may overflow the sum, which then says nothing: ``formed`` has refused it
    check = (31 - weighted_sum(values, _WEIGHTS) % 31) % 31
    return mask(codes, rows, formed & (check == values[17]))


def is_uscc(code: str) -> bool:
    """The same for one code."""
    return bool(are_usccs(pl.Series([code], dtype=pl.String)).item())
