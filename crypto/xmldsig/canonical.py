"""Canonical octets of an element (规范化, C14N) and their digest, by lxml; without comments in every case."""

from __future__ import annotations

from typing import Final

from cryptography.hazmat.primitives import hashes
from lxml import etree

from crypto.contract import SignatureInvalid
from crypto.xmldsig.algorithms import EXCLUSIVE, DigestName

_XML: Final = "{http://www.w3.org/XML/1998/namespace}"
_HASHES: Final[dict[DigestName, type[hashes.HashAlgorithm]]] = {
    "sha1": hashes.SHA1,  # refused before it comes here, unless a dated exception lets it in
    "sha256": hashes.SHA256,
    "sha384": hashes.SHA384,
    "sha512": hashes.SHA512,
    "sm3": hashes.SM3,
}


def canonical(element: etree._Element, method: str) -> bytes:
    """The element and all in it as UTF-8 octets; raises SignatureInvalid.

    Inclusive canonicalisation hands ``xml:`` attributes of the elements around it down, in ways in which its two
    versions differ; lxml does not. A document that has them there is refused rather than read in one of three ways.
    """
    around = (str(name) for outer in element.iterancestors() for name in outer.attrib)
    if method != EXCLUSIVE and any(name.startswith(_XML) for name in around):
        raise SignatureInvalid("an xml: attribute stands outside of what is signed: use exclusive canonicalisation")
    try:
        root = element if element.getparent() is None else _alone(element)
        octets: bytes = etree.tostring(root, method="c14n", exclusive=method == EXCLUSIVE, with_comments=False)
    except (etree.LxmlError, ValueError):
        raise SignatureInvalid("the document cannot be canonicalised: a namespace is no absolute URI") from None
    return octets


def _alone(element: etree._Element) -> etree._Element:
    """The element as the root of a document of its own, with every namespace that is in scope.

    For a part of a document lxml writes ``xmlns=""`` into its grandchildren where a default namespace was declared
    outside of the part (it makes the part a root, and libxml2 then finds two declarations of one namespace).
    """
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    return etree.fromstring(etree.tostring(element, encoding="utf-8", with_tail=False), parser)


def started_digest(name: DigestName) -> hashes.Hash:
    """A fresh digest of that name."""
    return hashes.Hash(_HASHES[name]())


def digest_of(octets: bytes, name: DigestName) -> bytes:
    """The digest of octets at hand."""
    digest = started_digest(name)
    digest.update(octets)
    return digest.finalize()
