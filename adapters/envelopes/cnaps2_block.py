"""The CNAPS2 envelope (报文头与签名块): ``{H:…}{S:…}`` before the XML body.

What is signed is drawn from header and body by ``messages.cnaps2.block.signed_text``; the body is parsed only after
its signature was verified.
"""

from __future__ import annotations

from adapters.contract import MessageRefused
from adapters.dialects.cnaps2 import china_time
from adapters.envelopes.contract import EnvelopeKeys, Opened, Outer
from adapters.profile import BankProfile
from messages.bounded_xml import Malformed
from messages.cnaps2 import block
from messages.cnaps2.block_header import BlockHeader
from messages.cnaps2.kinds import type_of


class Cnaps2Block:
    """``adapters.envelopes.contract.Envelope``; holds nothing."""

    def seal(self, profile: BankProfile, outer: Outer, body: bytes, keys: EnvelopeKeys) -> tuple[bytes, str]:
        """Header, signature and body; ValueError where the profile does not say who we are at the centre."""
        header = BlockHeader(
            sender=_own_code(profile),
            receiver=profile.bank_codes[0],
            sent_at=china_time(outer.created_at),
            message_type=type_of(body),
            message_id=block.communication_id(outer.message_id),
        )
        signer = keys.signer()
        signer.update(block.signed_text(header, body))
        return block.join(header, signer.signature(), body), signer.key_id

    def open(self, profile: BankProfile, content: bytes, keys: EnvelopeKeys) -> Opened:
        """The body, verified and addressed to us by this bank; raises SignatureInvalid, MessageRefused."""
        try:
            parts = block.split(content)
            verifier = keys.verifier()
            verifier.update(block.signed_text(parts.header, parts.body))
            key_id = verifier.verify(parts.signature)
            _check_addressed(profile, parts.header, type_of(parts.body))
        except Malformed as fault:
            raise MessageRefused(fault.what, line=fault.line, field_name=fault.field, clause=fault.clause) from None
        return Opened(parts.body, key_id)


def _own_code(profile: BankProfile) -> str:
    code = profile.security.user_code
    if not code:
        raise ValueError(f"bank {profile.bank}: security.user_code must be our own code, the block header's OrigSender")
    return code


def _check_addressed(profile: BankProfile, header: BlockHeader, message_type: str) -> None:
    for name, clause, holds in (
        ("Direction", "2.13", header.direction == "D"),
        ("OrigSender", "2.2", header.sender == profile.bank_codes[0]),
        ("OrigReceiver", "2.4", header.receiver == _own_code(profile)),
        ("MesgType", "2.9", header.message_type == message_type),
    ):
        if not holds:
            raise Malformed(
                "is not that of a message of this bank to us, or not of this body", field=name, clause=clause
            )
