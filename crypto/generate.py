"""New keys of every algorithm, for operators and for a demo (密钥生成)."""

from __future__ import annotations

import secrets

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from crypto.demo_pki import Issued, issue_ca, issue_leaf
from crypto.key_material import Algorithm, KeyMaterial
from crypto.kinds import Kind
from crypto.schemes import ecdsa_keys, ed25519, sm2_keys, sm2_library, sm4_cbc

__all__ = ["Issued", "Kind", "generate_key", "issue_ca", "issue_leaf"]


def generate_key(kind: Kind) -> KeyMaterial:
    """Both halves of a new key; ValueError for a kind that is not listed. For TLS: ``issue_ca``."""
    if kind == "sm2":
        secret, public = sm2_library.generate()
        return KeyMaterial(Algorithm.SM2, sm2_keys.public_to_pem(public), secret)
    if kind in ("rsa-2048", "rsa-3072"):
        return _rsa(2048 if kind == "rsa-2048" else 3072)
    if kind in ("ecdsa-p256", "ecdsa-p384"):
        return _ecdsa(ec.SECP256R1() if kind == "ecdsa-p256" else ec.SECP384R1())
    if kind == "ed25519":
        key = Ed25519PrivateKey.generate()
        return KeyMaterial(Algorithm.ED25519, ed25519.public_to_pem(key.public_key()), ed25519.private_to_der(key))
    if kind == "ed25519-ssh":
        return _ssh(Ed25519PrivateKey.generate())
    if kind == "aes-256":
        return KeyMaterial(Algorithm.AES, secret=secrets.token_bytes(32))
    if kind == "sm4":
        return KeyMaterial(Algorithm.SM4, secret=secrets.token_bytes(sm4_cbc.KEY_BYTES))
    if kind == "secret":
        return KeyMaterial(Algorithm.SECRET, secret=secrets.token_urlsafe(24).encode("ascii"))
    if kind == "hmac":
        return KeyMaterial(Algorithm.HMAC, secret=secrets.token_bytes(32))
    raise ValueError(f"no key of kind {kind!r} can be generated")


def _rsa(bits: int) -> KeyMaterial:
    key = rsa.generate_private_key(public_exponent=65537, key_size=bits)
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    secret = key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return KeyMaterial(Algorithm.RSA, public.decode(), secret)


def _ecdsa(curve: ec.EllipticCurve) -> KeyMaterial:
    key = ec.generate_private_key(curve)
    return KeyMaterial(Algorithm.ECDSA, ecdsa_keys.public_to_pem(key.public_key()), ecdsa_keys.private_to_der(key))


def _ssh(key: Ed25519PrivateKey) -> KeyMaterial:
    public = key.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
    )
    return KeyMaterial(Algorithm.SSH, public.decode(), secret)
