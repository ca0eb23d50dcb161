"""What the rest of the house may ask of crypto: streams that sign, verify and seal. Bytes in, bytes out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final, Literal, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt
import polars as pl

from crypto.key_reasons import KeyReason


class CryptoError(Exception):
    """Abstract: something about keys or signatures is not right; the message is for an operator, without secrets."""


class SignatureInvalid(CryptoError):
    """The bytes are not what the key's owner signed, or not signed by a key we trust."""


class KeyUnusable(CryptoError):
    """No such key, wrong purpose, not active, wrong passphrase, tampered keystore file; ``reason`` says which."""

    def __init__(self, message: str, reason: KeyReason = KeyReason.OTHER):
        super().__init__(message)
        self.reason = reason


class SealBroken(CryptoError):
    """Sealed bytes were changed, cut, or belong elsewhere."""


SchemeName: TypeAlias = Literal[
    "sm2-sm3",
    "rsa-pkcs1-sha256",
    "rsa-pss-sha256",
    "rsa-pkcs1-sha1",
    "ecdsa-p256-sha256",
    "ecdsa-p384-sha384",
    "ed25519",
    "hmac-sha256",
    "hmac-sm3",
]
"""Every scheme of ``crypto.schemes.registry``."""

OUTDATED_SCHEMES: Final[frozenset[SchemeName]] = frozenset({"rsa-pkcs1-sha1"})
"""Refused unless ``SchemeParameters.sha1_until`` allows them for now: collisions of SHA-1 are for sale."""

LONGEST_ED25519_BYTES: Final = 16 * 1024 * 1024
"""Ed25519 (RFC 8032) goes over its message twice, so a message has to be held: longer ones are refused."""

Form: TypeAlias = Literal["der", "raw"]
"""SEQUENCE{r, s}, or the octets r‖s, each as long as the group's order."""

CipherName: TypeAlias = Literal["sm4-cbc", "sm4-gcm", "aes-256-gcm"]
"""Every cipher of ``crypto.schemes.ciphers``."""


@dataclass(frozen=True, slots=True)
class SchemeParameters:
    """How one bank wants its signatures made (签名参数): parameters that differ by bank are data."""

    scheme: SchemeName
    sm2_user_id: str = "1234567812345678"  # GB/T 35276 default; some banks agree on another (facts D.2)
    form: Form = "der"  # of SM2 and ECDSA signatures; the other schemes have one form
    sha1_until: date | None = None  # the last day on which an outdated scheme is still used; null: it is not


class StreamSigner(Protocol):
    """Signs a stream of any length in constant memory."""

    key_id: str

    def update(self, data: bytes) -> None:
        """More of the message."""

    def signature(self) -> bytes:
        """The signature, in the scheme's own binary form."""


class StreamVerifier(Protocol):
    """Verifies a stream against every usable key of one alias."""

    def update(self, data: bytes) -> None:
        """More of the message."""

    def verify(self, signature: bytes) -> str:
        """The id of the key that signed it; raises SignatureInvalid."""


class SegmentSealer(Protocol):
    """AES-256-GCM over one block of columns; ``context`` is bound in and must be given again."""

    def seal(self, plain: bytes, context: str) -> bytes:
        """Sealed bytes, which name their key."""

    def unseal(self, sealed: bytes, context: str) -> bytes:
        """The plain bytes; raises SealBroken."""


class BlindIndexer(Protocol):
    """Keyed tokens: finds a person without storing who it is."""

    def tokens(self, values: pl.Series, label: str) -> npt.NDArray[np.uint64]:
        """A 64-bit keyed pseudo-random token per value, under a sub-key per ``label`` ("person", "account", "item").

        A null has token 0 and no value has; see docs/decisions/0003-crypto-libraries.md for the function.
        """


class MessageCipher(Protocol):
    """A symmetric key shared with one counterparty, for whole bounded messages."""

    key_id: str

    def encrypt(self, plain: bytes, iv: bytes) -> bytes:
        """The sealed octets; ``iv`` are octets that both sides know beforehand.

        SM4-CBC takes the 16 octets of ``iv`` as its initial vector. A GCM cipher draws a fresh nonce for every message
        and puts it in front, since a nonce used twice gives the key away; it binds ``iv`` as associated data.
        """

    def decrypt(self, sealed: bytes, iv: bytes, start: bytes = b"") -> bytes:
        """The plain bytes, which begin with ``start``; raises SealBroken, which does not say why.

        What CBC opens is not authenticated: verify the signature in it before believing anything.
        """
