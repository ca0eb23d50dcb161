"""A document that carries its signature (报文内签名): the last child of the root, over the root or one child of it.

Whoever verifies gets the canonical octets of what was signed and nothing of what stands around it: a document that
was wrapped around a signed one, or put beside it, is never seen. Source: W3C XML Signature 1.1; BSP 8.1.3.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from lxml import etree

from crypto.contract import SignatureInvalid, StreamSigner, StreamVerifier
from crypto.xmldsig.algorithms import ENVELOPED, Algorithms, algorithm_wrongs
from crypto.xmldsig.canonical import canonical, digest_of
from crypto.xmldsig.element import SIGNATURE, filled, read, written
from crypto.xmldsig.hardened import Bounds, checked_text, tree_of

_ID: Final = re.compile(r"[A-Za-z_][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True, slots=True)
class Coverage:
    """What a signature covers: the root, or the one child of it with this name; named by "" or by "#id"."""

    child: str | None = None  # "{namespace}name", or a name without namespace
    id_attribute: str | None = None  # null: URI="", the whole document

    def __post_init__(self) -> None:
        if self.child is not None and self.id_attribute is None:
            raise ValueError("a signature over a part of a document names it by an attribute: give id_attribute")

    def transforms(self, canonicalisation: str) -> tuple[str, ...]:
        """The transforms of the one Reference."""
        return (ENVELOPED, canonicalisation) if self.child is None else (canonicalisation,)


@dataclass(frozen=True, slots=True)
class SignedXml:
    """What was signed, in canonical UTF-8 without an XML declaration, and the id of the key."""

    octets: bytes
    key_id: str


@dataclass(frozen=True, slots=True)
class XmlSignatures:
    """Signs and verifies documents of one counterparty; ValueError where the algorithms do not go together."""

    algorithms: Algorithms
    coverage: Coverage
    bounds: Bounds

    def __post_init__(self) -> None:
        for field, what, remedy in algorithm_wrongs(self.algorithms):
            raise ValueError(f"{field} {what}: {remedy}")

    def sign(self, content: bytes, signer: StreamSigner, identifier: str = "") -> bytes:
        """The document with its signature, its other octets as they were; ValueError for what is no such document.

        ``identifier`` names what is signed where ``coverage`` wants it named and the document does not yet.
        """
        try:
            checked_text(content, self.bounds)
            text, uri = self._named(content.decode(self.bounds.encoding), identifier)
            root = self._tree(text)
            if next(root.iter(SIGNATURE), None) is not None or "</" not in text:
                raise ValueError("a document to be signed has an end tag, and no signature yet")
            return self._signed(text, uri, canonical(self._target(root, uri), self.algorithms.canonicalisation), signer)
        except SignatureInvalid as fault:
            raise ValueError(f"not a document that can be signed: {fault}") from None

    def verify(self, content: bytes, verifier: StreamVerifier) -> SignedXml:
        """What was signed, and by whom; raises SignatureInvalid."""
        root = tree_of(checked_text(content, self.bounds))
        signature = _only_signature(root)
        uri = self._uri(root)
        target = self._target(root, uri)
        parts = read(signature, self.algorithms, uri, self._transforms())
        verifier.update(canonical(parts.signed_info, self.algorithms.canonicalisation))
        key_id = verifier.verify(parts.value)
        if target is root:
            _without(root, signature)
        octets = canonical(target, self.algorithms.canonicalisation)
        if not hmac.compare_digest(digest_of(octets, self.algorithms.digest_name), parts.digest):
            raise SignatureInvalid("the document is not the one that was signed: its digest differs")
        return SignedXml(octets, key_id)

    def _signed(self, text: str, uri: str, octets: bytes, signer: StreamSigner) -> bytes:
        digest = digest_of(octets, self.algorithms.digest_name)
        element = written(self.algorithms, uri, self._transforms(), digest, signer.key_id)
        place = text.rindex("</")
        whole = text[:place] + element + text[place:]
        signature = _only_signature(self._tree(whole))
        signer.update(canonical(signature[0], self.algorithms.canonicalisation))
        return filled(whole, signer.signature()).encode(self.bounds.encoding)

    def _named(self, text: str, identifier: str) -> tuple[str, str]:
        """The document with an identifier on what is to be signed, and the URI that names it."""
        if self.coverage.id_attribute is None:
            return text, ""
        target = self._part(self._tree(text))
        if self.coverage.id_attribute in target.attrib:
            return text, self._uri(self._tree(text))
        name = f"{target.prefix}:{etree.QName(target).localname}" if target.prefix else etree.QName(target).localname
        tags = list(re.finditer(rf"<{re.escape(name)}(?=[\s/>])", text))
        if len(tags) != 1 or not _ID.fullmatch(identifier):
            raise ValueError(
                "what is to be signed cannot be given an identifier: its tag or the identifier is not plain"
            )
        end = tags[0].end()
        return f'{text[:end]} {self.coverage.id_attribute}="{identifier}"{text[end:]}', f"#{identifier}"

    def _tree(self, text: str) -> etree._Element:
        return tree_of(checked_text(text.encode(self.bounds.encoding), self.bounds))

    def _transforms(self) -> Sequence[str]:
        return self.coverage.transforms(self.algorithms.canonicalisation)

    def _part(self, root: etree._Element) -> etree._Element:
        if self.coverage.child is None:
            return root
        found = [child for child in root if child.tag == self.coverage.child]
        if len(found) != 1:
            raise SignatureInvalid("the document must have the signed element exactly once, as a child of its root")
        return found[0]

    def _uri(self, root: etree._Element) -> str:
        """What the one Reference must say, by what the document has where the signed element is agreed to stand."""
        if self.coverage.id_attribute is None:
            return ""
        identifier = self._part(root).get(self.coverage.id_attribute)
        if identifier is None or not _ID.fullmatch(identifier):
            raise SignatureInvalid(f"the signed element has no plain attribute {self.coverage.id_attribute}")
        return f"#{identifier}"

    def _target(self, root: etree._Element, uri: str) -> etree._Element:
        """The signed element; its identifier, in whichever attribute, belongs to nothing else in the document."""
        if uri and _named_so(root, uri[1:]) != 1:
            raise SignatureInvalid("the identifier of the signed element stands more than once in the document")
        return self._part(root)


def _named_so(root: etree._Element, identifier: str) -> int:
    """How many attributes that some reader could take for an identifier have this value, anywhere in the document."""
    return sum(
        value == identifier and etree.QName(name).localname.lower() == "id"
        for element in root.iter()
        for name, value in element.items()
    )


def _only_signature(root: etree._Element) -> etree._Element:
    found = list(root.iter(SIGNATURE))
    if len(found) != 1:
        raise SignatureInvalid(f"the document must have exactly one signature, it has {len(found)}")
    signature = found[0]
    if signature.getparent() is not root or signature.getnext() is not None:
        raise SignatureInvalid("the signature must be the last child of the document's root")
    return signature


def _without(root: etree._Element, signature: etree._Element) -> None:
    """The enveloped-signature transform: what follows the signature stays."""
    tail, before = signature.tail or "", signature.getprevious()
    root.remove(signature)
    if before is None:
        root.text = (root.text or "") + tail
    else:
        before.tail = (before.tail or "") + tail
