"""The simulators' own keys, read from plain PEM files; what they sign with and what they trust."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

from crypto.contract import KeyUnusable, SchemeParameters, SignatureInvalid, StreamSigner, StreamVerifier
from crypto.import_keys import import_private, import_public
from crypto.schemes.registry import SCHEMES, CheckingKeys
from crypto.schemes.rsa import RsaScheme, RsaSigner, RsaVerifier
from crypto.schemes.sm2_keys import private_from_pem, public_from_pem
from crypto.schemes.sm2_sm3 import Sm2Signer, Sm2Verifier
from crypto.signature_text import decode_signature, encode_signature

SM2_USER_ID = "1234567812345678"


class Seal(Protocol):
    """How one counterparty signs its own messages and checks the gateway's."""

    def sign(self, content: bytes) -> bytes:
        """As the bank's signatures travel (base64 unless said otherwise), without a line end."""

    def is_genuine(self, content: bytes, signature: bytes) -> bool:
        """Whether the gateway signed exactly these bytes."""


def _signed(signer: StreamSigner, content: bytes, encoding: str) -> bytes:
    signer.update(content)
    return encode_signature(signer.signature(), encoding)


def _verified(verifier: StreamVerifier, content: bytes, signature: bytes, encoding: str) -> bool:
    verifier.update(content)
    try:
        verifier.verify(decode_signature(signature, encoding))
    except SignatureInvalid:
        return False
    return True


@dataclass(frozen=True, slots=True)
class Sm2Seal:
    """SM2 with SM3; ``secret`` 32, public keys 64 octets."""

    secret: bytes
    public: bytes
    gateway_public: bytes
    user_id: str = SM2_USER_ID
    form: Literal["der", "raw"] = "der"
    encoding: str = "base64"

    @classmethod
    def load(
        cls,
        own: Path,
        gateway: Path,
        user_id: str = SM2_USER_ID,
        form: Literal["der", "raw"] = "der",
        encoding: str = "base64",
    ) -> Sm2Seal:
        """From PKCS#8 and SubjectPublicKeyInfo PEM files; raises KeyUnusable."""
        secret, public = private_from_pem(own.read_text("ascii"))
        return cls(secret, public, public_from_pem(gateway.read_text("ascii")), user_id, form, encoding)

    def sign(self, content: bytes) -> bytes:
        """See Seal."""
        signer = Sm2Signer("simulator", self.secret, self.public, self.user_id, self.form)
        return _signed(signer, content, self.encoding)

    def is_genuine(self, content: bytes, signature: bytes) -> bool:
        """See Seal."""
        verifier = Sm2Verifier({"gateway": self.gateway_public}, self.user_id, self.form)
        return _verified(verifier, content, signature, self.encoding)


@dataclass(frozen=True, slots=True)
class RsaSeal:
    """RSA, PKCS#1 v1.5 or PSS."""

    own: RSAPrivateKey
    gateway: RSAPublicKey
    scheme: RsaScheme = "rsa-pkcs1-sha256"
    encoding: str = "base64"

    @classmethod
    def load(
        cls, own: Path, gateway: Path, scheme: RsaScheme = "rsa-pkcs1-sha256", encoding: str = "base64"
    ) -> RsaSeal:
        """From PKCS#8 and SubjectPublicKeyInfo PEM files; raises KeyUnusable."""
        private = serialization.load_pem_private_key(own.read_bytes(), password=None)
        public = serialization.load_pem_public_key(gateway.read_bytes())
        if not isinstance(private, RSAPrivateKey) or not isinstance(public, RSAPublicKey):
            raise KeyUnusable(f"{own.name} and {gateway.name} must hold RSA keys")
        return cls(private, public, scheme, encoding)

    def sign(self, content: bytes) -> bytes:
        """See Seal."""
        return _signed(RsaSigner("simulator", self.own, self.scheme), content, self.encoding)

    def is_genuine(self, content: bytes, signature: bytes) -> bool:
        """See Seal."""
        verifier = RsaVerifier({"gateway": self.gateway}, self.scheme)
        return _verified(verifier, content, signature, self.encoding)


@dataclass(frozen=True, slots=True)
class SchemeSeal:
    """Any other scheme by its name; ``own`` its secret, ``gateway`` the one public half in PEM or shared secret."""

    own: bytes
    gateway: CheckingKeys
    parameters: SchemeParameters
    encoding: str = "base64"

    @classmethod
    def load(cls, own: Path, gateway: Path, parameters: SchemeParameters, encoding: str = "base64") -> SchemeSeal:
        """From PKCS#8 and SubjectPublicKeyInfo PEM files; raises KeyUnusable."""
        algorithm = SCHEMES[parameters.scheme].algorithm
        secret = import_private(algorithm, own.read_text("ascii")).secret or b""
        public = import_public(algorithm, gateway.read_text("ascii")).public
        return cls(secret, {"gateway": public}, parameters, encoding)

    @classmethod
    def shared(cls, key: Path, parameters: SchemeParameters, encoding: str = "base64") -> SchemeSeal:
        """From a file with the hexadecimal digits of the secret that both sides have."""
        secret = bytes.fromhex(key.read_text("ascii"))
        return cls(secret, {"gateway": secret}, parameters, encoding)

    def sign(self, content: bytes) -> bytes:
        """See Seal."""
        signer = SCHEMES[self.parameters.scheme].signer(self.own, self.parameters, key_id="simulator")
        return _signed(signer, content, self.encoding)

    def is_genuine(self, content: bytes, signature: bytes) -> bool:
        """See Seal."""
        verifier = SCHEMES[self.parameters.scheme].verifier(self.gateway, self.parameters)
        return _verified(verifier, content, signature, self.encoding)
