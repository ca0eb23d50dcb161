# mypy: disable-error-code="no-untyped-call"
"""Messages enveloped in CMS (CMS 数字信封): a fresh key for the content, that key for one recipient.

EnvelopedData for CBC; for GCM, which makes a tag, AuthEnvelopedData (RFC 5083). Sender and time are not in it: what is
enveloped here is a signed message.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from crypto.cms.content_cipher import CIPHERS, ContentCipher, ContentCipherName, Sealed, seal, unseal
from crypto.cms.identifiers import AUTH_ENVELOPED_DATA, CONTENT_TYPES, Syntax
from crypto.cms.key_transport import TRANSPORTS, RecipientKey, TransportName, seal_key
from crypto.cms.parties import Parties, owner_of
from crypto.cms.strict_der import NotDer, require_der
from crypto.cms.structures import (
    AlgorithmIdentifier,
    AuthEnvelopedMessage,
    ContentInfo,
    EncryptedContent,
    EnvelopedMessage,
    PartyIdentifier,
    RecipientInfo,
    RecipientInfos,
    settled,
)
from crypto.contract import KeyUnusable, SealBroken

_AROUND = 65_536
_MOST_RECIPIENTS = 8


@dataclass(frozen=True, slots=True)
class EnvelopeAgreement:
    """How one counterparty encrypts (加密约定); KeyUnusable for what does not go together."""

    transport: TransportName = "rsa-oaep-sha256"
    cipher: ContentCipherName = "aes-256-gcm"
    syntax: Syntax = "rfc5652"

    def __post_init__(self) -> None:
        if self.syntax == "gmt0010" and CIPHERS[self.cipher].authenticates:
            raise KeyUnusable(f"cipher {self.cipher} has no structure in GM/T 0010: agree on a CBC cipher")

    @property
    def content_type(self) -> str:
        """What the message calls itself."""
        types = CONTENT_TYPES[self.syntax]
        return AUTH_ENVELOPED_DATA if self.content_cipher.authenticates else types.enveloped

    @property
    def content_cipher(self) -> ContentCipher:
        """The cipher."""
        return CIPHERS[self.cipher]


@dataclass(frozen=True, slots=True)
class Recipient:
    """For whom: as the message names it, and the public key in PEM."""

    identifier: bytes
    public: str


def envelop(plain: bytes, recipient: Recipient, agreement: EnvelopeAgreement) -> bytes:
    """The DER of a ContentInfo that only the recipient opens; another each time. Raises KeyUnusable."""
    cipher, types = agreement.content_cipher, CONTENT_TYPES[agreement.syntax]
    key = secrets.token_bytes(cipher.key_octets)
    sealed = seal(cipher, key, plain)
    rid = PartyIdentifier.load(recipient.identifier)
    named = rid.name == "issuer_and_serial"
    info = {
        "version": types.recipient_version if named else 2,
        "rid": rid,
        "key_encryption_algorithm": AlgorithmIdentifier.load(TRANSPORTS[agreement.transport][0]),
        "encrypted_key": seal_key(agreement.transport, recipient.public, key),
    }
    fields = {
        "version": 0 if cipher.authenticates else types.enveloped_version if named else 2,
        "recipient_infos": RecipientInfos([RecipientInfo(info)]),
        "encrypted": EncryptedContent(
            {
                "type": types.data,
                "algorithm": AlgorithmIdentifier.load(sealed.algorithm),
                "content": sealed.content,
            }
        ),
    }
    outer = AuthEnvelopedMessage if cipher.authenticates else EnvelopedMessage
    content = fields | {"mac": sealed.tag} if cipher.authenticates else fields
    octets: bytes = outer({"type": agreement.content_type, "content": content}).dump()
    return octets


class EnvelopeOpener:
    """Opens messages for one of our keys; ``parties`` says which identifiers mean which of them."""

    def __init__(self, keys: Mapping[str, RecipientKey], parties: Parties, agreement: EnvelopeAgreement):
        self._keys, self._parties, self._agreement = keys, parties, agreement

    def opened(self, message: bytes, most: int) -> bytes:
        """What was enveloped, of at most ``most`` octets; raises SealBroken."""
        if len(message) > most + _AROUND:
            raise SealBroken(f"the enveloped message has {len(message)} octets, more than are taken")
        try:
            require_der(message)
            if ContentInfo.load(message, strict=True)["type"].dotted != self._agreement.content_type:
                raise SealBroken(f"the message is not enveloped as agreed ({self._agreement.content_type})")
            return self._opened(message)
        except NotDer as fault:
            raise SealBroken(f"the enveloped message {fault}") from None
        except (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError):
            raise SealBroken("the message does not have the structure of EnvelopedData (RFC 5652 6)") from None

    def _opened(self, message: bytes) -> bytes:
        cipher = self._agreement.content_cipher
        outer = AuthEnvelopedMessage if cipher.authenticates else EnvelopedMessage
        data = outer.load(message, strict=True)["content"]
        settled(data)
        infos = data["recipient_infos"]
        if not 1 <= len(infos) <= _MOST_RECIPIENTS:
            raise SealBroken(f"the message is for {len(infos)} recipients, at most {_MOST_RECIPIENTS} are looked at")
        encrypted = data["encrypted"]
        if encrypted["type"].dotted != CONTENT_TYPES[self._agreement.syntax].data:
            raise SealBroken("the enveloped content is not plain data of the agreed syntax")
        tag = data["mac"].native if cipher.authenticates else b""
        sealed = Sealed(encrypted["algorithm"].dump(), encrypted["content"].native, tag)
        info, key = self._for_us(infos)
        return unseal(cipher, key.open_key(info["encrypted_key"].native, cipher.key_octets), sealed)

    def _for_us(self, infos: RecipientInfos) -> tuple[RecipientInfo, RecipientKey]:
        found = [(info, key_id) for info in infos for key_id in owner_of(info["rid"].dump(), self._parties)]
        if len(found) != 1:
            raise SealBroken("the message is not encrypted for a key that we have, or for several")
        info, key_id = found[0]
        if info["key_encryption_algorithm"].dump() not in TRANSPORTS[self._agreement.transport]:
            raise SealBroken("the content key is not encrypted in the way agreed")
        return info, self._keys[key_id]
