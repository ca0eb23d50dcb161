"""A bank's bytes to what they say (报文解读): signature first, then the format, then what they answer.

Which edition of the bank's profile reads them is decided by the instruction that they answer, never by
today: files in flight keep the format in which they were sent.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from adapters.contract import Compound, MessageRefused, ParsedResult
from crypto.contract import OUTDATED_SCHEMES, KeyUnusable, SignatureInvalid
from crypto.signature_text import decode_signature
from gateway.clock import business_date
from gateway.services import whose_signature
from gateway.services.context import Bank, Context
from gateway.store import batches, instructions
from gateway.store.records import Batch, InboxMessage, Instruction

_MESSAGE_ID: Final = re.compile(r"[0-9A-Z]{17}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Part:
    """What a message says about one instruction."""

    bank: Bank  # the edition that reads it
    parsed: ParsedResult
    batch: Batch
    instruction: Instruction


@dataclass(frozen=True, slots=True)
class Reading:
    """One message of a bank, verified and understood."""

    key_id: str | None  # null: unsigned, which an exception in the bank's profile allows for now
    parts: tuple[Part, ...]


def read(context: Context, message: InboxMessage) -> Reading:
    """Raises SignatureInvalid, SealBroken, MessageRefused; nothing is stored."""
    bank = _expected_edition(context, message)
    reading = _read_by(context, bank, message)
    first = reading.parts[0].instruction
    if first.edition == bank.edition:
        return reading
    return _read_by(context, context.bank_of(first), message)


def _read_by(context: Context, bank: Bank, message: InboxMessage) -> Reading:
    try:
        key_id, results = _understood(context, bank, message)
    except (SignatureInvalid, KeyUnusable) as refused:
        raise whose_signature.explained(context, bank, message, refused) from refused
    parts = tuple(Part(bank, parsed, *_answered(context, message, parsed)) for parsed in results)
    if not parts:
        raise MessageRefused("it says nothing")
    return Reading(key_id, parts)


def _expected_edition(context: Context, message: InboxMessage) -> Bank:
    """By the message id in its name where there is one, else the edition in force today."""
    found = _MESSAGE_ID.search(message.name)
    with context.store.read() as tx:
        instruction = instructions.by_message_id(tx, found[0]) if found else None
    if instruction is None or instruction.bank != message.bank:
        return context.bank_today(message.bank)
    return context.bank_of(instruction)


def _understood(context: Context, bank: Bank, message: InboxMessage) -> tuple[str | None, tuple[ParsedResult, ...]]:
    content: Iterable[bytes] = context.vault.open(message.content)
    key_id: str | None
    _require_modern(context, bank)
    if bank.envelope is None:
        key_id = _verify(context, bank, message)
    else:
        opened = bank.envelope.open(bank.profile, b"".join(content), context.envelope_keys(bank.profile.security))
        key_id, content = opened.key_id, [opened.body]
    if isinstance(bank.dialect, Compound):
        return key_id, bank.dialect.parse_all(bank.profile, message.name, content)
    return key_id, (bank.dialect.parse(bank.profile, message.name, content),)


def _require_modern(context: Context, bank: Bank) -> None:
    """An exception for an outdated scheme ends on its day: from then on the bank's messages are refused."""
    security = bank.profile.security
    if security.scheme in OUTDATED_SCHEMES and not security.tolerates("sha-1", business_date(context.clock.now_ms())):
        raise SignatureInvalid(f"scheme {security.scheme} rests on SHA-1, and {_lapsed(bank)}")


def _lapsed(bank: Bank) -> str:
    granted = bank.profile.security.exception
    ended = f"the exception for it ended on {granted.until}" if granted else "no exception allows it"
    return f"{ended} (security.exception in the profile of {bank.profile.bank})"


def _verify(context: Context, bank: Bank, message: InboxMessage) -> str | None:
    security = bank.profile.security
    if message.signature is None or security.verification_key is None:
        if security.tolerates("unsigned", business_date(context.clock.now_ms())):
            return None
        raise SignatureInvalid(
            f"the message has no signature, and {_lapsed(bank)}"
            if security.exception is not None and security.exception.allows == "unsigned"
            else "the message has no signature"
        )
    verifier = context.verifier(security)
    for chunk in context.vault.open(message.content):
        verifier.update(chunk)
    return verifier.verify(decode_signature(message.signature, bank.profile.security.encoding))


def _answered(context: Context, message: InboxMessage, parsed: ParsedResult) -> tuple[Batch, Instruction]:
    with context.store.read() as tx:
        instruction = instructions.by_message_id(tx, parsed.original_message_id)
        if instruction is None or instruction.bank != message.bank:
            raise MessageRefused(
                "it answers an instruction that this bank was never sent", field_name="original message id"
            )
        return batches.by_id(tx, instruction.batch_id), instruction
