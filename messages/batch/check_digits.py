"""Rules whose answer is a check digit (校验码规则): computed by column outside expressions."""

from __future__ import annotations

from datetime import date

import polars as pl

from messages.batch.codes import Code
from messages.batch.columns import IdType
from messages.batch.item_rules import is_card
from messages.checks.bank_code import are_bank_codes
from messages.checks.luhn import LONGEST, SHORTEST, satisfy_luhn
from messages.checks.resident_id import WIDTH, resident_id_masks
from messages.checks.uscc import are_usccs

Failing = tuple[str, Code, pl.Series]


def check_digit_failures(block: pl.DataFrame, today: date) -> list[Failing]:
    """(field, code, failing) for each rule; ``failing`` is true, false, or null where the rule does not apply."""
    number, kind, account = pl.col("id_number"), pl.col("id_type"), pl.col("account")
    card = is_card() & account.str.len_bytes().is_between(SHORTEST, LONGEST)
    foreign = (kind == str(IdType.FOREIGN_RESIDENT)) & (number.str.len_bytes() == WIDTH)
    subjects = block.select(
        resident=pl.when(kind == str(IdType.RESIDENT_ID)).then(number),
        uscc=pl.when(kind == str(IdType.USCC)).then(number),
        foreign=pl.when(foreign).then(number),
        card=pl.when(card).then(account),
        bank=pl.col("bank_code"),
    )
    return [
        *_resident(subjects["resident"], today),
        ("id_number", Code.USCC_CHECK, ~are_usccs(subjects["uscc"])),
        ("id_number", Code.RESIDENT_ID_CHECK, ~_foreign_check(subjects["foreign"], today)),
        ("account", Code.ACCOUNT_LUHN, ~satisfy_luhn(subjects["card"])),
        ("bank_code", Code.BANK_CODE_CHECK, ~are_bank_codes(subjects["bank"])),
    ]


def _resident(numbers: pl.Series, today: date) -> list[Failing]:
    masks = resident_id_masks(numbers, today)
    return [
        ("id_number", Code.RESIDENT_ID_FORM, ~masks.well_formed),
        ("id_number", Code.RESIDENT_ID_REGION, ~masks.region),
        ("id_number", Code.RESIDENT_ID_BIRTH_DATE, ~masks.birth_date),
        ("id_number", Code.RESIDENT_ID_CHECK, ~masks.check_character),
    ]


def _foreign_check(numbers: pl.Series, today: date) -> pl.Series:
    return resident_id_masks(numbers, today).check_character
