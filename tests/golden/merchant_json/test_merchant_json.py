"""The shipped profile ``merchant-json`` against the bank's document: hand-written JSON, and a form made with openssl."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

from adapters.code_table import CodeTable
from adapters.contract import RESULT_SCHEMA, InstructionHead, ParsedResult, Question, ResultKind
from adapters.dialects.signed_json import SignedJsonDialect
from adapters.envelopes.contract import EnvelopeKeys
from adapters.envelopes.json_sm4 import JsonSm4Envelope
from adapters.profile import BankProfile
from adapters.profile_reader import read_profile
from crypto.contract import MessageCipher, StreamSigner, StreamVerifier
from crypto.import_keys import import_sm4
from crypto.schemes.sm2_keys import public_from_pem
from crypto.schemes.sm2_sm3 import Sm2Verifier
from crypto.schemes.sm4_cbc import Sm4CbcCipher
from messages.batch.columns import STORED_SCHEMA
from messages.outcome import Outcome

CONFIG = Path(__file__).parents[3] / "config"
MESSAGE_ID = "7K3M9QXWZ4T2F0001"
REFERENCES = ["7K3M9QXWZ4T200000000", "7K3M9QXWZ4T200000001", "7K3M9QXWZ4T200010000"]
ACCOUNTS = ["6217000000000000012", "6217990000000000022", "24010100040098765"]
DIALECT = SignedJsonDialect()
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
    debtor_bank_code="308738019001",
)
Golden = Callable[[str], bytes]


class BankKeys:
    """What the gateway knows of the bank that made the form: its public key and the shared one."""

    def __init__(self, golden: Golden):
        self._golden = golden

    def signer(self) -> StreamSigner:
        raise AssertionError("nothing is signed here")

    def verifier(self) -> StreamVerifier:
        point = public_from_pem(self._golden("bank-public.pem").decode())
        return Sm2Verifier({"bank": point}, "N530100021000000", "raw")

    def cipher(self) -> MessageCipher:
        return Sm4CbcCipher({"sm4": import_sm4(self._golden("sm4.hex").decode()).secret or b""}, "sm4")


@pytest.fixture(scope="module")
def profile() -> BankProfile:
    return read_profile(CONFIG / "banks" / "merchant-json.yaml")


@pytest.fixture(scope="module")
def items() -> pl.DataFrame:
    columns = {
        "item_id": ["A-1", "A-2", "A-3"],
        "payee_kind": ["PERSON", "PERSON", "ORGANISATION"],
        "name": ["阿依古丽·买买提", "张𠮷㐂", '彝山"种植\\农民"专业合作社'],
        "id_type": ["RESIDENT_ID", "RESIDENT_ID", "USCC"],
        "id_number": ["653121198803214027", "532301199001013014", "91350100M000100Y43"],
        "account": ACCOUNTS,
        "account_kind": ["SOCIAL_SECURITY_CARD", "BANK_CARD", "CORPORATE"],
        "bank_code": ["308584000013", "403100000004", "402738090017"],
        "mobile": ["13800000001", None, None],
        "address": [None, None, "彝山村"],
        "amount_fen": [123_456, 50_000, 1_000_000_000],
        "remark": ["春耕", None, "</script>&%"],
        "reissues_item_id": [None, None, None],
        "line_no": [1, 2, 3],
        "item_no": [0, 1, 10_000],
    }
    return pl.DataFrame(columns, schema=STORED_SCHEMA).with_columns(pl.Series("reference", REFERENCES))


@pytest.fixture(scope="module")
def generous(profile: BankProfile) -> BankProfile:
    """The document's third item is above the profile's limit for one item."""
    return profile.model_copy(
        update={"limits": profile.limits.model_copy(update={"amount_fen_per_item": 1_000_000_000})}
    )


def test_built_bytes_are_the_document_s(generous: BankProfile, items: pl.DataFrame, golden: Golden) -> None:
    for blocks in ([items], [items[:2], items[2:]], [items[:0], items[:1], items[1:]]):
        assert b"".join(DIALECT.build(generous, HEAD, blocks)) == golden("batch-pay.json")


def test_the_query_is_the_document_s(profile: BankProfile, golden: Golden) -> None:
    moment = datetime(2026, 11, 26, 1, 30, tzinfo=UTC)
    question = Question(f"{MESSAGE_ID}000000001", MESSAGE_ID, moment, HEAD.requested_on, HEAD.debtor_account)
    assert DIALECT.inquiry(profile, question) == golden("detail-query.json")


@pytest.mark.parametrize(
    ("name", "status", "text", "meaning"),
    [
        ("taken.json", "SUC0000", None, Outcome.ACCEPTED),
        ("refused.json", "ERR9003", "总金额与明细不符", Outcome.FAILED),
        ("never-seen.json", "NTD0001", "查无此业务参考号", Outcome.ABSENT),
    ],
)
def test_a_word_about_the_whole(
    profile: BankProfile, golden: Golden, name: str, status: str, text: str | None, meaning: Outcome
) -> None:
    parsed = DIALECT.parse(profile, "", [golden(name)])
    assert parsed == ParsedResult(ResultKind.ACKNOWLEDGEMENT, MESSAGE_ID, group_status_raw=status, group_text_raw=text)
    codes = CodeTable.read(CONFIG / "codes" / f"{profile.code_table}.csv")
    assert codes.file_status(status) is meaning


def test_a_sealed_answer_opens_and_means_what_it_says(profile: BankProfile, golden: Golden) -> None:
    keys: EnvelopeKeys = BankKeys(golden)
    opened = JsonSm4Envelope().open(profile, golden("detail-mixed.form"), keys)
    assert opened.body == golden("detail-mixed.json")
    assert opened.key_id == "bank"
    parsed = DIALECT.parse(profile, "", [opened.body])
    assert (parsed.kind, parsed.original_message_id) == (ResultKind.RESULT, MESSAGE_ID)
    expected = {
        "reference": [*REFERENCES, "7K3M9QXWZ4T200010001"],
        "amount_fen": [123_456, 50_000, 1_000_000_000, 50_000],
        "account": [*ACCOUNTS, "6217000000000000038"],
        "status_raw": ["S", "F", "P", "B"],
        "reason_raw": [None, "RJ02", None, "RJ31"],
        "text_raw": [None, "户名不符", None, "已销户，退回"],
        "bank_reference": ["B20261125000000017", None, None, "B20261126000000002"],
        "settled_on": [date(2026, 11, 25), None, None, date(2026, 11, 26)],
    }
    rows = pl.concat(parsed.blocks)
    assert rows.equals(pl.DataFrame(expected, schema=RESULT_SCHEMA))
    codes = CodeTable.read(CONFIG / "codes" / f"{profile.code_table}.csv")
    assert codes.apply(rows).select("outcome", "reason", "remedy", "mapped").rows() == [
        ("PAID", None, None, True),
        ("FAILED", "NAME_MISMATCH", "CORRECT_AND_REISSUE", True),
        ("ACCEPTED", None, None, True),
        ("RETURNED", "ACCT_CLOSED", "CORRECT_AND_REISSUE", True),
    ]
