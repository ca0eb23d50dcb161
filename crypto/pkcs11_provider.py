"""Signing keys in a PKCS#11 token (密码机签名密钥): made there, used there, never out of it.

The message is digested here in a stream, so a file of any length costs the token one call. Every signature is checked
with the public half before it leaves: a token that mixed up its keys, or faltered, gives none away. Keys cannot be
imported: a secret that was ever outside is not one that never left.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pkcs11
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils
from pkcs11 import Attribute, KeyType, Mechanism, MechanismFlag, ObjectClass
from pkcs11.mechanisms import MGF
from pkcs11.util.ec import encode_ec_public_key, encode_named_curve_parameters
from pkcs11.util.rsa import encode_rsa_public_key

from crypto.contract import Form, KeyUnusable, SchemeName, SchemeParameters
from crypto.key_material import Algorithm, KeyMaterial
from crypto.key_provider import TokenKind
from crypto.key_reasons import KeyReason
from crypto.pkcs11_token import TokenSession

_CURVES: dict[str, str] = {"ecdsa-p256": "secp256r1", "ecdsa-p384": "secp384r1"}
_SHA256_INFO = bytes.fromhex("3031300d060960864801650304020105000420")  # DigestInfo of RFC 8017 9.2, note 1
_KEPT_INSIDE = {Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: False, Attribute.PRIVATE: True}


@dataclass(frozen=True, slots=True)
class _Way:
    """How a scheme is asked of a token."""

    mechanism: Mechanism
    digest: hashes.HashAlgorithm
    curve: str | None = None


_WAYS: dict[SchemeName, _Way] = {
    "rsa-pkcs1-sha256": _Way(Mechanism.RSA_PKCS, hashes.SHA256()),
    "rsa-pss-sha256": _Way(Mechanism.RSA_PKCS_PSS, hashes.SHA256()),
    "ecdsa-p256-sha256": _Way(Mechanism.ECDSA, hashes.SHA256(), "secp256r1"),
    "ecdsa-p384-sha384": _Way(Mechanism.ECDSA, hashes.SHA384(), "secp384r1"),
}


class Pkcs11Provider:
    """``crypto.key_provider.KeyProvider`` over one token."""

    def __init__(self, module: Path, token: str, pin: Callable[[], str]):
        self.name = f"pkcs11:{token}"
        self._token = TokenSession(module, token, pin)

    def generate(self, label: str, kind: TokenKind) -> KeyMaterial:
        """A new signing key inside the token; its public half. Raises KeyUnusable."""
        if kind == "sm2":
            raise self._lacks("SM2", "PKCS#11 has no standard SM2 mechanism")
        pem = self._token.call(lambda session: _generated(session, label, kind), writes=True)
        return KeyMaterial(Algorithm.ECDSA if kind in _CURVES else Algorithm.RSA, pem)

    def signer(self, label: str, key_id: str, public: str, parameters: SchemeParameters) -> TokenSigner:
        """Signs a stream with the key of that label; raises KeyUnusable."""
        way = _WAYS.get(parameters.scheme)
        if way is None:
            raise self._lacks(parameters.scheme, f"from a token are made {', '.join(_WAYS)}")
        if int(way.mechanism) not in self._token.mechanisms():
            raise self._lacks(parameters.scheme, f"the token has no mechanism {way.mechanism.name}")
        return TokenSigner(self._token, label, key_id, public, way, parameters.form)

    def _lacks(self, what: str, why: str) -> KeyUnusable:
        return KeyUnusable(
            f"token {self.name!r} cannot make {what}: {why}; keep this key in the keystore file, or use the provider of "
            "the device's vendor",
            KeyReason.TOKEN_LACKS,
        )


class TokenSigner:
    """Signs with one key of the token."""

    def __init__(self, token: TokenSession, label: str, key_id: str, public: str, way: _Way, form: Form):
        self.key_id = key_id
        self._token, self._label, self._way, self._form = token, label, way, form
        self._public = serialization.load_pem_public_key(public.encode())
        if way.curve is not None and (
            not isinstance(self._public, ec.EllipticCurvePublicKey) or self._public.curve.name != way.curve
        ):
            raise KeyUnusable(f"key {key_id} is not on the curve {way.curve}", KeyReason.WRONG_ALGORITHM)
        self._digest = hashes.Hash(way.digest)

    def update(self, data: bytes) -> None:
        """More of the message."""
        self._digest.update(data)

    def signature(self) -> bytes:
        """In the scheme's own form; once. Raises KeyUnusable."""
        digest = self._digest.finalize()
        raw = self._token.call(lambda session: _signed(session, self._label, self._way, digest))
        try:
            return self._checked(raw, digest)
        except (InvalidSignature, ValueError) as error:
            raise KeyUnusable(
                f"the token's key {self._label!r} is not key {self.key_id}, or the token falters: its signature does not "
                "verify and was not used",
                KeyReason.TOKEN,
            ) from error

    def _checked(self, raw: bytes, digest: bytes) -> bytes:
        prehashed = utils.Prehashed(self._way.digest)
        if isinstance(self._public, rsa.RSAPublicKey):
            self._public.verify(raw, digest, _padding(self._way), prehashed)
            return raw
        assert isinstance(self._public, ec.EllipticCurvePublicKey)  # noqa: S101 - by the constructor
        half = len(raw) // 2
        der = utils.encode_dss_signature(int.from_bytes(raw[:half], "big"), int.from_bytes(raw[half:], "big"))
        self._public.verify(der, digest, ec.ECDSA(prehashed))
        return der if self._form == "der" else raw


def _padding(way: _Way) -> padding.AsymmetricPadding:
    if way.mechanism is Mechanism.RSA_PKCS:
        return padding.PKCS1v15()
    return padding.PSS(mgf=padding.MGF1(way.digest), salt_length=way.digest.digest_size)


def _signed(session: pkcs11.Session, label: str, way: _Way, digest: bytes) -> bytes:
    key: Any = session.get_key(object_class=ObjectClass.PRIVATE_KEY, label=label)
    if way.mechanism is Mechanism.RSA_PKCS:
        return bytes(key.sign(_SHA256_INFO + digest, mechanism=way.mechanism))
    if way.mechanism is Mechanism.RSA_PKCS_PSS:
        parameters = (Mechanism.SHA256, MGF.SHA256, way.digest.digest_size)
        return bytes(key.sign(digest, mechanism=way.mechanism, mechanism_param=parameters))
    return bytes(key.sign(digest, mechanism=way.mechanism))


def _generated(session: pkcs11.Session, label: str, kind: TokenKind) -> str:
    options: dict[str, Any] = {
        "id": secrets.token_bytes(16),
        "label": label,
        "store": True,
        "capabilities": MechanismFlag.SIGN | MechanismFlag.VERIFY,
        "private_template": _KEPT_INSIDE,
    }
    if kind in _CURVES:
        curve = {Attribute.EC_PARAMS: encode_named_curve_parameters(_CURVES[kind])}
        public, _ = session.create_domain_parameters(KeyType.EC, curve, local=True).generate_keypair(**options)
        der = encode_ec_public_key(public)
    else:
        public, _ = session.generate_keypair(KeyType.RSA, int(kind.removeprefix("rsa-")), **options)
        der = encode_rsa_public_key(public)
    key = serialization.load_der_public_key(der)
    return key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()
