"""ECDSA keys on the curves P-256 and P-384 (FIPS 186-5) between PEM and objects."""

from __future__ import annotations

from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from crypto.contract import KeyUnusable

CURVES: Final = (ec.SECP256R1, ec.SECP384R1)


def private_from_der(der: bytes) -> ec.EllipticCurvePrivateKey:
    """Out of PKCS#8; raises KeyUnusable, also for another curve."""
    try:
        key = serialization.load_der_private_key(der, password=None)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise KeyUnusable("not an ECDSA private key") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, CURVES):
        raise KeyUnusable("not an ECDSA private key on P-256 or P-384")
    return key


def public_from_pem(pem: str) -> ec.EllipticCurvePublicKey:
    """Out of SubjectPublicKeyInfo in PEM; raises KeyUnusable, also for another curve or a point beside it."""
    try:
        key = serialization.load_pem_public_key(pem.encode())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise KeyUnusable("not an ECDSA public key in PEM") from error
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, CURVES):
        raise KeyUnusable("not an ECDSA public key on P-256 or P-384 in PEM")
    return key


def private_to_der(key: ec.EllipticCurvePrivateKey) -> bytes:
    """PKCS#8, unencrypted."""
    return key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def public_to_pem(key: ec.EllipticCurvePublicKey) -> str:
    """SubjectPublicKeyInfo in PEM."""
    return key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()
