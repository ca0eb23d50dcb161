"""What an envelope (报文封装) is: how signature and encryption travel inside a bank's message.

A detached signature needs none. An envelope turns a dialect's bytes into the bytes that leave, once, before
they are stored; and the bank's bytes into what the dialect reads, after the signature was verified.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from adapters.profile import BankProfile
from crypto.contract import MessageCipher, StreamSigner, StreamVerifier


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


class Envelope(Protocol):
    """Pure but for the keys it is handed. Messages are bounded by the profile's ``bytes_per_file``."""

    def seal(self, profile: BankProfile, outer: Outer, body: bytes, keys: EnvelopeKeys) -> tuple[bytes, str]:
        """The bytes that leave, and the id of the key that signed them."""

    def open(self, profile: BankProfile, content: bytes, keys: EnvelopeKeys) -> Opened:
        """A bank's message; raises SignatureInvalid, SealBroken, MessageRefused."""
