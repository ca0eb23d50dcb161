"""Made-up items: the same every time, valid in every respect, and such as the bank would be given."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from adapters.profile import BankProfile
from gateway.bank.sample import MOST, sample_head, sample_items
from messages.batch.checking import CheckRules, check_items

SHIPPED = Path(__file__).parents[4] / "config"
DAY = date(2026, 3, 2)


def test_every_sample_passes_intake_for_every_shipped_bank(profiles: dict[str, BankProfile]) -> None:
    for profile in profiles.values():
        items = sample_items(profile, 250)
        judged = check_items(items, CheckRules(today=DAY, amount_limit_fen=10**8))
        assert judged.findings.is_empty(), judged.findings
        assert items["item_id"].n_unique() == items["reference"].n_unique() == 250


def test_payees_have_accounts_at_banks_that_the_profile_serves(profiles: dict[str, BankProfile]) -> None:
    codes = sample_items(profiles["rural-fixed"], 9)["bank_code"]
    assert {code[:3] for code in codes} == set(profiles["rural-fixed"].serves.bank_codes)


def test_the_same_twice(profiles: dict[str, BankProfile]) -> None:
    profile = profiles["rural-fixed"]
    assert sample_items(profile, 30).equals(sample_items(profile, 30))
    assert sample_items(profile, 10**6).height == MOST


def test_the_head_adds_up(profiles: dict[str, BankProfile]) -> None:
    items = sample_items(profiles["city-iso"], 7)
    head = sample_head(profiles["city-iso"], items, DAY)
    assert (head.rows, head.total_fen, head.requested_on) == (7, items["amount_fen"].sum(), DAY)
    assert items["reference"][0].startswith(head.message_id[:12])
