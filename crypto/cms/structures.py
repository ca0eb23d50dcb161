# mypy: disable-error-code="no-untyped-call"
"""The structures of RFC 5652, RFC 5083 and GM/T 0010 (报文结构), of which only what is used is given a shape."""

from __future__ import annotations

from typing import Any

from asn1crypto import core


def settled(value: core.Asn1Value) -> None:
    """Return if every part of the structure has the type that it should have, and none is over; raises ValueError.

    asn1crypto looks at a part when it is asked for, and keeps what follows the last one that it knows.
    """
    if isinstance(value, core.Sequence):
        for name in value:
            settled(value[name])
        known: Any = value._fields
        found: Any = value.children
        if len(found) > len(known):
            raise ValueError("a structure has more parts than it should have")
    elif isinstance(value, core.SetOf):
        for child in value:
            settled(child)
    elif isinstance(value, core.Choice):
        settled(value.chosen)


class AlgorithmIdentifier(core.Sequence):
    """An algorithm and its parameters; compared as a whole, by its octets."""

    _fields = [("algorithm", core.ObjectIdentifier), ("parameters", core.Any, {"optional": True})]


class AlgorithmIdentifiers(core.SetOf):
    """SET OF."""

    _child_spec = AlgorithmIdentifier


class IssuerAndSerial(core.Sequence):
    """A certificate by who issued it (颁发者与序列号)."""

    _fields = [("issuer", core.Any), ("serial_number", core.Integer)]


class PartyIdentifier(core.Choice):
    """Who signed, or for whom it was encrypted."""

    _alternatives = [  # type: ignore[assignment]
        ("issuer_and_serial", IssuerAndSerial),
        ("key_identifier", core.OctetString, {"implicit": 0}),
    ]


class AnySet(core.SetOf):
    """SET OF ANY."""

    _child_spec = core.Any


class Attribute(core.Sequence):
    """A type and its values."""

    _fields = [("type", core.ObjectIdentifier), ("values", AnySet)]


class Attributes(core.SetOf):
    """SET OF; what is signed is its DER under the tag of SET."""

    _child_spec = Attribute


class SignerInfo(core.Sequence):
    """One signature."""

    _fields = [
        ("version", core.Integer),
        ("sid", PartyIdentifier),
        ("digest_algorithm", AlgorithmIdentifier),
        ("signed_attributes", Attributes, {"implicit": 0, "optional": True}),
        ("signature_algorithm", AlgorithmIdentifier),
        ("signature", core.OctetString),
        ("unsigned_attributes", Attributes, {"implicit": 1, "optional": True}),
    ]


class SignerInfos(core.SetOf):
    """SET OF."""

    _child_spec = SignerInfo


class EncapsulatedContent(core.Sequence):
    """What is signed; without content where the signature is detached."""

    _fields = [
        ("type", core.ObjectIdentifier),
        ("content", core.OctetString, {"explicit": 0, "optional": True}),
    ]


class SignedData(core.Sequence):
    """Signed content (签名数据)."""

    _fields = [
        ("version", core.Integer),
        ("digest_algorithms", AlgorithmIdentifiers),
        ("encapsulated", EncapsulatedContent),
        ("certificates", AnySet, {"implicit": 0, "optional": True}),
        ("crls", AnySet, {"implicit": 1, "optional": True}),
        ("signer_infos", SignerInfos),
    ]


class ContentInfo(core.Sequence):
    """The outermost structure, read for its type only."""

    _fields = [("type", core.ObjectIdentifier), ("content", core.Any)]


class SignedMessage(core.Sequence):
    """A ContentInfo with SignedData."""

    _fields = [("type", core.ObjectIdentifier), ("content", SignedData, {"explicit": 0})]


class RecipientInfo(core.Sequence):
    """The content key, encrypted under one recipient's public key (KeyTransRecipientInfo)."""

    _fields = [
        ("version", core.Integer),
        ("rid", PartyIdentifier),
        ("key_encryption_algorithm", AlgorithmIdentifier),
        ("encrypted_key", core.OctetString),
    ]


class RecipientInfos(core.SetOf):
    """SET OF."""

    _child_spec = RecipientInfo


class EncryptedContent(core.Sequence):
    """The encrypted content and how."""

    _fields = [
        ("type", core.ObjectIdentifier),
        ("algorithm", AlgorithmIdentifier),
        ("content", core.OctetString, {"implicit": 0}),
    ]


class EnvelopedData(core.Sequence):
    """Encrypted content (数字信封); with originator's certificates or attributes it is not taken."""

    _fields = [
        ("version", core.Integer),
        ("recipient_infos", RecipientInfos),
        ("encrypted", EncryptedContent),
    ]


class AuthEnvelopedData(core.Sequence):
    """Encrypted content with a tag over it (RFC 5083), as GCM makes it; without attributes."""

    _fields = [
        ("version", core.Integer),
        ("recipient_infos", RecipientInfos),
        ("encrypted", EncryptedContent),
        ("mac", core.OctetString),
    ]


class EnvelopedMessage(core.Sequence):
    """A ContentInfo with EnvelopedData."""

    _fields = [("type", core.ObjectIdentifier), ("content", EnvelopedData, {"explicit": 0})]


class AuthEnvelopedMessage(core.Sequence):
    """A ContentInfo with AuthEnvelopedData."""

    _fields = [("type", core.ObjectIdentifier), ("content", AuthEnvelopedData, {"explicit": 0})]


class GcmParameters(core.Sequence):
    """Nonce and length of the tag (RFC 5084)."""

    _fields = [("nonce", core.OctetString), ("tag_octets", core.Integer, {"default": 12})]
