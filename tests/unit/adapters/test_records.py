"""The layout dialect over fixed width: contract errors, limits, and the simulated bank written from the same document."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import polars as pl
import pytest

from adapters.contract import RESULT_SCHEMA, CannotTranslate, InstructionHead, MessageRefused
from adapters.dialects.records import HEAD_ITEM, LayoutDialect
from adapters.profile import BankProfile
from messages.batch.columns import STORED_SCHEMA
from messages.batch.numbering import item_references
from messages.layout.vocabulary import VOCABULARIES, MessageName
from simulators.answers import Kind, Status
from simulators.bank_contract import Order
from simulators.codecs.layout import TotallingLayoutCodec
from simulators.declaration import read_bank, shipped_config

BATCH = "7K3M9QXWZ4T2"
MESSAGE_ID = f"{BATCH}F0001"
DIALECT = LayoutDialect()
RURAL = read_bank(shipped_config(), "rural-fixed")
assert RURAL.layout is not None
BANK = TotallingLayoutCodec(RURAL, RURAL.layout)
HEAD = InstructionHead(
    message_id=MESSAGE_ID,
    file_no=1,
    rows=3,
    total_fen=600,
    created_at=datetime(2026, 11, 23, 1, tzinfo=UTC),
    requested_on=date(2026, 11, 25),
    batch_no="1",
    project_code="P",
    policy_name="耕地地力保护补贴",
    voucher_no="",
    debtor_name="示范县农业农村局",
    debtor_account="24039001040012345",
    debtor_bank_code="402738090017",
)


@pytest.fixture(scope="module")
def rural(profiles: dict[str, BankProfile]) -> BankProfile:
    return profiles["rural-fixed"]


@pytest.fixture
def items() -> pl.DataFrame:
    columns: dict[str, list[object]] = {name: [None] * 3 for name in STORED_SCHEMA}
    columns |= {
        "payee_kind": ["PERSON"] * 3,
        "name": ["阿·力", "𠮷田", "张三"],
        "id_type": ["RESIDENT_ID"] * 3,
        "id_number": ["653121198803214027"] * 3,
        "account": ["6217000000000000012", "62179900000000000", "1"],
        "account_kind": ["SOCIAL_SECURITY_CARD"] * 3,
        "bank_code": ["402738090017"] * 3,
        "amount_fen": [100, 200, 300],
        "item_no": [20_000, 20_001, 20_002],
    }
    return pl.DataFrame(columns, schema=STORED_SCHEMA).with_columns(item_references(BATCH))


def test_rows_per_file_obeys_rows_and_octets(rural: BankProfile) -> None:
    assert DIALECT.rows_per_file(rural) == rural.limits.rows_per_file
    tight = rural.model_copy(
        update={"limits": rural.limits.model_copy(update={"bytes_per_file": 218 + 29 + 294 * 7 + 5})}
    )
    assert DIALECT.rows_per_file(tight) == 7


def test_intake_is_told_what_cannot_be_carried_before_items_have_references(
    rural: BankProfile, items: pl.DataFrame
) -> None:
    block = items.drop("reference", "item_no").with_columns(pl.Series("name", ["阿·力", "长" * 61, "张\t三"]))
    assert DIALECT.carries(rural, block) == [
        (1, "name", "has 122 octets, the field has 120"),
        (2, "name", "holds a control character"),
    ]


def test_an_item_that_cannot_be_written_is_named_by_its_number(rural: BankProfile, items: pl.DataFrame) -> None:
    with pytest.raises(CannotTranslate) as refused:
        list(DIALECT.build(rural, HEAD, [items[:1], items[1:].with_columns(remark=pl.lit("长" * 31))]))
    assert refused.value.findings == [(no, "remark", "has 62 octets, the field has 60") for no in (20_001, 20_002)]
    assert "长" not in str(refused.value)


def test_a_head_that_cannot_be_written_is_told_as_such(rural: BankProfile, items: pl.DataFrame) -> None:
    long = replace(HEAD, policy_name="补" * 31)
    assert DIALECT.carries_head(rural, HEAD) == []
    assert DIALECT.carries_head(rural, long) == [("policy_name", "has 62 octets, the field has 60")]
    with pytest.raises(CannotTranslate) as refused:
        list(DIALECT.build(rural, long, [items]))
    assert refused.value.findings[0][0] == HEAD_ITEM


def test_the_same_batch_gives_the_same_bytes(rural: BankProfile, items: pl.DataFrame) -> None:
    whole = b"".join(DIALECT.build(rural, HEAD, [items]))
    assert whole == b"".join(DIALECT.build(rural, HEAD, [items[:1], items[1:1], items[1:]]))


def test_the_simulated_bank_reads_what_we_write(rural: BankProfile, items: pl.DataFrame) -> None:
    read = BANK.read(b"".join(DIALECT.build(rural, HEAD, [items])))
    assert isinstance(read, Order)
    assert (read.message_id, read.created_on, read.requested_on) == (MESSAGE_ID, date(2026, 11, 23), date(2026, 11, 25))
    for name in ("reference", "account", "name", "amount_fen"):
        assert read.items[name].to_list() == items[name].to_list()


def said(items: pl.DataFrame) -> Order:
    return Order(MESSAGE_ID, date(2026, 11, 25), items, date(2026, 11, 24))


def answers(items: pl.DataFrame, status: list[Status], reason: list[str | None]) -> pl.DataFrame:
    return items.select("reference", "account", "amount_fen").with_columns(
        pl.Series("status", status, dtype=pl.String),
        pl.Series("reason", reason, dtype=pl.String),
        pl.Series("text", ["", "户名不符", ""]),
        pl.Series("serial", ["S1", None, None], dtype=pl.String),
        pl.Series("settled_on", [date(2026, 11, 24), None, None], dtype=pl.Date),
    )


def test_we_read_what_the_simulated_bank_writes(rural: BankProfile, items: pl.DataFrame) -> None:
    rows = answers(items, [Status.PAID, Status.FAILED, Status.PROCESSING], [None, "0037", None])
    content = BANK.result(said(items), Kind.RESULT, 1, rows)
    parsed = DIALECT.parse(rural, f"DR{MESSAGE_ID}_001.txt", [content])
    block = pl.concat(parsed.blocks)
    assert dict(block.schema) == RESULT_SCHEMA
    assert block["reference"].to_list() == items["reference"].to_list()
    assert block["status_raw"].to_list() == ["0", "1", "2"]
    assert block["reason_raw"].to_list() == [None, "0037", None]
    assert block["text_raw"].to_list() == [None, "户名不符", None]
    assert block["bank_reference"].to_list() == ["S1", None, None]
    assert block["settled_on"].to_list() == [date(2026, 11, 24), None, None]
    acknowledgement = BANK.acknowledgement(MESSAGE_ID, date(2026, 1, 1), "9002", "验签失败") or b""
    refused = DIALECT.parse(rural, f"DA{MESSAGE_ID}.txt", [acknowledgement])
    assert (refused.group_status_raw, refused.group_text_raw, refused.blocks) == ("9002", "验签失败", ())


def test_what_is_not_the_document_s_is_refused_with_its_place(rural: BankProfile, items: pl.DataFrame) -> None:
    rows = answers(items, [Status.PAID] * 3, [None] * 3)
    content = BANK.wrong_total(said(items), Kind.RESULT, 1, rows)
    with pytest.raises(MessageRefused) as refused:
        DIALECT.parse(rural, f"DR{MESSAGE_ID}_001.txt", [content])
    assert (refused.value.line, refused.value.field_name, refused.value.clause) == (1, "total_amount", "4.1.7")


def test_a_result_is_no_return(rural: BankProfile, items: pl.DataFrame) -> None:
    content = BANK.result(said(items), Kind.RESULT, 1, answers(items, [Status.PAID] * 3, [None] * 3))
    with pytest.raises(MessageRefused, match=r"is not B.*line 1, field file_kind, clause 5\.1\.4"):
        DIALECT.parse(rural, f"DT{MESSAGE_ID}_001.txt", [content])


def test_name_and_header_must_speak_of_one_instruction(rural: BankProfile) -> None:
    content = BANK.acknowledgement(MESSAGE_ID, date(2026, 1, 1), None, "") or b""
    with pytest.raises(MessageRefused, match="two different instructions"):
        DIALECT.parse(rural, f"DA{BATCH}F0002.txt", [content])
    with pytest.raises(MessageRefused, match="none of the bank's patterns"):
        DIALECT.parse(rural, "unexpected.txt", [content])


def test_a_file_above_the_bank_s_limit_is_refused_early(rural: BankProfile) -> None:
    def endless() -> object:
        while True:
            yield b"H" * 10_000_000

    with pytest.raises(MessageRefused, match=r"result_bytes|CR LF"):
        DIALECT.parse(rural, f"DR{MESSAGE_ID}_001.txt", endless())  # type: ignore[arg-type]


def test_a_profile_without_its_layout_is_our_fault(rural: BankProfile) -> None:
    with pytest.raises(ValueError, match="profile_reader"):
        DIALECT.rows_per_file(rural.model_copy(update={"record_layout": None}))


def test_the_layout_s_words_are_the_contract_s_words() -> None:
    assert set(VOCABULARIES[MessageName.RESULT].detail) == set(RESULT_SCHEMA)
    carried = set(VOCABULARIES[MessageName.INSTRUCTION].detail)
    assert carried - set(STORED_SCHEMA) == {"reference"}
    heads = set(VOCABULARIES[MessageName.INSTRUCTION].header) - {"created_on"}
    assert heads <= set(InstructionHead.__slots__)
