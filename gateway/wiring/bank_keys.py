"""One bank's keys as its profile names them, as they are at this moment: a rotation needs no restart."""

from __future__ import annotations

from dataclasses import dataclass

from adapters.envelopes.contract import DocumentSeal
from adapters.profile import BankProfile, Security
from crypto.contract import KeyUnusable, MessageCipher, SchemeParameters, StreamSigner, StreamVerifier
from crypto.keystore import Keystore
from gateway.wiring.document_seals import cms_documents, xml_documents
from gateway.wiring.live_keys import LiveKeys


@dataclass(frozen=True, slots=True)
class BankKeys:
    """``adapters.envelopes.contract.EnvelopeKeys`` over the keystore."""

    keys: Keystore | LiveKeys
    security: Security

    def signer(self) -> StreamSigner:
        """Our active key; raises KeyUnusable."""
        return self.ring().signer(self.security.signing_key, self.parameters())

    def verifier(self) -> StreamVerifier:
        """Every active and retiring key of the bank; raises KeyUnusable."""
        return self.ring().verifier(self.verification_alias(), self.parameters())

    def cipher(self) -> MessageCipher:
        """Raises KeyUnusable, also where the profile names no key for encryption."""
        if self.security.encryption_key is None:
            raise KeyUnusable("the bank's profile has no security.encryption_key: name the alias of the shared key")
        return self.ring().message_cipher(self.security.encryption_key, self.security.cipher)

    def documents(self, profile: BankProfile) -> DocumentSeal:
        """The bank's syntax for whole messages, CMS or XMLDSig; raises KeyUnusable."""
        if profile.security.envelope == "cms":
            return cms_documents(profile, self, self.ring())
        return xml_documents(profile, self)

    def ring(self) -> Keystore:
        """The keystore, looked at just now."""
        if isinstance(self.keys, LiveKeys):
            return self.keys.now()
        self.keys.reload()
        return self.keys

    def verification_alias(self) -> str:
        """The alias of the bank's keys; raises KeyUnusable where its profile names none."""
        if self.security.verification_key is None:
            raise KeyUnusable("the bank's profile has no security.verification_key: name the alias of the bank's keys")
        return self.security.verification_key

    def parameters(self) -> SchemeParameters:
        """How this bank wants its signatures made."""
        security = self.security
        granted = security.exception
        sha1_until = granted.until if granted is not None and granted.allows == "sha-1" else None
        return SchemeParameters(security.scheme, security.sm2_user_id, security.form, sha1_until)
