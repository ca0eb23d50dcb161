"""Which bank pays: by funding model and 行号, the longest prefix winning."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.profile import BankProfile, Serves
from adapters.routing import route


def test_prefunded_items_go_to_the_bank_that_serves_the_payee(profiles: dict[str, BankProfile]) -> None:
    codes = pl.Series(["402738090017", "314738090017", "403100000004", "102100099996", None, "313730190014"])
    banks = route(profiles, "PREFUNDED", None, codes)
    assert banks.to_list() == ["rural-fixed", "rural-fixed", "rural-fixed", "indust-form", None, "city-iso"]
    assert banks.dtype == pl.String


def test_zero_balance_items_all_go_to_the_paying_account_s_bank(profiles: dict[str, BankProfile]) -> None:
    codes = pl.Series(["402738090017", None, "102100099996"])
    assert route(profiles, "ZERO_BALANCE", "313730190014", codes).to_list() == ["city-iso"] * 3
    assert route(profiles, "ZERO_BALANCE", "402738090017", codes).to_list() == ["rural-fixed"] * 3
    assert route(profiles, "ZERO_BALANCE", "102100099996", codes).to_list() == [None] * 3
    assert route(profiles, "ZERO_BALANCE", None, codes).to_list() == [None] * 3


def test_a_bank_that_does_not_pay_is_never_chosen(profiles: dict[str, BankProfile]) -> None:
    holding = profiles["rural-fixed"].model_copy(update={"roles": ("holds-cards",)})
    banks = {"rural-fixed": holding}
    codes = pl.Series(["402738090017"])
    assert route(banks, "PREFUNDED", None, codes).to_list() == [None]
    assert route(banks, "ZERO_BALANCE", "402738090017", codes).to_list() == [None]


def test_the_longest_prefix_wins_whatever_the_order(profiles: dict[str, BankProfile]) -> None:
    template = profiles["city-iso"]
    served = {"a": ("402",), "b": ("402738", "1"), "c": ("40273809001",)}
    banks = {name: template.model_copy(update={"serves": Serves(bank_codes=codes)}) for name, codes in served.items()}
    codes = pl.Series(["402738090017", "402738110011", "402100000018", "102100099996", "999999999999"])
    assert route(banks, "PREFUNDED", None, codes).to_list() == ["c", "b", "a", "b", None]
    assert route(dict(reversed(banks.items())), "PREFUNDED", None, codes).to_list() == ["c", "b", "a", "b", None]


def test_no_items_are_no_banks(profiles: dict[str, BankProfile]) -> None:
    for model in ("PREFUNDED", "ZERO_BALANCE"):
        assert route(profiles, model, "402738090017", pl.Series([], dtype=pl.String)).to_list() == []


def test_an_unknown_model_is_our_fault(profiles: dict[str, BankProfile]) -> None:
    with pytest.raises(ValueError, match="FundingModel"):
        route(profiles, "CASH", None, pl.Series(["402738090017"]))


@given(codes=st.lists(st.none() | st.from_regex(r"[0-9]{12}", fullmatch=True), max_size=20))
@settings(max_examples=50, deadline=None)
def test_with_a_default_bank_every_code_is_routed(profiles: dict[str, BankProfile], codes: list[str | None]) -> None:
    banks = route(profiles, "PREFUNDED", None, pl.Series(codes, dtype=pl.String))
    assert [bank is None for bank in banks] == [code is None for code in codes]
