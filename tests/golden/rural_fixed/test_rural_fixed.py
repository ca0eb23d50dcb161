"""The shipped profile ``rural-fixed`` against the bank's document: hand-laid bytes both ways."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

from adapters.code_table import CodeTable
from adapters.contract import RESULT_SCHEMA, InstructionHead, ParsedResult, ResultKind
from adapters.dialects.records import LayoutDialect
from adapters.profile import BankProfile
from adapters.profile_reader import read_profile
from messages.batch.columns import STORED_SCHEMA
from messages.layout.file import compiled
from messages.layout.vocabulary import MessageName

CONFIG = Path(__file__).parents[3] / "config"
MESSAGE_ID = "7K3M9QXWZ4T2F0001"
REFERENCES = ["7K3M9QXWZ4T200000000", "7K3M9QXWZ4T200000001", "7K3M9QXWZ4T200010000"]
ACCOUNTS = ["6217000000000000012", "6217990000000000022", "24010100040098765"]
HEAD = InstructionHead(
    message_id=MESSAGE_ID,
    file_no=1,
    rows=3,
    total_fen=1_000_173_456,
    created_at=datetime(2026, 11, 22, 16, 30, tzinfo=UTC),  # already the 23rd in China
    requested_on=date(2026, 11, 25),
    batch_no="2026-0017",
    project_code="GDLBH-2026",
    policy_name="耕地地力保护补贴",
    voucher_no="532300-2026-000017",
    debtor_name="示范县农业农村局",
    debtor_account="24039001040012345",
    debtor_bank_code="402738090017",
)


@pytest.fixture(scope="module")
def profile() -> BankProfile:
    return read_profile(CONFIG / "banks" / "rural-fixed.yaml")


@pytest.fixture(scope="module")
def items() -> pl.DataFrame:
    columns = {
        "item_id": ["A-1", "A-2", "A-3"],
        "payee_kind": ["PERSON", "PERSON", "ORGANISATION"],
        "name": ["阿依古丽·买买提", "张𠮷㐂", "彝山种植农民专业合作社"],
        "id_type": ["RESIDENT_ID", "RESIDENT_ID", "USCC"],
        "id_number": ["653121198803214027", "532301199001013014", "91350100M000100Y43"],
        "account": ACCOUNTS,
        "account_kind": ["SOCIAL_SECURITY_CARD", "BANK_CARD", "CORPORATE"],
        "bank_code": ["402738090017", "403100000004", "402738090017"],
        "mobile": ["13800000001", None, None],
        "address": [None, None, "彝山村"],
        "amount_fen": [123_456, 50_000, 1_000_000_000],
        "remark": ["春耕", None, None],
        "reissues_item_id": [None, None, None],
        "line_no": [1, 2, 3],
        "item_no": [0, 1, 10_000],
    }
    return pl.DataFrame(columns, schema=STORED_SCHEMA).with_columns(pl.Series("reference", REFERENCES))


def parse(profile: BankProfile, name: str, content: bytes) -> ParsedResult:
    return LayoutDialect().parse(profile, name, [content])


def test_built_bytes_are_the_document_s(profile: BankProfile, items: pl.DataFrame, instruction: bytes) -> None:
    built = b"".join(LayoutDialect().build(profile, HEAD, [items[:2], items[2:]]))
    assert built == instruction


def test_a_bank_reads_back_what_was_instructed(profile: BankProfile, items: pl.DataFrame, instruction: bytes) -> None:
    assert profile.record_layout is not None
    parsed = compiled(profile.record_layout, MessageName.INSTRUCTION, "gb18030").parse([instruction])
    details = pl.concat(parsed.blocks)
    assert details.equals(items.select(details.columns))
    assert parsed.head == {
        "message_id": MESSAGE_ID,
        "created_on": date(2026, 11, 23),
        "requested_on": date(2026, 11, 25),
        "project_code": "GDLBH-2026",
        "policy_name": "耕地地力保护补贴",
        "voucher_no": "532300-2026-000017",
        "debtor_account": "24039001040012345",
        "debtor_bank_code": "402738090017",
        "rows": 3,
        "total_fen": 1_000_173_456,
    }
    assert parsed.trailer == {"rows": 3, "total_fen": 1_000_173_456}


def test_acknowledgement(profile: BankProfile, acknowledgement: bytes) -> None:
    parsed = parse(profile, f"DA{MESSAGE_ID}.txt", acknowledgement)
    assert parsed == ParsedResult(
        ResultKind.ACKNOWLEDGEMENT, MESSAGE_ID, group_status_raw="0000", group_text_raw="文件已受理"
    )


def test_result(profile: BankProfile, result: bytes) -> None:
    parsed = parse(profile, f"DR{MESSAGE_ID}_001.txt", result)
    assert (parsed.kind, parsed.original_message_id) == (ResultKind.RESULT, MESSAGE_ID)
    expected = {
        "reference": REFERENCES,
        "amount_fen": [123_456, 50_000, 1_000_000_000],
        "account": ACCOUNTS,
        "status_raw": ["0", "1", "2"],
        "reason_raw": [None, "0037", None],
        "text_raw": [None, "户名不符", None],
        "bank_reference": ["B20261124000000000017", None, None],
        "settled_on": [date(2026, 11, 24), None, None],
    }
    assert pl.concat(parsed.blocks).equals(pl.DataFrame(expected, schema=RESULT_SCHEMA))


def test_returned(profile: BankProfile, returned: bytes) -> None:
    parsed = parse(profile, f"DT{MESSAGE_ID}_R1.txt", returned)
    assert (parsed.kind, parsed.original_message_id) == (ResultKind.RETURN, MESSAGE_ID)
    expected = {
        "reference": REFERENCES[:1],
        "amount_fen": [123_456],
        "account": ACCOUNTS[:1],
        "status_raw": ["3"],
        "reason_raw": ["0009"],
        "text_raw": ["已销户，退回"],
        "bank_reference": ["B20261127000000000003"],
        "settled_on": [date(2026, 11, 27)],
    }
    assert pl.concat(parsed.blocks).equals(pl.DataFrame(expected, schema=RESULT_SCHEMA))


def test_what_the_bank_said_means(profile: BankProfile, result: bytes, returned: bytes) -> None:
    codes = CodeTable.read(CONFIG / "codes" / f"{profile.code_table}.csv")
    blocks = [
        block
        for name, content in ((f"DR{MESSAGE_ID}_001.txt", result), (f"DT{MESSAGE_ID}_R1.txt", returned))
        for block in parse(profile, name, content).blocks
    ]
    decoded = codes.apply(pl.concat(blocks)).select("outcome", "reason", "remedy", "mapped")
    assert decoded.rows() == [
        ("PAID", None, None, True),
        ("FAILED", "NAME_MISMATCH", "CORRECT_AND_REISSUE", True),
        ("ACCEPTED", None, None, True),
        ("RETURNED", "ACCT_CLOSED", "CORRECT_AND_REISSUE", True),
    ]
