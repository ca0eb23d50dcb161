"""ECDSA (FIPS 186-5) on P-256 with SHA-256 and on P-384 with SHA-384, over a streamed digest.

The standard knows (r, s) and (r, n - s) as signatures of one message, and half of all signers write the larger s: both
verify here, so a signature must never be taken for a message's identity. What we sign has the smaller s, which strict
readers want too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature

from crypto.contract import Form, KeyUnusable, SignatureInvalid
from crypto.schemes import dss_form


@dataclass(frozen=True, slots=True)
class EcdsaKind:
    """A curve with the digest of its strength."""

    curve: type[ec.EllipticCurve]
    digest: hashes.HashAlgorithm
    order: int  # n of SP 800-186

    def require(self, key: ec.EllipticCurvePrivateKey | ec.EllipticCurvePublicKey) -> None:
        """Raise KeyUnusable for a key on another curve."""
        if not isinstance(key.curve, self.curve):
            raise KeyUnusable(f"the key is on curve {key.curve.name}, and {self.curve.name} is needed")


P256_SHA256: Final = EcdsaKind(
    ec.SECP256R1, hashes.SHA256(), 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
)
P384_SHA384: Final = EcdsaKind(
    ec.SECP384R1,
    hashes.SHA384(),
    0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973,
)


class EcdsaSigner:
    """Signs with one key; KeyUnusable for a key on another curve."""

    def __init__(self, key_id: str, key: ec.EllipticCurvePrivateKey, kind: EcdsaKind, form: Form):
        kind.require(key)
        self.key_id = key_id
        self._key = key
        self._kind = kind
        self._form: Form = form
        self._digest = hashes.Hash(kind.digest)

    def update(self, data: bytes) -> None:
        """More of the message."""
        self._digest.update(data)

    def signature(self) -> bytes:
        """DER SEQUENCE{r, s}, or r‖s of 64 or 96 octets; once."""
        der = self._key.sign(self._digest.finalize(), ec.ECDSA(Prehashed(self._kind.digest)))
        r, s = decode_dss_signature(der)
        return dss_form.written(r, min(s, self._kind.order - s), self._form, self._kind.order)


class EcdsaVerifier:
    """Verifies against any of several keys; KeyUnusable for a key on another curve."""

    def __init__(self, keys: Mapping[str, ec.EllipticCurvePublicKey], kind: EcdsaKind, form: Form):
        for key in keys.values():
            kind.require(key)
        self._keys = dict(keys)
        self._kind = kind
        self._form: Form = form
        self._digest = hashes.Hash(kind.digest)

    def update(self, data: bytes) -> None:
        """More of the message."""
        self._digest.update(data)

    def verify(self, signature: bytes) -> str:
        """The id of the key that signed; raises SignatureInvalid. Once."""
        digest = self._digest.finalize()
        der = dss_form.canonical_der(signature, self._form, self._kind.order)
        for key_id, key in self._keys.items():
            try:
                key.verify(der, digest, ec.ECDSA(Prehashed(self._kind.digest)))
            except InvalidSignature:
                continue
            return key_id
        raise SignatureInvalid("the ECDSA signature is not by a key we trust over these bytes")
