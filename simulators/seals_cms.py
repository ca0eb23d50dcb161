# mypy: disable-error-code="no-untyped-call"
"""The seal of a bank whose messages are CMS (密码消息语法): signed data by asn1crypto's own reading of RFC 5652.

Not by the structures that the gateway's envelope goes through, on purpose: the two check each other. Keys are named by
their identifier.
"""

from __future__ import annotations

import binascii
import hashlib
from base64 import b64decode, b64encode
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from asn1crypto import cms, core, keys, pem
from cryptography.hazmat.primitives import hashes

from crypto.cms.enveloping import EnvelopeAgreement, EnvelopeOpener, Recipient, envelop
from crypto.cms.key_transport import RecipientKey
from crypto.cms.parties import by_key, parties_of
from crypto.contract import SchemeName, SealBroken
from simulators.bank_contract import NotGenuine
from simulators.signatures import Seal as Signatures

_AT: Final = datetime(
    2026, 1, 1, tzinfo=UTC
)  # a simulated bank has no clock of its own; the gateway does not look at it
_MOST: Final = 2_000_000_000
_DIGESTS: Final[dict[SchemeName, tuple[type[hashes.HashAlgorithm], str, str]]] = {
    "rsa-pkcs1-sha256": (hashes.SHA256, "2.16.840.1.101.3.4.2.1", "1.2.840.113549.1.1.11"),
    "ecdsa-p256-sha256": (hashes.SHA256, "2.16.840.1.101.3.4.2.1", "1.2.840.10045.4.3.2"),
    "ecdsa-p384-sha384": (hashes.SHA384, "2.16.840.1.101.3.4.2.2", "1.2.840.10045.4.3.3"),
    "sm2-sm3": (hashes.SM3, "1.2.156.10197.1.401", "1.2.156.10197.1.301.1"),
}
"""Digest, and the identifiers of digest and signature."""
SCHEMES: Final = frozenset(_DIGESTS)
_TYPES: Final = {
    "rfc5652": ("1.2.840.113549.1.7.1", "1.2.840.113549.1.7.2"),
    "gmt0010": ("1.2.156.10197.6.1.4.2.1", "1.2.156.10197.6.1.4.2.2"),
}


class _Outer(core.Sequence):
    _fields = [("type", core.ObjectIdentifier), ("content", cms.SignedData, {"explicit": 0})]


@dataclass(frozen=True, slots=True)
class Enveloping:
    """The bank's key to decrypt with, the gateway's to encrypt for (PEM), and how."""

    own: RecipientKey
    own_public: str
    gateway_public: str
    agreement: EnvelopeAgreement


@dataclass(frozen=True, slots=True)
class CmsSeal:
    """``simulators.bank_contract.Seal``; ``signatures`` speak base64 over DER, public keys are PEM."""

    signatures: Signatures
    own_public: str
    gateway_public: str
    scheme: SchemeName
    syntax: str
    text: bool
    enveloping: Enveloping | None = None

    def close(self, message_id: str, body: bytes, how: str | None) -> tuple[bytes, bytes | None]:  # noqa: ARG002
        """See Seal; the signature is inside the content, or there is no CMS at all."""
        if how == "missing-signature":
            return body, None
        message: bytes = self._signed(body, body + b"\n" if how == "bad-signature" else body)
        if self.enveloping is not None:
            gateway = Recipient(by_key(self.enveloping.gateway_public), self.enveloping.gateway_public)
            message = envelop(message, gateway, self.enveloping.agreement)
        return b64encode(message) if self.text else message, None

    def open(self, content: bytes, signature: bytes | None) -> bytes:  # noqa: ARG002
        """See Seal; whatever is wrong, the caller learns only that it is not genuine."""
        try:
            message = b64decode(content, validate=True) if self.text else content
            if self.enveloping is not None:
                known = parties_of({self.enveloping.own.key_id: self.enveloping.own_public}, ())
                opener = EnvelopeOpener(
                    {self.enveloping.own.key_id: self.enveloping.own}, known, self.enveloping.agreement
                )
                message = opener.opened(message, _MOST)
            return self._verified(message)
        except (SealBroken, binascii.Error, ValueError, TypeError, KeyError):
            raise NotGenuine from None

    def _signed(self, body: bytes, digested: bytes) -> bytes:
        digest, digest_oid, signature_oid = _DIGESTS[self.scheme]
        data, signed = _TYPES[self.syntax]
        attributes = cms.CMSAttributes(
            [
                {"type": "content_type", "values": [data]},
                {"type": "message_digest", "values": [_digest(digest, digested)]},
                {"type": "signing_time", "values": [cms.Time({"utc_time": _AT})]},
            ]
        )
        named = cms.SignerIdentifier({"subject_key_identifier": _identifier(self.own_public)})
        info = {
            "version": "v3",
            "sid": named,
            "digest_algorithm": {"algorithm": digest_oid},
            "signed_attrs": attributes,
            "signature_algorithm": {"algorithm": signature_oid},
            "signature": b64decode(self.signatures.sign(attributes.dump())),
        }
        content = {
            "version": "v3",
            "digest_algorithms": [{"algorithm": digest_oid}],
            "encap_content_info": {"content_type": data, "content": body},
            "signer_infos": [info],
        }
        octets: bytes = _Outer({"type": signed, "content": cms.SignedData(content)}).dump()
        return octets

    def _verified(self, message: bytes) -> bytes:
        digest, digest_oid, _ = _DIGESTS[self.scheme]
        data, signed = _TYPES[self.syntax]
        outer = _Outer.load(message, strict=True)
        content = outer["content"]
        (info,) = content["signer_infos"]
        body: bytes = content["encap_content_info"]["content"].native
        said = {one["type"].native: one["values"][0].native for one in info["signed_attrs"]}
        genuine = (
            outer["type"].dotted == signed
            and content["encap_content_info"]["content_type"].dotted == data
            and info["sid"].native == _identifier(self.gateway_public)
            and info["digest_algorithm"]["algorithm"].dotted == digest_oid
            and said["message_digest"] == _digest(digest, body)
            and "signing_time" in said
        )
        attributes = b"\x31" + info["signed_attrs"].dump()[1:]
        if not genuine or not self.signatures.is_genuine(attributes, b64encode(info["signature"].native)):
            raise NotGenuine
        return body


def _identifier(public: str) -> bytes:
    """SHA-1 over the bits of a public key (RFC 5280 4.2.1.2): a name, and no protection."""
    _, _, der = pem.unarmor(public.encode("ascii"))
    bits = keys.PublicKeyInfo.load(der)["public_key"].contents[1:]
    return hashlib.sha1(bits, usedforsecurity=False).digest()


def _digest(name: type[hashes.HashAlgorithm], octets: bytes) -> bytes:
    digest = hashes.Hash(name())
    digest.update(octets)
    return digest.finalize()
