"""Keys for looking into a sample without any (免验签查看): for previews only, and said so wherever it is shown."""

from __future__ import annotations

from crypto.contract import KeyUnusable, MessageCipher, StreamSigner, StreamVerifier

UNVERIFIED = "unverified"


class _Takes:
    """Takes any signature; never constructed outside a preview."""

    def update(self, data: bytes) -> None:
        """More of the message."""

    def verify(self, signature: bytes) -> str:  # noqa: ARG002
        """No key at all."""
        return UNVERIFIED


class UnverifiedKeys:
    """``EnvelopeKeys`` of nobody: opens what is only signed, refuses to sign and to decrypt."""

    def signer(self) -> StreamSigner:
        """Raises KeyUnusable."""
        raise KeyUnusable("a preview signs nothing")

    def verifier(self) -> StreamVerifier:
        """One that checks nothing."""
        return _Takes()

    def cipher(self) -> MessageCipher:
        """Raises KeyUnusable."""
        raise KeyUnusable("a preview has no keys")
