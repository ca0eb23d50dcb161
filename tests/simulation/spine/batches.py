"""What the platform submits under one seed: some batches for each payee's own bank, some paid whole by one bank."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from random import Random

import polars as pl

from adapters.profile import BankProfile
from simulators.roster import RosterBatch, roster

_STAYS = 0.15
"""Of the payees at banks that nobody here pays, so many stay there, to be rejected; the others move."""


def submitted(rng: Random, seed: int, banks: Mapping[str, BankProfile]) -> Iterator[RosterBatch]:
    """One to three batches, about half of them prefunded (实拨), the others zero-balance (零余额)."""
    items, batches = rng.randint(15, 50), rng.randint(1, 3)
    for batch in roster(items, seed, batches=batches, bad_share=Decimal("0.05"), everywhere=True):
        if rng.random() < 0.5:
            yield _of_own_banks(batch, banks, rng)
        else:
            yield _of_one_bank(batch, banks[rng.choice(sorted(banks))])


def _of_own_banks(batch: RosterBatch, banks: Mapping[str, BankProfile], rng: Random) -> RosterBatch:
    """The same payees, most of them at the banks of this seed."""
    prefixes = tuple(prefix for profile in banks.values() for prefix in profile.serves.bank_codes)
    offices = [profile.bank_codes[0] for _, profile in sorted(banks.items())]
    codes = [
        rng.choice(offices) if code is not None and not code.startswith(prefixes) and rng.random() >= _STAYS else code
        for code in batch.items["bank_code"]
    ]
    return replace(batch, items=batch.items.with_columns(bank_code=pl.Series(codes, dtype=pl.String)))


def _of_one_bank(batch: RosterBatch, bank: BankProfile) -> RosterBatch:
    """The same payees, all paid by the bank of the zero-balance account."""
    account = {**batch.header["paying_account"], "bank_code": bank.bank_codes[0]}
    return replace(batch, header={**batch.header, "funding_model": "ZERO_BALANCE", "paying_account": account})
