"""Bare keys in PEM and OpenSSH (裸密钥) into keystore material; SM2 keys are told apart by their curve."""

from __future__ import annotations

from base64 import b64encode
from textwrap import wrap
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.x509 import load_pem_x509_certificate

from crypto.contract import KeyUnusable
from crypto.import_keys import import_private, import_public
from crypto.key_entry import Purpose
from crypto.key_material import Algorithm, KeyMaterial
from crypto.key_reasons import KeyReason


class Encrypted(Exception):
    """An OpenSSH key did not open with what was given."""


def public(text: str) -> KeyMaterial:
    """A public key out of PUBLIC KEY or the first CERTIFICATE; raises KeyUnusable."""
    return import_public(_algorithm_of_public(text), text)


def private(text: str, passphrase: str | None) -> KeyMaterial:
    """Both halves out of a private key that may be encrypted; raises KeyUnusable."""
    try:
        key = serialization.load_pem_private_key(text.encode(), passphrase.encode() if passphrase else None)
    except TypeError:
        raise KeyUnusable("the key is not encrypted, but a passphrase was given: leave it out") from None
    except UnsupportedAlgorithm:
        return import_private(Algorithm.SM2, _unencrypted_sm2(text))
    except ValueError as error:
        if passphrase is None:
            return import_private(Algorithm.SM2, _unencrypted_sm2(text))
        raise KeyUnusable("wrong passphrase, or not a private key in PEM") from error
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return import_private(_algorithm(key), pem.decode())


def ssh_public(text: str) -> KeyMaterial:
    """``ssh-ed25519 AAAA... comment``; the comment is left out. Raises KeyUnusable."""
    try:
        return KeyMaterial(Algorithm.SSH, _line(serialization.load_ssh_public_key(text.strip().encode())))
    except (ValueError, UnsupportedAlgorithm) as error:
        raise KeyUnusable("not an OpenSSH public key", KeyReason.MALFORMED) from error


def ssh_private(text: str, purpose: Purpose, passphrase: str | None) -> KeyMaterial:
    """An OpenSSH private key, decrypted; raises KeyUnusable, Encrypted."""
    try:
        key = serialization.load_ssh_private_key(text.encode(), passphrase.encode() if passphrase else None)
    except TypeError:
        raise Encrypted from None
    except (ValueError, UnsupportedAlgorithm) as error:
        if passphrase is not None:
            raise Encrypted from None
        raise KeyUnusable("not an OpenSSH private key", KeyReason.MALFORMED) from error
    if purpose is not Purpose.TRANSPORT:
        raise KeyUnusable(
            "an OpenSSH private key serves transport only: say --purpose transport", KeyReason.WRONG_PURPOSE
        )
    return _ssh(key)


def as_ssh(text: str, passphrase: str | None, *, private: bool) -> KeyMaterial:
    """A key in PEM, written as OpenSSH has it; raises KeyUnusable."""
    try:
        if not private:
            return KeyMaterial(Algorithm.SSH, _line(serialization.load_pem_public_key(text.encode())))
        return _ssh(serialization.load_pem_private_key(text.encode(), passphrase.encode() if passphrase else None))
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise KeyUnusable(
            "not a key for SSH in PEM, or not with this passphrase (a certificate begins with BEGIN CERTIFICATE)",
            KeyReason.MALFORMED,
        ) from error


def _ssh(key: Any) -> KeyMaterial:
    form, plain = serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
    secret = key.private_bytes(serialization.Encoding.PEM, form, plain)
    return KeyMaterial(Algorithm.SSH, _line(key.public_key()), secret)


def _line(key: Any) -> str:
    line = key.public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    return str(line.decode())


def wrapped(label: str, der: bytes) -> str:
    """DER as PEM under a label."""
    body = "\n".join(wrap(b64encode(der).decode(), 64))
    return f"-----BEGIN {label}-----\n{body}\n-----END {label}-----\n"


def _algorithm_of_public(text: str) -> Algorithm:
    try:
        if "-----BEGIN CERTIFICATE-----" in text:
            return _algorithm(load_pem_x509_certificate(text.encode()).public_key())
        return _algorithm(serialization.load_pem_public_key(text.encode()))
    except (ValueError, UnsupportedAlgorithm):
        return Algorithm.SM2  # the one kind that the library does not know; what is none is refused by name


def _algorithm(key: object) -> Algorithm:
    if isinstance(key, RSAPublicKey | RSAPrivateKey):
        return Algorithm.RSA
    if isinstance(key, Ed25519PublicKey | Ed25519PrivateKey):
        return Algorithm.ED25519
    if isinstance(key, EllipticCurvePublicKey | EllipticCurvePrivateKey):
        return Algorithm.ECDSA
    raise KeyUnusable("a kind of key that the gateway does not use: SM2, RSA, ECDSA or Ed25519 are known")


def _unencrypted_sm2(text: str) -> str:
    if "ENCRYPTED" in text:
        raise KeyUnusable(
            "an encrypted SM2 key cannot be opened here: write it anew with "
            "`openssl pkcs8 -topk8 -nocrypt`, import it, and destroy that file"
        )
    return text
