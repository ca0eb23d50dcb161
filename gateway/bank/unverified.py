"""Keys of nobody (无密钥的封装与拆封): a preview shows what an envelope does to a message without signing or verifying.

For the engineer's tools only; what they show says that nothing was signed and nothing verified.
"""

from __future__ import annotations

from typing import Final

from adapters.envelopes.contract import DocumentSeal
from adapters.profile import BankProfile
from crypto.contract import KeyUnusable, MessageCipher, StreamSigner, StreamVerifier
from gateway.wiring.document_seals import xml_documents

KEY_ID: Final = "nobody"
_SIGNATURE: Final = bytes(64)


class _Nobody:
    """Signs with zeros and takes any signature."""

    key_id = KEY_ID

    def update(self, data: bytes) -> None:
        """More of the message."""

    def signature(self) -> bytes:
        """Zeros, which verify under no key."""
        return _SIGNATURE

    def verify(self, signature: bytes) -> str:  # noqa: ARG002
        """Nobody's key."""
        return KEY_ID


class NobodysKeys:
    """``adapters.envelopes.contract.EnvelopeKeys`` of nobody; has nothing to encrypt or decrypt with."""

    def signer(self) -> StreamSigner:
        """One whose signatures are zeros."""
        return _Nobody()

    def verifier(self) -> StreamVerifier:
        """One that verifies nothing."""
        return _Nobody()

    def cipher(self) -> MessageCipher:
        """Raises KeyUnusable."""
        raise KeyUnusable("a preview has no keys")

    def documents(self, profile: BankProfile) -> DocumentSeal:
        """XML signatures need no key but to be signed; raises KeyUnusable for CMS, which names its signer."""
        if profile.security.envelope != "xmldsig":
            raise KeyUnusable("a preview has no keys")
        return xml_documents(profile, self)
