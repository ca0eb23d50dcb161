"""A whole message (报文): ``{H:…}CRLF{S:…}CRLF`` and the XML body; what of it is signed (加签要素串).

Source: facts B.5. The signed text is the header's fields, number, amount and digest of the body, joined by ``|``: each detail's
reference, account, name and amount stand in the body, so that the digest covers them all. Number and amount are
taken from the body's octets without a parser: nothing is parsed before its signature was verified.
"""

from __future__ import annotations

import re
from base64 import b32encode, b64decode, b64encode
from binascii import Error as NotBase64
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives import hashes

from messages.bounded_xml import Malformed
from messages.cnaps2 import block_header
from messages.cnaps2.block_header import BlockHeader

SIGNATURE_BYTES: Final = 4_096
"""Longest signature text taken between ``{S:`` and ``}``."""
FRAME_BYTES: Final = block_header.OCTETS + SIGNATURE_BYTES + 16
"""Octets that header and signature block take at most."""

_SIGNATURE: Final = re.compile(rb"\{S:([A-Za-z0-9+/]{2,%d}={0,2})\}\r\n" % (SIGNATURE_BYTES - 2))
_COUNT: Final = re.compile(rb"<NbOfTxs>([0-9]{1,8})</NbOfTxs>")
_AMOUNT: Final = re.compile(rb'<TtlAmt Ccy="CNY">([0-9]{1,16}\.[0-9]{2})</TtlAmt>')


@dataclass(frozen=True, slots=True)
class Block:
    """A message cut in three; nothing in it is verified yet."""

    header: BlockHeader
    signature: bytes
    body: bytes


def join(header: BlockHeader, signature: bytes, body: bytes) -> bytes:
    """The message's octets; ValueError for what the header cannot hold."""
    return header.encode() + b"{S:" + b64encode(signature) + b"}\r\n" + body


def split(content: bytes) -> Block:
    """The three parts; raises Malformed with field and clause."""
    header = block_header.decode(content)
    found = _SIGNATURE.match(content, block_header.OCTETS)
    if found is None:
        raise Malformed("is not followed by a signature block", line=2, field="{S:}", clause="3.1")
    try:
        signature = b64decode(found[1], validate=True)
    except NotBase64:
        signature = b""
    if not signature or b64encode(signature) != found[1]:
        raise Malformed("is not Base64 in its one canonical form", line=2, field="{S:}", clause="3.1")
    return Block(header, signature, content[found.end() :])


def signed_text(header: BlockHeader, body: bytes) -> bytes:
    """What is signed: header fields, number, CNY amount and SM3 of the body, joined by ``|``, in ASCII."""
    count, amount = _COUNT.search(body), _AMOUNT.search(body)
    digest = hashes.Hash(hashes.SM3())
    digest.update(body)
    elements = [
        *header.values().values(),
        count[1].decode("ascii") if count else "0",
        f"CNY{amount[1].decode('ascii') if amount else '0.00'}",
        digest.finalize().hex().upper(),
    ]
    return "|".join(elements).encode("ascii")


def communication_id(message_id: str) -> str:
    """The header's 通信级标识号 for a message id: itself in 20 characters or less, else 20 drawn from its SM3."""
    if len(message_id) <= block_header.WIDTHS["MesgID"]:
        return message_id
    digest = hashes.Hash(hashes.SM3())
    digest.update(message_id.encode("utf-8"))
    return b32encode(digest.finalize()).decode("ascii")[: block_header.WIDTHS["MesgID"]]
