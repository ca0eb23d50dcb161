"""Items that a gateway must not pay, put into a roster on purpose (错误明细), and the list of where they are."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum
from typing import Final

import numpy as np
import polars as pl

from simulators.draws import Draws


class Flaw(StrEnum):
    """What is wrong with an item."""

    ID_CHECK = "ID_CHECK"  # 证件号码校验位错
    MOBILE = "MOBILE"  # 手机号位数错
    BANK_CODE = "BANK_CODE"  # 行号校验位错
    DUPLICATE_ID = "DUPLICATE_ID"  # 明细编号重复
    ZERO_AMOUNT = "ZERO_AMOUNT"  # 金额为零


_KINDS: Final = tuple(Flaw)
_SCALE: Final = 1_000_000


def choose_flaws(draws: Draws, persons: pl.Series, share: Decimal) -> pl.Series:
    """A Flaw or null per row; never two rows running, so that a repeated id always repeats a good item's."""
    flawed = draws.below("flawed", _SCALE) < int(share * _SCALE)
    flawed[:1] = False
    flawed[1:] &= ~flawed[:-1]
    kinds = draws.pick("flaw", _KINDS)
    kinds = kinds.zip_with((kinds != Flaw.ID_CHECK) | persons, pl.Series([Flaw.BANK_CODE.value] * draws.rows))
    return kinds.set(pl.Series(~flawed), None).rename("flaw")


def _wrong_last(column: str) -> pl.Expr:
    """Another last digit: a check digit allows exactly one."""
    last = pl.col(column).str.slice(-1).replace("X", "9").cast(pl.Int64)
    return pl.concat_str(pl.col(column).str.head(-1), ((last + 1) % 10).cast(pl.String))


def with_flaws(items: pl.DataFrame, flaws: pl.Series) -> pl.DataFrame:
    """The items with their flaws; ``flaws`` as ``choose_flaws`` gave them."""

    def changed(name: str, flaw: Flaw, wrong: pl.Expr) -> pl.Expr:
        return pl.when(pl.lit(flaws) == flaw).then(wrong).otherwise(pl.col(name)).alias(name)

    return items.with_columns(
        changed("id_number", Flaw.ID_CHECK, _wrong_last("id_number")),
        changed("mobile", Flaw.MOBILE, pl.lit("1390000000")),
        changed("bank_code", Flaw.BANK_CODE, _wrong_last("bank_code")),
        changed("item_id", Flaw.DUPLICATE_ID, pl.col("item_id").shift(1)),
        changed("amount_fen", Flaw.ZERO_AMOUNT, pl.lit(0, dtype=pl.Int64)),
    )


def flaw_list(flaws: pl.Series) -> pl.DataFrame:
    """Columns line_no (1-based), flaw."""
    where = pl.Series("line_no", np.arange(1, len(flaws) + 1, dtype=np.uint32))
    return pl.DataFrame([where, flaws]).filter(pl.col("flaw").is_not_null())
