"""The element Signature itself (签名元素): written in one way, read strictly; what it says about its key is not believed.

    Signature
      SignedInfo
        CanonicalizationMethod Algorithm, SignatureMethod Algorithm
        Reference URI
          Transforms (Transform Algorithm)…
          DigestMethod Algorithm
          DigestValue
      SignatureValue
      KeyInfo (ours: KeyName; theirs: anything, passed over)

A method with parameters of its own (HMACOutputLength, a prefix list, XPath, XSLT) is refused, and so is a second
Reference, a Manifest and an Object. Source: W3C XML Signature Syntax and Processing 1.1, clauses 4 and 6.
"""

from __future__ import annotations

import binascii
import re
from base64 import b64decode, b64encode
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from lxml import etree

from crypto.contract import SignatureInvalid
from crypto.xmldsig.algorithms import INCLUSIVE, XMLDSIG, Algorithms

LONGEST_VALUE: Final = 4_096  # characters: RSA with 16,384 bits has 2,732
SIGNATURE: Final = f"{{{XMLDSIG}}}Signature"
VALUE_PLACE: Final = "<ds:SignatureValue></ds:SignatureValue>"
_BLANK: Final = re.compile(r"[ \t\r\n]+")
_NAME: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")


@dataclass(frozen=True, slots=True)
class SignatureParts:
    """What a Signature says: all of it agreed, none of it verified yet."""

    signed_info: etree._Element
    digest: bytes
    value: bytes


def written(algorithms: Algorithms, uri: str, transforms: Sequence[str], digest: bytes, key_id: str) -> str:
    """The element with an empty SignatureValue; ``uri`` must need no escaping in an attribute.

    It has a prefix, because readers over libxml2 get inclusive canonicalisation wrong where it declares a default.
    """
    chain = "".join(f'<ds:Transform Algorithm="{one}"></ds:Transform>' for one in transforms)
    key = f"<ds:KeyInfo><ds:KeyName>{key_id}</ds:KeyName></ds:KeyInfo>" if _NAME.fullmatch(key_id) else ""
    return (
        f'<ds:Signature xmlns:ds="{XMLDSIG}"><ds:SignedInfo>'
        f'<ds:CanonicalizationMethod Algorithm="{algorithms.canonicalisation}"></ds:CanonicalizationMethod>'
        f'<ds:SignatureMethod Algorithm="{algorithms.signature_uri}"></ds:SignatureMethod>'
        f'<ds:Reference URI="{uri}">{f"<ds:Transforms>{chain}</ds:Transforms>" if chain else ""}'
        f'<ds:DigestMethod Algorithm="{algorithms.digest_uri}"></ds:DigestMethod>'
        f"<ds:DigestValue>{b64encode(digest).decode()}</ds:DigestValue></ds:Reference></ds:SignedInfo>"
        f"{VALUE_PLACE}{key}</ds:Signature>"
    )


def filled(text: str, value: bytes) -> str:
    """``text``, which holds one Signature as ``written``, with its value."""
    before, _, after = text.rpartition(VALUE_PLACE)
    return f"{before}<ds:SignatureValue>{b64encode(value).decode()}</ds:SignatureValue>{after}"


def read(signature: etree._Element, algorithms: Algorithms, uri: str, transforms: Sequence[str]) -> SignatureParts:
    """The parts of a Signature that says what was agreed; raises SignatureInvalid for everything else."""
    info, value, *_ = _children(signature, ("SignedInfo", "SignatureValue"), ("KeyInfo",), {"Id"})
    canonicalisation, method, reference = _children(
        info, ("CanonicalizationMethod", "SignatureMethod", "Reference"), (), {"Id"}
    )
    _require_algorithm(canonicalisation, algorithms.canonicalisation)
    _require_algorithm(method, algorithms.signature_uri)
    if reference.get("URI") != uri:
        raise SignatureInvalid(
            "the signature covers something else than what was agreed: its Reference names another URI"
        )
    *chain, digest_method, digest = _referring(reference)
    _require_algorithm(digest_method, algorithms.digest_uri)
    _require_transforms(chain, transforms)
    return SignatureParts(info, _octets(digest, set()), _octets(value, {"Id"}))


def _referring(reference: etree._Element) -> list[etree._Element]:
    transformed = len(reference) > 0 and reference[0].tag == f"{{{XMLDSIG}}}Transforms"
    first = ("Transforms",) if transformed else ()
    return _children(reference, (*first, "DigestMethod", "DigestValue"), (), {"Id", "URI"})


def _require_transforms(chain: Sequence[etree._Element], agreed: Sequence[str]) -> None:
    """The agreed ones in their order; inclusive C14N 1.0 at the end may be left unsaid, as it is what happens anyway."""
    found: list[str | None] = []
    for transforms in chain:
        if transforms.attrib or (transforms.text or "").strip():
            raise SignatureInvalid(
                "the element Transforms of the signature has something in it that does not belong there"
            )
        for transform in transforms:
            _require_bare(transform, "Transform")
            found.append(transform.get("Algorithm"))
    said = list(agreed[:-1]) if agreed and agreed[-1] == INCLUSIVE else None
    if found not in (list(agreed), said):
        raise SignatureInvalid("the signature's transforms are not those agreed: enveloped-signature, then C14N")


def _children(
    parent: etree._Element, needed: Sequence[str], may_follow: Sequence[str], attributes: Collection[str]
) -> list[etree._Element]:
    """The children, which are exactly ``needed`` in this order and then at most those that ``may_follow``."""
    names = [str(child.tag).removeprefix(f"{{{XMLDSIG}}}") for child in parent]
    loose = [parent.text or "", *(child.tail or "" for child in parent)]
    local = str(parent.tag).removeprefix(f"{{{XMLDSIG}}}")
    if names not in (list(needed), [*needed, *may_follow]):
        raise SignatureInvalid(
            f"the element {local} of the signature must hold {', '.join(needed)}, each once, and no other"
        )
    if any(text.strip() for text in loose) or not {*map(str, parent.attrib)} <= {*attributes}:
        raise SignatureInvalid(f"the element {local} of the signature has text or attributes that do not belong there")
    return list(parent)


def _require_algorithm(element: etree._Element, agreed: str) -> None:
    local = str(element.tag).removeprefix(f"{{{XMLDSIG}}}")
    _require_bare(element, local)
    if element.get("Algorithm") != agreed:
        raise SignatureInvalid(f"the signature's {local} is not the one agreed, {agreed}")


def _require_bare(element: etree._Element, local: str) -> None:
    bare = not len(element) and not (element.text or "").strip() and not (element.tail or "").strip()
    if element.tag != f"{{{XMLDSIG}}}{local}" or not bare or {*map(str, element.attrib)} != {"Algorithm"}:
        raise SignatureInvalid(f"the element {local} of the signature has parameters, which are not taken")


def _octets(element: etree._Element, attributes: Collection[str]) -> bytes:
    """Base64 that may be broken into lines."""
    text = _BLANK.sub("", element.text or "")
    if len(element) or len(text) > LONGEST_VALUE or not {*map(str, element.attrib)} <= {*attributes}:
        raise SignatureInvalid("a value of the signature is too long, or has parts of its own")
    try:
        octets = b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise SignatureInvalid("a value of the signature is not base64") from None
    if b64encode(octets).decode() != text:
        raise SignatureInvalid("a value of the signature is not canonical base64")
    return octets
