"""Check digits on known numbers (standards' own examples, published codes) and their mutations."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from messages.checks.bank_code import are_bank_codes, is_bank_code
from messages.checks.luhn import satisfies_luhn, satisfy_luhn
from messages.checks.resident_id import are_resident_ids, is_resident_id, resident_id_masks
from messages.checks.uscc import ALPHABET, are_usccs, is_uscc

TODAY = date(2026, 11, 23)
RESIDENT_IDS = ["11010519491231002X", "440524188001010014"]  # the two examples of GB 11643
USCCS = ["91350100M000100Y43", "91110000802100433B", "914403001922038216", "9111000071093465XC", "91440300708461136T"]
BANK_CODES = [
    "102100099996",
    "103100000026",
    "104100000004",
    "105100000017",
    "403100000004",
    "203100000019",
    "201100000017",
    "308584000013",
    "301290000007",
    "310290000013",
]
CARDS = ["6222021234567890128", "4111111111111111", "6217990000000000006"]


@pytest.mark.parametrize("number", RESIDENT_IDS)
def test_known_resident_ids_pass(number: str) -> None:
    assert is_resident_id(number, TODAY)


@pytest.mark.parametrize("code", USCCS)
def test_known_usccs_pass(code: str) -> None:
    assert is_uscc(code)


@pytest.mark.parametrize("code", BANK_CODES)
def test_known_bank_codes_pass(code: str) -> None:
    assert is_bank_code(code)


@pytest.mark.parametrize("number", CARDS[1:])
def test_known_cards_pass(number: str) -> None:
    assert satisfies_luhn(number)


def test_each_part_of_a_resident_id_is_told_apart() -> None:
    numbers = pl.Series(
        [
            "11010519491231002X",
            "11010519491231002x",  # lower case
            "990105194912310023",  # no such province
            "110105194902300028",  # 30 February
            "110105202611240025",  # born tomorrow
            "110105194912310020",  # check character
            "１1010519491231002X",  # full-width digit
            "",
            None,
        ],
        dtype=pl.String,
    )
    masks = resident_id_masks(numbers, TODAY)
    assert masks.well_formed.to_list() == [True, False, True, True, True, True, False, False, None]
    assert masks.region.to_list() == [True, True, False, True, True, True, True, True, None]
    assert masks.birth_date.to_list() == [True, True, True, False, False, True, True, True, None]
    assert masks.check_character.to_list()[5] is False
    assert masks.all().to_list()[:1] == [True]


@pytest.mark.parametrize(
    ("born", "right"),
    [
        ("20000229", True),
        ("19000229", False),
        ("20240229", True),
        ("20230229", False),
        ("20260132", False),
        ("20261123", True),
        ("20261124", False),
        ("20261300", False),
        ("18750101", False),
        ("00000000", False),
    ],
)
def test_birth_dates_follow_the_calendar(born: str, right: bool) -> None:
    number = f"532301{born}001X"
    assert resident_id_masks(pl.Series([number]), TODAY).birth_date.to_list() == [right]


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(RESIDENT_IDS), st.integers(0, 16), st.integers(1, 9))
def test_a_changed_digit_never_passes_the_resident_id_check(number: str, place: int, shift: int) -> None:
    changed = number[:place] + str((int(number[place]) + shift) % 10) + number[place + 1 :]
    assert not is_resident_id(changed, TODAY)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(USCCS), st.integers(0, 17), st.integers(1, 30))
def test_a_changed_character_never_passes_the_uscc_check(code: str, place: int, shift: int) -> None:
    changed = ALPHABET[(ALPHABET.index(code[place]) + shift) % 31]
    assert not is_uscc(code[:place] + changed + code[place + 1 :])


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(BANK_CODES), st.integers(0, 11), st.integers(1, 9))
def test_a_changed_digit_never_passes_the_bank_code_check(code: str, place: int, shift: int) -> None:
    assert not is_bank_code(code[:place] + str((int(code[place]) + shift) % 10) + code[place + 1 :])


@settings(max_examples=60, deadline=None)
@given(st.text("0123456789", min_size=10, max_size=22))
def test_luhn_is_the_textbook_sum(number: str) -> None:
    total = 0
    for place, character in enumerate(reversed(number)):
        digit = int(character) * (1 + place % 2)
        total += digit - 9 * (digit > 9)
    assert satisfies_luhn(number) == (16 <= len(number) <= 19 and total % 10 == 0)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(st.none(), st.text(max_size=20), st.sampled_from(RESIDENT_IDS + USCCS + BANK_CODES + CARDS))))
def test_columns_and_scalars_agree_on_any_text(texts: list[str | None]) -> None:
    column = pl.Series(texts, dtype=pl.String)
    expected = {
        "resident": [None if t is None else is_resident_id(t, TODAY) for t in texts],
        "uscc": [None if t is None else is_uscc(t) for t in texts],
        "bank": [None if t is None else is_bank_code(t) for t in texts],
        "luhn": [None if t is None else satisfies_luhn(t) for t in texts],
    }
    assert are_resident_ids(column, TODAY).to_list() == expected["resident"]
    assert are_usccs(column).to_list() == expected["uscc"]
    assert are_bank_codes(column).to_list() == expected["bank"]
    assert satisfy_luhn(column).to_list() == expected["luhn"]
