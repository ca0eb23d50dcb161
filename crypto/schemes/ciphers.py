"""Every cipher for whole messages (报文加密算法目录) by the name that a bank's profile gives it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from crypto.contract import CipherName, MessageCipher
from crypto.key_material import Algorithm
from crypto.schemes.gcm import aes_256_gcm, sm4_gcm
from crypto.schemes.sm4_cbc import Sm4CbcCipher


@dataclass(frozen=True, slots=True)
class CipherKind:
    """One cipher, and the algorithm of the keys that it takes."""

    name: CipherName
    algorithm: Algorithm
    make: Callable[[Mapping[str, bytes], str], MessageCipher]
    """From the keys by id and the id of the active one; raises KeyUnusable."""


CIPHERS: Final[Mapping[str, CipherKind]] = {
    kind.name: kind
    for kind in (
        CipherKind("sm4-cbc", Algorithm.SM4, Sm4CbcCipher),
        CipherKind("sm4-gcm", Algorithm.SM4, sm4_gcm),
        CipherKind("aes-256-gcm", Algorithm.AES, aes_256_gcm),
    )
}
