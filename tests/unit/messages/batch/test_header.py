"""The batch header: strict, bounded, canonical."""

from __future__ import annotations

import json
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from messages.batch.header import BatchHeader, FundingAccount, FundingModel, PayingAccount
from messages.batch.header_problems import HEADER_CODES
from messages.batch.header_reading import (
    HeaderRefused,
    canonical_json,
    header_data,
    header_digest,
    header_from,
    read_header,
)


def refused(data: dict[str, Any]) -> list[tuple[str, str]]:
    with pytest.raises(HeaderRefused) as error:
        header_from(data)
    for problem in error.value.problems:
        assert problem["zh"]
        assert problem["en"]
        assert problem["code"] in HEADER_CODES
    return [(problem["field"], problem["code"]) for problem in error.value.problems]


def test_a_right_header(header: dict[str, Any]) -> None:
    taken = header_from(header)
    assert taken.funding_model is FundingModel.ZERO_BALANCE
    assert taken.requested_on.isoformat() == "2026-11-24"
    assert (taken.urgent, taken.all_or_nothing, taken.division_name) == (False, False, None)
    with pytest.raises(ValidationError):
        taken.declared_count = 3  # type: ignore[misc]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"declared_count": "100"}, ("declared_count", "TYPE")),
        ({"declared_count": True}, ("declared_count", "TYPE")),
        ({"declared_count": 100.0}, ("declared_count", "TYPE")),
        ({"declared_count": 0}, ("declared_count", "RANGE")),
        ({"declared_count": 1_000_001}, ("declared_count", "RANGE")),
        ({"declared_total_fen": 1}, ("declared_total_fen", "TOTAL_BELOW_COUNT")),
        ({"declared_total_fen": 10**15}, ("declared_total_fen", "RANGE")),
        ({"fiscal_year": None}, ("fiscal_year", "TYPE")),
        ({"batch_no": "a\n"}, ("batch_no", "FORMAT")),
        ({"batch_no": "批次1"}, ("batch_no", "FORMAT")),
        ({"division_code": "5323011"}, ("division_code", "FORMAT")),
        ({"policy_name": "补\x00贴"}, ("policy_name", "CONTROL_CHARACTER")),
        ({"policy_name": "补贴 "}, ("policy_name", "CONTROL_CHARACTER")),
        ({"policy_name": ""}, ("policy_name", "EMPTY")),
        ({"policy_name": "补" * 61}, ("policy_name", "TOO_LONG")),
        ({"voucher_no": "１２３"}, ("voucher_no", "FORMAT")),
        ({"requested_on": "2026-02-30"}, ("requested_on", "DATE")),
        ({"requested_on": "2026-02-03T00:00:00"}, ("requested_on", "DATE")),
        ({"requested_on": 1_700_000_000}, ("requested_on", "TYPE")),
        ({"benefit_mark": "惠民"}, ("benefit_mark", "CHOICE")),
        ({"funding_model": "ZBA"}, ("funding_model", "CHOICE")),
        ({"direct_funds": "true"}, ("direct_funds", "TYPE")),
        ({"direct_funds": 1}, ("direct_funds", "TYPE")),
        ({"urgent": True}, ("urgent_ground", "URGENT_GROUND")),
        ({"urgent_ground": "灾害"}, ("urgent_ground", "NOT_URGENT")),
        ({"bonus": 1}, ("header", "UNKNOWN_FIELD")),
        ({"paying_account": "x"}, ("paying_account", "NOT_OBJECT")),
        ({"declared_count": 10**30}, ("header", "NOT_JSON")),
    ],
)
def test_what_is_wrong_is_named(header: dict[str, Any], change: dict[str, Any], problem: tuple[str, str]) -> None:
    assert refused({**header, **change}) == [problem]


def test_accounts_are_checked(header: dict[str, Any]) -> None:
    header["funding_account"] |= {"kind": "OTHER", "bank_code": "203100000018", "extra": 1}
    header["paying_account"].pop("name")
    assert sorted(refused(header)) == [
        ("funding_account", "UNKNOWN_FIELD"),
        ("funding_account.bank_code", "BANK_CODE_CHECK"),
        ("funding_account.kind", "CHOICE"),
        ("paying_account.name", "MISSING"),
    ]


def test_every_field_but_the_optional_ones_is_required(header: dict[str, Any]) -> None:
    for name in header:
        assert refused({key: value for key, value in header.items() if key != name}) == [(name, "MISSING")]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "NOT_JSON"),
        (b"{", "NOT_JSON"),
        (b"\xff", "NOT_JSON"),
        (b"[]", "NOT_OBJECT"),
        (b'{"a":NaN}', "NOT_JSON"),
        (b"[" * 5000, "NOT_JSON"),
        (b'{"batch_no":"1","batch_no":"2"}', "DUPLICATE_FIELD"),
        (b'{"paying_account":{"name":"1","name":"2"}}', "DUPLICATE_FIELD"),
        (b" " * 70_000, "TOO_LONG"),
    ],
)
def test_what_is_no_header_at_all(content: bytes, code: str) -> None:
    with pytest.raises(HeaderRefused) as error:
        read_header(content)
    assert [problem["code"] for problem in error.value.problems] == [code]


def test_messages_do_not_repeat_what_was_sent(header: dict[str, Any]) -> None:
    header |= {"department_name": "张三13800138000\n", "张三13800138000": 1}
    header["paying_account"]["account"] = "张三13800138000"
    with pytest.raises(HeaderRefused) as error:
        header_from(header)
    assert "13800138000" not in str(error.value) + repr(error.value.problems)
    assert error.value.__cause__ is None


def test_the_canonical_form_does_not_depend_on_how_it_was_written(header: dict[str, Any]) -> None:
    first = header_from(header)
    spelled = dict(reversed({**header, "urgent": False, "division_name": None}.items()))
    second = read_header(json.dumps(spelled, indent=3).encode())
    assert first == second
    assert canonical_json(first) == canonical_json(second)
    assert header_digest(first) == header_digest(second)
    assert header_digest(first) != header_digest(header_from({**header, "declared_count": 3}))
    assert header_from(header_data(first)) == first
    assert list(orjson.loads(canonical_json(first))) == sorted(header_data(first))


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=60))
def test_any_octets_are_refused_with_reasons(content: bytes) -> None:
    with pytest.raises(HeaderRefused) as error:
        read_header(content)
    assert error.value.problems


def test_every_field_is_titled_in_chinese_and_sourced() -> None:
    for model in (BatchHeader, FundingAccount, PayingAccount):
        for name, field in model.model_fields.items():
            assert field.title, name
            assert not field.title.isascii(), name
            assert "Source: 00" in (field.description or ""), name
