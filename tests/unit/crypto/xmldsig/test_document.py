"""Documents signed in themselves: both ways, under every scheme, against signxml."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import signxml
from cryptography.hazmat.primitives import serialization
from lxml import etree

from crypto.contract import SignatureInvalid
from crypto.xmldsig.algorithms import ENVELOPED as ALGORITHM_ENVELOPED
from crypto.xmldsig.algorithms import EXCLUSIVE, INCLUSIVE, INCLUSIVE_11, Algorithms
from crypto.xmldsig.canonical import digest_of
from crypto.xmldsig.document import Coverage, XmlSignatures
from crypto.xmldsig.element import written
from crypto.xmldsig.hardened import Bounds

DS = "{http://www.w3.org/2000/09/xmldsig#}"
CANONICALISATIONS = pytest.mark.parametrize("method", [EXCLUSIVE, INCLUSIVE, INCLUSIVE_11])
NAMESPACED = (
    b'<?xml version="1.0" encoding="UTF-8"?>\n<p:Root xmlns:p="urn:p" xmlns="urn:d" xmlns:un="urn:used-by-nobody" b="2"'
    b' a="1"><Head\tx:q=\'1\' xmlns:x="urn:x"><![CDATA[<&>]]> t</Head>&#13;<e/></p:Root>'
)


def test_what_was_signed_is_verified(any_party: Any, body: bytes, signed: Callable[..., bytes]) -> None:
    content = signed(any_party)
    found = any_party.signatures().verify(content, any_party.verifier())
    assert (found.octets, found.key_id) == (
        etree.tostring(etree.fromstring(body), method="c14n", exclusive=True),
        "own",
    )
    place = content.index(b"<ds:Signature ")
    end = content.index(b"</ds:Signature>") + len(b"</ds:Signature>")
    assert content[:place] + content[end:] == body
    assert content[end:] == b"</Root>\n"


@CANONICALISATIONS
def test_every_canonicalisation(any_party: Any, signed: Callable[..., bytes], method: str) -> None:
    content = signed(any_party, NAMESPACED, method)
    found = any_party.signatures(canonicalisation=method).verify(content, any_party.verifier())
    exclusive = method == EXCLUSIVE
    assert found.octets == etree.tostring(etree.fromstring(NAMESPACED), method="c14n", exclusive=exclusive)
    assert b"used-by-nobody" not in found.octets if exclusive else b"used-by-nobody" in found.octets


@pytest.mark.parametrize("encoding", ["gbk", "gb18030", "gb2312"])
def test_documents_in_other_encodings(rsa: Any, encoding: str) -> None:
    body = f'<?xml version="1.0" encoding="{encoding.upper()}"?>\n<Root><a>镕惠民</a></Root>\n'
    if encoding == "gb2312":
        body = body.replace("镕", "")
    signatures = rsa.signatures(bounds=Bounds(10_000, 100, encoding))
    content = signatures.sign(body.encode(encoding), rsa.signer())
    assert content.startswith(body.encode(encoding)[:50])
    found = signatures.verify(content, rsa.verifier())
    assert found.octets.decode() == body.split("\n", 1)[1].strip()
    with pytest.raises(SignatureInvalid, match=r"not UTF-8|another encoding"):
        rsa.signatures().verify(content, rsa.verifier())


def oracle(canonicalisation: str, algorithm: str, digest: str = "sha256") -> signxml.XMLSigner:
    return signxml.XMLSigner(
        method=signxml.methods.enveloped,
        signature_algorithm=algorithm,
        digest_algorithm=digest,
        c14n_algorithm=canonicalisation,
    )


def private(party: Any) -> Any:
    return serialization.load_der_private_key(party.material.secret, None)


@CANONICALISATIONS
@pytest.mark.parametrize(
    ("name", "algorithm", "digest"),
    [("rsa", "rsa-sha256", "sha256"), ("ecdsa", "ecdsa-sha256", "sha256"), ("ecdsa384", "ecdsa-sha384", "sha384")],
)
def test_signxml_s_documents_are_verified(
    parties: dict[str, Any], method: str, name: str, algorithm: str, digest: str
) -> None:
    party = parties[name]
    tree = oracle(method, algorithm, digest).sign(etree.fromstring(NAMESPACED), key=private(party))
    content = etree.tostring(tree)
    found = party.signatures(canonicalisation=method).verify(content, party.verifier())
    assert etree.fromstring(found.octets).get("a") == "1"


@CANONICALISATIONS
@pytest.mark.parametrize("name", ["rsa", "ecdsa", "ecdsa384"])
def test_signxml_verifies_ours(parties: dict[str, Any], signed: Callable[..., bytes], name: str, method: str) -> None:
    party = parties[name]
    content = signed(party, NAMESPACED, method)
    verified = signxml.XMLVerifier().verify(
        content, require_x509=False, ca_pem_file=None, cert_subject_name=None, hmac_key=None, **_given(party)
    )
    assert verified.signed_xml is not None
    assert verified.signed_xml.tag == "{urn:p}Root"
    assert verified.signed_xml.find(f"{DS}Signature") is None


def _given(party: Any) -> dict[str, Any]:
    """signxml verifies with a certificate only: one made for the key."""
    from datetime import UTC, datetime, timedelta

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.x509.oid import NameOID

    key = private(party)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "party")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(now - timedelta(1)).not_valid_after(now + timedelta(1))
    usage = x509.KeyUsage(True, False, False, False, False, False, False, False, False)
    certificate = builder.add_extension(usage, critical=True).sign(key, hashes.SHA256())
    return {"x509_cert": certificate}


@CANONICALISATIONS
def test_signatures_without_a_prefix_as_java_writes_them(parties: dict[str, Any], method: str) -> None:
    """What is signed is written out by hand here: SignedInfo with every namespace in scope, or with its own."""
    party = parties["sm2"]
    signatures = party.signatures(canonicalisation=method)
    root = '<p:Root xmlns="urn:d" xmlns:p="urn:p"><e></e></p:Root>'
    octets = root if method != EXCLUSIVE else '<p:Root xmlns:p="urn:p"><e xmlns="urn:d"></e></p:Root>'
    digest = b64encode(digest_of(octets.encode(), "sm3")).decode()
    signer = party.signer()
    info = re.sub(
        r"ds:",
        "",
        written(party.algorithms, "", (ALGORITHM_ENVELOPED, method), b64decode(digest), "own"),
    )
    info = info[info.index("<SignedInfo>") : info.index("<SignatureValue>")].replace(EXCLUSIVE, method)
    scope = "" if method == EXCLUSIVE else ' xmlns:p="urn:p"'
    signer.update(info.replace("<SignedInfo>", f'<SignedInfo xmlns="{DS[1:-1]}"{scope}>').encode())
    value = f"<SignatureValue>{b64encode(signer.signature()).decode()}</SignatureValue>"
    element = f'<Signature xmlns="{DS[1:-1]}">{info}{value}</Signature>'
    content = root.replace("</p:Root>", f"{element}</p:Root>").encode()
    assert signatures.verify(content, party.verifier()).octets.decode() == octets


def test_openssl_verifies_the_inner_sm2_signature(
    parties: dict[str, Any], signed: Callable[..., bytes], openssl: Any, tmp_path: Any
) -> None:
    party = replace(parties["sm2"], form="der")
    root = etree.fromstring(signed(party))
    signature = root[-1]
    (tmp_path / "info").write_bytes(etree.tostring(signature[0], method="c14n", exclusive=True))
    (tmp_path / "value").write_bytes(b64decode(signature[1].text))
    (tmp_path / "pub.pem").write_text(party.material.public)
    command = ("pkeyutl", "-verify", "-pubin", "-inkey", "pub.pem", "-rawin", "-digest", "sm3", "-in", "info")
    openssl(*command, "-sigfile", "value", "-pkeyopt", "distid:1234567812345678")


# ---- named parts


def test_a_root_named_by_an_identifier(rsa: Any, body: bytes) -> None:
    signatures = rsa.signatures(Coverage(id_attribute="Id"))
    content = signatures.sign(body, rsa.signer(), "_7K3M")
    assert content.startswith(b'<Root Id="_7K3M" xmlns:x="urn:x">') and b'URI="#_7K3M"' in content
    found = signatures.verify(content, rsa.verifier())
    assert etree.fromstring(found.octets).get("Id") == "_7K3M"
    again = signatures.sign(found.octets, rsa.signer(), "other")  # it has a name already
    assert b'URI="#_7K3M"' in again
    with pytest.raises(SignatureInvalid, match="another URI"):
        rsa.signatures().verify(content, rsa.verifier())
    with pytest.raises(SignatureInvalid, match="no plain attribute Id"):
        signatures.verify(rsa.signatures().sign(body, rsa.signer()), rsa.verifier())


@CANONICALISATIONS
def test_one_part_of_a_document(parties: dict[str, Any], method: str) -> None:
    party = parties["sm2"]
    signatures = party.signatures(Coverage("{urn:d}Body", "ID"), canonicalisation=method)
    body = b'<m:Msg xmlns:m="urn:m" xmlns="urn:d"><Head>not signed</Head><Body ID="b1"><a>1</a></Body></m:Msg>'
    content = signatures.sign(body, party.signer())
    assert signatures.verify(content, party.verifier()).octets.startswith(b"<Body ")
    other = content.replace(b"not signed", b"whatever")
    assert signatures.verify(other, party.verifier()) == signatures.verify(content, party.verifier())
    with pytest.raises(SignatureInvalid, match="digest differs"):
        signatures.verify(content.replace(b"<a>1", b"<a>2"), party.verifier())
    with pytest.raises(SignatureInvalid, match="exactly once"):
        signatures.verify(content.replace(b"<Head>not signed</Head>", b'<Body ID="b2"/>'), party.verifier())


def test_an_xml_attribute_around_the_part_is_refused_where_readers_differ(parties: dict[str, Any]) -> None:
    party = parties["rsa"]
    body = b'<Msg xml:lang="zh"><Body ID="b1"><a>1</a></Body></Msg>'
    with pytest.raises(ValueError, match="xml: attribute stands outside"):
        party.signatures(Coverage("Body", "ID"), canonicalisation=INCLUSIVE).sign(body, party.signer())
    exclusive = party.signatures(Coverage("Body", "ID"))
    assert (
        exclusive.verify(exclusive.sign(body, party.signer()), party.verifier()).octets
        == b'<Body ID="b1"><a>1</a></Body>'
    )


@pytest.mark.parametrize(
    ("content", "identifier", "why"),
    [
        (b"", "a", "well-formed"),
        (b"text", "a", "well-formed"),
        (b"<Root/>", "a", "end tag"),
        (b"<Root><!-- --></Root>", "a", "comment"),
        (b"<Root><Root></Root></Root>", "a", "tag or the identifier is not plain"),
        (b"<Root></Root>", "1 2", "tag or the identifier is not plain"),
        (b'<Root><Signature xmlns="http://www.w3.org/2000/09/xmldsig#"/></Root>', "a", "no signature yet"),
        (b'<Root><a ID="a"></a></Root>', "a", "more than once"),
        (b'<Root Id="1a"></Root>', "a", "no plain attribute"),
    ],
)
def test_what_cannot_be_signed(rsa: Any, content: bytes, identifier: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        rsa.signatures(Coverage(id_attribute="Id")).sign(content, rsa.signer(), identifier)


# ---- algorithms


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"signature_uri": "http://www.w3.org/2000/09/xmldsig#rsa-sha1"}, "means scheme rsa-pkcs1-sha1"),
        ({"signature_uri": "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512"}, "no signature algorithm"),
        ({"signature_uri": 'urn:x"y'}, "no signature algorithm"),
        ({"signature_uri": ""}, "no signature algorithm"),
        ({"digest_uri": "http://www.w3.org/2000/09/xmldsig#sha1"}, "SHA-1, which is broken"),
        ({"digest_uri": "urn:mine", "digest": "sha1"}, "SHA-1, which is broken"),
        ({"digest_uri": "urn:mine"}, "say which digest"),
        ({"digest_uri": "http://www.w3.org/2001/04/xmlenc#sha1024"}, "no digest algorithm"),
        ({"digest": "sm3"}, "is not sha256"),
        ({"canonicalisation": EXCLUSIVE + "WithComments"}, "no canonicalisation"),
        ({"scheme": "rsa-pkcs1-sha1", "signature_uri": "http://www.w3.org/2000/09/xmldsig#rsa-sha1"}, "SHA-1"),
    ],
)
def test_algorithms_that_do_not_go_together(rsa: Any, changes: dict[str, Any], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        rsa.signatures(**changes)


def test_sha1_by_exception_only(rsa: Any, body: bytes) -> None:
    old = "http://www.w3.org/2000/09/xmldsig#"
    algorithms = Algorithms("rsa-pkcs1-sha1", old + "rsa-sha1", old + "sha1", outdated=True)
    party = replace(rsa, algorithms=algorithms)
    signatures = XmlSignatures(algorithms, Coverage(), Bounds(10_000, 100))
    content = signatures.sign(body, party.signer())
    assert signatures.verify(content, party.verifier()).key_id == "own"
    with pytest.raises(SignatureInvalid, match="not the one agreed"):
        rsa.signatures().verify(content, rsa.verifier())


def test_a_part_needs_a_name() -> None:
    with pytest.raises(ValueError, match="id_attribute"):
        Coverage("Body")
    with pytest.raises(ValueError, match="no digest is known"):
        _ = Algorithms("sm2-sm3", "urn:a", "urn:b").digest_name
