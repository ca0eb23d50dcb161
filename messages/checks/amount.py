"""Amounts (金额) in integer fen."""

from __future__ import annotations

import polars as pl


def is_payable(fen: pl.Expr, limit_fen: int) -> pl.Expr:
    """True from 1 fen to ``limit_fen`` inclusive; null stays null."""
    return fen.is_between(1, limit_fen)


def is_payable_fen(fen: int, limit_fen: int) -> bool:
    """The same for one amount; a bool is not an amount."""
    return type(fen) is int and 1 <= fen <= limit_fen
