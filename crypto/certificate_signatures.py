"""Signatures on certificates and revocation lists (证书签名): by whatever the issuer's key is, SM2 with SM3 included."""

from __future__ import annotations

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.x509 import ObjectIdentifier

from crypto.contract import KeyUnusable, SchemeParameters, SignatureInvalid
from crypto.key_reasons import KeyReason
from crypto.schemes.registry import SCHEMES

SM2_WITH_SM3 = ObjectIdentifier("1.2.156.10197.1.501")
_OUTDATED = (hashes.MD5, hashes.SHA1)


def signed_by(
    signed: x509.Certificate | x509.CertificateRevocationList, issuer_public_pem: str, described: str
) -> None:
    """Raise KeyUnusable unless the issuer's key signed it, and with a digest that still holds."""
    body = signed.tbs_certificate_bytes if isinstance(signed, x509.Certificate) else signed.tbs_certlist_bytes
    try:
        if signed.signature_algorithm_oid == SM2_WITH_SM3:
            verifier = SCHEMES["sm2-sm3"].verifier({"issuer": issuer_public_pem}, SchemeParameters("sm2-sm3"))
            verifier.update(body)
            verifier.verify(signed.signature)
        else:
            _verify(signed, issuer_public_pem, body, described)
    except (InvalidSignature, SignatureInvalid, UnsupportedAlgorithm, ValueError, TypeError) as error:
        raise KeyUnusable(
            f"{described} is not signed by the key of its issuer: it is from another chain, or was changed",
            KeyReason.CERTIFICATE_CHAIN,
        ) from error


def _verify(
    signed: x509.Certificate | x509.CertificateRevocationList, issuer_pem: str, body: bytes, described: str
) -> None:
    digest = signed.signature_hash_algorithm
    if isinstance(digest, _OUTDATED):
        raise KeyUnusable(f"{described} is signed with {digest.name}, which no longer holds", KeyReason.WEAK)
    key = serialization.load_pem_public_key(issuer_pem.encode())
    if isinstance(key, ed25519.Ed25519PublicKey) and digest is None:
        key.verify(signed.signature, body)
    elif isinstance(key, rsa.RSAPublicKey) and digest is not None:
        key.verify(signed.signature, body, _rsa_padding(signed), digest)
    elif isinstance(key, ec.EllipticCurvePublicKey) and digest is not None:
        key.verify(signed.signature, body, ec.ECDSA(digest))
    else:
        raise InvalidSignature


def _rsa_padding(signed: x509.Certificate | x509.CertificateRevocationList) -> padding.AsymmetricPadding:
    given = signed.signature_algorithm_parameters
    if not isinstance(given, (padding.PKCS1v15, padding.PSS)):
        raise InvalidSignature
    return given
