"""Fixed-width text as a matrix of octets, so that check digits are computed by column (列式校验)."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

Octets = npt.NDArray[np.uint8]
Flags = npt.NDArray[np.bool_]

_ZERO: Final = ord("0")


def of_width(texts: pl.Series, width: int) -> tuple[npt.NDArray[np.intp], Octets]:
    """Rows of ``texts`` that are exactly ``width`` octets of UTF-8, and those octets, one row each.

    A text of the right octet length may still hold characters that are not ASCII; their octets are
    all >= 0x80, so that a test for digits or letters fails on them.
    """
    fitting = (texts.str.len_bytes() == width).fill_null(False)
    rows = np.flatnonzero(fitting.to_numpy())
    joined = texts.filter(fitting).str.join("").item().encode() if rows.size else b""
    return rows, np.frombuffer(joined, dtype=np.uint8).reshape(rows.size, width)


def digits(octets: Octets) -> tuple[Octets, Flags]:
    """The digit values 0..9 of ASCII octets, and per row whether all of them are digits."""
    values: Octets = (octets - np.uint8(_ZERO)).astype(np.uint8)  # wraps below '0', so one comparison tells
    numeric: Flags = np.logical_and.reduce(values <= 9, axis=1)
    return values, numeric


def mask(texts: pl.Series, rows: npt.NDArray[np.intp], passed: Flags) -> pl.Series:
    """A boolean series over ``texts``: ``passed`` at ``rows``, false elsewhere, null where the text is null."""
    flags = np.zeros(len(texts), dtype=np.bool_)
    flags[rows] = passed
    result = pl.Series(texts.name, flags)
    if texts.null_count() == 0:
        return result
    return pl.select(pl.when(texts.is_not_null()).then(result)).to_series().alias(texts.name)
