"""A signature document beside bytes of any length: streamed, in constant memory, strict about what it names."""

from __future__ import annotations

import tracemalloc
from typing import Any

import pytest

from crypto.contract import SignatureInvalid
from crypto.xmldsig.beside import XmlStreamSigner, XmlStreamVerifier

URI = "DR7K3M.txt"
CONTENT = b"0123456789" * 1_000


def made(party: Any, content: bytes = CONTENT, uri: str = URI) -> bytes:
    signer = XmlStreamSigner(party.signer(), party.algorithms, uri)
    for start in range(0, len(content), 777):
        signer.update(content[start : start + 777])
    assert signer.key_id == "own"
    return signer.signature()


def verified(party: Any, signature: bytes, content: bytes = CONTENT, uri: str = URI) -> str:
    verifier = XmlStreamVerifier(party.verifier(), party.algorithms, uri)
    verifier.update(content[:5])
    verifier.update(content[5:])
    return verifier.verify(signature)


def test_what_was_signed_is_verified(any_party: Any) -> None:
    signature = made(any_party)
    assert verified(any_party, signature) == "own"
    assert verified(any_party, made(any_party, b""), b"") == "own"
    with pytest.raises(SignatureInvalid, match="digest differs"):
        verified(any_party, signature, CONTENT + b"0")


def test_memory_does_not_grow_with_the_bytes(rsa: Any) -> None:
    signer, block = XmlStreamSigner(rsa.signer(), rsa.algorithms, URI), bytes(1_000_000)
    tracemalloc.start()
    for _ in range(40):
        signer.update(block)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 200_000 and len(signer.signature()) < 2_000


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        (URI.encode(), b"other.txt", "another URI"),
        (b"<ds:DigestMethod", b"<ds:Transforms></ds:Transforms><ds:DigestMethod", "not by a key we trust"),
        (
            b"<ds:DigestMethod",
            b'<ds:Transforms><ds:Transform Algorithm="a"/></ds:Transforms><ds:DigestMethod',
            "transforms",
        ),
        (b"<ds:DigestValue>", b"<ds:DigestValue>AAAA", "not by a key we trust"),
        (b"xmlenc#sha256", b"xmlenc#sha512", "DigestMethod"),
        (b"<ds:SignedInfo>", b"<ds:SignedInfo><!-- -->", "comment"),
        (b"/ds:Signature>", b"/ds:Signatur>", "well-formed"),
    ],
)
def test_a_signature_that_says_something_else_is_refused(rsa: Any, old: bytes, new: bytes, why: str) -> None:
    signature = made(rsa)
    assert old in signature
    with pytest.raises(SignatureInvalid, match=why):
        verified(rsa, signature.replace(old, new))


def test_other_documents_are_refused(rsa: Any, signed: Any) -> None:
    for other, why in ((signed(rsa), "is no signature"), (b"", "well-formed"), (bytes(70_000), "at most 65536")):
        with pytest.raises(SignatureInvalid, match=why):
            verified(rsa, other)


@pytest.mark.parametrize("uri", ["", "#id", "a b", 'a"', "<", "文件"])
def test_the_bytes_need_a_plain_name(rsa: Any, uri: str) -> None:
    for side in (XmlStreamSigner, XmlStreamVerifier):
        with pytest.raises(ValueError, match="URI of detached bytes"):
            side(rsa.signer() if side is XmlStreamSigner else rsa.verifier(), rsa.algorithms, uri)
