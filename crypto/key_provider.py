"""The port to devices that keep private keys (密码机、令牌): what the keystore asks of one.

The keystore holds such a key's entry (alias, life, public half) under its MAC; the private half never leaves the device.
``pkcs11_provider`` serves every device with a PKCS#11 module. Chinese cryptographic machines (服务器密码机) are reached in
one of two ways: by the vendor's PKCS#11 module, whose SM2 mechanism has a vendor-defined number and therefore needs a
provider that knows it; or through the vendor's library of the device interface 密码设备应用接口 (SDF, GM/T 0018):
``SDF_OpenDevice``, ``SDF_OpenSession``, ``SDF_GetPrivateKeyAccessRight`` with the key's index and its access code,
``SDF_ExportSignPublicKey_ECC`` for the public half, and ``SDF_InternalSign_ECC`` over the 32 octets e = SM3(Z ‖ message),
which answers r and s. Either is one more class with the three members below; keystore, profiles and life of keys
remain as they are.
"""

from __future__ import annotations

from typing import Literal, Protocol

from crypto.contract import SchemeParameters, StreamSigner
from crypto.key_material import KeyMaterial

TokenKind = Literal["rsa-2048", "rsa-3072", "ecdsa-p256", "ecdsa-p384", "sm2"]


class KeyProvider(Protocol):
    """One device. Called from several threads; lost sessions are its own matter. Everything raises KeyUnusable."""

    @property
    def name(self) -> str:
        """``pkcs11:<token>``: how entries name it."""

    def generate(self, label: str, kind: TokenKind) -> KeyMaterial:
        """A new signing key inside the device; its public half."""

    def signer(self, label: str, key_id: str, public: str, parameters: SchemeParameters) -> StreamSigner:
        """Signs a stream with the key of that label, which must be the one whose public half is given."""
