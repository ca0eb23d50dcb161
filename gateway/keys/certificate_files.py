"""Certificates, chains and PKCS#12 (证书文件) into keystore material, with the days between which they hold."""

from __future__ import annotations

from datetime import date

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12

from crypto.contract import KeyUnusable
from crypto.key_material import Algorithm, KeyMaterial
from gateway.clock import CHINA

_PEM = serialization.Encoding.PEM


def certificates(text: str) -> list[x509.Certificate]:
    """Every certificate in PEM, in its order; raises KeyUnusable."""
    try:
        return x509.load_pem_x509_certificates(text.encode())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise KeyUnusable("not a certificate in PEM") from error


def days(text: str) -> tuple[date, date]:
    """First and last whole day, in China, on which the first certificate holds; raises KeyUnusable."""
    first = certificates(text)[0]
    begins = first.not_valid_before_utc.astimezone(CHINA).date()
    return begins, first.not_valid_after_utc.astimezone(CHINA).date()


def trusted(text: str) -> KeyMaterial:
    """One certificate that is trusted as it is; raises KeyUnusable."""
    found = certificates(text)
    if len(found) != 1:
        raise KeyUnusable(f"{len(found)} certificates in one file: import each one that is to be trusted by itself")
    return KeyMaterial(Algorithm.X509, found[0].public_bytes(_PEM).decode())


def chain(text: str) -> KeyMaterial:
    """Certificates, leaf first, whose private key is elsewhere; raises KeyUnusable."""
    return KeyMaterial(Algorithm.TLS, b"".join(one.public_bytes(_PEM) for one in certificates(text)).decode())


def identity(certified: str, key: str, passphrase: str | None) -> KeyMaterial:
    """A TLS identity out of a chain, leaf first, and its private key, which may be encrypted; raises KeyUnusable."""
    try:
        secret = serialization.load_pem_private_key(key.encode(), passphrase.encode() if passphrase else None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise KeyUnusable("not a private key in PEM, or not with this passphrase") from error
    plain = secret.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return KeyMaterial(Algorithm.TLS, chain(certified).public, plain)


def opened_pkcs12(octets: bytes, passphrase: str) -> str:
    """Private key and chain, leaf first, in PEM; raises KeyUnusable."""
    try:
        found = pkcs12.load_pkcs12(octets, passphrase.encode() if passphrase else None)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise KeyUnusable("not PKCS#12, or not with this passphrase") from error
    if found.cert is None:
        raise KeyUnusable("the PKCS#12 file holds no certificate")
    whole = [found.cert, *found.additional_certs]
    text = b"".join(one.certificate.public_bytes(_PEM) for one in whole)
    if found.key is not None:
        text += found.key.private_bytes(_PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return text.decode()
