"""Whole messages under SM4-GCM (GB/T 36624, RFC 8998) or AES-256-GCM (SP 800-38D), with a fresh nonce each.

    nonce (12 random octets) ‖ ciphertext (as long as the plain text) ‖ tag (16 octets)

The nonce is drawn here and cannot be handed in: one that is used twice under one key gives the plain texts and the key of
the tags away. Random nonces are good for 2^32 messages a key. What both sides know beforehand (``iv`` of the interface)
is bound in as associated data: a message that was moved to another place does not open.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, CipherAlgorithm, algorithms, modes

from crypto.contract import KeyUnusable, SealBroken

NONCE_BYTES: Final = 12
TAG_BYTES: Final = 16
AES_KEY_BYTES: Final = 32
SM4_KEY_BYTES: Final = 16


class GcmCipher:
    """``crypto.contract.MessageCipher``: seals under one key, opens under any of several."""

    def __init__(self, keys: Mapping[str, bytes], active: str, key_bytes: int):
        """``keys`` by id, in the order in which they are tried; KeyUnusable. Use ``sm4_gcm`` or ``aes_256_gcm``."""
        if active not in keys:
            raise KeyUnusable(f"the active key {active} is not among the keys")
        for key_id, key in keys.items():
            if len(key) != key_bytes:
                raise KeyUnusable(f"key {key_id[:40]}: this cipher takes {key_bytes} octets")
        self.key_id = active
        self._keys = dict(keys)

    def encrypt(self, plain: bytes, iv: bytes) -> bytes:
        """Nonce, ciphertext and tag; ``iv`` of any length is bound in and must be given again."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        sealing = Cipher(_algorithm(self._keys[self.key_id]), modes.GCM(nonce)).encryptor()
        sealing.authenticate_additional_data(iv)
        return nonce + sealing.update(plain) + sealing.finalize() + sealing.tag

    def decrypt(self, sealed: bytes, iv: bytes, start: bytes = b"") -> bytes:
        """The plain octets, authenticated; SealBroken, which does not say why."""
        for key in self._keys.values() if len(sealed) >= NONCE_BYTES + TAG_BYTES else ():
            plain = _opened(key, sealed, iv)
            if plain is not None and plain.startswith(start):
                return plain
        raise SealBroken("the message does not open under the shared key: changed, cut, or sealed under another key")


def sm4_gcm(keys: Mapping[str, bytes], active: str) -> GcmCipher:
    """Keys of 16 octets; raises KeyUnusable."""
    return GcmCipher(keys, active, SM4_KEY_BYTES)


def aes_256_gcm(keys: Mapping[str, bytes], active: str) -> GcmCipher:
    """Keys of 32 octets; raises KeyUnusable."""
    return GcmCipher(keys, active, AES_KEY_BYTES)


def _opened(key: bytes, sealed: bytes, iv: bytes) -> bytes | None:
    """Nothing of it leaves before the tag was checked."""
    nonce, tag = sealed[:NONCE_BYTES], sealed[-TAG_BYTES:]
    opening = Cipher(_algorithm(key), modes.GCM(nonce, tag)).decryptor()
    opening.authenticate_additional_data(iv)
    plain = opening.update(sealed[NONCE_BYTES:-TAG_BYTES])
    try:
        return plain + opening.finalize()
    except InvalidTag:
        return None


def _algorithm(key: bytes) -> CipherAlgorithm:
    return algorithms.SM4(key) if len(key) == SM4_KEY_BYTES else algorithms.AES256(key)
