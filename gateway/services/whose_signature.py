"""Whose signature it is that does not count (签名归属): a bank's key that is revoked, retired, expired or not yet in force.

Asked only after the keys in force have said no, so that honest messages cost nothing more. The answer decides what
becomes of the message: quarantine, or waiting until the key is in force.
"""

from __future__ import annotations

from adapters.contract import MessageRefused
from crypto.contract import CryptoError, SignatureInvalid
from crypto.signature_text import decode_signature
from gateway.services.context import Bank, Context, UnusableKeys
from gateway.store.records import InboxMessage


class SignedByRevokedKey(SignatureInvalid):
    """The message is signed with a key that was revoked (吊销): whoever has that key may have written it."""

    def __init__(self, alias: str, key_id: str):
        super().__init__(f"it is signed with key {key_id} of {alias}, which is revoked")
        self.alias, self.key_id = alias, key_id


def explained(context: Context, bank: Bank, message: InboxMessage, refused: CryptoError) -> CryptoError:
    """``refused``, or something that says more: which unusable key signed the message."""
    if context.unusable_keys is None:
        return refused
    keys = context.unusable_keys(bank.profile.security)
    try:
        return keys.verdict(_signer(context, bank, message, keys))
    except (CryptoError, MessageRefused):
        return refused


def require_not_revoked(context: Context, bank: Bank, key_id: str | None) -> None:
    """Raise SignedByRevokedKey where the key was revoked since the message was verified."""
    alias = bank.profile.security.verification_key
    if alias is not None and key_id is not None and context.revoked(alias, key_id):
        raise SignedByRevokedKey(alias, key_id)


def _signer(context: Context, bank: Bank, message: InboxMessage, keys: UnusableKeys) -> str:
    if bank.envelope is not None:
        content = b"".join(context.vault.open(message.content))
        return bank.envelope.open(bank.profile, content, keys).key_id
    if message.signature is None:
        raise SignatureInvalid("the message has no signature")
    verifier = keys.verifier()
    for chunk in context.vault.open(message.content):
        verifier.update(chunk)
    return verifier.verify(decode_signature(message.signature, bank.profile.security.encoding))
