"""Which bank pays which item (路由): decided by the funding model and by 行号, never by choice.

Zero-balance (零余额): the bank of the paying account pays all, whatever bank the payee has. Prefunded
(实拨): the bank that serves the payee's 行号, the longest prefix winning. Source: seeds 001 三(五)(六), 002 二(三).
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from adapters.profile import BankProfile
from messages.batch.header import FundingModel


def route(
    profiles: Mapping[str, BankProfile], funding_model: str, paying_bank_code: str | None, bank_codes: pl.Series
) -> pl.Series:
    """The bank of each item (String, null where no bank pays it), as long as ``bank_codes`` and in its order.

    Raises ValueError for what is not a FundingModel.
    """
    paying = {name: profile for name, profile in profiles.items() if "pays" in profile.roles}
    if FundingModel(funding_model) is FundingModel.ZERO_BALANCE:
        bank = next((name for name in sorted(paying) if paying_bank_code in paying[name].bank_codes), None)
        return pl.Series("bank", [bank], dtype=pl.String).new_from_index(0, len(bank_codes))
    owners = {prefix: name for name in sorted(paying) for prefix in paying[name].serves.bank_codes}
    distinct = bank_codes.drop_nulls().unique().to_list()
    served = {code: _owner(owners, code) for code in distinct}
    return bank_codes.replace_strict(served, default=None, return_dtype=pl.String).alias("bank")


def _owner(owners: Mapping[str, str], code: str) -> str | None:
    """The bank with the longest prefix of ``code``; the empty prefix, if any bank has it, takes the rest."""
    return next((owners[code[:length]] for length in range(len(code), -1, -1) if code[:length] in owners), None)
