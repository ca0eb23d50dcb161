"""Enveloped messages: both ways, against the openssl command, and what does not open."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from typing import Any

import pytest
from asn1crypto import cms as asn1_cms
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto.cms.enveloping import EnvelopeAgreement, EnvelopeOpener, Recipient, envelop
from crypto.cms.key_transport import RecipientKey, RsaRecipient, Sm2Recipient, seal_key
from crypto.cms.parties import by_certificate, by_key, identifiers_of
from crypto.contract import KeyUnusable, SealBroken
from crypto.key_material import rsa_private
from crypto.schemes import sm2_keys

BODY = "惠民惠农\n".encode() * 20
OpenSsl = Callable[..., subprocess.CompletedProcess[bytes]]
OAEP_CBC = EnvelopeAgreement("rsa-oaep-sha256", "aes-256-cbc")
OAEP_GCM = EnvelopeAgreement()
OLD_CBC = EnvelopeAgreement("rsa-pkcs1", "aes-256-cbc")
GM = EnvelopeAgreement("sm2", "sm4-cbc", "gmt0010")
RSA_WAYS = pytest.mark.parametrize("agreement", [OAEP_CBC, OAEP_GCM, OLD_CBC, EnvelopeAgreement("rsa-pkcs1")])


def private(party: Any, agreement: EnvelopeAgreement) -> RecipientKey:
    if party.scheme == "sm2-sm3":
        return Sm2Recipient("own", party.secret)
    return RsaRecipient("own", rsa_private(party.secret, trusted=True), agreement.transport)


def opener(party: Any, agreement: EnvelopeAgreement) -> EnvelopeOpener:
    known = {"own": identifiers_of(party.certificate or party.public)}
    return EnvelopeOpener({"own": private(party, agreement)}, known, agreement)


def sealed(party: Any, agreement: EnvelopeAgreement, plain: bytes = BODY) -> bytes:
    named = by_certificate(party.certificate) if party.certificate else by_key(party.public)
    return envelop(plain, Recipient(named, party.public), agreement)


@RSA_WAYS
@pytest.mark.parametrize("plain", [b"", b"x", BODY, bytes(100_000)])
def test_what_was_enveloped_is_opened(rsa_party: Any, agreement: EnvelopeAgreement, plain: bytes) -> None:
    one, other = sealed(rsa_party, agreement, plain), sealed(rsa_party, agreement, plain)
    assert one != other
    assert opener(rsa_party, agreement).opened(one, 100_000) == plain


@pytest.mark.parametrize("agreement", [GM, EnvelopeAgreement("sm2", "sm4-cbc"), EnvelopeAgreement("sm2")])
def test_sm2_envelopes(sm2_party: Any, agreement: EnvelopeAgreement) -> None:
    message = sealed(sm2_party, agreement)
    assert opener(sm2_party, agreement).opened(message, 10_000) == BODY


def test_sm2_has_the_identifiers_of_gmt_0010(sm2_party: Any, openssl: OpenSsl, files: Any) -> None:
    files(m_der=sealed(sm2_party, GM))
    printed = openssl("asn1parse", "-inform", "DER", "-in", "m.der").stdout.decode()
    for oid in ("1.2.156.10197.6.1.4.2.3", "1.2.156.10197.6.1.4.2.1", "1.2.156.10197.1.301.3", "sm4-cbc"):
        assert f":{oid}" in printed


def test_openssl_opens_what_sm2_encrypted_and_the_other_way_round(sm2_party: Any, openssl: OpenSsl, files: Any) -> None:
    files(
        key_pem=sm2_keys.private_to_pem(sm2_party.secret, sm2_keys.public_from_pem(sm2_party.public)),
        pub_pem=sm2_party.public,
        plain_bin=b"k" * 16,
        sealed_bin=seal_key("sm2", sm2_party.public, b"k" * 16),
    )
    assert openssl("pkeyutl", "-decrypt", "-inkey", "key.pem", "-in", "sealed.bin").stdout == b"k" * 16
    theirs = openssl("pkeyutl", "-encrypt", "-pubin", "-inkey", "pub.pem", "-in", "plain.bin").stdout
    assert Sm2Recipient("own", sm2_party.secret).open_key(theirs, 16) == b"k" * 16


@RSA_WAYS
def test_openssl_opens_ours(rsa_party: Any, agreement: EnvelopeAgreement, openssl: OpenSsl, files: Any) -> None:
    files(key_pem=rsa_party.private_pem, cert_pem=rsa_party.certificate, m_der=sealed(rsa_party, agreement))
    command = (
        "cms",
        "-decrypt",
        "-binary",
        "-inform",
        "DER",
        "-in",
        "m.der",
        "-recip",
        "cert.pem",
        "-inkey",
        "key.pem",
    )
    assert openssl(*command).stdout == BODY


@RSA_WAYS
@pytest.mark.parametrize("named", [(), ("-keyid",)])
def test_openssl_s_are_opened(
    rsa_party: Any, agreement: EnvelopeAgreement, named: tuple[str, ...], openssl: OpenSsl, files: Any
) -> None:
    files(cert_pem=rsa_party.certificate, body_bin=BODY)
    cipher = "-" + agreement.cipher
    padding = ("-keyopt", "rsa_padding_mode:oaep", "-keyopt", "rsa_oaep_md:sha256", "-keyopt", "rsa_mgf1_md:sha256")
    command = ("cms", "-encrypt", "-binary", cipher, "-in", "body.bin", "-outform", "DER", *named, "-recip", "cert.pem")
    made = openssl(*command, *(padding if "oaep" in agreement.transport else ()))
    assert opener(rsa_party, agreement).opened(made.stdout, 10_000) == BODY


# ---- what does not open


def test_another_agreement_is_refused(rsa_party: Any, sm2_party: Any) -> None:
    message = sealed(rsa_party, OAEP_CBC)
    for agreement, why in (
        (OAEP_GCM, "not enveloped as agreed"),
        (OLD_CBC, "not encrypted in the way agreed"),
        (GM, "not enveloped as agreed"),
    ):
        with pytest.raises(SealBroken, match=why):
            opener(rsa_party, agreement).opened(message, 10_000)
    with pytest.raises(SealBroken, match="cipher is not the one agreed"):
        opener(sm2_party, EnvelopeAgreement("sm2", "sm4-cbc")).opened(
            sealed(sm2_party, EnvelopeAgreement("sm2", "aes-256-cbc")), 10_000
        )
    with pytest.raises(KeyUnusable, match="no structure in GM/T 0010"):
        EnvelopeAgreement("sm2", "aes-256-gcm", "gmt0010")


def test_a_message_for_somebody_else_is_refused(rsa_party: Any, other_party: Any) -> None:
    with pytest.raises(SealBroken, match="not encrypted for a key that we have"):
        opener(rsa_party, OAEP_GCM).opened(sealed(other_party, OAEP_GCM), 10_000)
    posing = envelop(BODY, Recipient(by_certificate(rsa_party.certificate), other_party.public), OAEP_GCM)
    with pytest.raises(SealBroken, match="does not open"):
        opener(rsa_party, OAEP_GCM).opened(posing, 10_000)


@pytest.mark.parametrize("transport", ["rsa-oaep-sha256", "rsa-pkcs1"])
def test_nobody_learns_whether_a_padding_was_right(rsa_party: Any, other_party: Any, transport: Any) -> None:
    recipient = RsaRecipient("own", rsa_private(rsa_party.secret, trusted=True), transport)
    for wrong in (b"", bytes(256), bytes(10), b"\xff" * 256, seal_key(transport, other_party.public, bytes(32))):
        first, second = recipient.open_key(wrong, 32), recipient.open_key(wrong, 32)
        assert (len(first), len(second)) == (32, 32)
    short = seal_key(transport, rsa_party.public, bytes(16))
    assert len(recipient.open_key(short, 32)) == 32
    assert recipient.open_key(seal_key(transport, rsa_party.public, b"k" * 32), 32) == b"k" * 32


def changed(message: bytes, change: Callable[[Any], None]) -> bytes:
    outer = asn1_cms.ContentInfo.load(message)
    kind, data = outer["content_type"].native, outer["content"]
    change(data)
    return asn1_cms.ContentInfo({"content_type": kind, "content": data}).dump(force=True)


def _twice(data: Any) -> None:
    infos = list(data["recipient_infos"])
    data["recipient_infos"] = asn1_cms.RecipientInfos(infos * 2)


def _nobody(data: Any) -> None:
    data["recipient_infos"] = asn1_cms.RecipientInfos([])


def _crowd(data: Any) -> None:
    infos = list(data["recipient_infos"])
    data["recipient_infos"] = asn1_cms.RecipientInfos(infos * 9)


def _attributes(data: Any) -> None:
    data["unprotected_attrs"] = asn1_cms.CMSAttributes([{"type": "1.2.3.4", "values": [asn1_cms.OctetString(b"x")]}])


def _content_type(data: Any) -> None:
    data["encrypted_content_info"]["content_type"] = "1.2.3.4"


def _short_vector(data: Any) -> None:
    data["encrypted_content_info"]["content_encryption_algorithm"]["parameters"] = asn1_cms.OctetString(bytes(8))


def _empty(data: Any) -> None:
    data["encrypted_content_info"]["encrypted_content"] = b""


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (_twice, "or for several"),
        (_nobody, "for 0 recipients"),
        (_crowd, "for 9 recipients"),
        (_attributes, "structure of EnvelopedData"),
        (_content_type, "not plain data"),
        (_short_vector, "16 octets"),
        (_empty, "does not open"),
    ],
)
def test_what_is_changed_is_refused(rsa_party: Any, change: Any, why: str) -> None:
    message = sealed(rsa_party, OAEP_CBC)
    assert changed(message, lambda _: None) == message
    with pytest.raises(SealBroken, match=why):
        opener(rsa_party, OAEP_CBC).opened(changed(message, change), 10_000)


@pytest.mark.parametrize("party", ["rsa_party", "sm2_party"], indirect=True)
def test_a_message_cut_anywhere_is_refused(party: Any) -> None:
    agreement = GM if party.scheme == "sm2-sm3" else OAEP_GCM
    message, opening = sealed(party, agreement), opener(party, agreement)
    for length in range(0, len(message), 7):
        with pytest.raises(SealBroken):
            opening.opened(message[:length], 10_000)
    with pytest.raises(SealBroken, match="octets follow"):
        opening.opened(message + b"\0", 10_000)
    with pytest.raises(SealBroken, match="more than are taken"):
        opening.opened(bytes(200_000), 10_000)


def test_with_a_tag_any_octet_changed_is_refused(sm2_party: Any) -> None:
    agreement = EnvelopeAgreement("sm2")
    message, opening = sealed(sm2_party, agreement), opener(sm2_party, agreement)

    @given(place=st.integers(0, len(message) - 1), octet=st.integers(0, 255))
    @settings(max_examples=150, deadline=None)
    def one(place: int, octet: int) -> None:
        other = message[:place] + bytes([octet]) + message[place + 1 :]
        try:
            assert opening.opened(other, 10_000) == BODY
        except SealBroken:
            assert other != message

    one()
