"""Every rule: what is let through, what is found, on which field."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from messages.batch.checking import CheckedBlock, CheckRules, DuplicateIds, RepeatedPayments, check_items
from messages.batch.columns import ITEM_SCHEMA, REJECTION_SCHEMA
from messages.batch.item_rules import REQUIRED
from messages.batch.rejections import CATALOGUE

RULES = CheckRules(today=date(2026, 11, 23), amount_limit_fen=10_000_000)
ORGANISATION = {
    "payee_kind": "ORGANISATION",
    "name": "楚雄市东瓜镇（第1）专业合作社",
    "id_type": "USCC",
    "id_number": "91350100M000100Y43",
    "account_kind": "CORPORATE",
    "account": "5300-1616-0001",
}


def block_of(*items: dict[str, Any]) -> pl.DataFrame:
    block = pl.DataFrame(list(items), schema=ITEM_SCHEMA, orient="row")
    return block.with_columns(line_no=pl.int_range(1, pl.len() + 1, dtype=pl.UInt32))


def check(*items: dict[str, Any]) -> CheckedBlock:
    return check_items(block_of(*items), RULES)


def test_a_right_block_passes_unchanged(item: dict[str, Any]) -> None:
    block = block_of(item, {**item, **ORGANISATION}, {**item, "mobile": None, "address": None, "remark": None})
    checked = check_items(block, RULES)
    assert_frame_equal(checked.good, block)
    assert checked.findings.schema == pl.Schema(REJECTION_SCHEMA)
    assert checked.findings.height == 0


@pytest.mark.parametrize("kind", ["BANK_CARD", "PASSBOOK"])
@pytest.mark.parametrize(
    ("id_type", "number"),
    [
        ("HK_MACAO_PERMIT", "H12345678"),
        ("TAIWAN_PERMIT", "12345678"),
        ("FOREIGN_RESIDENT", "CHN110101199001"),
        ("PASSPORT", "E12345678"),
    ],
)
def test_other_documents_pass(item: dict[str, Any], id_type: str, number: str, kind: str) -> None:
    assert check({**item, "id_type": id_type, "id_number": number, "account_kind": kind}).findings.height == 0


@pytest.mark.parametrize("name", REQUIRED)
def test_required_fields(item: dict[str, Any], name: str) -> None:
    found = check({**item, name: None}).findings
    assert (name, "MISSING") in found.select("field", "code").rows()


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"item_id": "A 1"}, "item_id", "ITEM_ID_FORMAT"),
        ({"item_id": "x" * 65}, "item_id", "ITEM_ID_FORMAT"),
        ({"item_id": "明细1"}, "item_id", "ITEM_ID_FORMAT"),
        ({"item_id": "A-1\n"}, "item_id", "ITEM_ID_FORMAT"),
        ({"payee_kind": "个人"}, "payee_kind", "UNKNOWN_CODE"),
        ({"id_type": "ID"}, "id_type", "UNKNOWN_CODE"),
        ({"account_kind": "CARD"}, "account_kind", "UNKNOWN_CODE"),
        ({"id_type": "USCC", "id_number": "91350100M000100Y43"}, "id_type", "KIND_MISMATCH"),
        ({"account_kind": "CORPORATE"}, "account_kind", "KIND_MISMATCH"),
        ({**ORGANISATION, "account_kind": "PASSBOOK"}, "account_kind", "KIND_MISMATCH"),
        ({**ORGANISATION, "id_type": "PASSPORT", "id_number": "E12345678"}, "id_type", "KIND_MISMATCH"),
        ({"name": "张" * 51}, "name", "TOO_LONG"),
        ({"name": " 张三"}, "name", "LOOSE_SPACES"),
        ({"name": "张三\u3000"}, "name", "LOOSE_SPACES"),
        ({"name": "张\x00三"}, "name", "CONTROL_CHARACTER"),
        ({"name": "张\u200b三"}, "name", "CONTROL_CHARACTER"),
        ({"name": "张3"}, "name", "NAME_CHARACTERS"),
        ({"address": "x" * 201}, "address", "TOO_LONG"),
        ({"address": "a\tb"}, "address", "CONTROL_CHARACTER"),
        ({"remark": "春季 "}, "remark", "LOOSE_SPACES"),
        ({"remark": "\ufffd"}, "remark", "CONTROL_CHARACTER"),
        ({"id_number": "11010519491231002x"}, "id_number", "RESIDENT_ID_FORM"),
        ({"id_number": "1.10105E+17"}, "id_number", "RESIDENT_ID_FORM"),
        ({"id_number": "990105194912310024"}, "id_number", "RESIDENT_ID_REGION"),
        ({"id_number": "110105194902300023"}, "id_number", "RESIDENT_ID_BIRTH_DATE"),
        ({"id_number": "110105194912310021"}, "id_number", "RESIDENT_ID_CHECK"),
        ({**ORGANISATION, "id_number": "91350100M000100Y44"}, "id_number", "USCC_CHECK"),
        ({"id_type": "PASSPORT", "id_number": "e1"}, "id_number", "DOCUMENT_FORM"),
        ({"id_type": "FOREIGN_RESIDENT", "id_number": "911124198108030025"}, "id_number", "RESIDENT_ID_CHECK"),
        ({"account": "6217-990000000"}, "account", "ACCOUNT_FORM"),
        ({"account": "1234"}, "account", "ACCOUNT_FORM"),
        ({"bank_code": "403100000005"}, "bank_code", "BANK_CODE_CHECK"),
        ({"bank_code": "40310000000"}, "bank_code", "BANK_CODE_CHECK"),
        ({"mobile": "+8613800138000"}, "mobile", "MOBILE_FORM"),
        ({"amount_fen": 0}, "amount_fen", "AMOUNT_RANGE"),
        ({"amount_fen": -1}, "amount_fen", "AMOUNT_RANGE"),
        ({"amount_fen": 10_000_001}, "amount_fen", "AMOUNT_RANGE"),
        ({"reissues_item_id": "A 0"}, "reissues_item_id", "ITEM_ID_FORMAT"),
        ({"reissues_item_id": "A-1"}, "reissues_item_id", "REISSUES_ITSELF"),
    ],
)
def test_what_is_found(item: dict[str, Any], change: dict[str, Any], field: str, code: str) -> None:
    checked = check(item, {**item, **change}, {**item, "item_id": "A-3"})
    assert checked.good["line_no"].to_list() == [1, 3]
    assert (field, code) in checked.findings.select("field", "code").rows()
    assert set(checked.findings["line_no"]) == {2}
    assert set(checked.findings["severity"]) == {"REJECT"}


def test_one_fault_gives_one_finding(item: dict[str, Any]) -> None:
    for change in ({"name": "张\x003"}, {"id_number": "1"}, {"mobile": "1"}, {"account": "x"}, {"name": "张3"}):
        assert check({**item, **change}).findings.height == 1


def test_luhn_only_warns_and_only_about_cards(item: dict[str, Any]) -> None:
    mistyped = {**item, "account": "6217990000000000007"}
    checked = check(mistyped, {**mistyped, "account_kind": "PASSBOOK"}, {**mistyped, "account": "123456789012345"})
    assert checked.good.height == 3
    assert checked.findings.select("line_no", "code", "severity").rows() == [(1, "ACCOUNT_LUHN", "WARN")]


def test_findings_come_in_order_of_lines_and_carry_the_amount(item: dict[str, Any]) -> None:
    found = check({**item, "mobile": "1", "name": "3"}, {**item, "bank_code": "1"}, {**item, "name": "3"}).findings
    assert found["line_no"].to_list() == [1, 1, 2, 3]
    assert set(found["amount_fen"]) == {150000}


def test_a_malformed_id_is_not_repeated_in_findings(item: dict[str, Any]) -> None:
    found = check({**item, "item_id": "张三 13800138000", "mobile": "1"}).findings
    assert found["item_id"].to_list() == [None, None]


def test_an_empty_block(item: dict[str, Any]) -> None:
    checked = check_items(block_of(item).clear(), RULES)
    assert (checked.good.height, checked.findings.height) == (0, 0)
    assert DuplicateIds().split(checked.good)[0].height == 0
    assert RepeatedPayments().find(checked.good).height == 0


def test_a_limit_must_be_positive() -> None:
    with pytest.raises(ValueError, match="amount_limit_fen"):
        CheckRules(today=date(2026, 1, 1), amount_limit_fen=0)


def test_every_finding_of_the_checks_is_catalogued(item: dict[str, Any]) -> None:
    found = check(dict.fromkeys(item), {name: "\x00" for name in item if name != "amount_fen"}).findings
    assert set(found["code"]) <= set(CATALOGUE)
