"""The hand-written batch files give these rows and these findings."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from messages.batch.checking import CheckRules, check_items
from messages.batch.header_reading import canonical_json, header_digest, read_header
from messages.batch.reading import parse_content_type, read_items

HERE = Path(__file__).parent
GOOD = [
    (
        "CX-0001",
        "PERSON",
        "买买提·艾力",
        "RESIDENT_ID",
        "11010519491231002X",
        "6217990000000000006",
        "SOCIAL_SECURITY_CARD",
        "403100000004",
        "13800138000",
        "楚雄市东瓜镇1号",
        150050,
        None,
        None,
        0,
    ),
    (
        "CX-0002",
        "PERSON",
        "\u4dae\U00020000",
        "RESIDENT_ID",
        "440524188001010014",
        "6217990000000000006",
        "SOCIAL_SECURITY_CARD",
        "403100000004",
        None,
        "楚雄市,鹿城镇",
        7,
        "春季",
        None,
        1,
    ),
    (
        "CX-0003",
        "ORGANISATION",
        "绿源（楚雄）专业合作社",
        "USCC",
        "91350100M000100Y43",
        "5300-1616-0001",
        "CORPORATE",
        "102100099996",
        None,
        None,
        2000000,
        None,
        None,
        3,
    ),
]
LAST = [
    ("name", "LOOSE_SPACES", "REJECT"),
    ("id_number", "RESIDENT_ID_CHECK", "REJECT"),
    ("bank_code", "BANK_CODE_CHECK", "REJECT"),
    ("mobile", "MOBILE_FORM", "REJECT"),
    ("account", "ACCOUNT_LUHN", "WARN"),
]


@pytest.mark.parametrize(
    ("file", "media_type", "first_line", "unread"),
    [
        (
            "bureau-export.gb18030.csv",
            "text/csv; charset=gb18030",
            2,
            [(6, "CX-0004", "amount_fen", "AMOUNT_FORMAT"), (7, None, "line", "COLUMN_COUNT")],
        ),
        (
            "platform.ndjson",
            "application/x-ndjson",
            1,
            [(5, "CX-0004", "amount_fen", "AMOUNT_FORMAT"), (6, None, "line", "DUPLICATE_FIELD")],
        ),
    ],
)
def test_both_forms_say_the_same(
    file: str, media_type: str, first_line: int, unread: list[tuple[int, str | None, str, str]]
) -> None:
    (block,) = read_items([(HERE / file).read_bytes()], parse_content_type(media_type))
    assert block.lines == 6
    assert block.findings.select("line_no", "item_id", "field", "code").rows() == unread
    checked = check_items(block.items, CheckRules(today=date(2026, 11, 23), amount_limit_fen=100_000_000))
    assert checked.good.rows() == [(*row[:-1], row[-1] + first_line) for row in GOOD]
    assert set(checked.findings["line_no"]) == {first_line + 6}
    assert checked.findings.sort("field").select("field", "code", "severity").rows() == sorted(LAST)
    assert checked.findings["amount_fen"].unique().to_list() == [10000]
    assert isinstance(block.items, pl.DataFrame)


def test_the_canonical_header_and_its_digest() -> None:
    content = (HERE / "header.canonical.json").read_bytes()
    header = read_header(json.dumps(json.loads(content), indent=2).encode())
    assert canonical_json(header) == content
    assert header_digest(header) == "ac2f57d70f429fae0ea93067ac6f51cb9bb9cc081028625350baf0ee11e3e456"
