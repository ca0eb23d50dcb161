"""The envelope with a signature element (XML 签名域封装): ``<Sign>…</Sign>``, the last child of the document element.

Signed are the octets of the document without that element: everything from the first octet to before ``<Sign>``, and
everything from after ``</Sign>`` to the last octet, as they are sent. So nothing can be wrapped around a signed
document or put beside it. Looking for markup in undecoded octets is safe in GB18030, GBK, GB2312 and UTF-8: ``<``,
``>`` and ``/`` are never a part of another character there.
"""

from __future__ import annotations

import re
from typing import Final

from adapters.contract import MessageRefused
from adapters.envelopes.contract import EnvelopeKeys, Opened, Outer
from adapters.profile import BankProfile
from crypto.contract import SignatureInvalid
from crypto.signature_text import decode_signature, encode_signature

LONGEST_SIGNATURE: Final = 4_096
_LAST_TAG: Final = re.compile(rb"</[^\s<>/]+\s*>\s*\Z")
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*", re.ASCII)
_REACH: Final = LONGEST_SIGNATURE + 1_024


class XmlElementEnvelope:
    """``adapters.envelopes.contract.Envelope``; holds nothing."""

    def seal(self, profile: BankProfile, outer: Outer, body: bytes, keys: EnvelopeKeys) -> tuple[bytes, str]:  # noqa: ARG002
        """The document with its signature; ValueError for what is no document, or has such an element already."""
        name = _element(profile)
        last = _LAST_TAG.search(body, max(0, len(body) - _REACH))
        if last is None or _mentions(name).search(body):
            raise ValueError(f"a document ends with the tag that closes it, and has no element {name.decode()} yet")
        signer = keys.signer()
        signer.update(body)
        signature = encode_signature(signer.signature(), profile.security.encoding)
        element = b"<%b>%b</%b>" % (name, signature, name)
        return body[: last.start()] + element + body[last.start() :], signer.key_id

    def open(self, profile: BankProfile, content: bytes, keys: EnvelopeKeys) -> Opened:
        """The document without the element, verified; raises SignatureInvalid, and MessageRefused for its size."""
        if len(content) > profile.limits.result_bytes:
            raise MessageRefused(f"the message has more than {profile.limits.result_bytes} octets")
        start, signature, end = _parts(_element(profile), content)
        verifier = keys.verifier()
        verifier.update(content[:start])
        verifier.update(content[end:])
        key_id = verifier.verify(decode_signature(signature, profile.security.encoding))
        return Opened(content[:start] + content[end:], key_id)


def _parts(name: bytes, content: bytes) -> tuple[int, bytes, int]:
    """Where the one signature element begins, its text, and where it ends."""
    called = name.decode("ascii")
    mentions = [found.start() for found in _mentions(name).finditer(content)]
    if len(mentions) != 2:  # its start tag and its end tag
        raise SignatureInvalid(f"the message must have exactly one element {called}, its signature")
    start, closing = mentions
    text_start, end = start + len(b"<%b>" % name), closing + len(b"</%b>" % name)
    whole = content[start:text_start] == b"<%b>" % name and content[closing:end] == b"</%b>" % name
    if not whole or closing - text_start > LONGEST_SIGNATURE or b"<" in content[text_start:closing]:
        raise SignatureInvalid(f"the element {called} must hold a signature and nothing else")
    if len(content) - end > _REACH or not _LAST_TAG.fullmatch(content, end):
        raise SignatureInvalid(f"the element {called} must be the last one in the document element")
    return start, content[text_start:closing], end


def _mentions(name: bytes) -> re.Pattern[bytes]:
    """Every start and end tag of the element, under any prefix and with anything after the name."""
    return re.compile(rb"</?(?:[^\s<>/:]+:)?" + re.escape(name) + rb"(?=[\s/>])")


def _element(profile: BankProfile) -> bytes:
    name = profile.security.signature_element
    if name is None or not _NAME.fullmatch(name):
        raise ValueError(f"bank {profile.bank}: security.signature_element must name the element of the signature")
    return name.encode("ascii")
