"""The seal of a clearing centre (清算中心的报文头与签名块): block header and ``{S:…}`` before the body."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from messages.bounded_xml import Malformed
from messages.cnaps2 import block
from messages.cnaps2.block_header import BlockHeader
from messages.cnaps2.kinds import type_of
from simulators.bank_contract import NotGenuine
from simulators.signatures import Seal as Signatures

_OWN_ID: Final = re.compile(rb"<MsgId>([0-9A-Za-z]{1,35})</MsgId>")
_CREATED: Final = re.compile(rb"<CreDtTm>([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})</CreDtTm>")


@dataclass(frozen=True, slots=True)
class Cnaps2Seal:
    """``simulators.bank_contract.Seal``; ``signatures`` speak base64. Codes are those of header fields 2.2 and 2.4."""

    signatures: Signatures
    centre: str
    gateway: str

    def close(self, message_id: str, body: bytes, how: str | None) -> tuple[bytes, bytes | None]:
        """See Seal; the signature is inside the content. ValueError for what is no body of this bank."""
        header = self._header(message_id, body)
        if how == "missing-signature":
            return header.encode() + body, None
        text = block.signed_text(header, body)
        signature = self.signatures.sign(text + b"|" if how == "bad-signature" else text)
        return block.join(header, b64decode(signature), body), None

    def open(self, content: bytes, signature: bytes | None) -> bytes:  # noqa: ARG002
        """See Seal; what is not addressed to this centre by the gateway is not genuine either."""
        try:
            parts = block.split(content)
            text = block.signed_text(parts.header, parts.body)
            addressed = (parts.header.sender, parts.header.receiver, parts.header.direction)
            named = parts.header.message_type == type_of(parts.body)
        except Malformed:
            raise NotGenuine from None
        ours = named and addressed == (self.gateway, self.centre, "U")
        if not ours or not self.signatures.is_genuine(text, b64encode(parts.signature)):
            raise NotGenuine
        return parts.body

    def _header(self, message_id: str, body: bytes) -> BlockHeader:
        own, created = _OWN_ID.search(body), _CREATED.search(body)
        if own is None or created is None:
            raise ValueError("not a body of this bank")
        return BlockHeader(
            sender=self.centre,
            receiver=self.gateway,
            sent_at=datetime.fromisoformat(created[1].decode("ascii")),
            message_type=_type_of(body),
            message_id=block.communication_id(own[1].decode("ascii")),
            reference=block.communication_id(message_id),
            direction="D",
        )


def _type_of(body: bytes) -> str:
    try:
        return type_of(body)
    except Malformed:
        raise ValueError("not a body of this bank") from None
