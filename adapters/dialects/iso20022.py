"""The ISO 20022 dialect (ISO 20022 报文方言): pain.001.001.09 out; pain.002, pacs.004, camt.053 and camt.054 in.

One file is one message with one payment information whose id is the message id. Where a bank never received a
message it says so in a JSON answer, told from XML by its first octet.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Final

import polars as pl

from adapters.contract import CannotTranslate, InstructionHead, MessageRefused, ParsedResult
from adapters.dialects.iso20022_accounts import ACCOUNT_MESSAGES
from adapters.dialects.iso20022_status import from_report, not_found
from adapters.profile import BankProfile
from messages.iso20022.pain001 import Pain001Head, Pain001Unwritable, build, frame_bytes, longest_item
from messages.iso20022.pain001_limits import unwritable
from messages.iso20022.pain002 import parse_status_report
from messages.iso20022.unreadable import Unreadable

_NAMESPACE: Final = re.compile(rb"urn:iso:std:iso:20022:tech:xsd:([a-z]{4}\.\d{3}\.\d{3}\.\d{2})")
_OPENING_OCTETS: Final = 4_096


class Iso20022Dialect:
    """``adapters.contract.Dialect`` for banks that speak ISO 20022."""

    def rows_per_file(self, profile: BankProfile) -> int:
        """Rows that fit whatever is in them: each text at its longest, each character at its longest.

        Raises ValueError where the profile's bytes do not hold a single such item.
        """
        limits = profile.limits
        rows = min(limits.rows_per_file, (limits.bytes_per_file - frame_bytes()) // longest_item())
        if rows < 1:
            least = frame_bytes() + longest_item()
            raise ValueError(f"bank {profile.bank}: limits.bytes_per_file must be at least {least} for ISO 20022")
        return rows

    def carries(self, profile: BankProfile, block: pl.DataFrame) -> list[tuple[int, str, str]]:
        """(row index, field, why) of items that pain.001, or this bank's limit per item, does not allow."""
        most = profile.limits.amount_fen_per_item
        over = block.select((pl.col("amount_fen") > most).fill_null(False).arg_true()).to_series()
        findings = unwritable(block) + [(row, "amount_fen", f"is over this bank's {most} fen per item") for row in over]
        return sorted(findings, key=lambda finding: finding[0])

    def carries_head(self, profile: BankProfile, head: InstructionHead) -> list[tuple[str, str]]:  # noqa: ARG002
        """What of the payer the schema does not hold: Dbtr/Nm is Max140Text, DbtrAcct/Id/Othr/Id is Max34Text."""
        limits = {"debtor_name": 140, "debtor_account": 34}
        return [
            (name, f"is longer than {most} characters")
            for name, most in limits.items()
            if len(getattr(head, name)) > most
        ]

    def build(self, profile: BankProfile, head: InstructionHead, blocks: Iterable[pl.DataFrame]) -> Iterator[bytes]:
        """The pain.001 in chunks of some 650 kB; raises CannotTranslate, and ValueError where rows and head differ."""
        if profile.encoding != "utf-8":
            raise ValueError(f"bank {profile.bank}: ISO 20022 is written in utf-8, the profile says {profile.encoding}")
        try:
            yield from build(_head(head), blocks)
        except Pain001Unwritable as refusal:
            raise CannotTranslate(refusal.findings) from None

    def parse(self, profile: BankProfile, name: str, chunks: Iterable[bytes]) -> ParsedResult:
        """A pain.002, or the JSON answer that the message is not known; ``name`` tells nothing over HTTP."""
        results = self.parse_all(profile, name, chunks)
        if len(results) != 1:
            raise MessageRefused(f"speaks of {len(results)} instructions at once")
        return results[0]

    def parse_all(self, profile: BankProfile, name: str, chunks: Iterable[bytes]) -> tuple[ParsedResult, ...]:  # noqa: ARG002
        """Any message of the bank, told by its namespace: pain.002, pacs.004, camt.053, camt.054, or the JSON answer."""
        start, rest = _start(chunks)
        most = profile.limits.result_bytes
        if start.lstrip()[:1] == b"{":
            return (not_found(_short(chain((start,), rest))),)
        read = ACCOUNT_MESSAGES.get(_definition(start))
        try:
            if read is not None:
                return read(chain((start,), rest), most)
            return (from_report(parse_status_report(chain((start,), rest), max_bytes=most)),)
        except Unreadable as fault:
            raise MessageRefused(fault.what, line=fault.line, field_name=fault.field) from None


def _head(head: InstructionHead) -> Pain001Head:
    return Pain001Head(
        message_id=head.message_id,
        rows=head.rows,
        total_fen=head.total_fen,
        created_at=head.created_at,
        requested_on=head.requested_on,
        debtor_name=head.debtor_name,
        debtor_account=head.debtor_account,
        debtor_bank_code=head.debtor_bank_code,
        policy_name=head.policy_name,
        project_code=head.project_code,
        voucher_no=head.voucher_no,
    )


def _start(chunks: Iterable[bytes]) -> tuple[bytes, Iterator[bytes]]:
    """As many of the first octets as say what the message is, and what follows them."""
    rest, start = iter(chunks), b""
    for chunk in rest:
        start += chunk
        if len(start) >= _OPENING_OCTETS:
            break
    return start, rest


def _definition(start: bytes) -> str:
    """The message definition that the document's namespace names; empty where it names none."""
    found = _NAMESPACE.search(start[:_OPENING_OCTETS])
    return found[1].decode("ascii") if found else ""


def _short(chunks: Iterable[bytes]) -> bytes:
    """At most a little more than a JSON answer may have: enough to see that it is too long."""
    body = bytearray()
    for chunk in chunks:
        body += chunk
        if len(body) > 8_192:
            break
    return bytes(body)
