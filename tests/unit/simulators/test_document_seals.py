"""The banks' own reading of CMS and of XML signatures: any octets are refused, never a crash."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto.cms.enveloping import EnvelopeAgreement
from crypto.cms.key_transport import recipient_key
from crypto.generate import generate_key
from crypto.schemes import sm2_keys
from simulators.bank_contract import NotGenuine, Seal
from simulators.declaration import XmlSigning
from simulators.seals_cms import CmsSeal, Enveloping
from simulators.seals_xmldsig import XmlDsigSeal
from simulators.signatures import Sm2Seal

BODY = '<?xml version="1.0" encoding="UTF-8"?>\n<Root xmlns="urn:d" xmlns:p="urn:p"><a p:b="1">惠民</a></Root>'.encode()
OLD = "http://www.w3.org/2000/09/xmldsig#"


@pytest.fixture(scope="module")
def made() -> dict[str, Seal]:
    """A bank whose counterparty has the same key, so that it opens what it closed."""
    key = generate_key("sm2")
    secret, public = key.secret or b"", sm2_keys.public_from_pem(key.public)
    signatures = Sm2Seal(secret, public, public)
    agreement = EnvelopeAgreement("sm2", "sm4-cbc", "gmt0010")
    enveloping = Enveloping(recipient_key("sm2", "k", secret), key.public, key.public, agreement)
    seals: dict[str, Seal] = {
        "cms": CmsSeal(signatures, key.public, key.public, "sm2-sm3", "gmt0010", True),
        "enveloped": CmsSeal(signatures, key.public, key.public, "sm2-sm3", "gmt0010", False, enveloping),
    }
    for name, method in (("exclusive", "http://www.w3.org/2001/10/xml-exc-c14n#"), ("inclusive", INCLUSIVE)):
        terms = XmlSigning(signature_uri=OLD + "sm2-sm3", digest_uri=OLD + "sm3", canonicalisation=method)
        seals[name] = XmlDsigSeal(signatures, terms, "utf-8")
    return seals


INCLUSIVE = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
ALL = pytest.mark.parametrize("name", ["cms", "enveloped", "exclusive", "inclusive"])


@ALL
def test_what_was_closed_is_opened(made: dict[str, Seal], name: str) -> None:
    content, beside = made[name].close("m", BODY, None)
    assert beside is None
    opened = made[name].open(content, None)
    assert opened == BODY or b"<a p:b=" in opened or b'p:b="1"' in opened


@ALL
@pytest.mark.parametrize("how", ["bad-signature", "missing-signature"])
def test_damage_is_seen(made: dict[str, Seal], name: str, how: str) -> None:
    with pytest.raises(NotGenuine):
        made[name].open(made[name].close("m", BODY, how)[0], None)


@pytest.mark.parametrize(
    "change",
    [
        lambda c: c.replace(b"<DigestValue>", b"<DigestValue>=="),
        lambda c: c.replace(b"<SignatureValue>", b"<SignatureValue>*"),
        lambda c: c.replace(b"#sm2-sm3", b"#sm2-sm4"),
        lambda c: c.replace("惠民".encode(), b"x"),
        lambda c: c.replace(b"</Root>", b"<x/></Root>"),
        lambda c: c.replace(b"<Signature ", b"<Signature x='"),
        lambda c: c[:-3],
        lambda c: c + c,
    ],
)
def test_another_document_is_refused(made: dict[str, Seal], change: Callable[[bytes], bytes]) -> None:
    content, _ = made["inclusive"].close("m", BODY, None)
    assert change(content) != content
    with pytest.raises(NotGenuine):
        made["inclusive"].open(change(content), None)


@ALL
def test_any_octets_are_refused(made: dict[str, Seal], name: str) -> None:
    genuine, _ = made[name].close("m", BODY, None)

    @given(octets=st.binary(max_size=60), place=st.integers(0, len(genuine)))
    @settings(max_examples=60, deadline=None)
    def once(octets: bytes, place: int) -> None:
        for content in (octets, b64encode(octets), genuine[:place] + octets):
            if content == genuine:
                continue
            with pytest.raises(NotGenuine):
                made[name].open(content, None)

    once()


def test_terms_are_read_by_this_side_too() -> None:
    terms: Any = {"signature_uri": "a", "digest_uri": "b", "unknown": "c"}
    assert XmlSigning.model_validate(terms).canonicalisation.endswith("exc-c14n#")
