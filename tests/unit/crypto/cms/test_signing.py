"""Signed messages: both ways, against the openssl command, and everything that is refused."""

from __future__ import annotations

import subprocess
import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from asn1crypto import cms as asn1_cms
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto.cms.parties import by_certificate, by_key, certificate_der, identifiers_of
from crypto.cms.signing import CmsAgreement, CmsSigner, CmsVerifier, Signatory, Verified
from crypto.contract import KeyUnusable, SignatureInvalid
from crypto.schemes import sm2_keys

AT = datetime(2026, 11, 23, 2, 3, 4, tzinfo=UTC)
BODY = "<Document>惠民惠农</Document>\n".encode() * 5
OpenSsl = Callable[..., subprocess.CompletedProcess[bytes]]


def agreement(party: Any) -> CmsAgreement:
    return CmsAgreement(party.scheme, "gmt0010" if party.scheme == "sm2-sm3" else "rfc5652")


def signatory(party: Any) -> Signatory:
    if not party.certificate:
        return Signatory(by_key(party.public))
    return Signatory(by_certificate(party.certificate), (certificate_der(party.certificate),))


def parties(party: Any) -> dict[str, frozenset[bytes]]:
    return {"own": identifiers_of(party.certificate or party.public)}


def signer(party: Any, at: datetime = AT) -> CmsSigner:
    return CmsSigner(party.signer(), agreement(party), signatory(party), at)


def enclosed(party: Any) -> bytes:
    return signer(party).enclosing(BODY)


def opened(party: Any, message: bytes, most: int = 10_000) -> Verified:
    return CmsVerifier(party.verifier(), agreement(party), parties(party)).opened(message, most)


ALL = pytest.mark.parametrize("party", ["rsa_party", "ec_party", "ec384_party", "sm2_party"], indirect=True)
OPENSSL = pytest.mark.parametrize("party", ["rsa_party", "ec_party", "ec384_party"], indirect=True)


@ALL
def test_what_was_signed_is_opened(party: Any) -> None:
    assert opened(party, enclosed(party)) == Verified(BODY, "own", AT)


@ALL
def test_detached_signatures_stream(party: Any) -> None:
    making = signer(party)
    for start in range(0, len(BODY), 7):
        making.update(BODY[start : start + 7])
    signature = making.signature()
    checking = CmsVerifier(party.verifier(), agreement(party), parties(party))
    checking.update(BODY[:50])
    checking.update(BODY[50:])
    assert (checking.verify(signature), making.key_id) == ("own", "own")
    other = CmsVerifier(party.verifier(), agreement(party), parties(party))
    other.update(BODY + b" ")
    with pytest.raises(SignatureInvalid, match="digest"):
        other.verify(signature)


def test_memory_does_not_grow_with_the_message(sm2_party: Any) -> None:
    making, block = signer(sm2_party), bytes(1_000_000)
    tracemalloc.start()
    for _ in range(40):
        making.update(block)
    signature, peak = making.signature(), tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(signature) < 400
    assert peak < 500_000


@OPENSSL
def test_openssl_verifies_ours(party: Any, openssl: OpenSsl, files: Any, tmp_path: Path) -> None:
    making = signer(party)
    making.update(BODY)
    files(enclosed_der=enclosed(party), detached_der=making.signature(), body_bin=BODY, ca_pem=party.certificate)
    trusting = ("-CAfile", "ca.pem", "-purpose", "any", "-inform", "DER", "-binary")
    assert openssl("cms", "-verify", "-in", "enclosed.der", *trusting).stdout == BODY
    openssl("cms", "-verify", "-in", "detached.der", "-content", "body.bin", *trusting)
    printed = openssl("cms", "-cmsout", "-print", "-inform", "DER", "-in", "detached.der").stdout
    assert b"signingTime" in printed and b"Nov 23 02:03:04 2026 GMT" in printed


@OPENSSL
@pytest.mark.parametrize("named", [(), ("-keyid",), ("-nocerts",), ("-nosmimecap",)])
def test_openssl_s_are_verified(party: Any, named: tuple[str, ...], openssl: OpenSsl, files: Any) -> None:
    files(key_pem=party.private_pem, cert_pem=party.certificate, body_bin=BODY)
    digest = "sha384" if party.scheme.endswith("384") else "sha256"
    command = ("cms", "-sign", "-binary", "-in", "body.bin", "-signer", "cert.pem", "-inkey", "key.pem")
    command += ("-outform", "DER", "-md", digest, *named)
    assert opened(party, openssl(*command, "-nodetach").stdout).content == BODY
    checking = CmsVerifier(party.verifier(), agreement(party), parties(party))
    checking.update(BODY)
    assert checking.verify(openssl(*command).stdout) == "own"


def test_pss_both_ways(rsa_party: Any, openssl: OpenSsl, files: Any) -> None:
    from dataclasses import replace

    party = replace(rsa_party, scheme="rsa-pss-sha256")
    files(key_pem=party.private_pem, ca_pem=party.certificate, body_bin=BODY, ours_der=enclosed(party))
    options = ("-keyopt", "rsa_padding_mode:pss", "-keyopt", "rsa_pss_saltlen:32")
    command = ("cms", "-sign", "-binary", "-in", "body.bin", "-signer", "ca.pem", "-inkey", "key.pem", *options)
    theirs = openssl(*command, "-outform", "DER", "-md", "sha256", "-nodetach").stdout
    assert opened(party, theirs).content == BODY
    verified = openssl("cms", "-verify", "-in", "ours.der", "-inform", "DER", "-binary", "-CAfile", "ca.pem")
    assert verified.stdout == BODY


def test_sm2_has_the_identifiers_of_gmt_0010_and_openssl_verifies_the_inner_signature(
    sm2_party: Any, openssl: OpenSsl, files: Any
) -> None:
    message = enclosed(sm2_party)
    printed = openssl("asn1parse", "-inform", "DER", "-in", files(m_der=message) or "m.der").stdout.decode()
    for oid in ("1.2.156.10197.6.1.4.2.2", "1.2.156.10197.6.1.4.2.1", "sm3", "1.2.156.10197.1.301.1"):
        assert f":{oid}" in printed
    info = asn1_cms.ContentInfo.load(message)["content"].parse(asn1_cms.SignedData)["signer_infos"][0]
    attributes = b"\x31" + info["signed_attrs"].dump()[1:]
    files(attributes_der=attributes, signature_der=info["signature"].native, key_pem=sm2_party.public)
    command = ("pkeyutl", "-verify", "-pubin", "-inkey", "key.pem", "-rawin", "-digest", "sm3", "-in", "attributes.der")
    options = ("-sigfile", "signature.der", "-pkeyopt", "distid:1234567812345678")
    assert b"Successfully" in openssl(*command, *options).stdout
    assert openssl(*command, *options[:-1], "distid:8765432187654321", check=False).returncode


def test_a_certificate_on_the_sm2_curve_names_its_owner(sm2_party: Any, openssl: OpenSsl, files: Any) -> None:
    secret, public = sm2_party.secret, sm2_keys.public_from_pem(sm2_party.public)
    files(key_pem=sm2_keys.private_to_pem(secret, public))
    command = ("req", "-x509", "-new", "-key", "key.pem", "-sm3", "-sigopt", "distid:1234567812345678", "-days", "30")
    certificate = openssl(*command, "-subj", "/C=CN/CN=gm").stdout.decode()
    known = {"own": identifiers_of(certificate)}
    making = CmsSigner(sm2_party.signer(), agreement(sm2_party), Signatory(by_certificate(certificate)), AT)
    checking = CmsVerifier(sm2_party.verifier(), agreement(sm2_party), known)
    assert checking.opened(making.enclosing(BODY), 1_000).key_id == "own"
    assert by_key(sm2_party.public) in known["own"]


def test_sm2_under_the_identifiers_of_rfc_5652(sm2_party: Any) -> None:
    agreed = CmsAgreement("sm2-sm3")
    message = CmsSigner(sm2_party.signer(), agreed, signatory(sm2_party), AT).enclosing(BODY)
    assert CmsVerifier(sm2_party.verifier(), agreed, parties(sm2_party)).opened(message, 1_000).content == BODY
    with pytest.raises(SignatureInvalid, match="agreed syntax"):
        opened(sm2_party, message)


def test_times_are_written_as_the_standard_has_them(rsa_party: Any) -> None:
    for at in (datetime(2049, 12, 31, 23, 59, 59, tzinfo=UTC), datetime(2050, 1, 1, tzinfo=UTC)):
        message = signer(rsa_party, at).enclosing(BODY)
        assert opened(rsa_party, message).signed_at == at
    assert b"\x18\x0f20500101000000Z" in message


# ---- what is refused


def test_a_stranger_s_certificate_in_the_message_proves_nothing(rsa_party: Any, other_party: Any) -> None:
    """Signed by somebody else, whose certificate travels along."""
    with pytest.raises(SignatureInvalid, match="none whose certificate"):
        opened(rsa_party, enclosed(other_party))


def test_our_name_on_a_stranger_s_signature_is_refused(rsa_party: Any, other_party: Any) -> None:
    posing = CmsSigner(other_party.signer(), agreement(rsa_party), signatory(rsa_party), AT).enclosing(BODY)
    with pytest.raises(SignatureInvalid, match="not by a key we trust"):
        opened(rsa_party, posing)
    stuffed = Signatory(by_certificate(rsa_party.certificate), (certificate_der(other_party.certificate),))
    own = CmsSigner(rsa_party.signer(), agreement(rsa_party), stuffed, AT).enclosing(BODY)
    assert opened(rsa_party, own).content == BODY  # what travels along is not looked at


def test_the_key_must_be_the_one_that_is_named(rsa_party: Any, other_party: Any) -> None:
    """Both keys are the bank's; the message of one names the other."""
    known = {"own": identifiers_of(rsa_party.certificate), "new": identifiers_of(other_party.certificate)}

    def verifier() -> CmsVerifier:
        return CmsVerifier(rsa_party.verifier(new=other_party.public), agreement(rsa_party), known)

    posing = CmsSigner(other_party.signer(), agreement(rsa_party), signatory(rsa_party), AT).enclosing(BODY)
    with pytest.raises(SignatureInvalid, match="names another key"):
        verifier().opened(posing, 1_000)
    assert verifier().opened(enclosed(rsa_party), 1_000).key_id == "own"
    assert verifier().opened(enclosed(other_party), 1_000).key_id == "new"


def test_detached_and_enclosing_are_not_mistaken_for_each_other(rsa_party: Any) -> None:
    making = signer(rsa_party)
    making.update(BODY)
    with pytest.raises(SignatureInvalid, match="holds no content"):
        opened(rsa_party, making.signature())
    checking = CmsVerifier(rsa_party.verifier(), agreement(rsa_party), parties(rsa_party))
    checking.update(BODY)
    with pytest.raises(SignatureInvalid, match="content of its own"):
        checking.verify(enclosed(rsa_party))


def changed(message: bytes, change: Callable[[asn1_cms.SignedData], None]) -> bytes:
    """The message after asn1crypto wrote it again, with a change."""
    outer = asn1_cms.ContentInfo.load(message)
    data = outer["content"]
    change(data)
    return asn1_cms.ContentInfo({"content_type": "signed_data", "content": data}).dump(force=True)


def _two_signers(data: asn1_cms.SignedData) -> None:
    infos = data["signer_infos"]
    other = infos[0].copy()
    other["signature"] = bytes(256)
    data["signer_infos"] = asn1_cms.SignerInfos([infos[0], other])


def _no_signer(data: asn1_cms.SignedData) -> None:
    data["signer_infos"] = asn1_cms.SignerInfos([])


def _no_attributes(data: asn1_cms.SignedData) -> None:
    del data["signer_infos"][0]["signed_attrs"]


def _sha1(data: asn1_cms.SignedData) -> None:
    for place in (data["digest_algorithms"][0], data["signer_infos"][0]["digest_algorithm"]):
        place["algorithm"] = "sha1"


def _sha1_outside(data: asn1_cms.SignedData) -> None:
    data["digest_algorithms"][0]["algorithm"] = "sha1"


def _another_scheme(data: asn1_cms.SignedData) -> None:
    data["signer_infos"][0]["signature_algorithm"]["algorithm"] = "sha1_rsa"


def _content(data: asn1_cms.SignedData) -> None:
    data["encap_content_info"]["content"] = b"another"


def _digest(data: asn1_cms.SignedData) -> None:
    for attribute in data["signer_infos"][0]["signed_attrs"]:
        if attribute["type"].native == "message_digest":
            attribute["values"] = [bytes(32)]


def _without_digest(data: asn1_cms.SignedData) -> None:
    kept = [one for one in data["signer_infos"][0]["signed_attrs"] if one["type"].native != "message_digest"]
    data["signer_infos"][0]["signed_attrs"] = asn1_cms.CMSAttributes(kept)


def _attribute_twice(data: asn1_cms.SignedData) -> None:
    every = list(data["signer_infos"][0]["signed_attrs"])
    data["signer_infos"][0]["signed_attrs"] = asn1_cms.CMSAttributes([*every, every[0]])


def _content_type(data: asn1_cms.SignedData) -> None:
    data["encap_content_info"]["content_type"] = "1.2.3.4"


def _unsigned(data: asn1_cms.SignedData) -> None:
    data["signer_infos"][0]["unsigned_attrs"] = asn1_cms.CMSAttributes(
        [{"type": "1.2.3.4", "values": [asn1_cms.OctetString(b"x")]}]
    )


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (_two_signers, "exactly one signer, it has 2"),
        (_no_signer, "exactly one signer, it has 0"),
        (_no_attributes, "no signed attributes"),
        (_sha1, "digest algorithm is not the one agreed"),
        (_sha1_outside, "digest algorithm is not the one agreed"),
        (_another_scheme, "signature algorithm is not the one agreed"),
        (_content, "digest differs"),
        (_digest, "not by a key we trust"),
        (_without_digest, "lack the content type or the message digest"),
        (_attribute_twice, "twice"),
        (_content_type, "not plain data"),
        (_unsigned, "unsigned attributes"),
    ],
)
def test_what_is_changed_is_refused(rsa_party: Any, change: Any, why: str) -> None:
    message = enclosed(rsa_party)
    assert changed(message, lambda _: None) == message
    with pytest.raises(SignatureInvalid, match=why):
        opened(rsa_party, changed(message, change))


def test_ber_is_refused(rsa_party: Any, openssl: OpenSsl, files: Any) -> None:
    files(key_pem=rsa_party.private_pem, cert_pem=rsa_party.certificate, body_bin=BODY)
    command = ("cms", "-sign", "-binary", "-in", "body.bin", "-signer", "cert.pem", "-inkey", "key.pem", "-nodetach")
    with pytest.raises(SignatureInvalid, match="BER with a length left open"):
        opened(rsa_party, openssl(*command, "-outform", "DER", "-stream").stdout)


def test_sizes_are_bounded(rsa_party: Any) -> None:
    message = enclosed(rsa_party)
    with pytest.raises(SignatureInvalid, match="more than 100 octets"):
        opened(rsa_party, message, 100)
    with pytest.raises(SignatureInvalid, match="at most"):
        opened(rsa_party, bytes(200_000), 100)
    with pytest.raises(SignatureInvalid, match=r"length that cannot be|cut off"):
        opened(rsa_party, b"\x30\x84\xff\xff\xff\xff" + message[4:])


def test_another_scheme_than_the_known_ones(rsa_party: Any) -> None:
    with pytest.raises(KeyUnusable, match="does not go with CMS"):
        CmsAgreement("rsa-pkcs1-sha1")


@ALL
def test_a_message_cut_anywhere_is_refused(party: Any) -> None:
    message = enclosed(party)
    for length in range(0, len(message), 5):
        with pytest.raises(SignatureInvalid):
            opened(party, message[:length])
    with pytest.raises(SignatureInvalid, match="octets follow"):
        opened(party, message + b"\0")


def test_any_octet_changed_is_refused_or_was_never_looked_at(ec_party: Any) -> None:
    message = enclosed(ec_party)
    certificate = certificate_der(ec_party.certificate)
    start = message.index(certificate)

    @given(place=st.integers(0, len(message) - 1), octet=st.integers(0, 255))
    @settings(max_examples=250, deadline=None)
    def one(place: int, octet: int) -> None:
        other = message[:place] + bytes([octet]) + message[place + 1 :]
        try:
            found = opened(ec_party, other)
        except SignatureInvalid:
            return
        assert found == Verified(BODY, "own", AT)
        version = message.index(b"\x02\x01\x01") + 2  # of SignedData, where 1 and 3 say nothing
        assert other == message or start <= place < start + len(certificate) or place == version

    one()
