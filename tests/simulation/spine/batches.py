"""What the platform submits under one seed: some batches for each payee's own bank, some paid whole by one bank."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from random import Random

from adapters.profile import BankProfile
from simulators.roster import RosterBatch, roster


def submitted(rng: Random, seed: int, banks: Mapping[str, BankProfile]) -> Iterator[RosterBatch]:
    """One to three batches; where some payees' banks are nobody's, those items are rejected and there are more of them."""
    everybody = any("" in profile.serves.bank_codes for profile in banks.values())
    for batch in roster(
        rng.randint(10, 40) * (1 if everybody else 2),
        seed,
        batches=rng.randint(1, 3),
        bad_share=Decimal("0.05"),
        everywhere=True,
    ):
        yield batch if rng.random() < 0.5 else _of_one_bank(batch, banks[rng.choice(sorted(banks))])


def _of_one_bank(batch: RosterBatch, bank: BankProfile) -> RosterBatch:
    """The same payees, all paid by the bank of the zero-balance account (零余额)."""
    account = {**batch.header["paying_account"], "bank_code": bank.bank_codes[0]}
    return replace(batch, header={**batch.header, "funding_model": "ZERO_BALANCE", "paying_account": account})
