"""The dialect of layouts (报文格式方言): fixed width, delimited or XML records, whatever bank; its layout is data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime
from typing import Final

import polars as pl

from adapters.contract import (
    RESULT_SCHEMA,
    CannotTranslate,
    InstructionHead,
    MessageRefused,
    ParsedResult,
    Question,
    ResultKind,
)
from adapters.file_names import INWARD, recognise
from adapters.profile import BankProfile
from messages.layout.errors import CannotWrite, LayoutError
from messages.layout.file import Head, LayoutFile, ParsedFile, compiled
from messages.layout.head_values import CHINA
from messages.layout.model import Layout
from messages.layout.recognising import recognised
from messages.layout.vocabulary import MessageName

HEAD_ITEM: Final = -1
"""Stands for the item number in findings about the file's own head."""

_KINDS: Final = {
    MessageName.ACKNOWLEDGEMENT: ResultKind.ACKNOWLEDGEMENT,
    MessageName.RESULT: ResultKind.RESULT,
    MessageName.RETURNED: ResultKind.RETURN,
}


class LayoutDialect:
    """Pure translation between item columns and the messages of one bank's layout; holds nothing."""

    def rows_per_file(self, profile: BankProfile) -> int:
        """Most rows under the profile's row and byte limits and the digits of the layout's own counters."""
        limits = profile.limits
        return min(limits.rows_per_file, _file(profile, MessageName.INSTRUCTION).most_rows(limits.bytes_per_file))

    def carries(self, profile: BankProfile, block: pl.DataFrame) -> list[tuple[int, str, str]]:
        """Items that the layout cannot carry, as (row index, field, why); columns not in ``block`` are not judged."""
        findings = _file(profile, MessageName.INSTRUCTION).check(block)
        return [(finding.row, finding.source, finding.why) for finding in findings]

    def carries_head(self, profile: BankProfile, head: InstructionHead) -> list[tuple[str, str]]:
        """What of a head the layout cannot carry, as (field, why): a policy name too long, a missing account."""
        findings = _file(profile, MessageName.INSTRUCTION).check_head(_head(head))
        return [(finding.source, finding.why) for finding in findings]

    def build(self, profile: BankProfile, head: InstructionHead, blocks: Iterable[pl.DataFrame]) -> Iterator[bytes]:
        """The instruction file; raises CannotTranslate, with item number HEAD_ITEM where the head is at fault."""
        unfit = self.carries_head(profile, head)
        if unfit:
            raise CannotTranslate([(HEAD_ITEM, name, why) for name, why in unfit])
        numbers: list[pl.Series] = []
        try:
            yield from _file(profile, MessageName.INSTRUCTION).build(_head(head), _noted(blocks, numbers))
        except CannotWrite as unwritable:
            item_numbers = pl.concat(numbers)
            findings = [(int(item_numbers[row]), name, why) for row, name, why in unwritable.findings]
            raise CannotTranslate(findings) from None

    def parse(self, profile: BankProfile, name: str, chunks: Iterable[bytes]) -> ParsedResult:
        """An acknowledgement, result or return; raises MessageRefused.

        Files are told apart by their names, messages by the constants of their headers.
        """
        bounded = _bounded(chunks, profile.limits.result_bytes)
        try:
            if profile.file_names is None:
                content = b"".join(bounded)
                message = recognised(_layout(profile), profile.encoding, content, INWARD)
                return _result(message, None, _file(profile, message).parse([content]))
            known = recognise(profile.file_names, name)
            if known is None:
                raise MessageRefused("the file name is none of the bank's patterns: see file_names in its profile")
            return _result(known.message, known.message_id, _file(profile, known.message).parse(bounded))
        except LayoutError as refused:
            raise MessageRefused(
                refused.what, line=refused.line, field_name=refused.field, clause=refused.clause
            ) from None

    def inquiry(self, profile: BankProfile, question: Question) -> bytes:
        """The inquiry message of the layout; raises CannotTranslate, and ValueError where the layout has none.

        A layout whose inquiry has no details asks for the whole instruction, whatever ``references`` says.
        """
        layout = _layout(profile)
        if MessageName.INQUIRY not in layout.messages:
            raise ValueError(f"layout {layout.layout} has no message inquiry: see inquiry.by of {profile.bank}")
        asked = question.references if layout.messages[MessageName.INQUIRY].detail else ()
        items = [pl.DataFrame({"reference": asked}, schema={"reference": pl.String})] if asked else []
        try:
            return b"".join(_file(profile, MessageName.INQUIRY).build(_question(question, len(asked)), items))
        except CannotWrite as unwritable:
            findings = [(HEAD_ITEM, name, why) for _, name, why in unwritable.findings]
            raise CannotTranslate(findings) from None


def _layout(profile: BankProfile) -> Layout:
    if profile.record_layout is None:
        raise ValueError(f"profile {profile.bank} has no layout: read it with adapters.profile_reader")
    return profile.record_layout


def _file(profile: BankProfile, message: MessageName) -> LayoutFile:
    return compiled(_layout(profile), message, profile.encoding)


def _question(question: Question, rows: int) -> Head:
    return {
        "inquiry_id": question.inquiry_id,
        "original_message_id": question.original_message_id,
        "debtor_account": question.debtor_account,
        "created_on": _day(question.created_at),
        "created_at": question.created_at,
        "requested_on": question.requested_on,
        "rows": rows,
        "total_fen": 0,
    }


def _day(moment: datetime) -> date:
    """The day in China; a moment without a zone is China's already."""
    return moment.astimezone(CHINA).date() if moment.tzinfo else moment.date()


def _head(head: InstructionHead) -> Head:
    return {
        "message_id": head.message_id,
        "created_on": _day(head.created_at),
        "created_at": head.created_at,
        "requested_on": head.requested_on,
        "batch_no": head.batch_no,
        "project_code": head.project_code,
        "policy_name": head.policy_name,
        "voucher_no": head.voucher_no,
        "debtor_name": head.debtor_name,
        "debtor_account": head.debtor_account,
        "debtor_bank_code": head.debtor_bank_code,
        "rows": head.rows,
        "total_fen": head.total_fen,
    }


def _noted(blocks: Iterable[pl.DataFrame], numbers: list[pl.Series]) -> Iterator[pl.DataFrame]:
    """The blocks as they are; their item numbers are kept to name an item that cannot be written."""
    for block in blocks:
        numbers.append(block["item_no"])
        yield block


def _bounded(chunks: Iterable[bytes], most: int) -> Iterator[bytes]:
    taken = 0
    for chunk in chunks:
        taken += len(chunk)
        if taken > most:
            raise MessageRefused(f"the file has more than {most} octets: see limits.result_bytes in the profile")
        yield chunk


def _result(message: MessageName, named: str | None, parsed: ParsedFile) -> ParsedResult:
    original = str(parsed.head["original_message_id"])
    if named is not None and original != named:
        raise MessageRefused("the file's name and its header name two different instructions", line=1)
    return ParsedResult(
        kind=_KINDS[message],
        original_message_id=original,
        group_status_raw=_text(parsed, "group_status_raw"),
        group_reason_raw=_text(parsed, "group_reason_raw"),
        group_text_raw=_text(parsed, "group_text_raw"),
        blocks=tuple(_as_results(block) for block in parsed.blocks),
    )


def _text(parsed: ParsedFile, source: str) -> str | None:
    value = parsed.head.get(source)
    return value if isinstance(value, str) else None


def _as_results(block: pl.DataFrame) -> pl.DataFrame:
    """RESULT_SCHEMA, null where this bank's document has no such field."""
    return block.select(
        (pl.col(name) if name in block.columns else pl.lit(None)).cast(dtype).alias(name)
        for name, dtype in RESULT_SCHEMA.items()
    )
