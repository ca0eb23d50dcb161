"""Certificate requests (证书请求, PKCS#10) for keys of the keystore: the private half signs where it is.

RFC 2986; for SM2 with SM3 the identifier of GM/T 0006 and the default user id, as `openssl req` and 国密 authorities
expect. The DER is put together from its parts, as the library's closed list of algorithms has no SM2.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from typing import Any, Final

import asn1crypto
import asn1crypto.core
import asn1crypto.csr
import asn1crypto.parser
import asn1crypto.pem
import asn1crypto.x509

from crypto.contract import KeyUnusable, SchemeName, SchemeParameters
from crypto.key_entry import KeyEntry
from crypto.key_material import Algorithm
from crypto.key_reasons import KeyReason
from crypto.key_ring import KeyRing

_ASN1: Final[Any] = asn1crypto  # it has no annotations
_RSA: Final = "rsa-pkcs1-sha256"
_SIGNATURES: Final[dict[SchemeName, str]] = {
    "sm2-sm3": "1.2.156.10197.1.501",
    _RSA: "1.2.840.113549.1.1.11",
    "ecdsa-p256-sha256": "1.2.840.10045.4.3.2",
    "ecdsa-p384-sha384": "1.2.840.10045.4.3.3",
}
_NAME_PARTS: Final = {
    "C": "country_name",
    "ST": "state_or_province_name",
    "L": "locality_name",
    "O": "organization_name",
    "OU": "organizational_unit_name",
    "CN": "common_name",
}
_HOST: Final = re.compile(r"(?:\*\.)?(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)*[A-Za-z0-9-]{1,63}", re.ASCII)
_COUNTRY: Final = re.compile(r"[A-Za-z]{2}", re.ASCII)
_SEQUENCE: Final = (0, 1, 16)


def certificate_request(ring: KeyRing, entry: KeyEntry, subject: str, hosts: Sequence[str]) -> str:
    """PEM of a request for ``subject`` (``CN=..., O=...``) and the names in ``hosts``; raises KeyUnusable."""
    scheme = _scheme(entry)
    parts = [_ASN1.core.Integer(0).dump(), _name(subject).dump(), _public(entry), _attributes(hosts)]
    info = _ASN1.parser.emit(*_SEQUENCE, b"".join(parts))
    signer = ring.request_signer(entry.alias, entry.key_id, SchemeParameters(scheme))
    signer.update(info)
    signature = _ASN1.core.OctetBitString(signer.signature()).dump()
    request = _ASN1.parser.emit(*_SEQUENCE, info + _algorithm(scheme) + signature)
    return str(_ASN1.pem.armor("CERTIFICATE REQUEST", request).decode())


def _scheme(entry: KeyEntry) -> SchemeName:
    if entry.algorithm is Algorithm.SM2:
        return "sm2-sm3"
    if entry.algorithm is Algorithm.RSA:
        return _RSA
    if entry.algorithm is Algorithm.ECDSA:
        curve = _ASN1.parser.parse(_public(entry))[4]
        return (
            "ecdsa-p256-sha256"
            if _ASN1.core.ObjectIdentifier("1.2.840.10045.3.1.7").dump() in curve
            else "ecdsa-p384-sha384"
        )
    raise KeyUnusable(
        f"certificates are asked for sm2, rsa and ecdsa keys, and {entry.alias} is {entry.algorithm}",
        KeyReason.WRONG_ALGORITHM,
    )


def _public(entry: KeyEntry) -> bytes:
    """SubjectPublicKeyInfo in DER."""
    return bytes(_ASN1.pem.unarmor(entry.public.encode())[2])


def _algorithm(scheme: SchemeName) -> bytes:
    """AlgorithmIdentifier; RSA has NULL for its parameters, elliptic curves none (RFC 4055 5, RFC 5758 3.2)."""
    parameters = _ASN1.core.Null().dump() if scheme == _RSA else b""
    return bytes(_ASN1.parser.emit(*_SEQUENCE, _ASN1.core.ObjectIdentifier(_SIGNATURES[scheme]).dump() + parameters))


def _name(subject: str) -> Any:
    """``CN=gateway.example, O=示范市财政局`` in the order in which directories want it."""
    given: dict[str, str] = {}
    for part in subject.split(","):
        key, equals, value = (piece.strip() for piece in part.partition("="))
        if not equals or key.upper() not in _NAME_PARTS or not value or key.upper() in given:
            raise KeyUnusable(
                f"the subject is written CN=..., O=... with {', '.join(_NAME_PARTS)}, each once, not {part.strip()[:60]!r}",
                KeyReason.BAD_NAME,
            )
        given[key.upper()] = value
    if not _COUNTRY.fullmatch(given.get("C", "CN")):
        raise KeyUnusable("a country is written with two letters, such as C=CN", KeyReason.BAD_NAME)
    try:
        return _ASN1.x509.Name.build({_NAME_PARTS[key]: given[key] for key in _NAME_PARTS if key in given})
    except (ValueError, TypeError) as error:
        raise KeyUnusable(f"the subject cannot be written as a name: {error}", KeyReason.BAD_NAME) from error


def _attributes(hosts: Sequence[str]) -> bytes:
    """The wish for alternative names, [0] IMPLICIT SET; empty where there is none."""
    if not hosts:
        return bytes(_ASN1.parser.emit(2, 1, 0, b""))
    names = _ASN1.x509.GeneralNames([_general_name(host) for host in hosts])
    extension = _ASN1.x509.Extension({"extn_id": "subject_alt_name", "critical": False, "extn_value": names})
    wish = _ASN1.csr.CRIAttribute({"type": "extension_request", "values": [_ASN1.x509.Extensions([extension])]})
    return bytes(_ASN1.parser.emit(2, 1, 0, wish.dump()))


def _general_name(host: str) -> Any:
    try:
        return _ASN1.x509.GeneralName("ip_address", str(ipaddress.ip_address(host)))
    except ValueError:
        if not _HOST.fullmatch(host):
            raise KeyUnusable(f"{host[:80]!r} is no host name or address", KeyReason.BAD_NAME) from None
        return _ASN1.x509.GeneralName("dns_name", host)
