"""Envelopes ``cms`` and ``xmldsig`` by profile data: what a profile may say, what they make of it, what they refuse."""

from __future__ import annotations

import shutil
import subprocess
from base64 import b64decode, b64encode
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from adapters.contract import MessageRefused
from adapters.envelopes.cms_terms import CmsTerms
from adapters.envelopes.contract import EnvelopeKeys, Outer
from adapters.envelopes.registry import ENVELOPES
from adapters.envelopes.xmldsig_terms import XmlTerms
from adapters.profile import BankProfile, SignatureEncoding
from adapters.profile_checks import wrongs
from crypto.contract import KeyUnusable, SealBroken, SignatureInvalid
from crypto.generate import generate_key
from crypto.key_entry import KeyState, Owner, Purpose
from crypto.key_material import Algorithm, KeyMaterial
from crypto.keystore import Keystore
from crypto.schemes import sm2_keys
from gateway.bank.unverified import NobodysKeys
from gateway.wiring.bank_keys import BankKeys

BODY = '<?xml version="1.0" encoding="GBK"?>\n<Root><Head><a>镕 &amp; é</a><b/></Head></Root>\n'.encode(
    "gbk", "xmlcharrefreplace"
)
READ = '<?xml version="1.0" encoding="GBK"?>\n<Root><Head><a>镕 &amp; é</a><b></b></Head></Root>'.encode(
    "gbk", "xmlcharrefreplace"
)
MORE, OLD = "http://www.w3.org/2001/04/xmldsig-more#", "http://www.w3.org/2000/09/xmldsig#"
XML = {"signature_uri": OLD + "sm2-sm3", "digest_uri": OLD + "sm3"}
ENVELOPING = {"transport": "sm2", "cipher": "sm4-cbc", "bank_key": "bank-encrypt", "own_key": "own-decrypt"}
CMS = {"syntax": "gmt0010", "encryption": ENVELOPING}
OUTER_ID = "7K3M9QXWZ4T2F0001"


@dataclass(frozen=True)
class Sides:
    """Our keystore, and the bank's, which is the same looked at from the other side."""

    ours: Keystore
    theirs: Keystore

    def keys(self, profile: BankProfile, *, bank: bool = False) -> EnvelopeKeys:
        return BankKeys(self.theirs if bank else self.ours, profile.security)


@pytest.fixture(scope="module")
def sides(tmp_path_factory: pytest.TempPathFactory) -> Sides:
    place = tmp_path_factory.mktemp("keystores")
    stores = [Keystore.create(place / name, "correct horse battery", lambda: date(2026, 11, 23)) for name in "ab"]
    for signer, verifier in (stores, stores[::-1]):
        _share(signer, verifier, "own-sign", Purpose.SIGN, "bank-verify", Purpose.VERIFY)
        _share(signer, verifier, "own-decrypt", Purpose.ENCRYPT, "bank-encrypt", Purpose.ENCRYPT)
    for store in stores:
        store.save()
    return Sides(*stores)


def _share(
    mine: Keystore, theirs: Keystore, own: str, purpose: Purpose, other: str, their_purpose: Purpose, key: str = "1"
) -> None:
    material = generate_key("sm2")
    mine.add(own, purpose, material, key_id=key, state=KeyState.ACTIVE, owner=Owner.GATEWAY)
    public = KeyMaterial(Algorithm.SM2, material.public)
    theirs.add(other, their_purpose, public, key_id=key, state=KeyState.ACTIVE, owner=Owner.COUNTERPARTY)


@pytest.fixture
def openssl(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[bytes]]:
    if shutil.which("openssl") is None:
        pytest.skip("the openssl command is not installed")

    def run(*arguments: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(["openssl", *arguments], cwd=tmp_path, check=True, capture_output=True, timeout=30)

    return run


def with_security(profile: BankProfile, **changes: Any) -> BankProfile:
    if "encoding" in changes:
        changes["encoding"] = SignatureEncoding(changes["encoding"])
    update = {"signing_key": "own-sign", "verification_key": "bank-verify", "signature_element": None, **changes}
    return profile.model_copy(update={"security": profile.security.model_copy(update=update)})


@pytest.fixture
def xml(coop: BankProfile) -> BankProfile:
    return with_security(coop, envelope="xmldsig", encoding="base64", xml=XmlTerms.model_validate(XML))


@pytest.fixture
def cms(coop: BankProfile) -> BankProfile:
    return with_security(coop, envelope="cms", encoding="base64", cms=CmsTerms.model_validate(CMS))


@pytest.fixture
def profile(request: pytest.FixtureRequest) -> BankProfile:
    found: BankProfile = request.getfixturevalue(request.param)
    return found


BOTH = pytest.mark.parametrize("profile", ["xml", "cms"], indirect=True)


def changed(profile: BankProfile, part: str, **changes: Any) -> BankProfile:
    terms = getattr(profile.security, part).model_copy(update=changes)
    return with_security(profile, **{part: terms})


def found(profile: BankProfile) -> dict[str, str]:
    return {".".join(map(str, wrong.key)): wrong.what for wrong in wrongs(profile, profile.bank)}


@BOTH
def test_a_profile_may_ask_for_it(profile: BankProfile) -> None:
    assert found(profile) == {}


@BOTH
def test_what_one_side_seals_the_other_opens(profile: BankProfile, outer: Outer, sides: Sides) -> None:
    envelope = ENVELOPES[profile.security.envelope]
    content, key_id = envelope.seal(profile, outer, BODY, sides.keys(profile, bank=True))
    opened = envelope.open(profile, content, sides.keys(profile))
    assert opened.body == (READ if profile.security.envelope == "xmldsig" else BODY)
    assert (opened.key_id, key_id) == ("1", "1")
    with pytest.raises((SignatureInvalid, SealBroken)):  # what we sealed ourselves is not the bank's
        envelope.open(profile, content, sides.keys(profile, bank=True))


@BOTH
def test_sizes_are_bounded(profile: BankProfile, outer: Outer, sides: Sides) -> None:
    envelope = ENVELOPES[profile.security.envelope]
    limits = profile.limits.model_copy(update={"result_bytes": 50, "bytes_per_file": 50})
    small = profile.model_copy(update={"limits": limits})
    with pytest.raises(ValueError, match=r"bytes_per_file|at most 50"):
        envelope.seal(small, outer, BODY, sides.keys(profile))
    content, _ = envelope.seal(profile, outer, BODY, sides.keys(profile, bank=True))
    with pytest.raises((MessageRefused, SignatureInvalid), match=r"more than 50|at most 50"):
        envelope.open(small, content, sides.keys(small))
    with pytest.raises(MessageRefused, match="more than"):
        envelope.open(small, bytes(400_000), sides.keys(small))


def test_a_named_document(xml: BankProfile, outer: Outer, sides: Sides) -> None:
    named = changed(xml, "xml", id_attribute="ID")
    content, _ = ENVELOPES["xmldsig"].seal(named, outer, BODY, sides.keys(named, bank=True))
    assert f'<Root ID="_{OUTER_ID}">'.encode() in content and f'URI="#_{OUTER_ID}"'.encode() in content
    assert f'<Root ID="_{OUTER_ID}">'.encode() in ENVELOPES["xmldsig"].open(named, content, sides.keys(named)).body
    with pytest.raises(SignatureInvalid, match="another URI"):
        ENVELOPES["xmldsig"].open(xml, content, sides.keys(xml))


def test_what_is_no_document_is_not_signed(xml: BankProfile, outer: Outer, sides: Sides) -> None:
    for body in (b"", b"{}", BODY + b"<a/>", BODY.replace(b"GBK", b"UTF-8")):
        with pytest.raises(ValueError, match="not a document that can be signed"):
            ENVELOPES["xmldsig"].seal(xml, outer, body, sides.keys(xml))


@pytest.mark.parametrize(
    ("change", "error", "why"),
    [
        (lambda c: b64encode(b64decode(c)[:-1]), SealBroken, "cut off"),
        (lambda c: b64encode(b64decode(c) + b"\0"), SealBroken, "octets follow"),
        (lambda c: c[:-1], MessageRefused, "not base64"),
        (lambda c: b"*" + c, MessageRefused, "not base64"),
        (lambda c: c.rstrip(b"=")[:-1] + b"B==", MessageRefused, "base64"),
        (lambda c: c[:0], SealBroken, "cut off"),
        (lambda c: c[:0] + BODY, MessageRefused, "not base64"),
    ],
)
def test_another_message_is_refused(
    cms: BankProfile, outer: Outer, sides: Sides, change: Callable[[bytes], bytes], error: type[Exception], why: str
) -> None:
    content, _ = ENVELOPES["cms"].seal(cms, outer, b"<a></a>", sides.keys(cms, bank=True))
    with pytest.raises(error, match=why):
        ENVELOPES["cms"].open(cms, change(content), sides.keys(cms))


def test_base64_may_be_broken_into_lines_and_der_may_stand_by_itself(
    cms: BankProfile, outer: Outer, sides: Sides
) -> None:
    content, _ = ENVELOPES["cms"].seal(cms, outer, BODY, sides.keys(cms, bank=True))
    lines = b"\r\n".join(content[place : place + 64] for place in range(0, len(content), 64)) + b"\n"
    assert ENVELOPES["cms"].open(cms, lines, sides.keys(cms)).body == BODY
    raw = with_security(cms, encoding="raw")
    assert ENVELOPES["cms"].open(raw, b64decode(content), sides.keys(raw)).body == BODY
    assert ENVELOPES["cms"].seal(raw, outer, BODY, sides.keys(raw))[0].startswith(b"\x30\x82")


def test_a_message_that_should_be_enveloped_and_is_not(cms: BankProfile, outer: Outer, sides: Sides) -> None:
    bare = changed(cms, "cms", encryption=None)
    content, _ = ENVELOPES["cms"].seal(bare, outer, BODY, sides.keys(bare, bank=True))
    assert ENVELOPES["cms"].open(bare, content, sides.keys(bare)).body == BODY
    with pytest.raises(SealBroken, match="not enveloped as agreed"):
        ENVELOPES["cms"].open(cms, content, sides.keys(cms))


def test_rotation_of_every_key(cms: BankProfile, outer: Outer, tmp_path: Path) -> None:
    """What was sealed under the former keys opens while they are retiring, and not once they are revoked."""
    stores = [Keystore.create(tmp_path / name, "correct horse battery", lambda: date(2026, 11, 23)) for name in "ab"]
    sides = Sides(*stores)
    for signer, verifier in (stores, stores[::-1]):
        _share(signer, verifier, "own-sign", Purpose.SIGN, "bank-verify", Purpose.VERIFY)
        _share(signer, verifier, "own-decrypt", Purpose.ENCRYPT, "bank-encrypt", Purpose.ENCRYPT)
    for store in stores:
        store.save()
    before, _ = ENVELOPES["cms"].seal(cms, outer, BODY, sides.keys(cms, bank=True))
    for signer, verifier in (stores, stores[::-1]):
        _share(signer, verifier, "own-sign", Purpose.SIGN, "bank-verify", Purpose.VERIFY, "2")
        _share(signer, verifier, "own-decrypt", Purpose.ENCRYPT, "bank-encrypt", Purpose.ENCRYPT, "2")
    for store in stores:
        for alias in ("own-sign", "bank-verify", "own-decrypt", "bank-encrypt"):
            store.move(alias, "1", KeyState.RETIRING)
        store.save()
    after, key_id = ENVELOPES["cms"].seal(cms, outer, BODY, sides.keys(cms, bank=True))
    assert key_id == "2"
    assert [ENVELOPES["cms"].open(cms, content, sides.keys(cms)).key_id for content in (before, after)] == ["1", "2"]
    stores[0].move("bank-verify", "1", KeyState.REVOKED)
    stores[0].save()
    with pytest.raises(SignatureInvalid):
        ENVELOPES["cms"].open(cms, before, sides.keys(cms))
    stores[0].move("own-decrypt", "1", KeyState.REVOKED)
    stores[0].save()
    with pytest.raises(SealBroken, match="not encrypted for a key that we have"):
        ENVELOPES["cms"].open(cms, before, sides.keys(cms))
    assert ENVELOPES["cms"].open(cms, after, sides.keys(cms)).key_id == "2"


def test_a_preview_shows_a_signature_of_zeros_where_no_key_is_needed(
    xml: BankProfile, cms: BankProfile, outer: Outer
) -> None:
    content, key_id = ENVELOPES["xmldsig"].seal(xml, outer, BODY, NobodysKeys())
    assert (b"<ds:SignatureValue>" + b64encode(bytes(64))) in content
    assert ENVELOPES["xmldsig"].open(xml, content, NobodysKeys()).key_id == key_id == "nobody"
    with pytest.raises(KeyUnusable, match="no keys"):
        ENVELOPES["cms"].seal(cms, outer, BODY, NobodysKeys())


@BOTH
def test_keys_that_do_single_signatures_only_are_refused(
    profile: BankProfile, outer: Outer, sm2_keys: EnvelopeKeys
) -> None:
    with pytest.raises(KeyUnusable, match="do not serve envelope"):
        ENVELOPES[profile.security.envelope].seal(profile, outer, BODY, sm2_keys)


@BOTH
def test_the_terms_must_be_there(profile: BankProfile, outer: Outer, sides: Sides) -> None:
    without = with_security(profile, xml=None, cms=None)
    with pytest.raises(KeyUnusable, match="is missing"):
        ENVELOPES[profile.security.envelope].seal(without, outer, BODY, sides.keys(without))
    (key,) = found(without)
    assert key == ("security.xml" if profile.security.envelope == "xmldsig" else "security.cms")


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"encoding": "hex"}, "security.encoding"),
        ({"scheme": "rsa-pkcs1-sha256"}, "security.xml.signature_uri"),
        ({"scheme": "ecdsa-p256-sha256"}, "security.form"),
        ({"cms": CmsTerms(syntax="rfc5652")}, "security.cms"),
        ({"signature_element": "Sign"}, "security.signature_element"),
        ({"xml": XmlTerms(**{**XML, "digest_uri": OLD + "sha1"})}, "security.xml.digest_uri"),
        ({"xml": XmlTerms(**{**XML, "digest_uri": "urn:x"})}, "security.xml.digest"),
        ({"xml": XmlTerms(**XML, canonicalisation="urn:x")}, "security.xml.canonicalisation"),
        ({"xml": XmlTerms(**XML, signed_element="Body")}, "security.xml.id_attribute"),
    ],
)
def test_terms_of_xml_that_do_not_go_together(xml: BankProfile, changes: dict[str, Any], key: str) -> None:
    assert key in found(with_security(xml, **changes))


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"encoding": "hex"}, "security.encoding"),
        ({"scheme": "hmac-sha256"}, "security.scheme"),
        ({"scheme": "rsa-pkcs1-sha256"}, "security.cms.syntax"),
        ({"form": "raw"}, "security.form"),
        ({"xml": XmlTerms(**XML)}, "security.xml"),
        (
            {"cms": CmsTerms.model_validate({**CMS, "encryption": {**ENVELOPING, "cipher": "aes-256-gcm"}})},
            "security.cms.encryption.cipher",
        ),
    ],
)
def test_terms_of_cms_that_do_not_go_together(cms: BankProfile, changes: dict[str, Any], key: str) -> None:
    assert key in found(with_security(cms, **changes))


def test_messages_that_are_no_xml_are_not_signed_as_xml(xml: BankProfile) -> None:
    other = xml.model_copy(update={"dialect": "fixed-width"})
    assert "security.envelope" in found(other)


def test_keys_named_by_their_certificates(cms: BankProfile, outer: Outer, openssl: Any, tmp_path: Path) -> None:
    """Issuer and serial, as GM/T 0010 has it: known by the certificates that the keystore holds, and by those only."""
    stores = [Keystore.create(tmp_path / name, "correct horse battery", lambda: date(2026, 11, 23)) for name in "ab"]
    sides = Sides(*stores)
    pems = []
    for signer, verifier in (stores, stores[::-1]):
        _share(signer, verifier, "own-sign", Purpose.SIGN, "bank-verify", Purpose.VERIFY)
        key = signer.own_half("own-sign", "1")
        public = sm2_keys.public_from_pem(signer.entries("own-sign")[0].public)
        (tmp_path / "key.pem").write_text(sm2_keys.private_to_pem(key, public))
        pems.append(openssl("req", "-x509", "-new", "-key", "key.pem", "-sm3", "-days", "9", "-subj", "/CN=x").stdout)
    named = changed(cms, "cms", certificates="certificates", encryption=None)
    for store in stores:
        for number, pem in enumerate(pems):
            material = KeyMaterial(Algorithm.X509, pem.decode())
            store.add("certificates", Purpose.VERIFY, material, key_id=str(number), state=KeyState.ACTIVE)
        store.save()
    content, _ = ENVELOPES["cms"].seal(named, outer, BODY, sides.keys(named, bank=True))
    assert ENVELOPES["cms"].open(named, content, sides.keys(named)).body == BODY
    with pytest.raises(SignatureInvalid, match="none whose certificate or key we know"):
        bare = changed(named, "cms", certificates=None)
        ENVELOPES["cms"].open(bare, content, sides.keys(bare))
    stores[1].move("certificates", "1", KeyState.REVOKED)
    stores[1].save()
    with pytest.raises(KeyUnusable, match="made for the key in use"):
        ENVELOPES["cms"].seal(named, outer, BODY, sides.keys(named, bank=True))
