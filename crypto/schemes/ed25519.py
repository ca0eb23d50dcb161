"""Ed25519 keys (RFC 8032) between PEM and objects; used for HTTP message signatures only."""

from __future__ import annotations

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from crypto.contract import KeyUnusable


def private_from_der(der: bytes) -> Ed25519PrivateKey:
    """Out of PKCS#8; raises KeyUnusable."""
    try:
        key = serialization.load_der_private_key(der, password=None)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise KeyUnusable("not an Ed25519 private key") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyUnusable("not an Ed25519 private key")
    return key


def public_from_pem(pem: str) -> Ed25519PublicKey:
    """Out of SubjectPublicKeyInfo in PEM; raises KeyUnusable."""
    try:
        key = serialization.load_pem_public_key(pem.encode())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise KeyUnusable("not an Ed25519 public key in PEM") from error
    if not isinstance(key, Ed25519PublicKey):
        raise KeyUnusable("not an Ed25519 public key in PEM")
    return key


def private_to_der(key: Ed25519PrivateKey) -> bytes:
    """PKCS#8, unencrypted."""
    return key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def public_to_pem(key: Ed25519PublicKey) -> str:
    """SubjectPublicKeyInfo in PEM."""
    return key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()
