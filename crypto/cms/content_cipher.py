# mypy: disable-error-code="no-untyped-call"
"""The ciphers that content is enveloped with (信封内容加密): AES-256-CBC, AES-256-GCM, SM4-CBC.

CBC does not authenticate: what it opens is a signed message, and that signature decides.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from asn1crypto import core
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, CipherAlgorithm, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from crypto.cms.identifiers import algorithm
from crypto.cms.structures import AlgorithmIdentifier, GcmParameters
from crypto.contract import SealBroken

ContentCipherName: TypeAlias = Literal["aes-256-cbc", "aes-256-gcm", "sm4-cbc"]
TAG_OCTETS: Final = 16
_BLOCK: Final = 16
_NONCE: Final = 12


@dataclass(frozen=True, slots=True)
class ContentCipher:
    """One cipher: its identifier, the length of its key, and whether it makes a tag."""

    oid: str
    key_octets: int
    authenticates: bool
    block: type[CipherAlgorithm]


CIPHERS: Final[Mapping[ContentCipherName, ContentCipher]] = {
    "aes-256-cbc": ContentCipher("2.16.840.1.101.3.4.1.42", 32, False, algorithms.AES),
    "aes-256-gcm": ContentCipher("2.16.840.1.101.3.4.1.46", 32, True, algorithms.AES),
    "sm4-cbc": ContentCipher("1.2.156.10197.1.104.2", 16, False, algorithms.SM4),
}


@dataclass(frozen=True, slots=True)
class Sealed:
    """Encrypted content with what is needed to open it; ``tag`` is empty where the cipher makes none."""

    algorithm: bytes  # DER of AlgorithmIdentifier
    content: bytes
    tag: bytes


def seal(cipher: ContentCipher, key: bytes, plain: bytes) -> Sealed:
    """Under a fresh key that is used once; the vector is random all the same."""
    if cipher.authenticates:
        nonce = secrets.token_bytes(_NONCE)
        sealed = AESGCM(key).encrypt(nonce, plain, None)
        parameters = GcmParameters({"nonce": nonce, "tag_octets": TAG_OCTETS})
        return Sealed(algorithm(cipher.oid, parameters), sealed[:-TAG_OCTETS], sealed[-TAG_OCTETS:])
    vector = secrets.token_bytes(_BLOCK)
    padder = padding.PKCS7(_BLOCK * 8).padder()
    encryptor = Cipher(cipher.block(key), modes.CBC(vector)).encryptor()  # type: ignore[call-arg]
    content = encryptor.update(padder.update(plain) + padder.finalize()) + encryptor.finalize()
    return Sealed(algorithm(cipher.oid, core.OctetString(vector)), content, b"")


def unseal(cipher: ContentCipher, key: bytes, sealed: Sealed) -> bytes:
    """The plain octets; SealBroken, which does not say why."""
    vector = _vector(cipher, sealed)
    try:
        if cipher.authenticates:
            return AESGCM(key).decrypt(vector, sealed.content + sealed.tag, None)
        decryptor = Cipher(cipher.block(key), modes.CBC(vector)).decryptor()  # type: ignore[call-arg]
        unpadder = padding.PKCS7(_BLOCK * 8).unpadder()
        padded = decryptor.update(sealed.content) + decryptor.finalize()
        return unpadder.update(padded) + unpadder.finalize()
    except (InvalidTag, ValueError):
        raise SealBroken("the message does not open: changed, cut, or encrypted for another key") from None


def _vector(cipher: ContentCipher, sealed: Sealed) -> bytes:
    identifier = AlgorithmIdentifier.load(sealed.algorithm)
    if identifier["algorithm"].dotted != cipher.oid:
        raise SealBroken("the content's cipher is not the one agreed")
    if not cipher.authenticates:
        vector: bytes = identifier["parameters"].parse(core.OctetString).native
        return _of_length(vector, _BLOCK)
    parameters = identifier["parameters"].parse(GcmParameters)
    if parameters["tag_octets"].native != TAG_OCTETS or len(sealed.tag) != TAG_OCTETS:
        raise SealBroken("the content's tag is shorter than 16 octets")
    return _of_length(parameters["nonce"].native, _NONCE)


def _of_length(vector: bytes, octets: int) -> bytes:
    if len(vector) != octets:
        raise SealBroken(f"the content cipher's vector does not have {octets} octets")
    return vector
