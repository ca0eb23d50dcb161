"""The signature element: where it stands, over which octets, and everything that could be wrong with it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.contract import MessageRefused
from adapters.envelopes.contract import EnvelopeKeys, Outer
from adapters.envelopes.registry import ENVELOPES
from adapters.profile import BankProfile
from crypto.contract import SignatureInvalid
from crypto.signature_text import decode_signature
from simulators.bank_contract import NotGenuine
from simulators.seals_xml import XmlElementSeal
from simulators.signatures import Seal

BODY = '<?xml version="1.0" encoding="GBK"?>\n<Root><Head><a>镕</a></Head></Root>\n'.encode("gbk")
ENVELOPE = ENVELOPES["xml-element"]


def test_signed_are_all_octets_but_the_element(
    coop: BankProfile, outer: Outer, sm2_keys: EnvelopeKeys, sm2_bank: Seal
) -> None:
    content, key_id = ENVELOPE.seal(coop, outer, BODY, sm2_keys)
    start, end = content.index(b"<Sign>"), content.index(b"</Sign>") + len(b"</Sign>")
    assert key_id == "ours"
    assert content[end:] == b"</Root>\n"
    assert content[:start] + content[end:] == BODY
    assert sm2_bank.is_genuine(BODY, content[start + 6 : end - 7])
    assert XmlElementSeal(sm2_bank, "Sign").open(content, None) == BODY


def test_the_banks_message_is_opened(coop: BankProfile, sm2_keys: EnvelopeKeys, sm2_bank: Seal) -> None:
    content, beside = XmlElementSeal(sm2_bank, "Sign").close("m", BODY, None)
    opened = ENVELOPE.open(coop, content, sm2_keys)
    assert (opened.body, opened.key_id, beside) == (BODY, "theirs", None)


def test_base64_and_rsa_as_the_profile_says(
    agri: BankProfile, outer: Outer, rsa_keys: EnvelopeKeys, rsa_bank: Seal
) -> None:
    content, _ = ENVELOPE.seal(agri, outer, BODY, rsa_keys)
    text = content[content.index(b"<Sign>") + 6 : content.index(b"</Sign>")]
    assert len(decode_signature(text, "base64")) == 256
    assert XmlElementSeal(rsa_bank, "Sign").open(content, None) == BODY
    theirs, _ = XmlElementSeal(rsa_bank, "Sign").close("m", BODY, None)
    assert ENVELOPE.open(agri, theirs, rsa_keys).body == BODY


@pytest.mark.parametrize("how", ["bad-signature", "missing-signature"])
def test_the_banks_damage_is_refused(coop: BankProfile, sm2_keys: EnvelopeKeys, sm2_bank: Seal, how: str) -> None:
    content, _ = XmlElementSeal(sm2_bank, "Sign").close("m", BODY, how)
    with pytest.raises(SignatureInvalid):
        ENVELOPE.open(coop, content, sm2_keys)


def moved(content: bytes) -> bytes:
    start, end = content.index(b"<Sign>"), content.index(b"</Sign>") + 7
    return content[:start].replace(b"<Head>", content[start:end] + b"<Head>") + content[end:]


@pytest.mark.parametrize(
    "change",
    [
        lambda c: c.replace(b"<Sign>", b"<Sign><Sign></Sign>"),
        lambda c: c.replace(b"<Sign>", b"<!--<Sign>-->"),
        lambda c: c.replace(b"<Sign>", b"<Sign >").replace(b"</Sign>", b"</Sign >"),
        lambda c: c.replace(b"<Sign>", b"<Sign x='1'>"),
        lambda c: c.replace(b"<Sign>", b"<x:Sign>").replace(b"</Sign>", b"</x:Sign>"),
        lambda c: c.replace(b"<Sign>", b"<Sign>\n"),
        lambda c: c.replace(b"</Sign>", b"</Sign><Sign/>"),
        lambda c: c.replace(b"</Sign>", b"</Sign><Extra/>"),
        lambda c: c.replace(b"</Sign>", b"</Sign>text"),
        lambda c: c.replace(b"</Root>", b"</Root><!-- -->"),
        lambda c: c.replace(b"</Sign>", b"</Sign></Root><Root>"),
        lambda c: c.replace(b"<Head>", b"<Head><Sign/>"),
        lambda c: c.replace(b"</Root>", b"</Root> "),
        lambda c: b" " + c,
        lambda c: c.replace("镕".encode("gbk"), "容".encode("gbk")),
        lambda c: b"<W>" + c + b"</W>",
        lambda c: c.replace(b"<Sign>", b"<Sign>00"),
        lambda c: c[: c.index(b"<Sign>") + 6] + b"</Sign></Root>\n",
        lambda c: c[: c.index(b"</Sign>")] + b"</Root>\n",
        lambda c: c + c,
        lambda c: c[:0],
        lambda c: c[:0] + b"<Sign></Sign>",
        moved,
    ],
)
def test_anything_else_than_one_signature_at_its_place_is_refused(
    coop: BankProfile, sm2_keys: EnvelopeKeys, sm2_bank: Seal, change: Callable[[bytes], bytes]
) -> None:
    content, _ = XmlElementSeal(sm2_bank, "Sign").close("m", BODY, None)
    assert change(content) != content
    with pytest.raises(SignatureInvalid):
        ENVELOPE.open(coop, change(content), sm2_keys)


def test_a_signature_of_ours_is_not_the_banks(coop: BankProfile, outer: Outer, sm2_keys: EnvelopeKeys) -> None:
    content, _ = ENVELOPE.seal(coop, outer, BODY, sm2_keys)
    with pytest.raises(SignatureInvalid):
        ENVELOPE.open(coop, content, sm2_keys)


def test_size_is_bounded(coop: BankProfile, sm2_keys: EnvelopeKeys) -> None:
    with pytest.raises(MessageRefused, match="more than 4000000 octets"):
        ENVELOPE.open(coop, b" " * 4_000_001, sm2_keys)


@pytest.mark.parametrize("body", [b"", b"no document", b"<Root><Sign>1</Sign></Root>", b"<Root></Root><!-- -->"])
def test_only_a_document_is_sealed(coop: BankProfile, outer: Outer, sm2_keys: EnvelopeKeys, body: bytes) -> None:
    with pytest.raises(ValueError, match="document"):
        ENVELOPE.seal(coop, outer, body, sm2_keys)


def test_the_profile_must_name_the_element(agri: BankProfile, outer: Outer, rsa_keys: EnvelopeKeys) -> None:
    unnamed = agri.model_copy(update={"security": agri.security.model_copy(update={"signature_element": "a b"})})
    with pytest.raises(ValueError, match="signature_element"):
        ENVELOPE.seal(unnamed, outer, BODY, rsa_keys)


@given(content=st.text("<>/Sign Root\n='0a", max_size=80))
@settings(max_examples=80, deadline=None)
def test_any_octets_are_refused(coop: BankProfile, sm2_keys: EnvelopeKeys, sm2_bank: Seal, content: str) -> None:
    with pytest.raises(SignatureInvalid):
        ENVELOPE.open(coop, content.encode(), sm2_keys)
    with pytest.raises(NotGenuine):
        XmlElementSeal(sm2_bank, "Sign").open(content.encode(), None)
