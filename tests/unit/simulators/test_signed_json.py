"""The simulated bank of signed JSON and the gateway's side of it, each made from the document by itself."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from adapters.contract import InstructionHead, MessageRefused
from adapters.contract import Question as Asked
from adapters.dialects.signed_json import SignedJsonDialect
from adapters.envelopes.contract import Outer
from adapters.envelopes.json_sm4 import JsonSm4Envelope
from adapters.profile import BankProfile
from adapters.profile_reader import read_profile
from crypto.contract import CipherName, MessageCipher, SealBroken, SignatureInvalid, StreamSigner, StreamVerifier
from crypto.generate import generate_key
from crypto.key_material import KeyMaterial
from crypto.schemes import sm2_keys
from crypto.schemes.ciphers import CIPHERS
from crypto.schemes.sm2_sm3 import Sm2Signer, Sm2Verifier
from messages.batch.columns import STORED_SCHEMA
from simulators.answers import ANSWER_SCHEMA, Kind, Status
from simulators.bank_contract import Codec, MessageInvalid, NotGenuine, Order, Question, Seal, Totalling
from simulators.codecs.signed_json import SignedJsonCodec
from simulators.seals_json import JsonSm4Seal

USER = "N530100021"
IDENTITY = USER + "000000"
MESSAGE = "7K2M9P4QX8RTF0000"
DAY = date(2026, 3, 3)
CODEC = SignedJsonCodec(USER)
DIALECT, ENVELOPE = SignedJsonDialect(), JsonSm4Envelope()


@dataclass
class Gateway:
    """The gateway's keys of this bank."""

    own: KeyMaterial
    bank: KeyMaterial
    shared: bytes
    name: CipherName = "sm4-cbc"

    def signer(self) -> StreamSigner:
        return Sm2Signer("own", self.own.secret or b"", sm2_keys.public_from_pem(self.own.public), IDENTITY, "raw")

    def verifier(self) -> StreamVerifier:
        return Sm2Verifier({"bank": sm2_keys.public_from_pem(self.bank.public)}, IDENTITY, "raw")

    def cipher(self) -> MessageCipher:
        return CIPHERS[self.name].make({"shared": self.shared}, "shared")


@pytest.fixture(scope="module")
def profile() -> BankProfile:
    return read_profile(Path(__file__).parents[3] / "config" / "banks" / "merchant-json.yaml")


@pytest.fixture(scope="module")
def wire(tmp_path_factory: pytest.TempPathFactory) -> tuple[Gateway, JsonSm4Seal]:
    """Both sides' keys, the bank's read from files."""
    own, bank, shared = generate_key("sm2"), generate_key("sm2"), generate_key("sm4").secret or b""
    folder = tmp_path_factory.mktemp("merchant-json")
    files = (folder / "sm2-sign.pem", folder / "gateway-sm2-verify.pem", folder / "sm4.hex")
    files[0].write_text(sm2_keys.private_to_pem(bank.secret or b"", sm2_keys.public_from_pem(bank.public)))
    files[1].write_text(own.public)
    files[2].write_text(shared.hex() + "\n")
    return Gateway(own, bank, shared), JsonSm4Seal.load(*files, USER)


@pytest.fixture(scope="module")
def block() -> pl.DataFrame:
    names = ["阿依古丽·买买提", '引"号\\', "𠮷㐂"]
    columns: dict[str, Any] = {
        **dict.fromkeys(STORED_SCHEMA),
        "name": names,
        "account": [f"62170000100000000{number}" for number in range(10, 13)],
        "bank_code": "308584000013",
        "amount_fen": [100, 99, 123_456],
        "item_no": [0, 1, 2],
        "remark": [None, "附言", None],
    }
    return pl.DataFrame(columns, schema=STORED_SCHEMA).with_columns(
        pl.Series("reference", [f"7K2M9P4QX8RT{number:08d}" for number in range(3)])
    )


@pytest.fixture(scope="module")
def instruction(profile: BankProfile, block: pl.DataFrame) -> bytes:
    head = InstructionHead(
        message_id=MESSAGE,
        file_no=0,
        rows=3,
        total_fen=123_655,
        created_at=datetime(2026, 3, 2, tzinfo=UTC),
        requested_on=DAY,
        batch_no="B1",
        project_code="P1",
        policy_name="补贴",
        voucher_no="V1",
        debtor_name="某某县财政局",
        debtor_account="1002881000000000018",
        debtor_bank_code="308738019001",
    )
    return b"".join(DIALECT.build(profile, head, [block]))


def answers(block: pl.DataFrame, *statuses: Status) -> pl.DataFrame:
    failed = [status in (Status.FAILED, Status.RETURNED) for status in statuses]
    settled = [status in (Status.PAID, Status.RETURNED) for status in statuses]
    return (
        block.select("reference", "account", "amount_fen")
        .with_columns(
            pl.Series("status", [str(status) for status in statuses]),
            pl.Series("reason", ["RJ02" if bad else None for bad in failed], pl.String),
            pl.Series("text", ["户名不符" if bad else None for bad in failed], pl.String),
            pl.concat_str(pl.lit("92"), "reference").alias("serial"),
            pl.Series("settled_on", [DAY if good else None for good in settled], pl.Date),
        )
        .cast(ANSWER_SCHEMA)
    )  # type: ignore[arg-type]


def test_both_sides_agree_on_sm4_gcm(profile, wire, instruction):
    """A fresh nonce each time, and nothing that was sealed in the one way opens in the other."""
    gateway, bank = replace(wire[0], name="sm4-gcm"), replace(wire[1], cipher="sm4-gcm")
    outer = Outer(MESSAGE, "instruction", datetime(2026, 3, 2, tzinfo=UTC))
    sent = [ENVELOPE.seal(profile, outer, instruction, gateway)[0] for _ in range(2)]
    assert sent[0] != sent[1]
    assert bank.open(sent[0], None) == instruction
    with pytest.raises(NotGenuine):
        wire[1].open(sent[0], None)
    reply = CODEC.acknowledgement(MESSAGE, DAY, None, "")
    assert reply is not None
    content, _ = bank.close(MESSAGE, reply, None)
    assert ENVELOPE.open(profile, content, gateway).body == reply
    with pytest.raises(SealBroken):
        ENVELOPE.open(profile, content, wire[0])


def test_a_payment_crosses_the_wire(profile, wire, block, instruction):
    gateway, seal = wire
    codec: Codec = CODEC
    bank: Seal = seal
    content, _ = ENVELOPE.seal(
        profile, Outer(MESSAGE, "instruction", datetime(2026, 3, 2, tzinfo=UTC)), instruction, gateway
    )
    order = codec.read(bank.open(content, None))
    assert isinstance(order, Order)
    assert (order.message_id, order.requested_on) == (MESSAGE, DAY)
    assert order.items.equals(block.select("reference", "account", "name", "amount_fen"))


def test_a_question_crosses_the_wire(profile, wire):
    gateway, seal = wire
    for references in ((), ("7K2M9P4QX8RT00000000",)):
        asked = Asked("Q1", MESSAGE, datetime(2026, 3, 2, tzinfo=UTC), DAY, "1002", references)
        content, _ = ENVELOPE.seal(
            profile, Outer("Q1", "inquiry", asked.created_at), DIALECT.inquiry(profile, asked), gateway
        )
        assert CODEC.read(seal.open(content, None)) == Question(MESSAGE, references)


def heard(profile, wire, body: bytes):
    gateway, seal = wire
    content, signature = seal.close(MESSAGE, body, None)
    assert signature is None
    return DIALECT.parse(profile, "", [ENVELOPE.open(profile, content, gateway).body])


def test_what_the_bank_says_of_the_whole(profile, wire):
    for body, status, text in (
        (CODEC.acknowledgement(MESSAGE, DAY, None, ""), "SUC0000", None),
        (CODEC.acknowledgement(MESSAGE, DAY, "ERR9004", "业务参考号重复"), "ERR9004", "业务参考号重复"),
        (CODEC.absent(MESSAGE, DAY), "NTD0001", "查无此业务参考号"),
    ):
        parsed = heard(profile, wire, body)
        assert (parsed.original_message_id, parsed.group_status_raw, parsed.group_text_raw) == (MESSAGE, status, text)
        assert (parsed.group_outcome, parsed.blocks) == (None, ())


def test_what_the_bank_says_of_items(profile, wire, block, instruction):
    order = CODEC.read(instruction)
    rows = answers(block, Status.PAID, Status.FAILED, Status.RETURNED)
    for kind in Kind:
        (said,) = heard(profile, wire, CODEC.result(order, kind, 1, rows)).blocks
        assert said["status_raw"].to_list() == ["S", "F", "B"]
        assert said.select("reference", "account", "amount_fen").equals(
            rows.select("reference", "account", "amount_fen")
        )
        assert said["reason_raw"].to_list() == [None, "RJ02", "RJ02"]
        assert said["bank_reference"].equals(rows["serial"]) and said["settled_on"].equals(rows["settled_on"])
    assert heard(profile, wire, CODEC.result(order, Kind.RESULT, 1, rows[:0])).blocks == ()
    (waiting,) = heard(
        profile, wire, CODEC.result(order, Kind.RESULT, 1, answers(block, *[Status.PROCESSING] * 3))
    ).blocks
    assert waiting["status_raw"].to_list() == ["P"] * 3


def test_a_wrong_total_is_noticed(profile, wire, block, instruction):
    totalling: Totalling = CODEC
    body = totalling.wrong_total(CODEC.read(instruction), Kind.RESULT, 1, answers(block, *[Status.PAID] * 3))
    with pytest.raises(MessageRefused, match="TTLAMT"):
        heard(profile, wire, body)


@pytest.mark.parametrize("how", ["bad-signature", "missing-signature"])
def test_damage_to_the_signature_is_noticed(profile, wire, how):
    gateway, seal = wire
    content, _ = seal.close(MESSAGE, CODEC.absent(MESSAGE, DAY), how)
    with pytest.raises(SignatureInvalid):
        ENVELOPE.open(profile, content, gateway)


def test_the_bank_believes_only_the_gateway(profile, wire, instruction):
    gateway, seal = wire
    outer = Outer(MESSAGE, "instruction", datetime(2026, 3, 2, tzinfo=UTC))
    good, _ = ENVELOPE.seal(profile, outer, instruction, gateway)
    stranger = Gateway(generate_key("sm2"), gateway.bank, gateway.shared)
    other_key = Gateway(gateway.own, gateway.bank, bytes(16))
    for content in (
        ENVELOPE.seal(profile, outer, instruction, stranger)[0],
        ENVELOPE.seal(profile, outer, instruction, other_key)[0],
        seal.close(MESSAGE, instruction, None)[0],
        good.replace(b"UID=N", b"UID=M"),
        good.replace(b"ALG=SM", b"ALG=RSA"),
        good.replace(b"FUNCODE=BB6BTHHL", b"FUNCODE=BB6DTLQY"),
        good[:-8],
        good + b"&X=1",
        b"",
        b"\xff",
    ):
        with pytest.raises(NotGenuine):
            seal.open(content, None)
    assert seal.open(good, None) == instruction


def change(instruction: bytes, edit: Callable[[Any], Any]) -> bytes:
    document = json.loads(instruction)
    edit(document)
    return json.dumps(document).encode()


def in_body(name: str, value: Any) -> Callable[[Any], Any]:
    return lambda document: document["request"]["body"]["BUSINF"].__setitem__(name, value)


def in_row(name: str, value: Any) -> Callable[[Any], Any]:
    return lambda document: document["request"]["body"]["DTLLST"][1].__setitem__(name, value)


@pytest.mark.parametrize(
    ("edit", "code"),
    [
        (in_body("TTLCNT", "4"), "ERR9003"),
        (in_body("TTLAMT", "1236.56"), "ERR9003"),
        (in_body("TTLAMT", 1236.55), "ERR9002"),
        (in_body("YURREF", "other"), "ERR9002"),
        (in_body("EPTDAT", "20260231"), "ERR9002"),
        (in_body("MORE", ""), "ERR9002"),
        (in_row("TRSAMT", "0.990"), "ERR9002"),
        (in_row("TRSAMT", None), "ERR9002"),
        (in_row("TRXSEQ", "00000003"), "ERR9002"),
        (in_row("TRXREF", "7K2M9P4QX8RT00000000"), "ERR9002"),
        (in_row("BNKFLG", "X"), "ERR9002"),
        (lambda document: document["request"]["head"].update(userid="N530100022"), "ERR9002"),
        (lambda document: document["request"]["head"].update(funcode="BB6BPDQY"), "ERR9002"),
        (lambda document: document["request"]["body"].update(DTLLST=[]), "ERR9002"),
        (lambda document: document["request"]["body"]["DTLLST"].extend([{}] * 3_000), "ERR9005"),
        (lambda document: document.update(more=1), "ERR9002"),
    ],
)
def test_the_bank_refuses_what_is_not_its_document(instruction, edit, code):
    with pytest.raises(MessageInvalid) as refused:
        CODEC.read(change(instruction, edit))
    assert refused.value.code == code


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b"\xff", b'{"request":1,"request":2}', b"[" * 100_000])
def test_the_bank_refuses_what_is_no_message(content):
    with pytest.raises(MessageInvalid):
        CODEC.read(content)
