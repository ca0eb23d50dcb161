"""What the rest of the house may ask of crypto: streams that sign, verify and seal. Bytes in, bytes out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt
import polars as pl


class CryptoError(Exception):
    """Abstract: something about keys or signatures is not right; the message is for an operator, without secrets."""


class SignatureInvalid(CryptoError):
    """The bytes are not what the key's owner signed, or not signed by a key we trust."""


class KeyUnusable(CryptoError):
    """No such key, wrong purpose, not active, wrong passphrase, tampered keystore file."""


class SealBroken(CryptoError):
    """Sealed bytes were changed, cut, or belong elsewhere."""


@dataclass(frozen=True, slots=True)
class SchemeParameters:
    """How one bank wants its signatures made (签名参数): parameters that differ by bank are data."""

    scheme: Literal["sm2-sm3", "rsa-pkcs1-sha256", "rsa-pss-sha256"]
    sm2_user_id: str = "1234567812345678"  # GB/T 35276 default; some banks agree on another (facts D.2)
    sm2_form: Literal["der", "raw"] = "der"  # SEQUENCE{r, s} or the 64 bytes r‖s


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
    """A symmetric key shared with one counterparty (SM4), for whole bounded messages."""

    key_id: str

    def encrypt(self, plain: bytes, iv: bytes) -> bytes:
        """CBC with PKCS#7 padding; ``iv`` of 16 bytes."""

    def decrypt(self, sealed: bytes, iv: bytes, start: bytes = b"") -> bytes:
        """The plain bytes, which begin with ``start``; raises SealBroken.

        They are not authenticated: verify the signature in them before believing anything.
        """
