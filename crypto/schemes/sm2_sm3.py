"""SM2 signatures over SM3 (GB/T 32918.2, GM/T 0009), in a stream: e = SM3(Z ‖ message), then sign e.

Z binds the signer's user id and public key, so a verifier keeps one digest for every key it may meet.
"""

from __future__ import annotations

from collections.abc import Mapping

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from crypto.contract import CryptoError, Form, KeyUnusable, SignatureInvalid
from crypto.schemes import dss_form, sm2_library
from crypto.schemes.sm2_keys import GROUP_ORDER, checked_point, checked_secret

_CURVE = bytes.fromhex(  # a, b, Gx, Gy of GB/T 32918.5
    "FFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFC"
    "28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93"
    "32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7"
    "BC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0"
)


def identity_digest(public: bytes, user_id: bytes) -> bytes:
    """Z of GB/T 32918.2 5.5 (可辨别标识杂凑值): 32 octets; KeyUnusable if the id does not fit its 16-bit length."""
    if len(user_id) * 8 > 0xFFFF:
        raise KeyUnusable(f"the SM2 user id has {len(user_id)} octets; at most 8191 fit")
    digest = hashes.Hash(hashes.SM3())
    digest.update((len(user_id) * 8).to_bytes(2, "big") + user_id + _CURVE + public)
    return digest.finalize()


class Sm2Signer:
    """Signs with one key; ``secret`` 32 octets, ``public`` 64 octets x‖y."""

    def __init__(self, key_id: str, secret: bytes, public: bytes, user_id: str, form: Form):
        self.key_id = key_id
        self._secret = checked_secret(secret)
        self._form: Form = form
        self._digest = _started(public, user_id)

    def update(self, data: bytes) -> None:
        """More of the message."""
        self._digest.update(data)

    def signature(self) -> bytes:
        """DER SEQUENCE{r, s}, or the 64 octets r‖s; once."""
        try:
            der = sm2_library.sign_digest(self._secret, self._digest.finalize())
        except sm2_library.Refused as error:
            raise CryptoError(f"key {self.key_id}: the SM2 library could not sign") from error
        return dss_form.written(*decode_dss_signature(der), self._form, GROUP_ORDER)


class Sm2Verifier:
    """Verifies against any of several keys: key id to the 64 octets x‖y."""

    def __init__(self, keys: Mapping[str, bytes], user_id: str, form: Form):
        self._keys = {key_id: checked_point(public) for key_id, public in keys.items()}
        self._digests = {key_id: _started(public, user_id) for key_id, public in self._keys.items()}
        self._form: Form = form

    def update(self, data: bytes) -> None:
        """More of the message."""
        for digest in self._digests.values():
            digest.update(data)

    def verify(self, signature: bytes) -> str:
        """The id of the key that signed; raises SignatureInvalid. Once."""
        der = dss_form.canonical_der(signature, self._form, GROUP_ORDER)
        for key_id, digest in self._digests.items():
            if _matches(self._keys[key_id], digest.finalize(), der):
                return key_id
        raise SignatureInvalid("the SM2 signature is not by a key we trust over these bytes under this user id")


def _started(public: bytes, user_id: str) -> hashes.Hash:
    digest = hashes.Hash(hashes.SM3())
    digest.update(identity_digest(checked_point(public), user_id.encode()))
    return digest


def _matches(public: bytes, digest: bytes, der: bytes) -> bool:
    try:
        return sm2_library.verify_digest(public, digest, der)
    except sm2_library.Refused:
        return False
