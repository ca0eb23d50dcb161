"""Fixed-width text as one row of octets a place, so that check digits are computed by column (列式校验)."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

Octets = npt.NDArray[np.uint8]
Flags = npt.NDArray[np.bool_]

_ZERO: Final = ord("0")


def of_width(texts: pl.Series, width: int) -> tuple[npt.NDArray[np.intp], Octets]:
    """Rows of ``texts`` that are exactly ``width`` octets of UTF-8, and their octets: ``octets[place]`` is a column.

    A text of the right octet length may still hold characters that are not ASCII; their octets are
    all >= 0x80, so that a test for digits or letters fails on them.
    """
    fitting = (texts.str.len_bytes() == width).fill_null(False)
    rows = np.flatnonzero(fitting.to_numpy())
    joined = texts.filter(fitting).str.join("").item().encode() if rows.size else b""
    by_text = np.frombuffer(joined, dtype=np.uint8).reshape(rows.size, width)
    return rows, np.ascontiguousarray(by_text.T)


def digits(octets: Octets) -> tuple[Octets, Flags]:
    """The digit values 0..9 of ASCII octets, place by place, and for each text whether all of them are digits."""
    values: Octets = (octets - np.uint8(_ZERO)).astype(np.uint8)  # wraps below '0', so one comparison tells
    numeric: Flags = np.logical_and.reduce(values <= 9, axis=0)
    return values, numeric


def weighted_sum(values: npt.NDArray[Any], weights: tuple[int, ...]) -> npt.NDArray[np.int16]:
    """The sum of the first ``len(weights)`` places, each times its weight; fits 16 bits for two-digit weights."""
    total = np.zeros(values.shape[1], dtype=np.int16)
    for place, weight in enumerate(weights):
        total += values[place].astype(np.int16) * np.int16(weight)
    return total


def mask(texts: pl.Series, rows: npt.NDArray[np.intp], passed: Flags) -> pl.Series:
    """A boolean series over ``texts``: ``passed`` at ``rows``, false elsewhere, null where the text is null."""
    if passed.size == len(texts):
        return pl.Series(texts.name, passed)
    flags = np.zeros(len(texts), dtype=np.bool_)
    flags[rows] = passed
    result = pl.Series(texts.name, flags)
    if texts.null_count() == 0:
        return result
    return pl.select(pl.when(texts.is_not_null()).then(result)).to_series().alias(texts.name)
