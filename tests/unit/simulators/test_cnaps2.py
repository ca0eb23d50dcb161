"""The clearing centre's side: what it refuses, under which code, and what its seal calls genuine."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import polars as pl
import pytest

from crypto.generate import generate_key
from crypto.schemes.sm2_keys import public_from_pem
from messages.cnaps2 import block
from messages.cnaps2.kinds import MessageType, type_of
from messages.cnaps2.reading import read_message
from simulators.answers import ANSWER_SCHEMA, Kind
from simulators.bank_contract import MessageInvalid, Order, Totalling
from simulators.codecs.cnaps2 import Cnaps2Codec
from simulators.seals_cnaps2 import Cnaps2Seal
from simulators.signatures import Sm2Seal

GOLDEN = Path(__file__).parents[2] / "golden" / "clearing_cnaps"
CODEC = Cnaps2Codec()
ID, DAY = "7K3M9QXWZ4T2F0001", date(2026, 11, 25)


@pytest.fixture(scope="module")
def instruction() -> bytes:
    return (GOLDEN / "beps382.xml").read_bytes()


@pytest.fixture(scope="module")
def order(instruction: bytes) -> Order:
    read = CODEC.read(instruction)
    assert isinstance(read, Order)
    return read


def test_it_understands_the_golden_instruction(order: Order) -> None:
    assert (order.message_id, order.requested_on) == (ID, DAY)
    assert order.items.columns == ["reference", "account", "name", "amount_fen"]
    assert order.items["amount_fen"].to_list() == [123_456, 50_000, 1_000_000_000]


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("<NbOfTxs>3", "<NbOfTxs>4", "RJ05"),
        (">10001734.56<", ">10001734.57<", "RJ05"),
        ("2026-11-25", "2026-11-31", "RJ05"),
        ("AT00", "AT09", "RJ05"),
        (">500.00<", ">0.00<", "RJ05"),
        ("<DbtrNm>示范县农业农村局</DbtrNm>", "", "RJ05"),
        ("7K3M9QXWZ4T200000001", "7K3M9QXWZ4T200000000", "RJ05"),
        ("<BtchInf>", "<BtchInf><X/>", "RJ05"),
        ("</BtchInf>", "", "RJ05"),
        ("beps.382", "beps.121", "PR24"),
        (" xmlns=", " nope=", "PR24"),
    ],
)
def test_what_it_refuses(instruction: bytes, old: str, new: str, code: str) -> None:
    text = instruction.decode()
    assert old in text
    with pytest.raises(MessageInvalid) as refused:
        CODEC.read(text.replace(old, new).encode())
    assert refused.value.code == code


def test_an_instruction_without_details_is_refused(instruction: bytes) -> None:
    text = instruction.decode()
    without = text[: text.index("<Dtl>")] + text[text.rindex("</Dtl>") + 6 :]
    with pytest.raises(MessageInvalid):
        CODEC.read(without.encode())


def test_what_it_says_is_what_it_was_told_to_say(order: Order) -> None:
    assert isinstance(CODEC, Totalling)
    rows = order.items.select(
        *("reference", "account", "amount_fen", pl.lit("RETURNED").alias("status"), pl.lit("RJ09").alias("reason")),
        *(pl.lit(None, dtype=pl.String).alias("text"), pl.lit("S1").alias("serial"), pl.lit(DAY).alias("settled_on")),
    ).cast(ANSWER_SCHEMA)
    back = CODEC.result(order, Kind.RETURN, 2, rows)
    assert type_of(back) == MessageType.RETURN_REQUEST
    assert read_message(back).message_id == f"{ID}B002" and read_message(back).details.height == 3
    assert type_of(CODEC.result(order, Kind.RESULT, 1, rows)) == MessageType.BATCH_CREDIT_RESULT
    with pytest.raises(ValueError, match="RjctCd"):
        CODEC.result(order, Kind.RESULT, 1, rows.with_columns(reason=pl.lit("LONGER")))
    with pytest.raises(ValueError, match="RjctInf"):
        CODEC.acknowledgement(ID, DAY, "RJ90", "长" * 106)


def test_the_seal_names_what_it_answers(order: Order) -> None:
    own, gateway = generate_key("sm2"), generate_key("sm2")
    assert own.secret is not None
    signatures = Sm2Seal(own.secret, public_from_pem(own.public), public_from_pem(gateway.public))
    seal = Cnaps2Seal(signatures, "104731900015", "C5301000000001")
    body = CODEC.absent(ID, DAY)
    content, detached = seal.close(ID, body, None)
    header = block.split(content).header
    assert detached is None and (header.direction, header.reference) == ("D", ID)
    assert header.message_id == block.communication_id(f"{ID}N000")
    assert header.sent_at.isoformat() == "2026-11-25T09:00:00"
