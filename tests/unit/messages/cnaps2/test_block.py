"""Header and signature block: exact widths, every field checked, nothing passes that is not as the document has it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from messages.bounded_xml import Malformed
from messages.cnaps2 import block
from messages.cnaps2.block_header import OCTETS, WIDTHS, BlockHeader, decode
from messages.cnaps2.kinds import MessageType, namespace, type_of

HEADER = BlockHeader(
    sender="C5301000000001",
    receiver="104731900015",
    sent_at=datetime.fromisoformat("2026-11-23T08:05:09"),
    message_type=MessageType.BATCH_CREDIT,
    message_id="7K3M9QXWZ4T2F0001",
)
BODY = (
    f'<Document xmlns="{namespace(HEADER.message_type)}"><NbOfTxs>2</NbOfTxs><TtlAmt Ccy="CNY">3.50</TtlAmt>'.encode()
)
CODES = st.text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=1, max_size=14)
IDS = st.text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcxyz", max_size=20)


def place_of(field: str) -> int:
    names = list(WIDTHS)
    return 3 + sum(WIDTHS[name] for name in names[: names.index(field)])


@settings(max_examples=50, deadline=None)
@given(
    CODES,
    CODES,
    st.datetimes(datetime.fromisoformat("2000-01-01T00:00:00"), datetime.fromisoformat("2099-12-31T00:00:00")),
    st.sampled_from(MessageType),
    IDS.filter(bool),
    IDS,
    st.sampled_from(["U", "D"]),
)
def test_what_is_written_is_read(sender, receiver, at, kind, message_id, reference, direction) -> None:
    header = BlockHeader(sender, receiver, at.replace(microsecond=0), kind, message_id, reference, direction)
    octets = header.encode()
    assert len(octets) == OCTETS == 132 and octets.endswith(b"}\r\n")
    assert decode(octets) == header
    sealed = block.join(header, b"\x01\x02", BODY)
    assert block.split(sealed) == block.Block(header, b"\x01\x02", BODY)


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("Version", b"01"),
        ("OrigSender", b" C530100000000"),
        ("OrigSender", b"c5301000000001"),
        ("OrigSenderSID", b"CCMS"),
        ("OrigReceiver", b"1047 31900015 "),
        ("OrigReceiver", b" " * 14),
        ("OrigReceiverSID", b"HVPS"),
        ("OrigSendDate", b"20260230"),
        ("OrigSendDate", b"2026-1-1"),
        ("OrigSendTime", b"250000"),
        ("OrigSendTime", b"0909  "),
        ("StructType", b"PKG"),
        ("MesgType", b"beps.382            "),
        ("MesgID", b" " * 20),
        ("MesgID", b"7K3M9QXWZ4T2F0001|||"),
        ("MesgRefID", b"a b                 "),
        ("Priority", b"1"),
        ("Direction", b"X"),
        ("Reserve", b"x        "),
    ],
)
def test_each_field_is_checked(field: str, wrong: bytes) -> None:
    assert len(wrong) == WIDTHS[field]
    octets, at = HEADER.encode(), place_of(field)
    with pytest.raises(Malformed) as refused:
        decode(octets[:at] + wrong + octets[at + len(wrong) :])
    assert refused.value.field == field and str(refused.value.clause).startswith("2.")


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"{H:",
        HEADER.encode()[:-1],
        HEADER.encode().replace(b"}\r\n", b"}\n"),
        b"{h:" + HEADER.encode()[3:],
        HEADER.encode()[:20] + b" " + HEADER.encode()[20:],
        HEADER.encode()[:8] + "张".encode() + HEADER.encode()[11:],
    ],
)
def test_a_header_of_another_shape_is_refused(octets: bytes) -> None:
    with pytest.raises(Malformed, match="clause 2"):
        decode(octets)


@pytest.mark.parametrize(
    "signature",
    [
        b"",
        b"{S:}\r\n",
        b"{S:AAAA}\n",
        b"{S:AAA}\r\n",
        b"{S:AAB=}\r\n",
        b"{S:A A=}\r\n",
        b"{S:" + b"A" * 5000 + b"}\r\n",
    ],
)
def test_the_signature_block_is_one_canonical_base64(signature: bytes) -> None:
    with pytest.raises(Malformed) as refused:
        block.split(HEADER.encode() + signature + BODY)
    assert (refused.value.field, refused.value.clause) == ("{S:}", "3.1")


def test_a_header_holds_only_what_fits() -> None:
    for change in ({"sender": "1" * 15}, {"message_id": "x" * 21}, {"message_type": "pain.001"}, {"reference": "a|b"}):
        with pytest.raises(ValueError, match="cannot hold"):
            replace(HEADER, **change).encode()


def test_every_octet_of_header_and_body_is_signed() -> None:
    signed = block.signed_text(HEADER, BODY)
    elements = signed.split(b"|")
    assert len(elements) == 17 and elements[-3:-1] == [b"2", b"CNY3.50"]
    texts = {signed}
    for change in (
        {"sender": "C5301000000002"},
        {"receiver": "104731900016"},
        {"sent_at": datetime.fromisoformat("2026-11-23T08:05:10")},
        {"message_id": "7K3M9QXWZ4T2F0002"},
        {"reference": "X"},
        {"direction": "D"},
    ):
        texts.add(block.signed_text(replace(HEADER, **change), BODY))
    for at in range(len(BODY)):
        texts.add(block.signed_text(HEADER, BODY[:at] + bytes([BODY[at] ^ 1]) + BODY[at + 1 :]))
    assert len(texts) == 1 + 6 + len(BODY)
    assert block.signed_text(HEADER, b"<none/>").split(b"|")[-3:-1] == [b"0", b"CNY0.00"]


def test_a_long_id_gets_a_short_one_of_its_own() -> None:
    short, long = "7K3M9QXWZ4T2F0001", "7K3M9QXWZ4T2F0001ABCDEFG01"
    assert block.communication_id(short) == short
    drawn = {block.communication_id(long), block.communication_id(long[:-1] + "2")}
    assert len(drawn) == 2 and all(len(one) == 20 and one.isalnum() for one in drawn)


def test_the_type_stands_in_the_namespace() -> None:
    assert type_of(BODY) == MessageType.BATCH_CREDIT
    for body in (b"", b"<Document/>", b" " * 600 + BODY, b'<Document xmlns="urn:cnaps:std:beps:beps.382">'):
        with pytest.raises(Malformed, match="xmlns"):
            type_of(body)


def test_a_year_before_1000_is_written_as_it_was_read() -> None:
    """Otherwise the signed text of such a header could not be made, and a stranger's octets would be a crash."""
    octets = HEADER.encode().replace(b"20261123", b"00261123")
    header = decode(octets)
    assert header.encode() == octets and block.signed_text(header, BODY)
