"""SM4 in CBC mode with PKCS#7 padding (GB/T 32907, GB/T 17964) for whole messages under a key shared with one bank.

CBC hides and does not authenticate: whoever opens a message verifies the signature inside before believing
anything, and tells the other side nothing about why a message did not open (a padding oracle).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from crypto.contract import KeyUnusable, SealBroken

BLOCK_BYTES: Final = 16
KEY_BYTES: Final = 16


class Sm4CbcCipher:
    """``crypto.contract.MessageCipher``: encrypts under one key, opens under any of several."""

    def __init__(self, keys: Mapping[str, bytes], active: str):
        """``keys`` of 16 octets by id, in the order in which they are tried; KeyUnusable."""
        if active not in keys:
            raise KeyUnusable(f"the active key {active} is not among the keys")
        for key_id, key in keys.items():
            if len(key) != KEY_BYTES:
                raise KeyUnusable(f"key {key_id[:40]}: an SM4 key has {KEY_BYTES} octets")
        self.key_id = active
        self._keys = dict(keys)

    def encrypt(self, plain: bytes, iv: bytes) -> bytes:
        """Ciphertext of the next multiple of 16 octets; ValueError for an ``iv`` of other than 16."""
        padder = padding.PKCS7(BLOCK_BYTES * 8).padder()
        cipher = _cipher(self._keys[self.key_id], iv).encryptor()
        return cipher.update(padder.update(plain) + padder.finalize()) + cipher.finalize()

    def decrypt(self, sealed: bytes, iv: bytes, start: bytes = b"") -> bytes:
        """The plain octets; SealBroken, which does not say why.

        ``start`` is how every message of this kind begins: a wrong key passes the padding check once in 256 times,
        so with several keys it tells which one was used.
        """
        for key in self._keys.values() if sealed and len(sealed) % BLOCK_BYTES == 0 else ():
            plain = _opened(key, sealed, iv)
            if plain is not None and plain.startswith(start):
                return plain
        raise SealBroken("the message does not open under the SM4 key: changed, cut, or encrypted under another key")


def _opened(key: bytes, sealed: bytes, iv: bytes) -> bytes | None:
    cipher, unpadder = _cipher(key, iv).decryptor(), padding.PKCS7(BLOCK_BYTES * 8).unpadder()
    padded = cipher.update(sealed) + cipher.finalize()
    try:
        return unpadder.update(padded) + unpadder.finalize()
    except ValueError:
        return None


def _cipher(key: bytes, iv: bytes) -> Cipher[modes.CBC]:
    if len(iv) != BLOCK_BYTES:
        raise ValueError(f"the initial vector of SM4-CBC has {BLOCK_BYTES} octets, not {len(iv)}")
    return Cipher(algorithms.SM4(key), modes.CBC(iv))
