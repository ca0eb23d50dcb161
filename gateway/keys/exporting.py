"""What the other side may have of a key (公钥导出): its public half as PEM, OpenSSH line or JWK. Never a secret."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from typing import Any, Final, Literal

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from crypto.contract import KeyUnusable
from crypto.key_entry import KeyEntry

Form = Literal["pem", "ssh", "jwk"]
FORMS: Final[tuple[Form, ...]] = ("pem", "ssh", "jwk")
_CURVES: Final = {"secp256r1": ("P-256", 32), "secp384r1": ("P-384", 48), "secp521r1": ("P-521", 66)}


def exported(entry: KeyEntry, form: str) -> str:
    """The public half, ending with a line end; KeyUnusable where the key has none or the form cannot carry it."""
    if not entry.public:
        raise KeyUnusable(
            f"key {entry.key_id} of {entry.alias} is {entry.algorithm}: it has no public half, and secrets never leave; "
            "agree on a new one with the other side and import it on both"
        )
    if form == "pem":
        return _pem(entry)
    if form == "ssh":
        return _ssh(entry)
    if form == "jwk":
        return json.dumps(_jwk(entry), separators=(",", ":")) + "\n"
    raise KeyUnusable(f"no form {form!r}: {', '.join(FORMS)} or certificate-request")


def public_key(entry: KeyEntry) -> Any:
    """The public half as the cryptography library has it; KeyUnusable for SM2, which it does not know."""
    try:
        if "-----BEGIN CERTIFICATE-----" in entry.public:
            return x509.load_pem_x509_certificate(entry.public.encode()).public_key()
        if "-----BEGIN" in entry.public:
            return serialization.load_pem_public_key(entry.public.encode())
        return serialization.load_ssh_public_key(entry.public.encode())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise KeyUnusable(f"a key of algorithm {entry.algorithm} has no such form: use --form pem") from error


def _pem(entry: KeyEntry) -> str:
    if "-----BEGIN" in entry.public:
        return entry.public.rstrip("\n") + "\n"
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return str(public_key(entry).public_bytes(serialization.Encoding.PEM, form).decode())


def _ssh(entry: KeyEntry) -> str:
    try:
        line = public_key(entry).public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    except (ValueError, UnsupportedAlgorithm, TypeError) as error:
        raise KeyUnusable(f"OpenSSH has no keys of algorithm {entry.algorithm}") from error
    return f"{line.decode()} {entry.alias}\n"


def _jwk(entry: KeyEntry) -> dict[str, str]:
    """RFC 7517, 7518 6.2 and 6.3, 8037 2; SM2 has no registered curve name."""
    key, named = public_key(entry), {"kid": entry.key_id, "use": "sig"}
    if isinstance(key, Ed25519PublicKey):
        raw = key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        return {"kty": "OKP", "crv": "Ed25519", "x": _base64url(raw), **named}
    if isinstance(key, RSAPublicKey):
        numbers = key.public_numbers()
        return {"kty": "RSA", "n": _base64url(_octets(numbers.n)), "e": _base64url(_octets(numbers.e)), **named}
    if isinstance(key, EllipticCurvePublicKey) and key.curve.name in _CURVES:
        curve, size = _CURVES[key.curve.name]
        point = key.public_numbers()
        x, y = (_base64url(part.to_bytes(size, "big")) for part in (point.x, point.y))
        return {"kty": "EC", "crv": curve, "x": x, "y": y, **named}
    raise KeyUnusable(f"JWK has no keys of algorithm {entry.algorithm}: use --form pem")


def _octets(number: int) -> bytes:
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


def _base64url(octets: bytes) -> str:
    return urlsafe_b64encode(octets).rstrip(b"=").decode()
