"""Every signature scheme (签名算法目录) by the name that a bank's profile gives it, behind one pair of interfaces."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final, TypeAlias

from cryptography.hazmat.primitives import hashes

from crypto.contract import (
    OUTDATED_SCHEMES,
    KeyUnusable,
    SchemeName,
    SchemeParameters,
    StreamSigner,
    StreamVerifier,
)
from crypto.key_material import SYMMETRIC, Algorithm, rsa_private, rsa_public
from crypto.schemes import ecdsa_keys, ed25519, sm2_keys
from crypto.schemes.ecdsa import P256_SHA256, P384_SHA384, EcdsaKind, EcdsaSigner, EcdsaVerifier
from crypto.schemes.ed25519_messages import Ed25519Signer, Ed25519Verifier
from crypto.schemes.hmac_streams import HmacSigner, HmacVerifier
from crypto.schemes.rsa import RsaScheme, RsaSigner, RsaVerifier
from crypto.schemes.sm2_sm3 import Sm2Signer, Sm2Verifier

CheckingKeys: TypeAlias = Mapping[str, str] | Mapping[str, bytes]
"""By key id: the public half in PEM; of an HMAC the shared secret."""


@dataclass(frozen=True, slots=True)
class OwnKey:
    """The halves of the key that signs, as ``crypto.key_material`` keeps them."""

    key_id: str
    secret: bytes
    public: str


Signs: TypeAlias = Callable[[OwnKey, SchemeParameters], StreamSigner]
Verifies: TypeAlias = Callable[[CheckingKeys, SchemeParameters], StreamVerifier]


@dataclass(frozen=True, slots=True)
class Scheme:
    """One scheme, and the algorithm of the keys that it takes."""

    name: SchemeName
    algorithm: Algorithm
    signs: Signs
    verifies: Verifies

    @property
    def symmetric(self) -> bool:
        """Whether one shared secret both makes and checks."""
        return self.algorithm in SYMMETRIC

    def signer(
        self, secret: bytes, parameters: SchemeParameters, *, key_id: str = "", public: str = ""
    ) -> StreamSigner:
        """Ready for one message; SM2 needs its ``public`` half in PEM too. Raises KeyUnusable."""
        self._require(parameters)
        return self.signs(OwnKey(key_id, secret, public), parameters)

    def verifier(self, publics: CheckingKeys, parameters: SchemeParameters) -> StreamVerifier:
        """Ready for one message, which any of the keys may have signed; raises KeyUnusable."""
        self._require(parameters)
        return self.verifies(publics, parameters)

    def require_allowed(self, parameters: SchemeParameters, today: date) -> None:
        """Raise KeyUnusable where the scheme is outdated and no exception allows it on this day."""
        self._require(parameters)
        if self.name in OUTDATED_SCHEMES and parameters.sha1_until is not None and today > parameters.sha1_until:
            raise KeyUnusable(
                f"scheme {self.name} was allowed until {parameters.sha1_until}: agree with the bank on SHA-256 and "
                "change security.scheme, or have a later date of security.exception approved"
            )

    def _require(self, parameters: SchemeParameters) -> None:
        if parameters.scheme != self.name:
            raise KeyUnusable(f"parameters for scheme {parameters.scheme} were given to {self.name}")
        if self.name in OUTDATED_SCHEMES and parameters.sha1_until is None:
            raise KeyUnusable(
                f"scheme {self.name} rests on SHA-1 and is refused without a dated exception (security.exception)"
            )


def _sm2() -> Scheme:
    def signs(own: OwnKey, given: SchemeParameters) -> StreamSigner:
        public = sm2_keys.public_from_pem(own.public)
        return Sm2Signer(own.key_id, own.secret, public, given.sm2_user_id, given.form)

    def verifies(publics: CheckingKeys, given: SchemeParameters) -> StreamVerifier:
        points = {key_id: sm2_keys.public_from_pem(pem) for key_id, pem in _pems(publics).items()}
        return Sm2Verifier(points, given.sm2_user_id, given.form)

    return Scheme("sm2-sm3", Algorithm.SM2, signs, verifies)


def _rsa(name: RsaScheme) -> Scheme:
    def signs(own: OwnKey, given: SchemeParameters) -> StreamSigner:  # noqa: ARG001 - RSA has one form
        return RsaSigner(own.key_id, rsa_private(own.secret, trusted=True), name)

    def verifies(publics: CheckingKeys, given: SchemeParameters) -> StreamVerifier:  # noqa: ARG001
        return RsaVerifier({key_id: rsa_public(pem) for key_id, pem in _pems(publics).items()}, name)

    return Scheme(name, Algorithm.RSA, signs, verifies)


def _ecdsa(name: SchemeName, kind: EcdsaKind) -> Scheme:
    def signs(own: OwnKey, given: SchemeParameters) -> StreamSigner:
        return EcdsaSigner(own.key_id, ecdsa_keys.private_from_der(own.secret), kind, given.form)

    def verifies(publics: CheckingKeys, given: SchemeParameters) -> StreamVerifier:
        keys = {key_id: ecdsa_keys.public_from_pem(pem) for key_id, pem in _pems(publics).items()}
        return EcdsaVerifier(keys, kind, given.form)

    return Scheme(name, Algorithm.ECDSA, signs, verifies)


def _ed25519() -> Scheme:
    def signs(own: OwnKey, given: SchemeParameters) -> StreamSigner:  # noqa: ARG001 - Ed25519 has one form
        return Ed25519Signer(own.key_id, ed25519.private_from_der(own.secret))

    def verifies(publics: CheckingKeys, given: SchemeParameters) -> StreamVerifier:  # noqa: ARG001
        return Ed25519Verifier({key_id: ed25519.public_from_pem(pem) for key_id, pem in _pems(publics).items()})

    return Scheme("ed25519", Algorithm.ED25519, signs, verifies)


def _hmac(name: SchemeName, digest: hashes.HashAlgorithm) -> Scheme:
    def signs(own: OwnKey, given: SchemeParameters) -> StreamSigner:  # noqa: ARG001 - a tag has one form
        return HmacSigner(own.key_id, own.secret, digest)

    def verifies(publics: CheckingKeys, given: SchemeParameters) -> StreamVerifier:  # noqa: ARG001
        return HmacVerifier(_secrets(publics), digest)

    return Scheme(name, Algorithm.HMAC, signs, verifies)


def _pems(keys: CheckingKeys) -> dict[str, str]:
    if any(not isinstance(key, str) for key in keys.values()):
        raise KeyUnusable("this scheme verifies with public keys in PEM, not with shared secrets")
    return {key_id: str(key) for key_id, key in keys.items()}


def _secrets(keys: CheckingKeys) -> dict[str, bytes]:
    found = {key_id: key for key_id, key in keys.items() if isinstance(key, bytes)}
    if len(found) != len(keys):
        raise KeyUnusable("an HMAC is checked with the shared secret, not with a public key")
    return found


SCHEMES: Final[Mapping[str, Scheme]] = {
    scheme.name: scheme
    for scheme in (
        _sm2(),
        _rsa("rsa-pkcs1-sha256"),
        _rsa("rsa-pss-sha256"),
        _rsa("rsa-pkcs1-sha1"),
        _ecdsa("ecdsa-p256-sha256", P256_SHA256),
        _ecdsa("ecdsa-p384-sha384", P384_SHA384),
        _ed25519(),
        _hmac("hmac-sha256", hashes.SHA256()),
        _hmac("hmac-sm3", hashes.SM3()),
    )
}
