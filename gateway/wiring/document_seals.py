"""One bank's syntax for whole messages (整体签名加密), over its keys: what envelopes ``cms`` and ``xmldsig`` ask for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from adapters.envelopes.cms_terms import CmsEncryption, CmsTerms
from adapters.envelopes.contract import EnvelopeKeys
from adapters.profile import BankProfile, Security
from crypto.cms.enveloping import EnvelopeAgreement, EnvelopeOpener, Recipient, envelop
from crypto.cms.key_transport import algorithm_of, recipient_key
from crypto.cms.parties import named_by, parties_of
from crypto.cms.signing import CmsAgreement, CmsSigner, CmsVerifier, Signatory
from crypto.contract import KeyUnusable
from crypto.key_ring import KeyRing
from crypto.xmldsig.algorithms import Algorithms
from crypto.xmldsig.document import Coverage, XmlSignatures
from crypto.xmldsig.hardened import Bounds

_AROUND: Final = 131_072
_OCTETS_PER_TAG: Final = 6  # fewer than a message has that says anything


@dataclass(frozen=True, slots=True)
class XmlDocuments:
    """``adapters.envelopes.contract.DocumentSeal``: XML signatures."""

    signatures: XmlSignatures
    keys: EnvelopeKeys

    def close(self, body: bytes, at: datetime, identifier: str) -> tuple[bytes, str]:  # noqa: ARG002 - says no time
        """See DocumentSeal."""
        signer = self.keys.signer()
        return self.signatures.sign(body, signer, identifier), signer.key_id

    def open(self, content: bytes) -> tuple[bytes, str]:
        """See DocumentSeal; the canonical octets of what was signed."""
        signed = self.signatures.verify(content, self.keys.verifier())
        return signed.octets, signed.key_id


@dataclass(frozen=True, slots=True)
class CmsDocuments:
    """``adapters.envelopes.contract.DocumentSeal``: SignedData in DER, inside EnvelopedData where the profile says so."""

    security: Security
    terms: CmsTerms
    most: int
    keys: EnvelopeKeys
    ring: KeyRing

    def close(self, body: bytes, at: datetime, identifier: str) -> tuple[bytes, str]:  # noqa: ARG002 - names nothing
        """See DocumentSeal."""
        signer = self.keys.signer()
        public = self._publics(self.security.signing_key)[signer.key_id]
        signatory = Signatory(*named_by(public, self._certificates()))
        message = CmsSigner(signer, self._agreement(), signatory, at).enclosing(body)
        if self.terms.encryption is not None:
            message = self._enveloped(message, self.terms.encryption)
        return message, signer.key_id

    def open(self, content: bytes) -> tuple[bytes, str]:
        """See DocumentSeal."""
        if self.terms.encryption is not None:
            content = self._opener(self.terms.encryption).opened(content, self.most + _AROUND)
        parties = parties_of(self._publics(self.security.verification_key or ""), self._certificates())
        verified = CmsVerifier(self.keys.verifier(), self._agreement(), parties).opened(content, self.most)
        return verified.content, verified.key_id

    def _agreement(self) -> CmsAgreement:
        return CmsAgreement(self.security.scheme, self.terms.syntax)

    def _publics(self, alias: str) -> dict[str, str]:
        return {entry.key_id: entry.public for entry in self.ring.entries(alias)}

    def _certificates(self) -> list[bytes]:
        alias = self.terms.certificates
        return [] if alias is None else self.ring.trusted_certificates(alias)

    def _enveloped(self, message: bytes, terms: CmsEncryption) -> bytes:
        public = self.ring.encryption_key(terms.bank_key, algorithm_of(terms.transport)).public
        identifier, _ = named_by(public, self._certificates())
        return envelop(message, Recipient(identifier, public), self._envelope(terms))

    def _opener(self, terms: CmsEncryption) -> EnvelopeOpener:
        ours = self.ring.decryption_keys(terms.own_key, algorithm_of(terms.transport))
        keys = {entry.key_id: recipient_key(terms.transport, entry.key_id, secret) for entry, secret in ours}
        parties = parties_of({entry.key_id: entry.public for entry, _ in ours}, self._certificates())
        return EnvelopeOpener(keys, parties, self._envelope(terms))

    def _envelope(self, terms: CmsEncryption) -> EnvelopeAgreement:
        return EnvelopeAgreement(terms.transport, terms.cipher, self.terms.syntax)


def xml_documents(profile: BankProfile, keys: EnvelopeKeys) -> XmlDocuments:
    """For envelope ``xmldsig``; raises KeyUnusable where the profile does not say what it needs."""
    security, terms = profile.security, profile.security.xml
    if terms is None:
        raise KeyUnusable(f"bank {profile.bank}: security.xml is missing")
    outdated = security.exception is not None and security.exception.allows == "sha-1"
    algorithms = Algorithms(
        security.scheme, terms.signature_uri, terms.digest_uri, terms.canonicalisation, terms.digest, outdated
    )
    octets = max(profile.limits.bytes_per_file, profile.limits.result_bytes)
    bounds = Bounds(octets, octets // _OCTETS_PER_TAG + 1_000, profile.encoding)
    try:
        coverage = Coverage(terms.signed_element, terms.id_attribute)
        return XmlDocuments(XmlSignatures(algorithms, coverage, bounds), keys)
    except ValueError as fault:
        raise KeyUnusable(f"bank {profile.bank}: security.xml: {fault}") from None


def cms_documents(profile: BankProfile, keys: EnvelopeKeys, ring: KeyRing) -> CmsDocuments:
    """For envelope ``cms``; raises KeyUnusable where the profile does not say what it needs."""
    terms = profile.security.cms
    if terms is None:
        raise KeyUnusable(f"bank {profile.bank}: security.cms is missing")
    return CmsDocuments(profile.security, terms, profile.limits.result_bytes, keys, ring)
