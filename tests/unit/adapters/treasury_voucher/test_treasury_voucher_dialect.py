"""The treasury dialect: limits, findings, what a 回单 means, and what it refuses to take for one."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from datetime import UTC, date, datetime

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.contract import CannotTranslate, Inquirer, MessageRefused, Question, ResultKind
from adapters.dialects.treasury_voucher import TreasuryVoucherDialect
from adapters.registry import DIALECTS
from simulators.answers import ANSWER_SCHEMA, Kind
from simulators.bank_contract import Order
from simulators.bank_contract import Question as Asked
from simulators.codecs.treasury_voucher import TreasuryVoucherCodec

DIALECT, CODEC = TreasuryVoucherDialect(), TreasuryVoucherCodec("532300000")
ID = "7K3M9QXWZ4T2F0001"
DAY = date(2026, 11, 25)


def sent(profile, items, head) -> bytes:
    return b"".join(DIALECT.build(profile, head, [items]))


def rows_of(order: Order, **columns: list[object]) -> pl.DataFrame:
    given_columns = [pl.Series(name, values, dtype=ANSWER_SCHEMA[name]) for name, values in columns.items()]
    rows = order.items.select("reference", "account", "amount_fen").with_columns(given_columns)
    missing = [pl.lit(None, dtype=kind).alias(name) for name, kind in ANSWER_SCHEMA.items() if name not in rows.columns]
    return rows.with_columns(missing).select(*ANSWER_SCHEMA)


def changed(content: bytes, old: str, new: str) -> bytes:
    """The voucher in the envelope changed."""
    found = re.search(rb"<Voucher>([^<]+)</Voucher>", content)
    inner = b64decode(found[1]).decode("gbk")
    assert old in inner, old
    return content.replace(found[1], b64encode(inner.replace(old, new).encode("gbk")))


@pytest.fixture
def order(profile, items_of, head_of) -> Order:
    items = items_of({"name": "阿依古丽·买买提"}, {"amount_fen": 7}, {}, {"remark": "春耕 & <首批>"})
    read = CODEC.read(sent(profile, items, head_of(items)))
    assert isinstance(read, Order)
    return read


@pytest.fixture
def receipt(order: Order) -> bytes:
    """One paid, the rest not."""
    status, reason = ["PAID", "FAILED", "FAILED", "FAILED"], [None, "0037", "0004", "9999"]
    rows = rows_of(order, status=status, reason=reason, settled_on=[DAY, None, None, None])
    return CODEC.result(order, Kind.RESULT, 1, rows)


def test_it_is_registered() -> None:
    assert isinstance(DIALECTS["treasury-voucher"], TreasuryVoucherDialect)
    assert isinstance(DIALECTS["treasury-voucher"], Inquirer)


def test_rows_under_every_limit(profile) -> None:
    def rows(**limits: int) -> int:
        return DIALECT.rows_per_file(profile.model_copy(update={"limits": profile.limits.model_copy(update=limits)}))

    assert rows() == 499 and rows(rows_per_file=7) == 7 and rows(rows_per_file=500) == 499
    assert 10 < rows(bytes_per_file=100_000) < 30
    with pytest.raises(ValueError, match="bytes_per_file"):
        rows(bytes_per_file=9_000)


def test_the_profile_must_say_which_vouchers(profile) -> None:
    for change in ({"voucher": None}, {"encoding": "utf-8"}):
        with pytest.raises(ValueError, match="'voucher', and encoding gbk"):
            DIALECT.rows_per_file(profile.model_copy(update=change))


def test_items_that_cannot_be_carried(profile, items_of, head_of) -> None:
    items = items_of(
        {}, {"name": "张𠮷"}, {"name": ""}, {"amount_fen": 100_000_001}, {"remark": "a\nb"}, {"amount_fen": 0}
    )
    found = DIALECT.carries(profile, items)
    assert [(row, name) for row, name, _ in found] == [
        *((1, "name"), (2, "name"), (3, "amount_fen"), (4, "remark"), (5, "amount_fen")),
    ]
    assert "GBK" in found[0][2] and DIALECT.carries(profile, items.drop("reference").head(1)) == []
    with pytest.raises(CannotTranslate) as refused:
        sent(profile, items, head_of(items))
    assert [item for item, _, _ in refused.value.findings] == [5, 1, 2, 4]


def test_a_head_that_cannot_be_carried(profile, items_of, head_of) -> None:
    items = items_of({})
    assert DIALECT.carries_head(profile, head_of(items)) == []
    head = head_of(items, debtor_name="𠮷县", debtor_account="", policy_name="x" * 256)
    assert [name for name, _ in DIALECT.carries_head(profile, head)] == ["debtor_account", "debtor_name", "policy_name"]
    with pytest.raises(CannotTranslate):
        sent(profile, items, head)
    with pytest.raises(ValueError, match="not those of the head"):
        sent(profile, items, head_of(items, total_fen=1))
    many = items_of(*[{}] * 500)
    with pytest.raises(ValueError, match="above 499"):
        sent(profile, many, head_of(many))


def test_the_bank_reads_what_was_instructed(order: Order) -> None:
    assert (order.message_id, order.requested_on, order.day) == (ID, DAY, date(2026, 11, 23))
    assert order.items["name"].to_list() == ["阿依古丽·买买提", "张三", "张三", "张三"]
    assert order.items["amount_fen"].to_list() == [100, 7, 100, 100]


def test_what_the_bank_says_is_what_we_hear(profile, order: Order) -> None:
    rows = rows_of(
        order,
        status=["PAID", "FAILED", "PROCESSING", "RETURNED"],
        reason=[None, "0037", None, "0009"],
        text=[None, "户名不符", None, "已销户"],
        serial=["S1", "S2", "S3", "S4"],
        settled_on=[DAY, None, None, DAY],
    )
    heard = DIALECT.parse(profile, "", [CODEC.result(order, Kind.RESULT, 1, rows)])
    assert (heard.kind, heard.original_message_id, len(heard.blocks)) == (ResultKind.RESULT, ID, 2)
    said, back = heard.blocks
    assert said["status_raw"].to_list() == ["FULL", "NONE", "OPEN", "FULL"]  # what came back was paid before
    assert said.select("reference", "account", "amount_fen").equals(rows.select("reference", "account", "amount_fen"))
    assert said.select("reason_raw", "text_raw", "bank_reference", "settled_on").rows() == [
        *((None, None, "S1", DAY), ("0037", "户名不符", "S2", None), (None, None, None, None), (None, None, "S4", DAY)),
    ]
    assert back.select("reference", "status_raw", "reason_raw", "text_raw").rows() == [
        (rows["reference"][3], "RETURN", "0009", "已销户")
    ]
    notice = DIALECT.parse(profile, "", [CODEC.result(order, Kind.RETURN, 2, rows[3:])])
    assert (notice.kind, notice.original_message_id) == (ResultKind.RETURN, ID)


def test_while_nothing_is_decided_the_status_is_told(profile, order: Order) -> None:
    rows = rows_of(order, status=["PROCESSING"] * 4)
    heard = DIALECT.parse(profile, "", [CODEC.result(order, Kind.RESULT, 1, rows)])
    assert (heard.kind, heard.group_status_raw, heard.blocks) == (ResultKind.ACKNOWLEDGEMENT, "60", ())


def test_acknowledgement_absence_and_question(profile) -> None:
    def heard(body: bytes) -> tuple[object, ...]:
        parsed = DIALECT.parse(profile, "", [body[:50], body[50:]])
        return parsed.original_message_id, parsed.group_status_raw, parsed.group_reason_raw

    assert heard(CODEC.acknowledgement(ID, DAY, None, "")) == (ID, "15", None)
    assert heard(CODEC.acknowledgement(ID, DAY, "EVS005", "重复")) == (ID, "16", "EVS005")
    assert heard(CODEC.absent(ID, DAY)) == (ID, "00", None)
    asked = Question("Q1", ID, datetime(2026, 11, 25, tzinfo=UTC), DAY, "24", ("R1",))
    assert CODEC.read(DIALECT.inquiry(profile, asked)) == Asked(ID)


@pytest.mark.parametrize(
    ("old", "new", "status"),
    [
        ("<XPayAmt>1.00</XPayAmt>", "<XPayAmt>1.00</XPayAmt>", "FULL"),
        ("<XAddWordCode/>", "<XAddWordCode>0000</XAddWordCode>", "FULL"),
        ("<XAddWordCode/>", "<XAddWordCode>0004</XAddWordCode>", "DIFF"),
        ("<XPayeeAcctNo>6217000000000000012", "<XPayeeAcctNo>6217000000000000013", "DIFF"),
        ("<XPayeeAcctNo>6217000000000000012</XPayeeAcctNo>", "<XPayeeAcctNo/>", "FULL"),
        ("1.00</XSumAmt>|<XPayAmt>1.00", "0.99</XSumAmt>|<XPayAmt>0.99", "DIFF"),
        ("1.00</XSumAmt>|<XPayAmt>1.00", "1.01</XSumAmt>|<XPayAmt>1.01", "DIFF"),
        ("1.00</XSumAmt>|<XPayAmt>1.00", "0.00</XSumAmt>|<XPayAmt>0.00", "OPEN"),
        ("1.00</XSumAmt>|<XPayAmt>1.00</XPayAmt>", "0.00</XSumAmt>|<XPayAmt/>", "OPEN"),
    ],
)
def test_only_the_full_amount_to_the_right_account_is_payment(
    profile, receipt: bytes, old: str, new: str, status: str
) -> None:
    for before, after in zip(old.split("|"), new.split("|"), strict=True):
        first_only = before == "<XAddWordCode/>"
        receipt = changed(receipt, before, after) if not first_only else changed(receipt, before + "<XAddWord/>", after)
    assert DIALECT.parse(profile, "", [receipt]).blocks[0]["status_raw"].to_list() == [status, "NONE", "NONE", "NONE"]


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("<SumAmt>3.07", "<SumAmt>3.08", "SumAmt"),
        ("<XSumAmt>1.00", "<XSumAmt>3.07", "XSumAmt"),
        ("<XPayDate>20261125", "<XPayDate>20260230", "XPayDate"),
        ("<XPayDate>20261125", "<XPayDate>2026-1-1", "XPayDate"),
        (f"<VoucherNo>{ID}", "<VoucherNo>7K3M9QXWZ4T2F0002", "VoucherNo"),
        ("7K3M9QXWZ4T200000001", "7K3M9QXWZ4T200000000", "Id"),
    ],
)
def test_a_receipt_that_does_not_hold_together_is_refused(
    profile, receipt: bytes, old: str, new: str, field: str
) -> None:
    with pytest.raises(MessageRefused) as refused:
        DIALECT.parse(profile, "", [changed(receipt, old, new)])
    assert refused.value.field_name == field and refused.value.clause


def test_vouchers_that_are_not_for_us_are_refused(profile, order: Order, receipt: bytes, items_of, head_of) -> None:
    items = items_of({})
    rows = rows_of(order, status=["RETURNED"] * 4, reason=["0009"] * 4, settled_on=[DAY] * 4)
    notice = CODEC.result(order, Kind.RETURN, 1, rows)
    two = receipt.replace(b"<VoucherCount>1", b"<VoucherCount>2").replace(
        b"</MOF>", re.search(rb"<VoucherBody.*</VoucherBody>", sent_other(order, rows), re.DOTALL)[0] + b"</MOF>"
    )
    for content, field in (
        (sent(profile, items, head_of(items)), "VoucherFlag"),  # our own voucher come back as it was
        (notice.replace(b"<VoucherFlag>0", b"<VoucherFlag>1"), "VoucherFlag"),
        (changed(notice, "<OriginalVtCode>8207", "<OriginalVtCode>5201"), "OriginalVtCode"),
        (changed(notice, "<PayDate>20261123", "<PayDate>20261323"), "PayDate"),
        (two, "VoucherNo"),
        (CODEC.absent(ID, DAY).replace(b"8207", b"5201"), "VtCode"),
        (TreasuryVoucherCodec("532301000").result(order, Kind.RESULT, 1, rows), "AdmDivCode"),
    ):
        with pytest.raises(MessageRefused) as refused:
            DIALECT.parse(profile, "", [content])
        assert refused.value.field_name == field, content


def sent_other(order: Order, rows: pl.DataFrame) -> bytes:
    """A notice about another voucher."""
    return CODEC.result(Order("7K3M9QXWZ4T2F0009", DAY, order.items), Kind.RETURN, 1, rows)


def test_our_own_query_is_refused_and_so_is_what_is_too_long(profile, receipt: bytes) -> None:
    asked = Question("Q1", ID, datetime(2026, 11, 25, tzinfo=UTC), DAY, "24")
    with pytest.raises(MessageRefused, match="query"):
        DIALECT.parse(profile, "", [DIALECT.inquiry(profile, asked)])
    limits = profile.limits.model_copy(update={"result_bytes": 300})
    with pytest.raises(MessageRefused, match="octets"):
        DIALECT.parse(profile.model_copy(update={"limits": limits}), "", [receipt])


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_no_bytes_make_it_crash(profile, receipt: bytes, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(receipt) - 1))
    noise = data.draw(st.binary(min_size=1, max_size=4))
    try:
        heard = DIALECT.parse(profile, "", [receipt[:at] + noise + receipt[at + len(noise) :]])
    except MessageRefused:
        return
    assert heard.original_message_id  # a change that still reads is for the detached signature to find
