"""The shipped record-XML profiles against their banks' documents: files written by hand, both ways.

``tests/golden/<bank>/`` holds the document and its examples, typed from the document's tables and turned into GBK with iconv.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

from adapters.code_table import CodeTable
from adapters.contract import InstructionHead, ParsedResult, Question, ResultKind
from adapters.dialects.records import LayoutDialect
from adapters.envelopes.contract import Outer
from adapters.envelopes.registry import ENVELOPES
from adapters.profile import BankProfile
from adapters.profile_reader import read_profile
from crypto.contract import KeyUnusable, MessageCipher, StreamSigner, StreamVerifier
from messages.outcome import Outcome

CONFIG = Path(__file__).parents[2] / "config"
BANKS = {"coop-tcp": "401737300187", "agri-tcp": "103737300128", "indust-form": "102737300154"}
MESSAGE_ID = "7K3M9QXWZ4T2F0001"
INQUIRY_ID = "7K3M9QXWZ4T2F0001Q00000001"
ASKED_AT = datetime(2026, 11, 24, 0, 0, 5, tzinfo=UTC)
DIALECT = LayoutDialect()


@pytest.fixture(params=sorted(BANKS))
def bank(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def profile(bank: str) -> BankProfile:
    return read_profile(CONFIG / "banks" / f"{bank}.yaml")


@pytest.fixture
def codes(bank: str) -> CodeTable:
    return CodeTable.read(CONFIG / "codes" / f"{bank}.csv")


def golden(bank: str, name: str) -> bytes:
    return (Path(__file__).parent / bank.replace("-", "_") / name).read_bytes()


def parsed(profile: BankProfile, name: str) -> ParsedResult:
    return DIALECT.parse(profile, "message", [golden(profile.bank, name)])


def items(bank_code: str) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "item_no": [0, 1, 10_000],
            "reference": ["7K3M9QXWZ4T200000000", "7K3M9QXWZ4T200000001", "7K3M9QXWZ4T200010000"],
            "name": ["阿依古丽·买买提", "张镕", "彝山种植&养殖合作社"],
            "id_type": ["RESIDENT_ID", "RESIDENT_ID", "USCC"],
            "id_number": ["653121198803214027", "532301199001013014", "91350100M000100Y43"],
            "account": ["6217000000000000012", "6217990000000000022", "24010100040098765"],
            "bank_code": [bank_code] * 3,
            "amount_fen": [123_456, 50_000, 10_000_000],
            "remark": ["春耕", None, None],
        }
    )


def test_the_instruction_is_the_documents_octet_by_octet(profile: BankProfile) -> None:
    head = InstructionHead(
        message_id=MESSAGE_ID,
        file_no=1,
        rows=3,
        total_fen=10_173_456,
        created_at=datetime(2026, 11, 23, 1, 30, tzinfo=UTC),
        requested_on=date(2026, 11, 25),
        batch_no="B1",
        project_code="GDLBH-2026",
        policy_name="耕地地力保护补贴",
        voucher_no="532300-2026-000017",
        debtor_name="示范县财政局",
        debtor_account="24039001040012345",
        debtor_bank_code=BANKS[profile.bank],
    )
    block = items(BANKS[profile.bank])
    assert DIALECT.carries_head(profile, head) == []
    assert DIALECT.carries(profile, block) == []
    assert b"".join(DIALECT.build(profile, head, [block[:2], block[2:]])) == golden(profile.bank, "instruction.xml")
    assert DIALECT.rows_per_file(profile) >= 600


@pytest.fixture
def question() -> Question:
    return Question(INQUIRY_ID, MESSAGE_ID, ASKED_AT, date(2026, 11, 25), "24039001040012345")


def test_the_inquiry_is_the_documents_octet_by_octet(profile: BankProfile, question: Question) -> None:
    assert DIALECT.inquiry(profile, question) == golden(profile.bank, "inquiry.xml")


def test_the_acknowledgement_is_read(profile: BankProfile, codes: CodeTable) -> None:
    result = parsed(profile, "acknowledgement.xml")
    assert (result.kind, result.original_message_id) == (ResultKind.ACKNOWLEDGEMENT, MESSAGE_ID)
    assert codes.file(result.group_status_raw, result.group_reason_raw).outcome is Outcome.ACCEPTED
    assert result.blocks == ()


def test_the_result_is_read_and_means_what_the_document_says(profile: BankProfile, codes: CodeTable) -> None:
    result = parsed(profile, "result.xml")
    assert (result.kind, result.original_message_id) == (ResultKind.RESULT, MESSAGE_ID)
    rows = codes.apply(pl.concat(result.blocks))
    third = "ACCEPTED" if profile.bank == "indust-form" else "UNKNOWN"
    assert rows.select("outcome", "reason", "mapped").rows() == [
        ("PAID", None, True),
        ("FAILED", "NAME_MISMATCH", True),
        (third, None, True),
        ("RETURNED", "ACCT_CLOSED", True),
    ]
    assert rows["amount_fen"].to_list() == [123_456, 50_000, 10_000_000, 50_000]
    assert rows["text_raw"][3] == "已销户，退回"
    assert rows.select("bank_reference", "settled_on").row(0) == ("H20261125000000017", date(2026, 11, 25))
    assert rows.select("bank_reference", "settled_on").row(1) == (None, None)


@pytest.mark.parametrize(
    ("bank", "name", "outcome"),
    [
        ("coop-tcp", "absent.xml", Outcome.ABSENT),
        ("agri-tcp", "open.xml", Outcome.UNKNOWN),
        ("indust-form", "absent.xml", Outcome.ABSENT),
    ],
    indirect=["bank"],
)
def test_what_the_bank_says_of_the_whole(profile: BankProfile, codes: CodeTable, name: str, outcome: Outcome) -> None:
    result = parsed(profile, name)
    assert (result.kind, result.blocks) == (ResultKind.RESULT, ())
    assert codes.file(result.group_status_raw, result.group_reason_raw).outcome is outcome


def test_a_status_that_the_document_does_not_list_stays_open(codes: CodeTable) -> None:
    assert codes.decode("77", None).outcome is Outcome.UNKNOWN
    assert not codes.decode("77", None).mapped
    assert codes.file("777777").outcome is Outcome.UNKNOWN


class Signing:
    """Signs everything with the same octets, so that an example can show where a signature stands."""

    key_id = "example"

    def update(self, data: bytes) -> None:
        """See StreamSigner."""

    def signature(self) -> bytes:
        return b"signature"


class Keys:
    """``adapters.envelopes.contract.EnvelopeKeys`` for examples."""

    def signer(self) -> StreamSigner:
        return Signing()

    def verifier(self) -> StreamVerifier:
        raise KeyUnusable("none")

    def cipher(self) -> MessageCipher:
        raise KeyUnusable("none")


@pytest.mark.parametrize(
    ("bank", "example"),
    [("coop-tcp", "signed.xml"), ("agri-tcp", "signed.xml"), ("indust-form", "form.txt")],
    indirect=["bank"],
)
def test_the_signature_stands_where_the_document_has_it(profile: BankProfile, example: str) -> None:
    envelope = ENVELOPES[profile.security.envelope]
    outer = Outer(INQUIRY_ID, "inquiry", ASKED_AT)
    content, _ = envelope.seal(profile, outer, golden(profile.bank, "inquiry.xml"), Keys())
    assert content == golden(profile.bank, example)
