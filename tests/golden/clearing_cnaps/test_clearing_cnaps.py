"""The shipped profile ``clearing-cnaps`` against the centre's document: hand-written bytes both ways."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

from adapters.code_table import CodeTable
from adapters.contract import RESULT_SCHEMA, InstructionHead, ParsedResult, Question, ResultKind
from adapters.dialects.cnaps2 import Cnaps2Dialect
from adapters.profile import BankProfile
from adapters.profile_reader import read_profile
from crypto.schemes.sm2_keys import public_from_pem
from crypto.schemes.sm2_sm3 import Sm2Verifier
from messages.batch.columns import STORED_SCHEMA
from messages.cnaps2 import block, block_header
from messages.cnaps2.batch_credit_read import read_batch_credit
from messages.cnaps2.block_header import BlockHeader
from messages.cnaps2.kinds import MessageType
from messages.cnaps2.reading import read_message
from messages.cnaps2.writing import Heading, return_answer

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
    debtor_bank_code="104731900015",
)
DIALECT = Cnaps2Dialect()
STATES = {
    "reference": REFERENCES,
    "amount_fen": FEN,
    "account": ACCOUNTS,
    "status_raw": ["PR05", "PR09", "PR04"],
    "reason_raw": [None, "RJ02", None],
    "text_raw": [None, "账号 & 户名不符", None],
    "bank_reference": ["C2026112500000017", None, None],
    "settled_on": [date(2026, 11, 25), None, None],
}


@pytest.fixture(scope="module")
def profile() -> BankProfile:
    return read_profile(CONFIG / "banks" / "clearing-cnaps.yaml")


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
        "bank_code": ["104731900015", "403100000004", "104731900015"],
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


def test_batch_credit_is_the_document_s(profile: BankProfile, items: pl.DataFrame) -> None:
    built = b"".join(DIALECT.build(profile, HEAD, [items[:2], items[2:]]))
    assert built == content("beps382.xml")


def test_the_centre_reads_back_what_was_instructed(items: pl.DataFrame) -> None:
    read = read_batch_credit(content("beps382.xml"))
    same = ["reference", "account", "name", "bank_code", "amount_fen"]
    assert read.items.select(same).equals(items.select(same))
    assert read.items["remark"].to_list() == ["春耕 & <首批>", None, None]
    assert (read.message_id, read.requested_on) == (MESSAGE_ID, date(2026, 11, 25))
    assert read.head["debtor_name"] == "示范县农业农村局"


def test_block_header_and_signed_text() -> None:
    header = BlockHeader(
        sender="C5301000000001",
        receiver="104731900015",
        sent_at=datetime.fromisoformat("2026-11-23T00:30:15"),
        message_type=MessageType.BATCH_CREDIT,
        message_id=MESSAGE_ID,
    )
    assert header.encode() == content("beps382.header") and block_header.OCTETS == 132
    assert block_header.decode(content("beps382.header") + b"rest") == header
    assert block.signed_text(header, content("beps382.xml")) == content("beps382.signed.txt")


def test_a_whole_message_that_openssl_signed() -> None:
    parts = block.split(content("beps383.message"))
    assert (parts.header.direction, parts.header.reference) == ("D", MESSAGE_ID)
    assert parts.body == content("beps383.xml")
    public = public_from_pem(content("centre-sm2.pub.pem").decode("ascii"))
    verifier = Sm2Verifier({"centre": public}, "1234567812345678", "der")
    verifier.update(block.signed_text(parts.header, parts.body))
    assert verifier.verify(parts.signature) == "centre"


@pytest.mark.parametrize(
    ("name", "status", "reason", "text"),
    [
        ("ccms900_accepted.xml", "PR07", None, None),
        ("ccms900_refused.xml", "PR09", "RJ35", "核签错"),
        ("ccms911.xml", "PR24", None, "报文编号未知"),
    ],
)
def test_acknowledgements(profile: BankProfile, name: str, status: str, reason: str | None, text: str | None) -> None:
    assert parse(profile, name) == ParsedResult(ResultKind.ACKNOWLEDGEMENT, MESSAGE_ID, status, reason, text)


@pytest.mark.parametrize(("name", "status"), [("beps383.xml", "PR03"), ("ccms315_states.xml", "QR00")])
def test_states(profile: BankProfile, name: str, status: str) -> None:
    parsed = parse(profile, name)
    assert (parsed.kind, parsed.group_status_raw) == (ResultKind.RESULT, status)
    assert pl.concat(parsed.blocks).equals(pl.DataFrame(STATES, schema=RESULT_SCHEMA))


def test_an_instruction_that_never_came(profile: BankProfile) -> None:
    assert parse(profile, "ccms315_absent.xml") == ParsedResult(ResultKind.RESULT, MESSAGE_ID, "QR01")


def test_return_request_and_its_answers(profile: BankProfile) -> None:
    parsed = parse(profile, "ccms318.xml")
    assert (parsed.kind, parsed.original_message_id) == (ResultKind.RETURN, MESSAGE_ID)
    day = date(2026, 11, 27)
    row = (REFERENCES[0], 123_456, ACCOUNTS[0], "PR23", "RJ09", "退票", "C2026112700000003", day)
    assert pl.concat(parsed.blocks).rows() == [row]
    request = read_message(content("ccms318.xml")).message_id
    at = datetime.fromisoformat("2026-11-25T10:00:00")
    agreed = Heading("R20261128000001", at, request, MessageType.RETURN_REQUEST)
    assert return_answer(agreed, agreed=True) == content("ccms319_agreed.xml")
    refused = Heading("R20261128000002", at, request, MessageType.RETURN_REQUEST)
    written = return_answer(refused, agreed=False, reason="RJ90", text="款项已由收款人确认")
    assert written == content("ccms319_refused.xml")


def test_inquiry(profile: BankProfile) -> None:
    asked = Question(
        inquiry_id="7K3M9QXWZ4T2F0001ABCDEFG01",
        original_message_id=MESSAGE_ID,
        created_at=datetime(2026, 11, 25, 2, tzinfo=UTC),
        requested_on=date(2026, 11, 25),
        debtor_account="24039001040012345",
        references=(REFERENCES[0], REFERENCES[2]),
    )
    assert DIALECT.inquiry(profile, asked) == content("ccms314.xml")


def test_what_the_centre_said_means(profile: BankProfile) -> None:
    codes = CodeTable.read(CONFIG / "codes" / f"{profile.code_table}.csv")
    blocks = [block for name in ("beps383.xml", "ccms318.xml") for block in parse(profile, name).blocks]
    assert codes.apply(pl.concat(blocks)).select("outcome", "reason", "mapped").rows() == [
        ("PAID", None, True),
        ("FAILED", "NAME_MISMATCH", True),
        ("ACCEPTED", None, True),
        ("RETURNED", "RETURNED", True),
    ]
    whole = {"PR07": "ACCEPTED", "PR09": "FAILED", "PR24": "FAILED", "QR00": "ACCEPTED", "QR01": "ABSENT"}
    assert {status: codes.file_status(status).value for status in whole} == whole
    assert codes.reason("PR09", "RJ91") == "DUPLICATE" and codes.reason("PR09", "RJ35") == "SIGNATURE"
    assert codes.file_status("PR13") == "UNKNOWN"
    doubtful = [codes.decode(status, None).outcome for status in ("PR13", "PR32", "PR77")]
    assert doubtful == ["UNKNOWN"] * 3
