"""The envelope of XML signatures (XML 签名封装): the message carries its Signature as the last child of its root.

What is opened is what was signed, in its canonical form, and nothing of what stands around it: so a dialect never
reads an element that no signature covers. Source: W3C XML Signature 1.1; facts D.4 for SM2.
"""

from __future__ import annotations

from collections.abc import Iterator

from adapters.contract import MessageRefused
from adapters.envelopes.contract import EnvelopeKeys, Opened, Outer, documents_of
from adapters.profile import BankProfile, SignatureEncoding
from crypto.xmldsig.algorithms import Algorithms, algorithm_wrongs


class XmlDsigEnvelope:
    """``adapters.envelopes.contract.Envelope``; holds nothing."""

    def seal(self, profile: BankProfile, outer: Outer, body: bytes, keys: EnvelopeKeys) -> tuple[bytes, str]:
        """The document with its signature; ValueError for what is no document, or is signed already."""
        return documents_of(profile, keys).close(body, outer.created_at, f"_{outer.message_id}")

    def open(self, profile: BankProfile, content: bytes, keys: EnvelopeKeys) -> Opened:
        """What was signed, as a document in the profile's encoding; raises SignatureInvalid, and MessageRefused for its size."""
        most = profile.limits.result_bytes
        if len(content) > most:
            raise MessageRefused(f"the message has more than {most} octets")
        canonical, key_id = documents_of(profile, keys).open(content)
        return Opened(_document(canonical, profile.encoding), key_id)


def _document(canonical: bytes, encoding: str) -> bytes:
    """The canonical octets under a declaration; what the encoding lacks stands as a character reference, as before."""
    declaration = f'<?xml version="1.0" encoding="{encoding.upper()}"?>\n'.encode("ascii")
    return declaration + canonical.decode("utf-8").encode(encoding, "xmlcharrefreplace")


def profile_wrongs(profile: BankProfile) -> Iterator[tuple[tuple[str, ...], str, str]]:
    """What of a profile's ``security`` this envelope cannot work with, as (key, what, remedy)."""
    security = profile.security
    terms = security.xml
    if terms is None:
        yield ("security", "xml"), "is missing: envelope xmldsig needs it", "add signature_uri and digest_uri"
        return
    outdated = security.exception is not None and security.exception.allows == "sha-1"
    algorithms = Algorithms(
        security.scheme, terms.signature_uri, terms.digest_uri, terms.canonicalisation, terms.digest, outdated
    )
    for field, what, remedy in algorithm_wrongs(algorithms):
        yield ("security", "xml", field), what, remedy
    if terms.signed_element is not None and terms.id_attribute is None:
        yield ("security", "xml", "id_attribute"), "is missing: a part of a document is signed by its name", "add it"
    if security.encoding is not SignatureEncoding.BASE64:
        yield ("security", "encoding"), "envelope xmldsig writes signatures in base64", "write base64"
    if security.scheme.startswith("ecdsa") and security.form != "raw":
        yield ("security", "form"), "XML signatures by ECDSA are r||s (XML Signature 1.1, 6.4.3)", "write raw"
    if profile.dialect in ("signed-json", "fixed-width", "delimited", "cnaps2"):
        yield ("security", "envelope"), f"messages of dialect {profile.dialect} are no XML documents", "choose another"
