"""Documents that were tampered with: wrapped, doubled, commented, re-labelled. Each is refused with its reason."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto.contract import SignatureInvalid
from crypto.xmldsig.document import Coverage
from crypto.xmldsig.hardened import Bounds

DS = "http://www.w3.org/2000/09/xmldsig#"
MORE = "http://www.w3.org/2001/04/xmldsig-more#"
SIGNATURE = re.compile(rb"<ds:Signature .*</ds:Signature>", re.DOTALL)


def parts(content: bytes) -> tuple[bytes, bytes]:
    """The document without its signature, and the signature."""
    found = SIGNATURE.search(content)
    assert found is not None
    return content[: found.start()] + content[found.end() :], found[0]


def refuses(party: Any, content: bytes, why: str, **how: Any) -> None:
    with pytest.raises(SignatureInvalid, match=why):
        party.signatures(**how).verify(content, party.verifier())


# ---- wrapping: the signed element is still there, but not where the reader looks


def _inside(document: bytes, signature: bytes) -> bytes:
    """The signed document inside another root, as it was signed."""
    return b"<Root><Evil/>" + document.replace(b"</Root>", signature + b"</Root>") + b"</Root>"


def _beside(document: bytes, signature: bytes) -> bytes:
    """A new root, the old one kept in an Object of the signature."""
    kept = b"<ds:Object>" + document.strip() + b"</ds:Object></ds:Signature>"
    return b"<Root><Evil/>" + signature.replace(b"</ds:Signature>", kept) + b"</Root>"


def _in_key_info(document: bytes, signature: bytes) -> bytes:
    return b"<Root><Evil/>" + signature.replace(b"</ds:KeyInfo>", document.strip() + b"</ds:KeyInfo>") + b"</Root>"


def _as_sibling(document: bytes, signature: bytes) -> bytes:
    return b"<W>" + document.strip() + b"<Root><Evil/></Root>" + signature + b"</W>"


def _moved_down(document: bytes, signature: bytes) -> bytes:
    return document.replace(b"</Head>", signature + b"</Head>")


def _moved_first(document: bytes, signature: bytes) -> bytes:
    return document.replace(b"<Head>", signature + b"<Head>")


def _two(document: bytes, signature: bytes) -> bytes:
    return document.replace(b"</Root>", signature + signature + b"</Root>")


def _another_deeper(document: bytes, signature: bytes) -> bytes:
    return document.replace(b"<p/>", signature).replace(b"</Root>", signature + b"</Root>")


def _none(document: bytes, signature: bytes) -> bytes:
    return document


def _only(document: bytes, signature: bytes) -> bytes:
    return signature


@pytest.mark.parametrize(
    ("wrap", "why"),
    [
        (_inside, "last child of the document's root"),
        (_beside, "must hold SignedInfo, SignatureValue"),
        (_in_key_info, "digest differs"),
        (_as_sibling, "digest differs"),
        (_moved_down, "last child of the document's root"),
        (_moved_first, "last child of the document's root"),
        (_two, "exactly one signature, it has 2"),
        (_another_deeper, "exactly one signature, it has 2"),
        (_none, "exactly one signature, it has 0"),
        (_only, "last child of the document's root"),
    ],
)
def test_a_wrapped_signature_is_refused(
    rsa: Any, signed: Callable[..., bytes], wrap: Callable[[bytes, bytes], bytes], why: str
) -> None:
    refuses(rsa, wrap(*parts(signed(rsa))), why)


PART = Coverage("Body", "ID")
MESSAGE = b'<Msg><Head/><Body ID="b1"><a>1</a></Body></Msg>'


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        # the signed part moved aside, another one in its place, under the same name or a fresh one
        (
            b'<Head/><Body ID="b1"><a>1',
            b'<Head><Body ID="b1"><a>1</a></Body></Head><Body ID="b1"><a>2',
            "more than once",
        ),
        (b'<Head/><Body ID="b1"><a>1', b'<Head><Body ID="b1"><a>1</a></Body></Head><Body ID="b2"><a>2', "another URI"),
        (
            b'<Head/><Body ID="b1"><a>1',
            b'<Head><Body ID="b1"><a>1</a></Body></Head><Body><a>2',
            "no plain attribute ID",
        ),
        (b"<Head/><Body", b'<Body ID="b3"/><Body', "exactly once"),
        (b"<Head/>", b'<Head Id="b1"/>', "more than once"),
        (b"<Head/>", b'<Head xml:id="b1"/>', "more than once"),
        (b"<Head/>", b'<Head xmlns:w="urn:w" w:id="b1"/>', "more than once"),
        (b'<Body ID="b1">', b'<Body ID="b1" Id="b1">', "more than once"),
        (b"<ds:Signature ", b'<ds:Signature Id="b1" ', "more than once"),
        (b"<ds:KeyInfo>", b'<ds:KeyInfo><Body ID="b1"/>', "more than once"),
        (b"<Body", b'<Body xmlns="urn:other"', "exactly once"),
        (b'<Body ID="b1">', b'<Body ID="b1 ">', "no plain attribute"),
        (b'<Body ID="b1">', b"<Body ID='b1' x='1'>", "digest differs"),
        (b'URI="#b1"', b'URI=""', "another URI"),
        (b'URI="#b1"', b"URI=\"#xpointer(id('b1'))\"", "another URI"),
        (b'URI="#b1"', b'URI="http://127.0.0.1/b1"', "another URI"),
        (b' URI="#b1"', b"", "another URI"),
    ],
)
def test_a_part_must_be_the_only_one_of_its_name(rsa: Any, old: bytes, new: bytes, why: str) -> None:
    content = rsa.signatures(PART).sign(MESSAGE, rsa.signer())
    assert old in content
    refuses(rsa, content.replace(old, new, 1), why, coverage=PART)


# ---- what the Signature itself says


def _element(name: str, text: str = "", **attributes: str) -> bytes:
    return f"<{name}{''.join(f' {key}={value!r}' for key, value in attributes.items())}>{text}</{name}>".encode()


ENVELOPED = _element("ds:Transform", Algorithm=DS + "enveloped-signature").replace(b"'", b'"')
EXCLUSIVE = b'<ds:Transform Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"></ds:Transform>'
XPATH = (
    b'<ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xpath-19991116"><ds:XPath>true()</ds:XPath></ds:Transform>'
)
XSLT = b'<ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xslt-19991116"></ds:Transform>'


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        (MORE.encode() + b"rsa-sha256", DS.encode() + b"rsa-sha1", "SignatureMethod is not the one agreed"),
        (MORE.encode() + b"rsa-sha256", MORE.encode() + b"hmac-sha256", "SignatureMethod is not the one agreed"),
        (b"xmlenc#sha256", b"xmlenc#sha512", "DigestMethod is not the one agreed"),
        (b"http://www.w3.org/2001/04/xmlenc#sha256", DS.encode() + b"sha1", "DigestMethod is not the one agreed"),
        (
            b'rsa-sha256"></ds:SignatureMethod>',
            b'rsa-sha256"><ds:HMACOutputLength>1</ds:HMACOutputLength></ds:SignatureMethod>',
            "parameters",
        ),
        (
            b'exc-c14n#"></ds:Canon',
            b'exc-c14n#WithComments"></ds:Canon',
            "CanonicalizationMethod is not the one agreed",
        ),
        (
            b'exc-c14n#"></ds:Canon',
            b'exc-c14n#"><e:InclusiveNamespaces xmlns:e="urn:e" PrefixList="x"/></ds:Canon',
            "parameters",
        ),
        (ENVELOPED, b"", "transforms are not those agreed"),
        (EXCLUSIVE, b"", "transforms are not those agreed"),
        (EXCLUSIVE, XPATH, "parameters"),
        (EXCLUSIVE, XSLT, "transforms are not those agreed"),
        (EXCLUSIVE, EXCLUSIVE + XSLT, "transforms are not those agreed"),
        (EXCLUSIVE, EXCLUSIVE.replace(b"#", b"#WithComments"), "transforms are not those agreed"),
        (ENVELOPED + EXCLUSIVE, EXCLUSIVE + ENVELOPED, "transforms are not those agreed"),
        (ENVELOPED, ENVELOPED * 2, "transforms are not those agreed"),
        (b"<ds:Transforms>", b"<ds:Transforms>text", "does not belong"),
        (b"</ds:Transforms>", b"</ds:Transforms><ds:Transforms></ds:Transforms>", "must hold"),
        (b"</ds:Reference>", b'</ds:Reference><ds:Reference URI=""></ds:Reference>', "each once"),
        (
            b"<ds:Reference ",
            b'<ds:Reference Type="http://www.w3.org/2000/09/xmldsig#Manifest" ',
            "attributes that do not belong",
        ),
        (b"</ds:SignedInfo>", b"</ds:SignedInfo><ds:SignedInfo></ds:SignedInfo>", "must hold SignedInfo"),
        (b"</ds:KeyInfo>", b"</ds:KeyInfo><ds:KeyInfo></ds:KeyInfo>", "must hold SignedInfo"),
        (b"</ds:KeyInfo>", b"</ds:KeyInfo><ds:Object></ds:Object>", "must hold SignedInfo"),
        (b"<ds:SignedInfo>", b"text<ds:SignedInfo>", "text or attributes"),
        (b"<ds:SignedInfo>", b'<ds:SignedInfo x="1">', "text or attributes"),
        (b"<ds:DigestValue>", b"<ds:DigestValue>AAAA", "not by a key we trust|not canonical"),
        (b"<ds:DigestValue>", b"<ds:DigestValue><a/>", "parts of its own"),
        (b"<ds:SignatureValue>", b"<ds:SignatureValue>A", "base64"),
        (b"<ds:SignatureValue>", b"<ds:SignatureValue>" + b"A" * 5_000, "too long"),
        (b"<ds:SignatureValue>", b"<ds:SignatureValue>*", "base64"),
        (b"<ds:SignatureValue>", "<ds:SignatureValue>验".encode(), "base64"),
    ],
)
def test_a_signature_that_says_something_else_is_refused(
    rsa: Any, signed: Callable[..., bytes], old: bytes, new: bytes, why: str
) -> None:
    content = signed(rsa)
    assert old in content
    refuses(rsa, content.replace(old, new, 1), why)


def test_base64_may_be_broken_into_lines_and_the_key_may_go_unnamed(rsa: Any, signed: Callable[..., bytes]) -> None:
    content = signed(rsa)
    broken = re.sub(rb"(<ds:SignatureValue>.{76})", rb"\1\r\n  ", content)
    assert rsa.signatures().verify(broken, rsa.verifier()).key_id == "own"
    unnamed = re.sub(rb"<ds:KeyInfo>.*</ds:KeyInfo>", b"", content)
    assert rsa.signatures().verify(unnamed, rsa.verifier()).key_id == "own"
    lying = content.replace(b"<ds:KeyName>own<", b"<ds:KeyName>other<")
    assert rsa.signatures().verify(lying, rsa.verifier()).key_id == "own"


def test_empty_values_are_refused(rsa: Any, signed: Callable[..., bytes]) -> None:
    content = signed(rsa)
    refuses(
        rsa,
        re.sub(rb"<ds:SignatureValue>.*</ds:SignatureValue>", b"<ds:SignatureValue/>", content),
        "not by a key we trust",
    )
    refuses(
        rsa, re.sub(rb"<ds:DigestValue>.*</ds:DigestValue>", b"<ds:DigestValue/>", content), "not by a key we trust"
    )


def test_a_truncated_tag_of_a_shared_key_is_refused(parties: dict[str, Any], signed: Callable[..., bytes]) -> None:
    party = parties["hmac"]
    content = signed(party)
    short = re.sub(
        rb"<ds:SignatureValue>(.{4}).*</ds:SignatureValue>", rb"<ds:SignatureValue>\1</ds:SignatureValue>", content
    )
    refuses(party, short, ".")
    method = b'hmac-sha256"><ds:HMACOutputLength>24</ds:HMACOutputLength></ds:SignatureMethod>'
    refuses(party, short.replace(b'hmac-sha256"></ds:SignatureMethod>', method), "parameters")


# ---- what XML can do to a reader


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda c: c.replace("惠民".encode(), "惠<!-- -->民".encode()), "comment"),
        (lambda c: c.replace("惠民".encode(), "惠<?p?>民".encode()), "processing instruction"),
        (lambda c: b'<!DOCTYPE Root [<!ENTITY e "x">]>' + c.replace(b"&amp;", b"&e;"), "declaration"),
        (lambda c: b'<!DOCTYPE Root SYSTEM "http://127.0.0.1/">' + c, "declaration"),
        (lambda c: c.replace(b"&amp;", b"&other;"), "well-formed"),
        (lambda c: c.replace(b"<p/>", b"&#0;"), "well-formed"),
        (lambda c: c + b"<Root/>", "well-formed"),
        (lambda c: c.replace(b"<p/>", b"<p>"), "well-formed"),
        (lambda c: c.replace(b"<p/>", b"<p/><p/>"), "digest differs"),
        (lambda c: c.replace(b"<p/>", b"<p/> "), "digest differs"),
        (lambda c: c.replace("惠民".encode(), "民惠".encode()), "digest differs"),
        (lambda c: c.replace(b"<Body>", b"<Body\txmlns='urn:y'>"), "digest differs"),
        (lambda c: c.replace(b'xmlns:x="urn:x"', b'xmlns:x="x"'), "canonicalised|digest differs"),
        (lambda c: b'<?xml version="1.0" encoding="UTF-16"?>' + c, "another encoding"),
        (lambda c: b'<?xml version="1.0" encoding="GBK"?>' + c, "another encoding"),
        (lambda c: b'<?xml version="1.1"?>' + c, "declaration"),
        (lambda c: c.decode().encode("utf-16"), "not UTF-8"),
        (lambda c: c[:-3], "well-formed"),
        (lambda c: c[:0], "well-formed"),
        (lambda c: c[:0] + b"<a>" * 400 + b"</a>" * 400, "well-formed"),
        (lambda c: c[:0] + b" " * 200_000, "at most 100000"),
        (lambda c: c[:0] + b"<a/>" * 2_000, "more than 1000 tags"),
    ],
)
def test_what_xml_can_do_is_refused(
    rsa: Any, signed: Callable[..., bytes], change: Callable[[bytes], bytes], why: str
) -> None:
    content = signed(rsa)
    assert change(content) != content
    refuses(rsa, change(content), why)


def test_what_does_not_change_the_document_does_not_change_the_signature(
    rsa: Any, signed: Callable[..., bytes]
) -> None:
    content = signed(rsa)
    for same in (
        b"\xef\xbb\xbf" + content,
        b'<?xml version="1.0" encoding="utf-8" standalone="yes"?>\n' + content,
        content.replace(b"<p/>", b"<p></p>").replace(b'x:b="1"', b"x:b='1' "),
        content.replace("惠民 &amp;".encode(), "<![CDATA[惠民 &]]>".encode()),
    ):
        assert same != content
        assert rsa.signatures().verify(same, rsa.verifier()) == rsa.signatures().verify(content, rsa.verifier())


def test_any_octet_changed_is_refused_or_says_the_same(parties: dict[str, Any], signed: Callable[..., bytes]) -> None:
    party = parties["sm2"]
    content = signed(party)
    whole = party.signatures().verify(content, party.verifier())

    @given(place=st.integers(0, len(content) - 1), octet=st.integers(0, 255))
    @settings(max_examples=300, deadline=None)
    def one(place: int, octet: int) -> None:
        try:
            found = party.signatures().verify(content[:place] + bytes([octet]) + content[place + 1 :], party.verifier())
        except SignatureInvalid:
            return
        assert found == whole

    one()


@given(content=st.text("<>/=\"'!?&;: SignatureRoot#0xmlns-[]CDATA", max_size=80))
@settings(max_examples=150, deadline=None)
def test_any_text_is_refused(content: str) -> None:
    from crypto.xmldsig.hardened import checked_text, tree_of

    bounds = Bounds(1_000, 100)
    try:
        tree_of(checked_text(content.encode(), bounds))
    except SignatureInvalid as fault:
        assert len(str(fault)) < 120
