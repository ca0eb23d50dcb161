"""What the rest of the house may ask of crypto: streams that sign, verify and seal. Bytes in, bytes out."""

from __future__ import annotations

from typing import Protocol

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
        """HMAC-SHA256 truncated to 64 bits per value, under a sub-key per ``label`` ("person", "account", "item")."""
