"""Keys as people hand them over (密钥导入): PEM, a bank's certificate, hexadecimal, words, into keystore material."""

from __future__ import annotations

import re

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization

from crypto.contract import KeyUnusable
from crypto.key_material import Algorithm, KeyMaterial, check
from crypto.key_reasons import KeyReason
from crypto.schemes import sm2_keys, sm4_cbc

_SM4_HEX = re.compile(rf"[0-9A-Fa-f]{{{2 * sm4_cbc.KEY_BYTES}}}")
_IMPORTABLE = (Algorithm.SM2, Algorithm.RSA, Algorithm.ECDSA, Algorithm.ED25519)


def import_public(algorithm: Algorithm | str, pem: str) -> KeyMaterial:
    """An sm2, rsa, ecdsa or ed25519 public key out of PUBLIC KEY or CERTIFICATE in PEM; raises KeyUnusable.

    The certificate only carries the key: whether to trust it was decided by whoever imports it.
    """
    algorithm = _importable(algorithm)
    sm2 = algorithm is Algorithm.SM2
    material = KeyMaterial(algorithm, sm2_keys.public_to_pem(sm2_keys.public_from_pem(pem)) if sm2 else _spki(pem))
    check(material)
    return material


def import_private(algorithm: Algorithm | str, pem: str, passphrase: str | None = None) -> KeyMaterial:
    """Both halves of an sm2, rsa, ecdsa or ed25519 key out of a private key in PEM; raises KeyUnusable.

    SM2 keys must be unencrypted PKCS#8 (``openssl pkcs8 -topk8 -nocrypt``).
    """
    algorithm = _importable(algorithm)
    if algorithm is Algorithm.SM2:
        secret, point = sm2_keys.private_from_pem(pem)
        material = KeyMaterial(algorithm, sm2_keys.public_to_pem(point), secret)
    else:
        material = _pkcs8(algorithm, pem, passphrase)
    check(material)
    return material


def import_sm4(text: str) -> KeyMaterial:
    """An SM4 key out of 32 hexadecimal digits, in which banks agree on one; a line end may follow. Raises KeyUnusable."""
    digits = text.removesuffix("\n").removesuffix("\r")
    if not _SM4_HEX.fullmatch(digits):
        raise KeyUnusable(f"an SM4 key is written as {2 * sm4_cbc.KEY_BYTES} hexadecimal digits", KeyReason.MALFORMED)
    return KeyMaterial(Algorithm.SM4, secret=bytes.fromhex(digits))


def import_secret(text: str) -> KeyMaterial:
    """A shared secret (共享口令) word for word; a line end may follow and is not part of it. Raises KeyUnusable."""
    material = KeyMaterial(
        Algorithm.SECRET, secret=text.removesuffix("\n").removesuffix("\r").encode("utf-8", "replace")
    )
    check(material)
    return material


def _importable(algorithm: Algorithm | str) -> Algorithm:
    if (typed := Algorithm(algorithm)) in _IMPORTABLE:
        return typed
    raise KeyUnusable(f"keys of algorithm {typed} are not imported from PEM this way", KeyReason.WRONG_ALGORITHM)


def _spki(pem: str) -> str:
    try:
        if "-----BEGIN CERTIFICATE-----" in pem:
            key = x509.load_pem_x509_certificate(pem.encode()).public_key()
        else:
            key = serialization.load_pem_public_key(pem.encode())  # type: ignore[assignment]
    except (ValueError, TypeError, UnsupportedAlgorithm, x509.InvalidVersion) as error:
        raise KeyUnusable(
            "not a public key or certificate in PEM with a key that we know", KeyReason.MALFORMED
        ) from error
    return key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()


def _pkcs8(algorithm: Algorithm, pem: str, passphrase: str | None) -> KeyMaterial:
    try:
        key = serialization.load_pem_private_key(pem.encode(), passphrase.encode() if passphrase else None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise KeyUnusable("not a private key in PEM, or not with this passphrase", KeyReason.MALFORMED) from error
    secret = key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return KeyMaterial(algorithm, public.decode(), secret)
