"""The seal of a bank whose signatures travel beside the message (分离签名): a file of its own, or a header."""

from __future__ import annotations

from simulators.bank_contract import NotGenuine
from simulators.signatures import Seal as Signatures


class DetachedSeal:
    """Signs exactly the bytes that are sent."""

    def __init__(self, signatures: Signatures):
        self._signatures = signatures

    def close(self, message_id: str, body: bytes, how: str | None) -> tuple[bytes, bytes | None]:  # noqa: ARG002
        """See Seal."""
        if how == "missing-signature":
            return body, None
        return body, self._signatures.sign(body + b"\n" if how == "bad-signature" else body)

    def open(self, content: bytes, signature: bytes | None) -> bytes:
        """See Seal."""
        if signature is None or not self._signatures.is_genuine(content, signature):
            raise NotGenuine
        return content
