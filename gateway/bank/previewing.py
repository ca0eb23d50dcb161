"""`gateway bank preview` (报文预览): what a few items become in a bank's format."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, Final

import polars as pl

from adapters.contract import INSTRUCTION_EXTRA, CannotTranslate, Dialect, Inquirer, InstructionHead, Question
from adapters.editions import edition_of
from adapters.envelopes.contract import Outer
from adapters.envelopes.registry import ENVELOPES
from adapters.file_names import instruction_name
from adapters.profile import BankProfile
from adapters.registry import DIALECTS
from crypto.contract import KeyUnusable
from gateway.bank.annotation import RecordView, annotated, uncarried
from gateway.bank.message_view import Section, sections
from gateway.bank.places import ToolRefused
from gateway.bank.sample import as_instructed, sample_head
from gateway.bank.unverified import NobodysKeys

_READABLE: Final = frozenset({"xml-element", "cnaps2-block", "xmldsig"})
"""Envelopes that leave the message as readable as it was: it is shown inside them."""


@dataclass(frozen=True, slots=True)
class Preview:
    """One instruction as it would leave, before any signature; ``refused`` are items that the format cannot carry."""

    profile: BankProfile
    head: InstructionHead
    content: bytes
    refused: tuple[dict[str, object], ...]
    records: tuple[RecordView, ...]  # of a format that is a layout
    sections: tuple[Section, ...]  # of a format that is code, or of XML
    sealed: bytes | None  # in the bank's envelope, its signature all zeros; null: detached, or encrypted
    inquiry: tuple[Section, ...]  # how the bank is asked about it, where asking is a message

    @property
    def name(self) -> str:
        """The file's name, or the message's id where messages have no names."""
        names = self.profile.file_names
        return self.head.message_id if names is None else instruction_name(names, self.head.message_id)

    def as_json(self) -> dict[str, Any]:
        """As plain JSON values; the content in hexadecimal as well, since it may not be text."""
        return {
            "bank": self.profile.bank,
            "edition": edition_of(self.profile),
            "dialect": self.profile.dialect,
            "encoding": self.profile.encoding,
            "envelope": self.profile.security.envelope,
            "name": self.name,
            "rows": self.head.rows,
            "total_fen": self.head.total_fen,
            "octets": len(self.content),
            "content": self.content.decode(self.profile.encoding, "replace"),
            "content_hex": self.content.hex(),
            "sealed_hex": None if self.sealed is None else self.sealed.hex(),
            "refused": list(self.refused),
            "misfit": self.profile.misfit,
            "records": [record.as_json() for record in self.records],
            "sections": [asdict(section) for section in self.sections],
            "inquiry": [asdict(section) for section in self.inquiry],
        }


def dialect_of(profile: BankProfile) -> Dialect:
    """The dialect that the profile names; raises ToolRefused where this gateway does not have it."""
    try:
        return DIALECTS[profile.dialect]
    except KeyError:
        known = ", ".join(sorted(DIALECTS))
        raise ToolRefused(f"this gateway has no dialect {profile.dialect}; it has: {known}") from None


def preview(profile: BankProfile, items: pl.DataFrame, day: date, details: int) -> Preview:
    """``items`` (STORED_SCHEMA) as one instruction of ``day``; raises ToolRefused where nothing can be written."""
    dialect = dialect_of(profile)
    findings = dialect.carries(profile, items)
    refused = tuple(uncarried(findings, items))
    unfit = {row for row, _, _ in findings}
    carried = items[[row for row in range(items.height) if row not in unfit]]
    if not carried.height:
        raise ToolRefused(f"none of the {items.height} items can be written for {profile.bank}: {_first(refused)}")
    block = as_instructed(profile, carried)
    head = sample_head(profile, block, day)
    content = _built(dialect, profile, head, block)
    sealed = _sealed(profile, head, content)
    shown = sealed if profile.security.envelope in _READABLE and sealed is not None else content
    by_code = profile.record_layout is None
    return Preview(
        profile=profile,
        head=head,
        content=content,
        refused=refused,
        records=tuple(annotated(profile, head, block, content, details)),
        sections=tuple(sections(shown, profile.encoding)) if by_code or content[:1] == b"<" else (),
        sealed=sealed,
        inquiry=tuple(_inquiry(dialect, profile, head, block)),
    )


def _sealed(profile: BankProfile, head: InstructionHead, content: bytes) -> bytes | None:
    """The message in its envelope; raises ToolRefused where the envelope cannot take it."""
    envelope = ENVELOPES.get(profile.security.envelope)
    if envelope is None:
        return None
    try:
        outer = Outer(head.message_id, "instruction", head.created_at)
        return envelope.seal(profile, outer, content, NobodysKeys())[0]
    except KeyUnusable:
        return None
    except ValueError as fault:
        raise ToolRefused(f"envelope {profile.security.envelope} cannot take the message: {fault}") from None


def _inquiry(dialect: Dialect, profile: BankProfile, head: InstructionHead, block: pl.DataFrame) -> list[Section]:
    """The question about this instruction, or about its first item where the bank is asked by item."""
    if profile.asked_by != "message" or not isinstance(dialect, Inquirer):
        return []
    question = Question(
        inquiry_id=f"{head.message_id}{1:09d}",
        original_message_id=head.message_id,
        created_at=head.created_at,
        requested_on=head.requested_on,
        debtor_account=head.debtor_account,
        references=(block[INSTRUCTION_EXTRA][0],) if profile.inquiry.per == "item" else (),
    )
    return sections(dialect.inquiry(profile, question), profile.encoding, "查询 inquiry")


def _built(dialect: Dialect, profile: BankProfile, head: InstructionHead, block: pl.DataFrame) -> bytes:
    unfit = dialect.carries_head(profile, head)
    if unfit:
        what = "; ".join(f"{name} {why}" for name, why in unfit)
        raise ToolRefused(f"the header of the sample cannot be written for {profile.bank}: {what}")
    try:
        return b"".join(dialect.build(profile, head, [block]))
    except CannotTranslate as fault:
        raise ToolRefused(f"{profile.bank}: {fault}") from None


def _first(refused: tuple[dict[str, object], ...]) -> str:
    return f"line {refused[0]['line']}, {refused[0]['field']} {refused[0]['why']}" if refused else "there are none"
