"""Messages signed in CMS (CMS 签名): detached over a stream in constant memory, or with their content.

Content is digested as it comes; what the key signs are the attributes that hold the digest. So signing 400 MB needs
no more memory than signing four octets, and any ``StreamSigner`` will do, also one of a device.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from cryptography.hazmat.primitives import hashes

from crypto.cms.identifiers import CONTENT_TYPES, SIGNING, ContentTypes, SigningAlgorithm, Syntax
from crypto.cms.parties import Parties, owner_of
from crypto.cms.signed_data import Signed, attributes_of, read, written
from crypto.contract import KeyUnusable, SchemeName, SignatureInvalid, StreamSigner, StreamVerifier

LONGEST_DETACHED: Final = 65_536
"""Octets of a detached signature with the certificates in it."""
_AROUND: Final = LONGEST_DETACHED


@dataclass(frozen=True, slots=True)
class CmsAgreement:
    """How one counterparty signs (签名约定); KeyUnusable for a scheme that CMS is not made with here."""

    scheme: SchemeName
    syntax: Syntax = "rfc5652"

    def __post_init__(self) -> None:
        if self.scheme not in SIGNING:
            raise KeyUnusable(f"scheme {self.scheme} does not go with CMS; these do: {', '.join(SIGNING)}")

    @property
    def algorithm(self) -> SigningAlgorithm:
        """The scheme's identifiers."""
        return SIGNING[self.scheme]

    @property
    def types(self) -> ContentTypes:
        """The syntax's content types."""
        return CONTENT_TYPES[self.syntax]


@dataclass(frozen=True, slots=True)
class Signatory:
    """Who signs, as the message names it; ``certificates`` (DER) travel along for readers that want them."""

    identifier: bytes
    certificates: Sequence[bytes] = field(default=())


@dataclass(frozen=True, slots=True)
class Verified:
    """A message whose signature was right."""

    content: bytes
    key_id: str
    signed_at: datetime | None  # as the signer says


class CmsSigner:
    """``crypto.contract.StreamSigner`` whose signature is a detached CMS message in DER."""

    def __init__(self, signer: StreamSigner, agreement: CmsAgreement, signatory: Signatory, signed_at: datetime):
        """``signer`` signs the attributes: of the agreement's scheme, SM2 and ECDSA in DER."""
        self.key_id = signer.key_id
        self._signer, self._agreement, self._signatory, self._at = signer, agreement, signatory, signed_at
        self._digest = hashes.Hash(agreement.algorithm.digest())

    def update(self, data: bytes) -> None:
        """More of the message."""
        self._digest.update(data)

    def signature(self) -> bytes:
        """The ContentInfo; once."""
        return self._written(None)

    def enclosing(self, content: bytes) -> bytes:
        """The ContentInfo with ``content`` in it; in place of ``update`` and ``signature``, once."""
        self._digest.update(content)
        return self._written(content)

    def _written(self, content: bytes | None) -> bytes:
        types = self._agreement.types
        digest = self._digest.finalize()
        attributes = attributes_of(types, digest, self._at)
        self._signer.update(attributes)
        signed = Signed(self._signatory.identifier, attributes, digest, self._signer.signature(), self._at, content)
        return written(types, self._agreement.algorithm, signed, self._signatory.certificates)


class CmsVerifier:
    """``crypto.contract.StreamVerifier`` for such messages.

    ``parties`` says which identifiers mean which of ``verifier``'s keys; a message that names another is refused, and so
    is one that names a key and was signed with another.
    """

    def __init__(self, verifier: StreamVerifier, agreement: CmsAgreement, parties: Parties):
        self._verifier, self._agreement, self._parties = verifier, agreement, parties
        self._digest = hashes.Hash(agreement.algorithm.digest())

    def update(self, data: bytes) -> None:
        """More of the message."""
        self._digest.update(data)

    def verify(self, signature: bytes) -> str:
        """The id of the key that signed; raises SignatureInvalid. Once."""
        signed = self._read(signature, LONGEST_DETACHED)
        if signed.content is not None:
            raise SignatureInvalid("the signature holds content of its own, which need not be what lies beside it")
        return self._verified(signed)

    def opened(self, message: bytes, most: int) -> Verified:
        """The content of a message that holds at most ``most`` octets of it; in place of the others, once."""
        signed = self._read(message, most + _AROUND)
        if signed.content is None:
            raise SignatureInvalid("the message holds no content: its signature is detached")
        if len(signed.content) > most:
            raise SignatureInvalid(f"the signed content has more than {most} octets")
        self._digest.update(signed.content)
        return Verified(signed.content, self._verified(signed), signed.signed_at)

    def _read(self, message: bytes, most: int) -> Signed:
        return read(message, self._agreement.types, self._agreement.algorithm, most)

    def _verified(self, signed: Signed) -> str:
        meant = owner_of(signed.signer, self._parties)
        if not meant:
            raise SignatureInvalid("the signer that the message names is none whose certificate or key we know")
        self._verifier.update(signed.attributes)
        key_id = self._verifier.verify(signed.signature)
        if key_id not in meant:
            raise SignatureInvalid("the message names another key than the one that signed it")
        if not hmac.compare_digest(self._digest.finalize(), signed.digest):
            raise SignatureInvalid("the content is not what was signed: its digest differs")
        return key_id
