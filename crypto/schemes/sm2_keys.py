"""SM2 keys (GB/T 32918.5 curve) between their raw octets, which the library wants, and PEM, which people exchange.

The cryptography package cannot load keys on this curve, yet its strict DER reader can describe their envelope.
"""

from __future__ import annotations

import binascii
from base64 import b64decode, b64encode
from textwrap import wrap
from typing import Annotated

from cryptography import x509
from cryptography.hazmat import asn1
from cryptography.x509 import ObjectIdentifier

from crypto.contract import KeyUnusable
from crypto.schemes import sm2_library

EC_PUBLIC_KEY = ObjectIdentifier("1.2.840.10045.2.1")
SM2_CURVE = ObjectIdentifier("1.2.156.10197.1.301")
GROUP_ORDER = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123  # n of GB/T 32918.5


@asn1.sequence
class _Algorithm:
    algorithm: ObjectIdentifier
    curve: ObjectIdentifier


@asn1.sequence
class _PublicKeyInfo:
    algorithm: _Algorithm
    point: asn1.BitString


@asn1.sequence
class _PrivateKeyInfo:
    version: int
    algorithm: _Algorithm
    key: bytes


@asn1.sequence
class _EcPrivateKey:
    version: int
    secret: bytes
    curve: Annotated[ObjectIdentifier | None, asn1.Explicit(0)]
    point: Annotated[asn1.BitString | None, asn1.Explicit(1)]


@asn1.sequence
class _CertificateBody:
    version: Annotated[int | None, asn1.Explicit(0)]
    serial: int
    signature: asn1.TLV
    issuer: asn1.TLV
    validity: asn1.TLV
    subject: asn1.TLV
    public_key: _PublicKeyInfo
    issuer_id: Annotated[asn1.BitString | None, asn1.Implicit(1)]
    subject_id: Annotated[asn1.BitString | None, asn1.Implicit(2)]
    extensions: Annotated[list[asn1.TLV] | None, asn1.Explicit(3)]


def public_from_pem(pem: str) -> bytes:
    """The 64 octets x‖y out of a PUBLIC KEY or CERTIFICATE; raises KeyUnusable. The certificate is not validated."""
    try:
        if "-----BEGIN CERTIFICATE-----" in pem:
            certificate = x509.load_pem_x509_certificate(pem.encode())
            info = asn1.decode_der(_CertificateBody, certificate.tbs_certificate_bytes).public_key
        else:
            info = asn1.decode_der(_PublicKeyInfo, _pem_body(pem, "PUBLIC KEY"))
    except (ValueError, x509.InvalidVersion) as error:
        raise KeyUnusable("not an SM2 public key or certificate in PEM") from error
    _require_sm2(info.algorithm)
    return checked_point(info.point.as_bytes())


def public_to_pem(public: bytes) -> str:
    """SubjectPublicKeyInfo in PEM, as ``openssl pkey -pubout`` writes it."""
    info = _PublicKeyInfo(
        algorithm=_Algorithm(algorithm=EC_PUBLIC_KEY, curve=SM2_CURVE),
        point=asn1.BitString(data=b"\x04" + checked_point(public), padding_bits=0),
    )
    return _pem("PUBLIC KEY", asn1.encode_der(info))


def private_from_pem(pem: str) -> tuple[bytes, bytes]:
    """The 32-octet secret and 64-octet public key out of an unencrypted PKCS#8 PRIVATE KEY; raises KeyUnusable."""
    try:
        info = asn1.decode_der(_PrivateKeyInfo, _pem_body(pem, "PRIVATE KEY"))
        key = asn1.decode_der(_EcPrivateKey, info.key)
    except ValueError as error:
        raise KeyUnusable("not an unencrypted SM2 private key in PKCS#8 PEM") from error
    _require_sm2(info.algorithm)
    if key.point is None:
        raise KeyUnusable("the SM2 private key file lacks its public key: write it anew with `openssl pkcs8 -topk8`")
    return checked_secret(key.secret), checked_point(key.point.as_bytes())


def private_to_pem(secret: bytes, public: bytes) -> str:
    """PKCS#8 in PEM, unencrypted, as ``openssl pkcs8 -topk8 -nocrypt`` writes it."""
    point = asn1.BitString(data=b"\x04" + checked_point(public), padding_bits=0)
    key = _EcPrivateKey(version=1, secret=checked_secret(secret), curve=None, point=point)
    algorithm = _Algorithm(algorithm=EC_PUBLIC_KEY, curve=SM2_CURVE)
    return _pem(
        "PRIVATE KEY", asn1.encode_der(_PrivateKeyInfo(version=0, algorithm=algorithm, key=asn1.encode_der(key)))
    )


def checked_point(point: bytes) -> bytes:
    """The 64 octets of a point given as x‖y, 04‖x‖y or compressed; KeyUnusable if it is not on the curve."""
    try:
        return sm2_library.normalized_point(point)
    except sm2_library.Refused as error:
        raise KeyUnusable("the SM2 public key is not a point of the curve") from error


def checked_secret(secret: bytes) -> bytes:
    """The secret if it lies in [1, n-2]; raises KeyUnusable."""
    if len(secret) != 32 or not 1 <= int.from_bytes(secret, "big") <= GROUP_ORDER - 2:
        raise KeyUnusable("the SM2 private key is not 32 octets in the range of the curve")
    return secret


def _require_sm2(algorithm: _Algorithm) -> None:
    if algorithm.algorithm != EC_PUBLIC_KEY or algorithm.curve != SM2_CURVE:
        raise KeyUnusable("the key is not on the SM2 curve (1.2.156.10197.1.301)")


def _pem_body(pem: str, label: str) -> bytes:
    lines = pem.strip().splitlines()
    if len(lines) < 3 or lines[0] != f"-----BEGIN {label}-----" or lines[-1] != f"-----END {label}-----":
        raise ValueError("not PEM")
    try:
        return b64decode("".join(lines[1:-1]), validate=True)
    except binascii.Error as error:
        raise ValueError("not PEM") from error


def _pem(label: str, der: bytes) -> str:
    body = "\n".join(wrap(b64encode(der).decode(), 64))
    return f"-----BEGIN {label}-----\n{body}\n-----END {label}-----\n"
