"""The hand-written messages: valid by the published schemas, written octet by octet, read to what they say."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest
from lxml import etree

from messages.batch.columns import STORED_SCHEMA
from messages.iso20022.pain001 import Pain001Head, build
from messages.iso20022.pain001_read import read_instruction
from messages.iso20022.pain002 import StatusReport, parse_status_report
from messages.iso20022.schema import PAIN_001, PAIN_002, schema

HERE = Path(__file__).parent
MESSAGES = sorted(HERE.glob("pain*.xml"))

HEAD = Pain001Head(
    message_id="7K2M9P4QX8RTF0000",
    rows=3,
    total_fen=100_012_346,
    created_at=datetime(2026, 3, 2, 1, 30, 15, tzinfo=UTC),
    requested_on=date(2026, 3, 3),
    debtor_name="某某县财政局",
    debtor_account="1002881000000000018",
    debtor_bank_code="103881000019",
    policy_name="草原生态保护补助奖励",
    project_code="6500002026CYBZ",
    voucher_no="ZF2026030200001",
)
COLUMNS = ("payee_kind", "name", "id_type", "id_number", "account", "account_kind", "bank_code", "amount_fen", "remark")
ITEMS = [
    ("PERSON", "阿依古丽·买买提", "RESIDENT_ID", "11010519491231002X", "6217000010000000018", "SOCIAL_SECURITY_CARD",
     "402881000012", 12_345, '2026年 & <第1批> "首发"'),
    ("PERSON", "𠮷㛃", "PASSPORT", "E12345678", "6228480000000000015", "BANK_CARD", "402881000012", 1, None),
    ("ORGANISATION", "某某县牧民专业合作社", "USCC", "93650000MA00000000", "30000000000000000", "CORPORATE",
     "103881000019", 100_000_000, None),
]  # fmt: skip


@pytest.fixture
def items() -> pl.DataFrame:
    rows = [
        {
            **dict.fromkeys(STORED_SCHEMA),
            **dict(zip(COLUMNS, item, strict=True)),
            "item_id": f"P{number}",
            "line_no": number + 1,
            "item_no": number,
            "reference": f"7K2M9P4QX8RT{number:08d}",
        }
        for number, item in enumerate(ITEMS)
    ]
    return pl.DataFrame(rows, schema={**STORED_SCHEMA, "reference": pl.String()})


def read(name: str) -> StatusReport:
    data = (HERE / name).read_bytes()
    thorough = parse_status_report([data], max_bytes=10**6)
    quick = parse_status_report([data], max_bytes=10**6, bulk_from_bytes=0)
    assert [block.rows() for block in quick.blocks] == [block.rows() for block in thorough.blocks]
    return thorough


def rows(report: StatusReport) -> list[tuple[object, ...]]:
    return [row for block in report.blocks for row in block.iter_rows()]


@pytest.mark.parametrize("path", MESSAGES, ids=lambda path: path.stem)
def test_valid_by_the_published_schema(path):
    message = PAIN_001 if path.name.startswith("pain001") else PAIN_002
    assert schema(message).validate(etree.parse(str(path))), schema(message).error_log


def test_pain001_is_written_octet_by_octet(items):
    assert b"".join(build(HEAD, [items])) == (HERE / "pain001_three_items.xml").read_bytes()


def test_pain001_is_read_by_the_other_side(items):
    head, back = read_instruction([(HERE / "pain001_three_items.xml").read_bytes()], max_bytes=10**6)
    assert head.total_fen == HEAD.total_fen and head.debtor_name == HEAD.debtor_name
    assert back.select("reference", *COLUMNS).equals(items.select("reference", *COLUMNS))


def test_all_accepted():
    report = read("pain002_all_accepted.xml")
    assert (report.original_message_id, report.group_status) == ("7K2M9P4QX8RTF0000", "ACCP")
    assert rows(report) == [(f"7K2M9P4QX8RT0000000{n}", None, None, "ACTC", None, None, None, None) for n in range(3)]


def test_mixed():
    report = read("pain002_mixed.xml")
    day = date(2026, 3, 3)
    words = "账户已销户; 请更正后补发; 柜面核实 A&B"
    assert report.group_status == "PART" and report.payments[0].records == 3
    assert rows(report) == [
        ("7K2M9P4QX8RT00000000", 12_345, "6217000010000000018", "ACSC", None, None, "2026030300001", day),
        ("7K2M9P4QX8RT00000001", 1, "6228480000000000015", "RJCT", "AC04", words, None, None),
        ("7K2M9P4QX8RT00000002", 100_000_000, "30000000000000000", "ACSC", None, None, "2026030300003", day),
    ]


def test_returned():
    assert rows(read("pain002_returned.xml")) == [
        ("7K2M9P4QX8RT00000000", 12_345, "6217000010000000018", "RJCT", "RTRN", "退汇", "2026030300009", None)
    ]


def test_the_whole_file_rejected():
    report = read("pain002_file_rejected.xml")
    assert (report.group_status, report.group_reason, report.group_text) == ("RJCT", "DS02", "验签失败")
    assert report.payments == () and report.blocks == ()


def test_prefixes_and_cdata():
    assert rows(read("pain002_prefixes_cdata.xml")) == [
        ("7K2M9P4QX8RT00000000", 12_345, None, "ACSC", None, None, None, None),
        ("7K2M9P4QX8RT00000001", None, None, "RJCT", "AC03", "</s:TxInfAndSts> 账号 & 户名 < 不符", None, None),
    ]
