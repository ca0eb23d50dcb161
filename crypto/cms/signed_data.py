# mypy: disable-error-code="no-untyped-call"
"""SignedData written and read (签名数据的编写与解析): structure only; ``crypto.cms.signing`` signs and verifies.

Taken is: one signer, one digest algorithm, signed attributes with content type and message digest, each once. What
travels beside them (certificates, revocation lists) is passed over; unsigned attributes are refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from asn1crypto import core

from crypto.cms.identifiers import CONTENT_TYPE, MESSAGE_DIGEST, SIGNING_TIME, ContentTypes, SigningAlgorithm
from crypto.cms.strict_der import NotDer, require_der
from crypto.cms.structures import (
    AlgorithmIdentifier,
    AlgorithmIdentifiers,
    AnySet,
    Attribute,
    Attributes,
    ContentInfo,
    EncapsulatedContent,
    PartyIdentifier,
    SignedData,
    SignedMessage,
    SignerInfo,
    SignerInfos,
    settled,
)
from crypto.contract import SignatureInvalid

_SET: Final = b"\x31"
_VERSIONS: Final = {"issuer_and_serial": 1, "key_identifier": 3}
_LAST_SHORT_YEAR: Final = 2049  # RFC 5652 11.3: UTCTime until then


@dataclass(frozen=True, slots=True)
class Signed:
    """What a SignedData says: agreed in form, not verified yet."""

    signer: bytes  # DER of PartyIdentifier
    attributes: bytes  # what the signature is over
    digest: bytes
    signature: bytes
    signed_at: datetime | None
    content: bytes | None  # null: detached


def attributes_of(types: ContentTypes, digest: bytes, signed_at: datetime) -> bytes:
    """The signed attributes as the DER of a SET: content type, message digest, signing time."""
    moment = signed_at.astimezone(UTC).replace(microsecond=0)
    time = core.UTCTime(moment) if moment.year <= _LAST_SHORT_YEAR else core.GeneralizedTime(moment)
    octets: bytes = Attributes(
        [
            Attribute({"type": CONTENT_TYPE, "values": AnySet([core.ObjectIdentifier(types.data)])}),
            Attribute({"type": MESSAGE_DIGEST, "values": AnySet([core.OctetString(digest)])}),
            Attribute({"type": SIGNING_TIME, "values": AnySet([time])}),
        ]
    ).dump()
    return octets


def written(
    types: ContentTypes,
    algorithm: SigningAlgorithm,
    signed: Signed,
    certificates: Sequence[bytes],
) -> bytes:
    """The DER of a ContentInfo with SignedData; ``certificates`` are DER."""
    sid = PartyIdentifier.load(signed.signer)
    version = _VERSIONS[sid.name]
    digest = AlgorithmIdentifier.load(algorithm.digest_identifiers[0])
    encapsulated = {"type": types.data}
    info = {
        "version": version,
        "sid": sid,
        "digest_algorithm": digest,
        "signed_attributes": Attributes.load(signed.attributes),
        "signature_algorithm": AlgorithmIdentifier.load(algorithm.signature_identifiers[0]),
        "signature": signed.signature,
    }
    fields = {
        "version": version,
        "digest_algorithms": AlgorithmIdentifiers([digest]),
        "encapsulated": EncapsulatedContent(
            encapsulated if signed.content is None else encapsulated | {"content": signed.content}
        ),
        "signer_infos": SignerInfos([SignerInfo(info)]),
    }
    if certificates:
        fields["certificates"] = AnySet([core.Any.load(one) for one in certificates])
    octets: bytes = SignedMessage({"type": types.signed, "content": SignedData(fields)}).dump()
    return octets


def read(octets: bytes, types: ContentTypes, algorithm: SigningAlgorithm, most: int) -> Signed:
    """What the message says, of at most ``most`` octets; raises SignatureInvalid for everything else than agreed."""
    if len(octets) > most:
        raise SignatureInvalid(f"the signed message has {len(octets)} octets, at most {most} are taken")
    try:
        require_der(octets)
        if ContentInfo.load(octets, strict=True)["type"].dotted != types.signed:
            raise SignatureInvalid(f"the message is not signed data of the agreed syntax ({types.signed})")
        return _signed(SignedMessage.load(octets, strict=True)["content"], types, algorithm)
    except NotDer as fault:
        raise SignatureInvalid(f"the signed message {fault}") from None
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError):
        raise SignatureInvalid("the signed message does not have the structure of SignedData (RFC 5652 5)") from None


def _signed(data: SignedData, types: ContentTypes, algorithm: SigningAlgorithm) -> Signed:
    settled(data)
    infos, digests, encapsulated = data["signer_infos"], data["digest_algorithms"], data["encapsulated"]
    if len(infos) != 1:
        raise SignatureInvalid(f"the message must have exactly one signer, it has {len(infos)}")
    info = infos[0]
    if data["version"].native not in _VERSIONS.values() or info["version"].native != _VERSIONS[info["sid"].name]:
        raise SignatureInvalid("the message's version is not that of its structure")
    if len(digests) != 1 or any(
        one.dump() not in algorithm.digest_identifiers for one in (digests[0], info["digest_algorithm"])
    ):
        raise SignatureInvalid("the message's digest algorithm is not the one agreed")
    if info["signature_algorithm"].dump() not in algorithm.signature_identifiers:
        raise SignatureInvalid("the message's signature algorithm is not the one agreed")
    if encapsulated["type"].dotted != types.data:
        raise SignatureInvalid("the signed content is not plain data of the agreed syntax")
    if info["unsigned_attributes"]:
        raise SignatureInvalid("the message has unsigned attributes, which anybody could have put there")
    attributes = _SET + info["signed_attributes"].dump()[1:] if info["signed_attributes"] else b""
    digest, signed_at = _attributes(attributes, types)
    content = encapsulated["content"]
    return Signed(
        info["sid"].dump(),
        attributes,
        digest,
        info["signature"].native,
        signed_at,
        content.native if isinstance(content, core.OctetString) else None,
    )


def _attributes(octets: bytes, types: ContentTypes) -> tuple[bytes, datetime | None]:
    """Message digest and signing time; the content type must be that of plain data."""
    if not octets:
        raise SignatureInvalid("the message has no signed attributes: the sender must sign them")
    require_der(octets)  # now as a SET, whose order counts
    values: dict[str, core.Any] = {}
    attributes = Attributes.load(octets, strict=True)
    settled(attributes)
    for attribute in attributes:
        kind = attribute["type"].dotted
        if kind in values or len(attribute["values"]) != 1:
            raise SignatureInvalid("a signed attribute stands there twice, or has not exactly one value")
        values[kind] = attribute["values"][0]
    if not {CONTENT_TYPE, MESSAGE_DIGEST} <= values.keys():
        raise SignatureInvalid("the signed attributes lack the content type or the message digest")
    if values[CONTENT_TYPE].parse(core.ObjectIdentifier).dotted != types.data:
        raise SignatureInvalid("the signed content type is not that of the content")
    digest: bytes = values[MESSAGE_DIGEST].parse(core.OctetString).native
    return digest, _moment(values[SIGNING_TIME]) if SIGNING_TIME in values else None


def _moment(value: core.Any) -> datetime:
    """UTCTime or GeneralizedTime, to the second, in UTC; ValueError."""
    octets: bytes = value.dump()
    text = octets[2:].decode("ascii")
    if not text.endswith("Z") or not text[:-1].isdigit() or (octets[0], len(text)) not in ((0x17, 13), (0x18, 15)):
        raise ValueError("not a time in DER")
    if octets[0] == 0x17:
        text = ("19" if text[:2] >= "50" else "20") + text
    return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)
