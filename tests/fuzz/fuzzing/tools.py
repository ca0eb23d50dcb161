"""The lines of the table for the engineer's tools, which show messages that nobody else could read (接入工具)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Final

from lxml import etree

from fuzzing.samples import from_bank, golden_of, sealed_by_bank
from fuzzing.target import Target
from fuzzing.world import profiles
from gateway.bank.message_view import sections
from gateway.bank.raw_records import RawRecord, raw_records
from messages.layout.model import Form
from messages.layout.vocabulary import MessageName

_SHOWN: Final = ("clearing-cnaps", "merchant-json", "treasury-voucher", "coop-tcp")
"""One bank of each way in which a message is taken apart."""


def tool_targets() -> Iterator[Target]:
    """Every line about what is shown to people: it may be nonsense, it must be shown."""
    for bank in _SHOWN:
        yield Target(f"tools.message.{bank}", partial(_sections, bank), (), partial(_seeds, bank))
    for bank, profile in sorted(profiles().items()):
        if profile.record_layout is not None:
            # of XML that is no XML nothing can be shown; the callers say so
            refusals = (etree.XMLSyntaxError,) if profile.record_layout.form is Form.RECORD_XML else ()
            yield Target(f"tools.records.{bank}", partial(_records, bank), refusals, partial(_seeds, bank))


def _seeds(bank: str) -> list[bytes]:
    return [*from_bank(bank), *sealed_by_bank(bank), *golden_of(bank)]


def _sections(bank: str, content: bytes) -> object:
    return sections(content, profiles()[bank].encoding)


def _records(bank: str, content: bytes) -> list[RawRecord]:
    profile = profiles()[bank]
    assert profile.record_layout is not None
    return list(raw_records(profile, profile.record_layout.messages[MessageName.RESULT], content))
