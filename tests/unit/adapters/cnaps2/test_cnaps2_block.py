"""The CNAPS2 envelope: sealed and opened by both sides, and nothing changed on the way passes."""

from __future__ import annotations

from base64 import b64decode
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.contract import MessageRefused
from adapters.envelopes.cnaps2_block import Cnaps2Block
from adapters.envelopes.contract import Outer
from crypto.contract import SignatureInvalid
from messages.cnaps2 import block
from messages.cnaps2.block_header import OCTETS
from simulators.bank_contract import NotGenuine
from simulators.codecs.cnaps2 import Cnaps2Codec
from simulators.seals_cnaps2 import Cnaps2Seal

ENVELOPE, CODEC = Cnaps2Block(), Cnaps2Codec()
ID = "7K3M9QXWZ4T2F0001"
ANSWER = CODEC.acknowledgement(ID, date(2026, 11, 25), None, "已受理")
OUTER = Outer(ID, "instruction", datetime(2026, 11, 22, 16, 30, 15, tzinfo=UTC))


@pytest.fixture(scope="module")
def signed(sides) -> bytes:
    return sides[1].close(ID, ANSWER, None)[0]


def test_ours_is_genuine_to_the_centre(profile, sides) -> None:
    keys, seal = sides
    sealed, key_id = ENVELOPE.seal(profile, OUTER, ANSWER, keys)
    header = block.split(sealed).header
    assert (header.message_id, header.sent_at.isoformat(), key_id) == (ID, "2026-11-23T00:30:15", "ours")
    assert seal.open(sealed, None) == ANSWER
    for other in (ANSWER + b" ", sealed[:-1], sealed + b" ", b"", sealed[OCTETS:]):
        with pytest.raises(NotGenuine):
            seal.open(other, None)
    stranger = Cnaps2Seal(seal.signatures, seal.centre, "OTHER")
    with pytest.raises(NotGenuine):
        stranger.open(sealed, None)


def test_the_id_of_a_question_is_shortened(profile, sides) -> None:
    outer = Outer("7K3M9QXWZ4T2F0001ABCDEFG01", "inquiry", OUTER.created_at)
    header = block.split(ENVELOPE.seal(profile, outer, ANSWER, sides[0])[0]).header
    assert header.message_id == block.communication_id(outer.message_id) != outer.message_id


def test_the_centre_s_is_genuine_to_us(profile, sides, signed: bytes) -> None:
    opened = ENVELOPE.open(profile, signed, sides[0])
    assert (opened.body, opened.key_id) == (ANSWER, "theirs")
    assert block.split(signed).header.reference == ID


@pytest.mark.parametrize("how", ["bad-signature", "missing-signature"])
def test_a_damaged_seal_is_refused(profile, sides, how: str) -> None:
    content, detached = sides[1].close(ID, ANSWER, how)
    assert detached is None
    with pytest.raises(SignatureInvalid if how == "bad-signature" else MessageRefused):
        ENVELOPE.open(profile, content, sides[0])


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_no_octet_can_be_changed(profile, sides, signed: bytes, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(signed) - 1))
    octet = data.draw(st.integers(0, 255).filter(lambda octet: octet != signed[at]))
    with pytest.raises((SignatureInvalid, MessageRefused)):
        ENVELOPE.open(profile, signed[:at] + bytes([octet]) + signed[at + 1 :], sides[0])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=300), st.integers(0, 200))
def test_no_bytes_make_it_crash(profile, sides, signed: bytes, noise: bytes, kept: int) -> None:
    with pytest.raises((SignatureInvalid, MessageRefused)):
        ENVELOPE.open(profile, signed[:kept] + noise, sides[0])


def sent(sides, **changes: str) -> bytes:
    """A message that the centre signed, with another header than it should have."""
    header = block.split(sides[1].close(ID, ANSWER, None)[0]).header
    changed = replace(header, **changes)
    signature = b64decode(sides[1].signatures.sign(block.signed_text(changed, ANSWER)))
    return block.join(changed, signature, ANSWER)


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("Direction", {"direction": "U"}),
        ("OrigSender", {"sender": "105731900013"}),
        ("OrigReceiver", {"receiver": "C5301000000002"}),
        ("MesgType", {"message_type": "ccms.911.001.01"}),
    ],
)
def test_a_genuine_message_to_another_or_with_another_type_is_refused(profile, sides, field: str, changes) -> None:
    with pytest.raises(MessageRefused) as refused:
        ENVELOPE.open(profile, sent(sides, **changes), sides[0])
    assert refused.value.field_name == field


def test_what_cannot_be_sealed(profile, sides) -> None:
    security = profile.security.model_copy(update={"user_code": None})
    with pytest.raises(ValueError, match="user_code"):
        ENVELOPE.seal(profile.model_copy(update={"security": security}), OUTER, ANSWER, sides[0])
    with pytest.raises(ValueError, match="not a body"):
        sides[1].close(ID, b"\xff" + ANSWER[200:], None)
