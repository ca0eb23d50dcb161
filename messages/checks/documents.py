"""Identity documents other than the resident identity card (其他证件): the form of their numbers.

Only the 18-digit foreign permanent resident card (外国人永久居留身份证, 2023 form) has a public check digit.
"""

from __future__ import annotations

from typing import Final

import polars as pl

HK_MACAO_PERMIT: Final = r"\A[HM][0-9]{8}(?:[0-9]{2})?\z"  # 港澳居民来往内地通行证
TAIWAN_PERMIT: Final = r"\A(?:[0-9]{8}|[0-9]{10}(?:\([A-Z0-9]{1,2}\))?)\z"  # 台湾居民来往大陆通行证
FOREIGN_RESIDENT: Final = r"\A(?:[A-Z]{3}[0-9]{12}|9[0-9]{16}[0-9X])\z"  # 外国人永久居留身份证, old and new form
PASSPORT: Final = r"\A[A-Z0-9]{5,18}\z"  # 护照


def has_form(numbers: pl.Expr, pattern: str) -> pl.Expr:
    """True where a number has the form; null stays null."""
    return numbers.str.contains(pattern)
