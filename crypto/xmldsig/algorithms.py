"""The algorithm identifiers of XML signatures (算法标识 URI): which are known, and what each of them means.

A standard's identifier means one thing everywhere. For SM2 and SM3 there is none: agencies write identifiers of their
own (facts D.4), so a profile may give any other identifier, and then says which algorithm is meant by it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from crypto.contract import SchemeName

XMLDSIG: Final = "http://www.w3.org/2000/09/xmldsig#"
ENVELOPED: Final = XMLDSIG + "enveloped-signature"
INCLUSIVE: Final = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
INCLUSIVE_11: Final = "http://www.w3.org/2006/12/xml-c14n11"
EXCLUSIVE: Final = "http://www.w3.org/2001/10/xml-exc-c14n#"
CANONICALISATIONS: Final = frozenset({INCLUSIVE, INCLUSIVE_11, EXCLUSIVE})
"""All without comments: a comment must not cut a signed text in two."""

DigestName: TypeAlias = Literal["sha1", "sha256", "sha384", "sha512", "sm3"]

_MORE: Final = "http://www.w3.org/2001/04/xmldsig-more#"
_CUSTOMS: Final = "http://www.chinaport.gov.cn/2022/04/xmldsig#"
DIGESTS: Final[Mapping[str, DigestName]] = {
    XMLDSIG + "sha1": "sha1",
    "http://www.w3.org/2001/04/xmlenc#sha256": "sha256",
    _MORE + "sha384": "sha384",
    "http://www.w3.org/2001/04/xmlenc#sha512": "sha512",
    XMLDSIG + "sm3": "sm3",
    _CUSTOMS + "sm3": "sm3",
}
SIGNATURES: Final[Mapping[str, SchemeName]] = {
    XMLDSIG + "rsa-sha1": "rsa-pkcs1-sha1",
    _MORE + "rsa-sha256": "rsa-pkcs1-sha256",
    "http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1": "rsa-pss-sha256",
    _MORE + "ecdsa-sha256": "ecdsa-p256-sha256",
    _MORE + "ecdsa-sha384": "ecdsa-p384-sha384",
    "http://www.w3.org/2021/04/xmldsig-more#eddsa-ed25519": "ed25519",
    _MORE + "hmac-sha256": "hmac-sha256",
    XMLDSIG + "sm2-sm3": "sm2-sm3",
    _CUSTOMS + "sm2-sm3": "sm2-sm3",
}
_STANDARD: Final = ("http://www.w3.org/", "https://www.w3.org/")


@dataclass(frozen=True, slots=True)
class Algorithms:
    """What one counterparty writes into its signatures (profile data), and what it means by it."""

    scheme: SchemeName
    signature_uri: str
    digest_uri: str
    canonicalisation: str = EXCLUSIVE  # of the signed element and of SignedInfo alike
    digest: DigestName | None = None  # only where ``digest_uri`` is none of ``DIGESTS``
    outdated: bool = False  # whether a dated exception lets SHA-1 in for now

    @property
    def digest_name(self) -> DigestName:
        """The digest that ``digest_uri`` means; ValueError where nothing says it."""
        name = DIGESTS.get(self.digest_uri, self.digest)
        if name is None:
            raise ValueError(f"no digest is known for {self.digest_uri!r}")
        return name


def algorithm_wrongs(algorithms: Algorithms) -> Iterator[tuple[str, str, str]]:
    """Everything that does not go together, as (field, what, remedy)."""
    yield from _signature_wrongs(algorithms)
    yield from _digest_wrongs(algorithms)
    if algorithms.canonicalisation not in CANONICALISATIONS:
        remedy = f"write one of {', '.join(sorted(CANONICALISATIONS))}"
        yield "canonicalisation", "is no canonicalisation without comments that is known", remedy


def _signature_wrongs(algorithms: Algorithms) -> Iterator[tuple[str, str, str]]:
    uri = algorithms.signature_uri
    meant = SIGNATURES.get(uri)
    if meant is not None and meant != algorithms.scheme:
        yield (
            "signature_uri",
            f"means scheme {meant}, the profile signs with {algorithms.scheme}",
            "correct one of them",
        )
    elif meant is None and (uri.startswith(_STANDARD) or not _is_uri(uri)):
        yield "signature_uri", "is no signature algorithm that is known", "write the identifier that the bank gives"
    if algorithms.scheme == "rsa-pkcs1-sha1" and not algorithms.outdated:
        yield "signature_uri", "signs with SHA-1, which is broken", "agree on SHA-256, or give a dated exception"


def _digest_wrongs(algorithms: Algorithms) -> Iterator[tuple[str, str, str]]:
    uri, meant = algorithms.digest_uri, DIGESTS.get(algorithms.digest_uri)
    if meant is not None and algorithms.digest not in (None, meant):
        yield "digest", f"is not {meant}, which digest_uri means", "leave it out"
    if meant is None and (uri.startswith(_STANDARD) or not _is_uri(uri)):
        yield "digest_uri", "is no digest algorithm that is known", "write the identifier that the bank gives"
    elif meant is None and algorithms.digest is None:
        yield "digest", "is missing: digest_uri is no standard's", "say which digest the bank means by it"
    if "sha1" in (meant, algorithms.digest) and not algorithms.outdated:
        yield "digest_uri", "digests with SHA-1, which is broken", "agree on SHA-256 or SM3, or give a dated exception"


def _is_uri(text: str) -> bool:
    """Whether it can stand in an attribute as it is: an absolute identifier of plain characters."""
    scheme, colon, rest = text.partition(":")
    plain = text.isascii() and text.isprintable() and not set(text) & set(" \"'<>&")
    return plain and bool(colon and rest) and scheme.isalnum() and len(text) <= 200
