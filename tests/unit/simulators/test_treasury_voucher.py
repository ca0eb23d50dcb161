"""The agency bank's side: what it refuses, and a 回单 that repeats the voucher."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from messages.voucher.envelope import read_mof
from simulators.answers import ANSWER_SCHEMA, Kind
from simulators.bank_contract import MessageInvalid, Order, Totalling
from simulators.codecs.treasury_voucher import TreasuryVoucherCodec

GOLDEN = Path(__file__).parents[2] / "golden" / "treasury_voucher"
CODEC = TreasuryVoucherCodec("532300000")
ID, DAY = "7K3M9QXWZ4T2F0001", date(2026, 11, 25)


@pytest.fixture(scope="module")
def instruction() -> bytes:
    return (GOLDEN / "8207_sent.mof.xml").read_bytes()


@pytest.fixture(scope="module")
def order(instruction: bytes) -> Order:
    read = CODEC.read(instruction)
    assert isinstance(read, Order)
    return read


def changed(content: bytes, old: str, new: str) -> bytes:
    found = re.search(rb"<Voucher>([^<]+)</Voucher>", content)
    inner = b64decode(found[1]).decode("gbk")
    assert old in inner, old
    return content.replace(found[1], b64encode(inner.replace(old, new).encode("gbk")))


def rows_of(order: Order, status: str) -> pl.DataFrame:
    return order.items.select(
        *("reference", "account", "amount_fen", pl.lit(status).alias("status")),
        *(pl.lit(None, dtype=pl.String).alias(name) for name in ("reason", "text", "serial")),
        pl.lit(DAY).alias("settled_on"),
    ).cast(ANSWER_SCHEMA)


def test_it_understands_the_golden_voucher(order: Order) -> None:
    assert (order.message_id, order.requested_on, order.day) == (ID, DAY, date(2026, 11, 23))
    assert order.items["amount_fen"].to_list() == [123_456, 50_000, 1_000_000_000]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<SumAmt>10001734.56", "<SumAmt>10001734.57"),
        ("<PayAmt>500.00", "<PayAmt>500.0"),
        ("7K3M9QXWZ4T200000001", "7K3M9QXWZ4T200000000"),
        ("<VouDate>20261123", "<VouDate>20261323"),
        ("<PayEntrustDate>20261125", "<PayEntrustDate>yesterda"),
    ],
)
def test_what_it_refuses(instruction: bytes, old: str, new: str) -> None:
    with pytest.raises(MessageInvalid) as refused:
        CODEC.read(changed(instruction, old, new))
    assert refused.value.code == "EVS004"


def test_it_takes_one_voucher_of_its_own_treasury_and_no_receipt(instruction: bytes) -> None:
    receipt, status = (GOLDEN / "8207_receipt.mof.xml").read_bytes(), (GOLDEN / "status_signed.xml").read_bytes()
    for content in (receipt, status, b"", b"<MOF/>"):
        with pytest.raises(MessageInvalid):
            CODEC.read(content)
    with pytest.raises(MessageInvalid, match="行政区划"):
        TreasuryVoucherCodec("532301000").read(instruction)


def test_a_receipt_repeats_the_voucher(order: Order, instruction: bytes) -> None:
    assert isinstance(CODEC, Totalling)
    (sent,), (receipt,) = read_mof(instruction), read_mof(CODEC.result(order, Kind.RESULT, 1, rows_of(order, "PAID")))
    filled = {name for name, text in receipt.body.main.items() if text != sent.body.main[name]}
    assert filled == {"XSumAmt"} and receipt.flag == "1"
    same = [name for name in sent.body.details.columns if not name.startswith("X")]
    assert receipt.body.details.select(same).equals(sent.body.details.select(same))


def test_an_item_that_the_voucher_never_had_can_be_spoken_of(order: Order) -> None:
    rows = rows_of(order, "PAID").with_columns(reference=pl.concat_str(pl.lit("X"), "reference"))
    (receipt,) = read_mof(CODEC.result(order, Kind.RESULT, 1, rows))
    assert receipt.body.details["PayeeAcctName"].to_list() == ["-"] * 3


def test_words_are_tried_on_an_order_that_no_voucher_brought(order: Order) -> None:
    plain = Order(order.message_id, DAY, order.items)
    rows = rows_of(order, "FAILED").with_columns(reason=pl.lit("0004"))
    assert len(read_mof(CODEC.result(plain, Kind.RESULT, 1, rows))) == 1
    for wrong in ({"reason": pl.lit("12345678901")}, {"text": pl.lit("长" * 256)}, {"text": pl.lit("𠮷")}):
        with pytest.raises(ValueError):
            CODEC.result(plain, Kind.RESULT, 1, rows.with_columns(**wrong))
    with pytest.raises(ValueError):
        CODEC.acknowledgement(ID, DAY, "EVS004", "𠮷")
    with pytest.raises(ValueError, match="ErrorCode"):
        CODEC.acknowledgement(ID, DAY, "12345678901", "")
