"""Amounts between integer fen and ISO 20022 decimals (金额换算), exact, without any binary fraction.

Source: ``ActiveOrHistoricCurrencyAndAmount``: 18 digits in all, at most 5 after the point, not negative.
"""

from __future__ import annotations

from typing import Final

import polars as pl

MAX_FEN: Final = 10**18 - 1
"""18 digits, two of them after the point."""

CURRENCY: Final = "CNY"

_CENTS: Final = pl.Series("cents", [f".{cents:02d}" for cents in range(100)], dtype=pl.String)
_READABLE: Final = r"^\+?[0-9]{1,16}(?:\.[0-9]{0,2}0{0,3})?$"


def yuan_text(fen: int) -> str:
    """``12345`` as ``123.45``."""
    return f"{fen // 100}.{fen % 100:02d}"


def yuan_column(column: str) -> pl.Expr:
    """The decimal texts of a non-negative Int64 column of fen; ``12345`` as ``123.45``."""
    fen = pl.col(column)
    return pl.format("{}{}", fen // 100, pl.lit(_CENTS).gather(fen % 100))


def readable_amount(column: str) -> pl.Expr:
    """True where the text is an amount in whole fen: digits, at most two that matter after the point."""
    return pl.col(column).str.contains(_READABLE)


def fen_column(column: str) -> pl.Expr:
    """Int64 fen of a text column for which ``readable_amount`` holds; null where it does not."""
    text = pl.col(column).str.strip_prefix("+")
    halves = text.str.split_exact(".", 1).struct
    whole = halves.field("field_0").cast(pl.Int64, strict=False)
    cents = halves.field("field_1").fill_null("").str.slice(0, 2).str.pad_end(2, "0").cast(pl.Int64, strict=False)
    return pl.when(readable_amount(column)).then(whole * 100 + cents)


def fen_of(text: str) -> int | None:
    """Fen of one decimal text, or None where it is not an amount in whole fen."""
    return pl.DataFrame({"amount": [text]}, schema={"amount": pl.String}).select(fen_column("amount")).item()  # type: ignore[no-any-return]
