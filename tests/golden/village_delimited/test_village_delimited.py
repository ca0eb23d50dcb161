"""The shipped profile ``village-delimited`` against the bank's document: hand-laid bytes both ways."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

from adapters.code_table import CodeTable
from adapters.contract import RESULT_SCHEMA, InstructionHead, MessageRefused, ParsedResult, ResultKind
from adapters.profile import BankProfile
from adapters.profile_reader import read_profile
from adapters.registry import DIALECTS
from messages.batch.columns import STORED_SCHEMA
from messages.layout.file import compiled
from messages.layout.vocabulary import MessageName

CONFIG = Path(__file__).parents[3] / "config"
DIALECT = DIALECTS["delimited"]
MESSAGE_ID = "7K3M9QXWZ4T2F0001"
REFERENCES = ["7K3M9QXWZ4T200000000", "7K3M9QXWZ4T200000001", "7K3M9QXWZ4T200010000"]
ACCOUNTS = ["6217000000000000012", "6217990000000000022", "24010100040098765"]
HEAD = InstructionHead(
    message_id=MESSAGE_ID,
    file_no=1,
    rows=3,
    total_fen=1_000_173_456,
    created_at=datetime(2026, 11, 22, 16, 30, tzinfo=UTC),
    requested_on=date(2026, 11, 25),
    batch_no="2026-0017",
    project_code="GDLBH-2026",
    policy_name="耕地地力保护补贴",
    voucher_no="532300-2026-000017",
    debtor_name="示范县农业农村局",
    debtor_account="24039001040012345",
    debtor_bank_code="320738090010",
)


@pytest.fixture(scope="module")
def profile() -> BankProfile:
    return read_profile(CONFIG / "banks" / "village-delimited.yaml")


@pytest.fixture(scope="module")
def items() -> pl.DataFrame:
    columns: dict[str, list[object]] = {name: [None] * 3 for name in STORED_SCHEMA}
    columns |= {
        "name": ["阿依古丽·买买提", "张𠮷渱", "彝山种植农民专业合作社"],
        "id_type": ["RESIDENT_ID", "RESIDENT_ID", "USCC"],
        "id_number": ["653121198803214027", "532301199001013014", "91350100M000100Y43"],
        "account": ACCOUNTS,
        "amount_fen": [123_456, 50_000, 1_000_000_000],
        "item_no": [0, 1, 10_000],
    }
    return pl.DataFrame(columns, schema=STORED_SCHEMA).with_columns(pl.Series("reference", REFERENCES))


def parse(profile: BankProfile, name: str, content: bytes) -> ParsedResult:
    return DIALECT.parse(profile, name, [content])


def test_built_bytes_are_the_document_s(profile: BankProfile, items: pl.DataFrame, instruction: bytes) -> None:
    assert b"".join(DIALECT.build(profile, HEAD, [items[:2], items[2:]])) == instruction


def test_a_bank_reads_back_what_was_instructed(profile: BankProfile, items: pl.DataFrame, instruction: bytes) -> None:
    assert profile.record_layout is not None
    parsed = compiled(profile.record_layout, MessageName.INSTRUCTION, "gb18030").parse([instruction])
    details = pl.concat(parsed.blocks)
    assert details.equals(items.select(details.columns))
    assert parsed.head == {
        "message_id": MESSAGE_ID,
        "requested_on": date(2026, 11, 25),
        "debtor_account": "24039001040012345",
        "policy_name": "耕地地力保护补贴",
        "rows": 3,
        "total_fen": 1_000_173_456,
    }


def test_acknowledgement(profile: BankProfile, acknowledgement: bytes) -> None:
    assert parse(profile, f"DA{MESSAGE_ID}.txt", acknowledgement) == ParsedResult(
        ResultKind.ACKNOWLEDGEMENT, MESSAGE_ID, group_status_raw="0000", group_text_raw="文件已受理"
    )


def test_result(profile: BankProfile, succeeded: bytes, failed: bytes) -> None:
    parts = [parse(profile, f"DR{MESSAGE_ID}_{part}.txt", data) for part, data in (("S", succeeded), ("F", failed))]
    assert {(part.kind, part.original_message_id) for part in parts} == {(ResultKind.RESULT, MESSAGE_ID)}
    expected = {
        "reference": [REFERENCES[0], REFERENCES[2], REFERENCES[1]],
        "amount_fen": [123_456, 1_000_000_000, 50_000],
        "account": [ACCOUNTS[0], ACCOUNTS[2], ACCOUNTS[1]],
        "status_raw": ["0", "2", "1"],
        "reason_raw": [None, None, "户名不符"],
        "text_raw": [None, None, None],
        "bank_reference": ["V20261125000000000017", None, None],
        "settled_on": [date(2026, 11, 25), None, None],
    }
    blocks = [block for part in parts for block in part.blocks]
    assert pl.concat(blocks).equals(pl.DataFrame(expected, schema=RESULT_SCHEMA))


def test_what_the_bank_said_means(profile: BankProfile, succeeded: bytes, failed: bytes, returned: bytes) -> None:
    codes = CodeTable.read(CONFIG / "codes" / f"{profile.code_table}.csv")
    files = (
        (f"DR{MESSAGE_ID}_S.txt", succeeded),
        (f"DR{MESSAGE_ID}_F.txt", failed),
        (f"DT{MESSAGE_ID}_1.txt", returned),
    )
    blocks = [block for name, content in files for block in parse(profile, name, content).blocks]
    assert codes.apply(pl.concat(blocks)).select("outcome", "reason", "remedy", "mapped").rows() == [
        ("PAID", None, None, True),
        ("ACCEPTED", None, None, True),
        ("FAILED", "NAME_MISMATCH", "CORRECT_AND_REISSUE", True),
        ("RETURNED", "ACCT_CLOSED", "CORRECT_AND_REISSUE", True),
    ]


def test_a_return_is_no_result(profile: BankProfile, returned: bytes) -> None:
    assert parse(profile, f"DT{MESSAGE_ID}_1.txt", returned).kind is ResultKind.RETURN
    with pytest.raises(MessageRefused, match=r"is not DR.*line 1, field file_kind, clause 4\.1\.1"):
        parse(profile, f"DR{MESSAGE_ID}_1.txt", returned)


def test_a_bar_within_a_name_is_told_at_intake(profile: BankProfile, items: pl.DataFrame) -> None:
    block = items.with_columns(pl.Series("name", ["甲|乙", "丙", "丁" * 31]))
    assert DIALECT.carries(profile, block.drop("reference", "item_no")) == [
        (0, "name", "holds the delimiter |, and the document has no quotes"),
        (2, "name", "has 62 octets, the field has 60"),
    ]
