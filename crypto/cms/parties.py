# mypy: disable-error-code="no-untyped-call"
"""Who is meant in a message (签名者与接收者标识): a certificate by issuer and serial, or a key by its identifier.

What identifies a key is computed from what the keystore holds. A certificate that travels in a message says only what
it says of itself, and is never looked into.
"""

from __future__ import annotations

import binascii
import hashlib
from base64 import b64decode
from collections.abc import Iterable, Mapping, Sequence

from asn1crypto import core, x509

from crypto.cms.structures import IssuerAndSerial, PartyIdentifier
from crypto.contract import KeyUnusable

Parties = Mapping[str, frozenset[bytes]]
"""By key id: every identifier (DER of ``PartyIdentifier``) that means this key."""


class _PublicKeyInfo(core.Sequence):
    _fields = [("algorithm", core.Any), ("point", core.BitString)]


def by_certificate(pem: str | bytes) -> bytes:
    """Issuer and serial of a certificate in PEM; raises KeyUnusable."""
    try:
        body = x509.Certificate.load(_body(pem, "CERTIFICATE"), strict=True)["tbs_certificate"]
        issuer, serial = core.Any.load(body["issuer"].dump()), core.Integer.load(body["serial_number"].dump())
        named = IssuerAndSerial({"issuer": issuer, "serial_number": serial})
        octets: bytes = PartyIdentifier(name="issuer_and_serial", value=named).dump()
    except (ValueError, TypeError, KeyError) as error:
        raise KeyUnusable("not a certificate in PEM") from error
    return octets


def by_key(pem: str | bytes) -> bytes:
    """The key identifier of a PUBLIC KEY in PEM: SHA-1 over its bits (RFC 5280 4.2.1.2), a name and no protection."""
    try:
        info = _PublicKeyInfo.load(_body(pem, "PUBLIC KEY"), strict=True)
        digest = hashlib.sha1(info["point"].contents[1:], usedforsecurity=False).digest()
        octets: bytes = PartyIdentifier(name="key_identifier", value=core.OctetString(digest)).dump()
    except (ValueError, TypeError, KeyError) as error:
        raise KeyUnusable("not a public key in PEM") from error
    return octets


def identifiers_of(pem: str | bytes) -> frozenset[bytes]:
    """Everything that may mean the key of a PUBLIC KEY or CERTIFICATE in PEM; raises KeyUnusable."""
    text = pem.decode("ascii", "replace") if isinstance(pem, bytes) else pem
    if "-----BEGIN CERTIFICATE-----" not in text:
        return frozenset({by_key(text)})
    return frozenset({by_certificate(text), *_own_identifier(text)})


def parties_of(publics: Mapping[str, str], certificates: Sequence[bytes]) -> dict[str, frozenset[bytes]]:
    """What may mean each key (PUBLIC KEY in PEM, by id): its own identifier, and every certificate made for it."""
    made = [(_public_info(one), identifiers_of(one)) for one in certificates]
    return {
        key_id: frozenset({by_key(pem)}.union(*(named for info, named in made if info == _body(pem, "PUBLIC KEY"))))
        for key_id, pem in publics.items()
    }


def named_by(public: str, certificates: Sequence[bytes]) -> tuple[bytes, tuple[bytes, ...]]:
    """How a message names the owner of a key: by the certificate made for it, which comes along; else by the key.

    KeyUnusable where there are certificates, and none is for this key.
    """
    if not certificates:
        return by_key(public), ()
    fitting = [one for one in certificates if _public_info(one) == _body(public, "PUBLIC KEY")]
    if not fitting:
        raise KeyUnusable("none of the certificates that the profile names was made for the key in use")
    return by_certificate(fitting[-1]), (certificate_der(fitting[-1]),)


def certificate_der(pem: str | bytes) -> bytes:
    """The DER of the one certificate in PEM; raises KeyUnusable."""
    try:
        return _body(pem, "CERTIFICATE")
    except ValueError as error:
        raise KeyUnusable("not a certificate in PEM") from error


def owner_of(identifier: bytes, parties: Parties) -> Iterable[str]:
    """The ids of the keys that the identifier may mean."""
    return [key_id for key_id, identifiers in parties.items() if identifier in identifiers]


def _public_info(pem: bytes) -> bytes:
    """The DER of the public key that a certificate is for; raises KeyUnusable."""
    try:
        certificate = x509.Certificate.load(_body(pem, "CERTIFICATE"), strict=True)
        octets: bytes = certificate["tbs_certificate"]["subject_public_key_info"].dump()
    except (ValueError, TypeError, KeyError) as error:
        raise KeyUnusable("not a certificate in PEM") from error
    return octets


def _own_identifier(pem: str) -> list[bytes]:
    """Of the certificate's key: as its extension says, else as it is computed."""
    try:
        certificate = x509.Certificate.load(_body(pem, "CERTIFICATE"), strict=True)
        found = certificate.key_identifier_value
        octets = found.native if found is not None else None
        if octets is None:
            bits = _PublicKeyInfo.load(_public_info(pem.encode()))["point"].contents[1:]
            octets = hashlib.sha1(bits, usedforsecurity=False).digest()
        return [PartyIdentifier(name="key_identifier", value=core.OctetString(octets)).dump()]
    except (ValueError, TypeError, KeyError) as error:
        raise KeyUnusable("not a certificate in PEM") from error


def _body(pem: str | bytes, label: str) -> bytes:
    text = pem.decode("ascii", "replace") if isinstance(pem, bytes) else pem
    lines = [line.strip() for line in text.strip().splitlines()]
    begin, end = f"-----BEGIN {label}-----", f"-----END {label}-----"
    if begin not in lines or end not in lines:
        raise ValueError("not PEM")
    try:
        return b64decode("".join(lines[lines.index(begin) + 1 : lines.index(end)]), validate=True)
    except binascii.Error as error:
        raise ValueError("not PEM") from error
