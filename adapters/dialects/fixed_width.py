"""The dialect of fixed-width files (定长文件方言): whatever bank, its layout is data in the profile."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta, timezone
from typing import Final

import polars as pl

from adapters.contract import (
    RESULT_SCHEMA,
    CannotTranslate,
    InstructionHead,
    MessageRefused,
    ParsedResult,
    ResultKind,
)
from adapters.file_names import Recognised, recognise
from adapters.profile import BankProfile
from messages.layout.errors import CannotWrite, LayoutError
from messages.layout.fixed_width import FixedWidthFile, Head, ParsedFile, compiled
from messages.layout.vocabulary import MessageName

HEAD_ITEM: Final = -1
"""Stands for the item number in findings about the file's own head."""

_CHINA: Final = timezone(timedelta(hours=8))
_KINDS: Final = {
    MessageName.ACKNOWLEDGEMENT: ResultKind.ACKNOWLEDGEMENT,
    MessageName.RESULT: ResultKind.RESULT,
    MessageName.RETURNED: ResultKind.RETURN,
}


class FixedWidthDialect:
    """Pure translation between item columns and one bank's fixed-width files; holds nothing."""

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
        """An acknowledgement, result or return, told apart by its file name; raises MessageRefused."""
        names = profile.file_names
        recognised = recognise(names, name) if names is not None else None
        if recognised is None:
            raise MessageRefused("the file name is none of the bank's patterns: see file_names in its profile")
        try:
            parsed = _file(profile, recognised.message).parse(_bounded(chunks, profile.limits.result_bytes))
        except LayoutError as refused:
            raise MessageRefused(
                refused.what, line=refused.line, field_name=refused.field, clause=refused.clause
            ) from None
        return _result(recognised, parsed)


def _file(profile: BankProfile, message: MessageName) -> FixedWidthFile:
    if profile.record_layout is None:
        raise ValueError(f"profile {profile.bank} has no layout: read it with adapters.profile_reader")
    return compiled(profile.record_layout, message, profile.encoding)


def _head(head: InstructionHead) -> Head:
    created = head.created_at
    created_on: date = created.astimezone(_CHINA).date() if created.tzinfo else created.date()
    return {
        "message_id": head.message_id,
        "created_on": created_on,
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


def _result(recognised: Recognised, parsed: ParsedFile) -> ParsedResult:
    original = str(parsed.head["original_message_id"])
    if original != recognised.message_id:
        raise MessageRefused("the file's name and its header name two different instructions", line=1)
    return ParsedResult(
        kind=_KINDS[recognised.message],
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
