"""What an envelope (报文封装) is: how signature and encryption travel inside a bank's message.

A detached signature needs none. An envelope turns a dialect's bytes into the bytes that leave, once, before
they are stored; and the bank's bytes into what the dialect reads, after the signature was verified.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol, runtime_checkable

from adapters.profile import BankProfile
from crypto.contract import KeyUnusable, MessageCipher, StreamSigner, StreamVerifier


@dataclass(frozen=True, slots=True)
class Outer:
    """What an envelope says about the message in it."""

    message_id: str  # the instruction's, or the inquiry's or consent's own id
    kind: Literal["instruction", "inquiry", "consent"]
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Opened:
    """The dialect's bytes, and the key that signed them."""

    body: bytes
    key_id: str


class EnvelopeKeys(Protocol):
    """The keys of one bank, as its profile names them."""

    def signer(self) -> StreamSigner:
        """A fresh signer with our key."""

    def verifier(self) -> StreamVerifier:
        """A fresh verifier with the bank's keys."""

    def cipher(self) -> MessageCipher:
        """The key shared for encryption; raises KeyUnusable where the profile names none."""


class DocumentSeal(Protocol):
    """One counterparty's syntax that carries signature, and where agreed encryption, with the message: CMS, XMLDSig."""

    def close(self, body: bytes, at: datetime, identifier: str) -> tuple[bytes, str]:
        """The message in it, signed as of ``at``, and the id of the key; ValueError, KeyUnusable.

        ``identifier`` names the signed part where the syntax wants it named.
        """

    def open(self, content: bytes) -> tuple[bytes, str]:
        """What was signed, and the id of the key; raises SignatureInvalid, SealBroken, KeyUnusable."""


@runtime_checkable
class DocumentKeys(Protocol):
    """``EnvelopeKeys`` that can do whole messages too, for envelopes ``cms`` and ``xmldsig``; others do not have this."""

    def documents(self, profile: BankProfile) -> DocumentSeal:
        """The syntax that the profile names, over its keys; raises KeyUnusable."""


def documents_of(profile: BankProfile, keys: EnvelopeKeys) -> DocumentSeal:
    """The bank's syntax; raises KeyUnusable for keys that know no such syntax."""
    if not isinstance(keys, DocumentKeys):
        raise KeyUnusable(f"bank {profile.bank}: these keys do not serve envelope {profile.security.envelope}")
    return keys.documents(profile)


class Envelope(Protocol):
    """Pure but for the keys it is handed. Messages are bounded by the profile's ``bytes_per_file``."""

    def seal(self, profile: BankProfile, outer: Outer, body: bytes, keys: EnvelopeKeys) -> tuple[bytes, str]:
        """The bytes that leave, and the id of the key that signed them."""

    def open(self, profile: BankProfile, content: bytes, keys: EnvelopeKeys) -> Opened:
        """A bank's message; raises SignatureInvalid, SealBroken, MessageRefused."""
