"""What a key consists of, by algorithm, and whether its halves fit (密钥材料).

========== ============================================ =================================================
algorithm  ``secret`` (sealed in the keystore)          ``public`` (in clear)
========== ============================================ =================================================
sm2        32 octets                                    SubjectPublicKeyInfo PEM
rsa        PKCS#8 DER                                   SubjectPublicKeyInfo PEM
ecdsa      PKCS#8 DER, P-256 or P-384                   SubjectPublicKeyInfo PEM
ed25519    PKCS#8 DER                                   SubjectPublicKeyInfo PEM
ssh        OpenSSH private key PEM                      ``ssh-ed25519 AAAA...``
aes-256    32 octets                                    empty
sm4        16 octets                                    empty
hmac       at least 32 octets (16 if a provider's)      empty
secret     1 to 1024 octets of printable UTF-8          empty
tls        PKCS#8 PEM                                   certificate chain PEM, leaf first
x509       none                                         one trusted certificate PEM
========== ============================================ =================================================
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

from crypto.contract import KeyUnusable
from crypto.key_reasons import KeyReason
from crypto.schemes import ecdsa_keys, ed25519, hmac_sha256, sm2_keys, sm2_library, sm4_cbc
from crypto.schemes.rsa import SMALLEST_KEY_BITS
from crypto.weak_keys import refuse_weak_public, refuse_weak_rsa, refuse_weak_symmetric

LONGEST_SECRET_BYTES = 1024


class Algorithm(StrEnum):
    """The closed list of key algorithms."""

    SM2 = "sm2"
    RSA = "rsa"
    ECDSA = "ecdsa"
    ED25519 = "ed25519"
    SSH = "ssh"
    AES = "aes-256"
    SM4 = "sm4"
    HMAC = "hmac"
    SECRET = "secret"  # noqa: S105 - a password that a service wants word for word
    TLS = "tls"
    X509 = "x509"


SYMMETRIC = frozenset({Algorithm.AES, Algorithm.SM4, Algorithm.HMAC, Algorithm.SECRET})


@dataclass(frozen=True, slots=True)
class KeyMaterial:
    """One key; ``secret`` is None where only the public half is ours to hold."""

    algorithm: Algorithm
    public: str = ""
    secret: bytes | None = field(default=None, repr=False)

    def fingerprint(self) -> str:
        """16 hex digits over the public half, the same on both sides of a wire; "" for a symmetric key."""
        return hashlib.sha256("".join(self.public.split()).encode()).hexdigest()[:16] if self.public else ""

    def public_only(self) -> KeyMaterial:
        """The half that the other side may have."""
        return KeyMaterial(self.algorithm, self.public)


def check(material: KeyMaterial) -> None:
    """Raise KeyUnusable unless the material is well-formed, strong enough, and its halves belong together."""
    try:
        _CHECKS.get(material.algorithm, _check_certificates)(material)
    except KeyUnusable as refused:
        if refused.reason is KeyReason.OTHER:  # said by a scheme that could not read it
            refused.reason = KeyReason.MALFORMED
        raise


def rsa_public(pem: str) -> RSAPublicKey:
    """An RSA public key of at least 2048 bits out of PEM; raises KeyUnusable."""
    try:
        key = serialization.load_pem_public_key(pem.encode())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise KeyUnusable("not an RSA public key in PEM", KeyReason.MALFORMED) from error
    if not isinstance(key, RSAPublicKey):
        raise KeyUnusable("not an RSA public key in PEM", KeyReason.WRONG_ALGORITHM)
    if key.key_size < SMALLEST_KEY_BITS:
        raise KeyUnusable(f"not an RSA public key of at least {SMALLEST_KEY_BITS} bits", KeyReason.WEAK)
    return key


def rsa_private(der: bytes, *, trusted: bool) -> RSAPrivateKey:
    """An RSA private key out of PKCS#8; ``trusted`` leaves out the primality checks (0.1 s) made when it was added."""
    try:
        key = serialization.load_der_private_key(der, None, unsafe_skip_rsa_key_validation=trusted)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise KeyUnusable("not an RSA private key", KeyReason.MALFORMED) from error
    if not isinstance(key, RSAPrivateKey):
        raise KeyUnusable("not an RSA private key", KeyReason.WRONG_ALGORITHM)
    return key


def _check_symmetric(material: KeyMaterial) -> None:
    secret = material.secret or b""
    if material.public:
        raise _malformed(f"a key of algorithm {material.algorithm} has nothing public")
    if material.algorithm is Algorithm.AES and len(secret) != 32:
        raise _malformed("an AES-256 key has 32 secret octets")
    if material.algorithm is Algorithm.SM4 and len(secret) != sm4_cbc.KEY_BYTES:
        raise _malformed(f"an SM4 key has {sm4_cbc.KEY_BYTES} secret octets")
    if material.algorithm is Algorithm.HMAC and len(secret) < hmac_sha256.SHORTEST_KEY_BYTES:
        raise KeyUnusable(f"an HMAC key has at least {hmac_sha256.SHORTEST_KEY_BYTES} secret octets", KeyReason.WEAK)
    if material.algorithm is Algorithm.SECRET:
        _check_text(secret)
    else:
        refuse_weak_symmetric(secret)


def _check_text(secret: bytes) -> None:
    try:
        printable = secret.decode("utf-8").isprintable()
    except UnicodeDecodeError:
        printable = False
    if not printable or not 0 < len(secret) <= LONGEST_SECRET_BYTES:
        raise _malformed(
            f"a shared secret is 1 to {LONGEST_SECRET_BYTES} octets of printable text: no line end, no control character"
        )


def _check_sm2(material: KeyMaterial) -> None:
    public = sm2_keys.public_from_pem(material.public)
    if material.secret is not None:
        digest = bytes(32)
        signature = sm2_library.sign_digest(sm2_keys.checked_secret(material.secret), digest)
        _require_pair(sm2_library.verify_digest(public, digest, signature))


def _check_rsa(material: KeyMaterial) -> None:
    public = rsa_public(material.public)
    refuse_weak_rsa(public)
    if material.secret is not None:
        _require_pair(rsa_private(material.secret, trusted=False).public_key() == public)


def _check_ecdsa(material: KeyMaterial) -> None:
    public = ecdsa_keys.public_from_pem(material.public)
    if material.secret is not None:
        _require_pair(ecdsa_keys.private_from_der(material.secret).public_key() == public)


def _check_ed25519(material: KeyMaterial) -> None:
    public = ed25519.public_from_pem(material.public)
    refuse_weak_public(public)
    if material.secret is not None:
        _require_pair(ed25519.private_from_der(material.secret).public_key() == public)


def _check_ssh(material: KeyMaterial) -> None:
    try:
        public = serialization.load_ssh_public_key(material.public.encode())
        refuse_weak_public(public)
        if material.secret is not None:
            secret = serialization.load_ssh_private_key(material.secret, password=None)
            _require_pair(secret.public_key() == public)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise _malformed("not an OpenSSH key without passphrase") from error


def _check_certificates(material: KeyMaterial) -> None:
    try:
        chain = x509.load_pem_x509_certificates(material.public.encode())
        if material.algorithm is Algorithm.X509:
            if len(chain) != 1 or material.secret is not None:
                raise _malformed("a trusted certificate entry holds exactly one certificate and no private key")
            _refuse_weak_certificate(chain[0], material.public)
        else:
            refuse_weak_public(chain[0].public_key())
            if material.secret is not None:
                secret = serialization.load_pem_private_key(material.secret, password=None)
                _require_pair(secret.public_key() == chain[0].public_key())
    except (ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion) as error:
        raise _malformed("not a certificate chain in PEM with an unencrypted PEM private key") from error


def _refuse_weak_certificate(certificate: x509.Certificate, pem: str) -> None:
    """A trusted certificate may be of SM2, which the library does not know."""
    try:
        refuse_weak_public(certificate.public_key())
    except UnsupportedAlgorithm:
        sm2_keys.public_from_pem(pem)


def _require_pair(matches: bool) -> None:
    if not matches:
        raise KeyUnusable("the private and the public half are not one key", KeyReason.MISMATCHED_HALVES)


def _malformed(message: str) -> KeyUnusable:
    return KeyUnusable(message, KeyReason.MALFORMED)


_CHECKS: dict[Algorithm, Callable[[KeyMaterial], None]] = {
    **dict.fromkeys(SYMMETRIC, _check_symmetric),
    Algorithm.SM2: _check_sm2,
    Algorithm.RSA: _check_rsa,
    Algorithm.ECDSA: _check_ecdsa,
    Algorithm.ED25519: _check_ed25519,
    Algorithm.SSH: _check_ssh,
}
