"""What every dialect (银行报文方言) is: a sans-IO translator between item columns and one bank's bytes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Final, Protocol, runtime_checkable

import polars as pl

from adapters.profile import BankProfile
from messages.outcome import Outcome

INSTRUCTION_EXTRA: Final = "reference"
"""Instruction blocks are ``STORED_SCHEMA`` plus this column (messages.batch.numbering)."""

RESULT_SCHEMA: Final[dict[str, pl.DataType]] = {
    "reference": pl.String(),  # the item reference we gave the bank
    "amount_fen": pl.Int64(),  # null where the bank's format repeats no amount
    "account": pl.String(),  # null where the bank's format repeats no account
    "status_raw": pl.String(),  # the bank's status, as it wrote it
    "reason_raw": pl.String(),  # the bank's reason code, as it wrote it; null when none
    "text_raw": pl.String(),  # the bank's words; null when none
    "bank_reference": pl.String(),  # the bank's own serial number; null when none
    "settled_on": pl.Date(),  # 入账日期; null when not given
}


@dataclass(frozen=True, slots=True)
class InstructionHead:
    """All that one instruction file says about itself; stored, so that a rebuild gives the same bytes."""

    message_id: str
    file_no: int
    rows: int
    total_fen: int
    created_at: datetime  # when the batch was accepted: never the clock at build time
    requested_on: date  # 要求支付日期
    batch_no: str
    project_code: str  # 补贴项目代码
    policy_name: str  # 政策名称, also the purpose text
    voucher_no: str  # 支付凭证号
    debtor_name: str  # 付款人名称
    debtor_account: str  # 付款账号 (零余额账户 or 财政专户)
    debtor_bank_code: str  # 付款行行号


@dataclass(frozen=True, slots=True)
class Question:
    """What an inquiry (查询) asks about one instruction."""

    inquiry_id: str  # ours, 26 letters and digits, another for each question
    original_message_id: str
    created_at: datetime
    requested_on: date  # of the original instruction
    debtor_account: str
    references: tuple[str, ...] = ()  # items asked for singly; empty: all of the instruction


@dataclass(frozen=True, slots=True)
class Consent:
    """What we say to a bank's request to take money back (退回应答)."""

    message_id: str  # our own, new
    original_message_id: str  # the bank's request
    created_at: datetime
    agreed: bool  # every item of it is RETURNED in our books


class ResultKind(StrEnum):
    """What a bank's message speaks of."""

    ACKNOWLEDGEMENT = "ACKNOWLEDGEMENT"  # 回执: the file as a whole
    RESULT = "RESULT"  # 结果: items
    RETURN = "RETURN"  # 退汇: items paid earlier that came back


@dataclass(frozen=True, slots=True)
class ParsedResult:
    """One message of a bank, parsed: the head, and item rows as ``RESULT_SCHEMA`` blocks."""

    kind: ResultKind
    original_message_id: str  # which of our instruction files it answers
    group_status_raw: str | None = None  # file-level status as the bank wrote it
    group_reason_raw: str | None = None
    group_text_raw: str | None = None
    group_outcome: Outcome | None = None  # where the dialect itself (a standard) fixes it; else by code table
    blocks: tuple[pl.DataFrame, ...] = field(default=())
    consent_to: str | None = None  # the message's own id, where its sender asks for our consent


class MessageRefused(Exception):
    """A bank's message cannot be read; says where and what to do, carries no personal data."""

    def __init__(self, what: str, *, line: int | None = None, field_name: str | None = None, clause: str | None = None):
        self.what, self.line, self.field_name, self.clause = what, line, field_name, clause
        place = ", ".join(
            f"{label} {value}"
            for label, value in (("line", line), ("field", field_name), ("clause", clause))
            if value is not None
        )
        super().__init__(f"{what} ({place})" if place else what)


class CannotTranslate(Exception):
    """Items that this bank's format cannot carry (length, repertoire); ``findings`` are (item_no, field, why)."""

    def __init__(self, findings: list[tuple[int, str, str]]):
        self.findings = findings
        item_no, name, why = findings[0]
        super().__init__(
            f"{len(findings)} item(s) cannot be written for this bank; first: item {item_no}, {name}: {why}"
        )


class Dialect(Protocol):
    """Pure: bytes and columns in, bytes and columns out. No I/O, no clock, no randomness."""

    def rows_per_file(self, profile: BankProfile) -> int:
        """Most rows one file may have under the profile's row *and* byte limits."""

    def carries(self, profile: BankProfile, block: pl.DataFrame) -> list[tuple[int, str, str]]:
        """Items this format cannot carry, as (row index, field, why); called at intake, before anything is promised."""

    def carries_head(self, profile: BankProfile, head: InstructionHead) -> list[tuple[str, str]]:
        """What of a file's own head this format cannot carry, as (field, why); asked before a batch is accepted."""

    def build(self, profile: BankProfile, head: InstructionHead, blocks: Iterable[pl.DataFrame]) -> Iterator[bytes]:
        """The file's exact bytes in chunks of some hundred kB; raises CannotTranslate."""

    def parse(self, profile: BankProfile, name: str, chunks: Iterable[bytes]) -> ParsedResult:
        """A bank's message called ``name``; raises MessageRefused. Sizes are bounded by the profile."""


@runtime_checkable
class Inquirer(Protocol):
    """A dialect whose inquiry is a message of its own (profile ``inquiry.by: message``); others do not have this."""

    def inquiry(self, profile: BankProfile, question: Question) -> bytes:
        """The question's exact bytes, before the envelope; its answer is parsed like any message of the bank."""


@runtime_checkable
class Consenting(Protocol):
    """A dialect whose banks wait for an answer to their requests for return; others do not have this."""

    def consent(self, profile: BankProfile, consent: Consent) -> bytes:
        """The answer's bytes."""


@runtime_checkable
class Compound(Protocol):
    """A dialect with messages that speak of several instructions at once (对账单, 退汇通知); others do not have this."""

    def parse_all(self, profile: BankProfile, name: str, chunks: Iterable[bytes]) -> tuple[ParsedResult, ...]:
        """As ``Dialect.parse``, one result for each instruction spoken of; raises MessageRefused."""
