"""A signature document beside the bytes that it covers (分离式 XML 签名): bytes of any length, in constant memory.

The one Reference names the bytes by an agreed URI (a file name, say) and has no transforms: signed are octets.
"""

from __future__ import annotations

import hmac
import re
from typing import Final

from crypto.contract import SignatureInvalid, StreamSigner, StreamVerifier
from crypto.xmldsig.algorithms import Algorithms, algorithm_wrongs
from crypto.xmldsig.canonical import canonical, started_digest
from crypto.xmldsig.element import SIGNATURE, filled, read, written
from crypto.xmldsig.hardened import Bounds, checked_text, tree_of

_URI: Final = re.compile(r"[A-Za-z0-9._~:/?@!$()*+,;=%-]{1,200}")
BOUNDS: Final = Bounds(octets=65_536, tags=500)
"""Of a signature document: certificates in its KeyInfo are its bulk."""


class XmlStreamSigner:
    """``crypto.contract.StreamSigner`` whose signature is an XML document; ``signer`` signs its SignedInfo."""

    def __init__(self, signer: StreamSigner, algorithms: Algorithms, uri: str):
        _check(algorithms, uri)
        self.key_id = signer.key_id
        self._signer, self._algorithms, self._uri = signer, algorithms, uri
        self._digest = started_digest(algorithms.digest_name)

    def update(self, data: bytes) -> None:
        """More of the bytes."""
        self._digest.update(data)

    def signature(self) -> bytes:
        """The signature document in UTF-8; once."""
        text = written(self._algorithms, self._uri, (), self._digest.finalize(), self.key_id)
        info = tree_of(text)[0]
        self._signer.update(canonical(info, self._algorithms.canonicalisation))
        return filled(text, self._signer.signature()).encode()


class XmlStreamVerifier:
    """``crypto.contract.StreamVerifier`` for such documents; ``verifier`` verifies their SignedInfo."""

    def __init__(self, verifier: StreamVerifier, algorithms: Algorithms, uri: str):
        _check(algorithms, uri)
        self._verifier, self._algorithms, self._uri = verifier, algorithms, uri
        self._digest = started_digest(algorithms.digest_name)

    def update(self, data: bytes) -> None:
        """More of the bytes."""
        self._digest.update(data)

    def verify(self, signature: bytes) -> str:
        """The id of the key that signed; raises SignatureInvalid. Once."""
        element = tree_of(checked_text(signature, BOUNDS))
        if element.tag != SIGNATURE:
            raise SignatureInvalid("the document beside the bytes is no signature")
        parts = read(element, self._algorithms, self._uri, ())
        self._verifier.update(canonical(parts.signed_info, self._algorithms.canonicalisation))
        key_id = self._verifier.verify(parts.value)
        if not hmac.compare_digest(self._digest.finalize(), parts.digest):
            raise SignatureInvalid("the bytes are not those that were signed: their digest differs")
        return key_id


def _check(algorithms: Algorithms, uri: str) -> None:
    for field, what, remedy in algorithm_wrongs(algorithms):
        raise ValueError(f"{field} {what}: {remedy}")
    if not _URI.fullmatch(uri):
        raise ValueError("the URI of detached bytes must be plain, and name something")
