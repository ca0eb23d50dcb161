"""The shipped profile ``treasury-voucher`` against the bank's document: hand-written vouchers both ways."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

from adapters.code_table import CodeTable
from adapters.contract import RESULT_SCHEMA, InstructionHead, ParsedResult, Question, ResultKind
from adapters.dialects.treasury_voucher import TreasuryVoucherDialect
from adapters.profile import BankProfile
from adapters.profile_reader import read_profile
from messages.batch.columns import STORED_SCHEMA
from messages.voucher.body import write_body
from messages.voucher.envelope import read_mof
from messages.voucher.field_sets import FIELD_SETS

HERE = Path(__file__).parent
CONFIG = HERE.parents[2] / "config"
MESSAGE_ID = "7K3M9QXWZ4T2F0001"
REFERENCES = ["7K3M9QXWZ4T200000000", "7K3M9QXWZ4T200000001", "7K3M9QXWZ4T200010000"]
ACCOUNTS = ["6217000000000000012", "6217990000000000022", "24010100040098765"]
FEN = [123_456, 50_000, 1_000_000_000]
HEAD = InstructionHead(
    message_id=MESSAGE_ID,
    file_no=1,
    rows=3,
    total_fen=1_000_173_456,
    created_at=datetime(2026, 11, 22, 16, 30, 15, tzinfo=UTC),  # already the 23rd in China
    requested_on=date(2026, 11, 25),
    batch_no="2026-0017",
    project_code="GDLBH-2026",
    policy_name="耕地地力保护补贴",
    voucher_no="532300-2026-000017",
    debtor_name="示范县农业农村局",
    debtor_account="24039001040012345",
    debtor_bank_code="105731900013",
)
DIALECT = TreasuryVoucherDialect()


@pytest.fixture(scope="module")
def profile() -> BankProfile:
    return read_profile(CONFIG / "banks" / "treasury-voucher.yaml")


@pytest.fixture(scope="module")
def items() -> pl.DataFrame:
    columns = {
        "item_id": ["A-1", "A-2", "A-3"],
        "payee_kind": ["PERSON", "PERSON", "ORGANISATION"],
        "name": ["阿依古丽·买买提", "张喆", "彝山种植农民专业合作社"],
        "id_type": ["RESIDENT_ID", "RESIDENT_ID", "USCC"],
        "id_number": ["653121198803214027", "532301199001013014", "91350100M000100Y43"],
        "account": ACCOUNTS,
        "account_kind": ["SOCIAL_SECURITY_CARD", "BANK_CARD", "CORPORATE"],
        "bank_code": ["105731900013", "403100000004", "105731900013"],
        "mobile": ["13800000001", None, None],
        "address": [None, None, "彝山村"],
        "amount_fen": FEN,
        "remark": ["春耕 & <首批>", None, ""],
        "reissues_item_id": [None, None, None],
        "line_no": [1, 2, 3],
        "item_no": [0, 1, 10_000],
    }
    return pl.DataFrame(columns, schema=STORED_SCHEMA).with_columns(pl.Series("reference", REFERENCES))


def content(name: str) -> bytes:
    return (HERE / name).read_bytes()


def parse(profile: BankProfile, name: str) -> ParsedResult:
    return DIALECT.parse(profile, "", [content(name)])


def test_voucher_8207_is_the_document_s(profile: BankProfile, items: pl.DataFrame) -> None:
    built = b"".join(DIALECT.build(profile, HEAD, [items[:2], items[2:]]))
    assert built == content("8207_sent.mof.xml")


@pytest.mark.parametrize("name", ["8207_sent", "8207_receipt", "2252"])
def test_what_is_read_is_written_again_octet_by_octet(name: str) -> None:
    vouchers = read_mof(content(f"{name}.mof.xml"))
    assert isinstance(vouchers, tuple) and len(vouchers) == 1
    written = write_body(FIELD_SETS[vouchers[0].key.vt_code], vouchers[0].body)
    assert written == content(f"{name}.inner.xml")


def test_receipt(profile: BankProfile) -> None:
    parsed = parse(profile, "8207_receipt.mof.xml")
    assert (parsed.kind, parsed.original_message_id) == (ResultKind.RESULT, MESSAGE_ID)
    expected = {
        "reference": REFERENCES,
        "amount_fen": FEN,
        "account": ACCOUNTS,
        "status_raw": ["FULL", "NONE", "OPEN"],
        "reason_raw": [None, "0037", None],
        "text_raw": [None, "户名不符", None],
        "bank_reference": ["B20261125000000000017", "B20261125000000000018", None],
        "settled_on": [date(2026, 11, 25), None, None],
    }
    assert pl.concat(parsed.blocks).equals(pl.DataFrame(expected, schema=RESULT_SCHEMA))


def test_refund_notice(profile: BankProfile) -> None:
    parsed = parse(profile, "2252.mof.xml")
    assert (parsed.kind, parsed.original_message_id) == (ResultKind.RETURN, MESSAGE_ID)
    day, words = date(2026, 11, 27), ("RETURN", "0009", "已销户，退回", "B20261127000000000003")
    assert pl.concat(parsed.blocks).rows() == [(REFERENCES[0], 123_456, ACCOUNTS[0], *words, day)]


@pytest.mark.parametrize(
    ("name", "status", "code", "text"),
    [
        ("status_signed.xml", "15", None, None),
        ("status_refused.xml", "16", "EVS100", "验签失败"),
        ("status_absent.xml", "00", None, "凭证不存在"),
    ],
)
def test_status(profile: BankProfile, name: str, status: str, code: str | None, text: str | None) -> None:
    assert parse(profile, name) == ParsedResult(ResultKind.ACKNOWLEDGEMENT, MESSAGE_ID, status, code, text)


def test_query(profile: BankProfile) -> None:
    asked = Question(
        inquiry_id="7K3M9QXWZ4T2F0001ABCDEFG01",
        original_message_id=MESSAGE_ID,
        created_at=datetime(2026, 11, 25, 2, tzinfo=UTC),
        requested_on=date(2026, 11, 25),
        debtor_account="24039001040012345",
    )
    assert DIALECT.inquiry(profile, asked) == content("query.xml")


def test_what_the_bank_said_means(profile: BankProfile) -> None:
    codes = CodeTable.read(CONFIG / "codes" / f"{profile.code_table}.csv")
    names = ("8207_receipt.mof.xml", "2252.mof.xml")
    blocks = [block for name in names for block in parse(profile, name).blocks]
    assert codes.apply(pl.concat(blocks)).select("outcome", "reason", "mapped").rows() == [
        ("PAID", None, True),
        ("FAILED", "NAME_MISMATCH", True),
        ("ACCEPTED", None, True),
        ("RETURNED", "ACCT_CLOSED", True),
    ]
    whole = {"15": "ACCEPTED", "16": "FAILED", "00": "ABSENT", "60": "ACCEPTED", "62": "UNKNOWN", "90": "FAILED"}
    assert {status: codes.file_status(status).value for status in whole} == whole
    assert codes.reason("16", "EVS005") == "DUPLICATE" and codes.decode("DIFF", None).outcome == "UNKNOWN"
