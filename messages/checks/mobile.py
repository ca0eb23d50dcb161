"""Mobile numbers of the mainland (手机号码): 11 digits from 13 to 19."""

from __future__ import annotations

import re
from typing import Final

import polars as pl

PATTERN: Final = r"\A1[3-9][0-9]{9}\z"
"""In the dialect of polars; ASCII digits only, and no trailing newline slips through."""


def are_mobiles(numbers: pl.Expr) -> pl.Expr:
    """True where a number has the form; null stays null."""
    return numbers.str.contains(PATTERN)


def is_mobile(number: str) -> bool:
    """The same for one number."""
    return re.fullmatch(r"1[3-9][0-9]{9}", number) is not None
