"""One bank's keys as its profile names them, read afresh each time: a rotation needs no restart."""

from __future__ import annotations

from dataclasses import dataclass

from adapters.profile import Security
from crypto.contract import KeyUnusable, MessageCipher, SchemeParameters, StreamSigner, StreamVerifier
from crypto.keystore import Keystore


@dataclass(frozen=True, slots=True)
class BankKeys:
    """``adapters.envelopes.contract.EnvelopeKeys`` over the keystore."""

    keys: Keystore
    security: Security

    def signer(self) -> StreamSigner:
        """Raises KeyUnusable."""
        self.keys.reload()
        return self.keys.signer(self.security.signing_key, self._parameters())

    def verifier(self) -> StreamVerifier:
        """Raises KeyUnusable."""
        self.keys.reload()
        return self.keys.verifier(self.security.verification_key, self._parameters())

    def cipher(self) -> MessageCipher:
        """Raises KeyUnusable, also where the profile names no key for encryption."""
        if self.security.encryption_key is None:
            raise KeyUnusable("the bank's profile has no security.encryption_key: name the alias of the shared key")
        self.keys.reload()
        return self.keys.message_cipher(self.security.encryption_key)

    def _parameters(self) -> SchemeParameters:
        return SchemeParameters(self.security.scheme, self.security.sm2_user_id, self.security.sm2_form)
