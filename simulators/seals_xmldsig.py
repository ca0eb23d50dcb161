"""The seal of a bank whose messages are XML signed in themselves (XML 签名): written from the W3C's text.

Not from the gateway's envelope, on purpose: the two check each other. This side writes its Signature without a prefix.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives import hashes
from lxml import etree

from simulators.bank_contract import NotGenuine
from simulators.declaration import XmlSigning
from simulators.signatures import Seal as Signatures

_DS: Final = "http://www.w3.org/2000/09/xmldsig#"
_ENVELOPED: Final = _DS + "enveloped-signature"
_EXCLUSIVE: Final = "http://www.w3.org/2001/10/xml-exc-c14n#"
_ELEMENT: Final = re.compile(rb"<((?:[A-Za-z]+:)?Signature)[ >].*</\1>", re.DOTALL)
_HASHES: Final[dict[str, type[hashes.HashAlgorithm]]] = {
    "sha1": hashes.SHA1,
    "sha256": hashes.SHA256,
    "sha384": hashes.SHA384,
    "sha512": hashes.SHA512,
    "sm3": hashes.SM3,
}


@dataclass(frozen=True, slots=True)
class XmlDsigSeal:
    """``simulators.bank_contract.Seal``; ``signatures`` speak base64, and the whole document is signed."""

    signatures: Signatures
    terms: XmlSigning
    encoding: str

    def close(self, message_id: str, body: bytes, how: str | None) -> tuple[bytes, bytes | None]:  # noqa: ARG002
        """See Seal; the signature is inside the content. ValueError for what is no XML document."""
        if how == "missing-signature":
            return body, None
        root = _root(body)
        digest = b64encode(self._digest(_canonical(root, self.terms.canonicalisation))).decode()
        spaces = "" if self.terms.canonicalisation == _EXCLUSIVE else _spaces(root)
        info = self._signed_info(digest)
        whole = f'<SignedInfo xmlns="{_DS}"{spaces}>{info}</SignedInfo>'.encode()
        value = self.signatures.sign(whole + b" " if how == "bad-signature" else whole).decode()
        element = f'<Signature xmlns="{_DS}"><SignedInfo>{info}</SignedInfo><SignatureValue>{value}</SignatureValue></Signature>'
        place = body.rindex(b"</")
        return body[:place] + element.encode() + body[place:], None

    def open(self, content: bytes, signature: bytes | None) -> bytes:  # noqa: ARG002
        """See Seal; whatever is wrong, the caller learns only that it is not genuine."""
        found = list(_ELEMENT.finditer(content))
        if len(found) != 1:
            raise NotGenuine
        body = content[: found[0].start()] + content[found[0].end() :]
        try:
            info, value = self._parts(content)
            canonical = _canonical(_root(body), self.terms.canonicalisation)
            said = b64decode(info.findtext(f".//{{{_DS}}}DigestValue") or "")
        except (ValueError, IndexError, etree.LxmlError):
            raise NotGenuine from None
        if said != self._digest(canonical) or not self.signatures.is_genuine(
            _canonical(info, self.terms.canonicalisation), value
        ):
            raise NotGenuine
        return f'<?xml version="1.0" encoding="{self.encoding.upper()}"?>\n'.encode() + canonical.decode().encode(
            self.encoding, "xmlcharrefreplace"
        )

    def _parts(self, content: bytes) -> tuple[etree._Element, bytes]:
        """SignedInfo by itself, and the value; IndexError, NotGenuine."""
        last = _root(content)[-1]
        if last.tag != f"{{{_DS}}}Signature":
            raise NotGenuine
        info = _root(etree.tostring(last[0], with_tail=False))
        said = [(etree.QName(one).localname, one.get("Algorithm") or one.get("URI") or "") for one in info.iter()]
        if said != self._agreed():
            raise NotGenuine
        return info, (last[1].text or "").encode()

    def _agreed(self) -> list[tuple[str, str]]:
        return [
            ("SignedInfo", ""),
            ("CanonicalizationMethod", self.terms.canonicalisation),
            ("SignatureMethod", self.terms.signature_uri),
            ("Reference", ""),
            ("Transforms", ""),
            ("Transform", _ENVELOPED),
            ("Transform", self.terms.canonicalisation),
            ("DigestMethod", self.terms.digest_uri),
            ("DigestValue", ""),
        ]

    def _signed_info(self, digest: str) -> str:
        """What stands in SignedInfo, in its canonical form."""
        names = [
            f'{name} Algorithm="{uri}"></{name}'
            for name, uri in self._agreed()
            if name.endswith(("Method", "Transform"))
        ]
        canonicalisation, method, enveloped, last, digesting = (f"<{name}>" for name in names)
        transforms = f"<Transforms>{enveloped}{last}</Transforms>"
        value = f"<DigestValue>{digest}</DigestValue>"
        return f'{canonicalisation}{method}<Reference URI="">{transforms}{digesting}{value}</Reference>'

    def _digest(self, octets: bytes) -> bytes:
        name = self.terms.digest or re.split(r"[#/]", self.terms.digest_uri)[-1]
        digest = hashes.Hash(_HASHES[name]())
        digest.update(octets)
        return digest.finalize()


def _root(octets: bytes) -> etree._Element:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    return etree.fromstring(octets, parser)


def _canonical(element: etree._Element, method: str) -> bytes:
    octets: bytes = etree.tostring(element, method="c14n", exclusive=method == _EXCLUSIVE, with_comments=False)
    return octets


def _spaces(root: etree._Element) -> str:
    """The namespaces with a prefix that are in scope where the signature stands."""
    return "".join(f' xmlns:{prefix}="{uri}"' for prefix, uri in sorted((p, u) for p, u in root.nsmap.items() if p))
