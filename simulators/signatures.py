"""The simulators' own keys, read from plain PEM files; what they sign with and what they trust."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

from crypto.contract import KeyUnusable, SignatureInvalid, StreamSigner, StreamVerifier
from crypto.schemes.rsa import RsaSigner, RsaVerifier
from crypto.schemes.sm2_keys import private_from_pem, public_from_pem
from crypto.schemes.sm2_sm3 import Sm2Signer, Sm2Verifier
from crypto.signature_text import decode_signature, encode_signature

SM2_USER_ID = "1234567812345678"


class Seal(Protocol):
    """How one counterparty signs its own messages and checks the gateway's; signatures travel as base64 text."""

    def sign(self, content: bytes) -> bytes:
        """Base64, without a line end."""

    def is_genuine(self, content: bytes, signature: bytes) -> bool:
        """Whether the gateway signed exactly these bytes."""


def _signed(signer: StreamSigner, content: bytes) -> bytes:
    signer.update(content)
    return encode_signature(signer.signature(), "base64")


def _verified(verifier: StreamVerifier, content: bytes, signature: bytes) -> bool:
    verifier.update(content)
    try:
        verifier.verify(decode_signature(signature, "base64"))
    except SignatureInvalid:
        return False
    return True


@dataclass(frozen=True, slots=True)
class Sm2Seal:
    """SM2 with SM3, DER, default user id; ``secret`` 32, public keys 64 octets."""

    secret: bytes
    public: bytes
    gateway_public: bytes

    @classmethod
    def load(cls, own: Path, gateway: Path) -> Sm2Seal:
        """From PKCS#8 and SubjectPublicKeyInfo PEM files; raises KeyUnusable."""
        secret, public = private_from_pem(own.read_text("ascii"))
        return cls(secret, public, public_from_pem(gateway.read_text("ascii")))

    def sign(self, content: bytes) -> bytes:
        """See Seal."""
        return _signed(Sm2Signer("simulator", self.secret, self.public, SM2_USER_ID, "der"), content)

    def is_genuine(self, content: bytes, signature: bytes) -> bool:
        """See Seal."""
        return _verified(Sm2Verifier({"gateway": self.gateway_public}, SM2_USER_ID, "der"), content, signature)


@dataclass(frozen=True, slots=True)
class RsaSeal:
    """RSA PKCS#1 v1.5 with SHA-256."""

    own: RSAPrivateKey
    gateway: RSAPublicKey

    @classmethod
    def load(cls, own: Path, gateway: Path) -> RsaSeal:
        """From PKCS#8 and SubjectPublicKeyInfo PEM files; raises KeyUnusable."""
        private = serialization.load_pem_private_key(own.read_bytes(), password=None)
        public = serialization.load_pem_public_key(gateway.read_bytes())
        if not isinstance(private, RSAPrivateKey) or not isinstance(public, RSAPublicKey):
            raise KeyUnusable(f"{own.name} and {gateway.name} must hold RSA keys")
        return cls(private, public)

    def sign(self, content: bytes) -> bytes:
        """See Seal."""
        return _signed(RsaSigner("simulator", self.own, "rsa-pkcs1-sha256"), content)

    def is_genuine(self, content: bytes, signature: bytes) -> bool:
        """See Seal."""
        return _verified(RsaVerifier({"gateway": self.gateway}, "rsa-pkcs1-sha256"), content, signature)
