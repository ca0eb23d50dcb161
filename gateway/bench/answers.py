"""What a bank would answer to the sample (银行应答样本): most items paid, some failed with a reason."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

import polars as pl

from adapters.profile import BankProfile
from gateway.bench import sample
from messages.iso20022.pain002_build import STATUS_ROW_SCHEMA, StatusReportHead, build_status_report
from messages.layout.file import Head, compiled
from messages.layout.vocabulary import MessageName

MESSAGE_ID: Final = f"{sample.BATCH_REFERENCE}F0000"
SETTLED_ON: Final = date(2026, 11, 2)
_FAILED_EVERY: Final = 33


def write_fixed_width(path: Path, profile: BankProfile, rows: int) -> None:
    """A result file after the profile's own layout."""
    assert profile.record_layout is not None  # noqa: S101 - the reader puts it there
    file = compiled(profile.record_layout, MessageName.RESULT, profile.encoding)
    head: Head = {"original_message_id": MESSAGE_ID, "created_on": SETTLED_ON, "rows": rows, "total_fen": _sum(rows)}
    with path.open("wb") as out:
        for chunk in file.build(head, _fixed_width_rows(rows)):
            out.write(chunk)


def write_status_report(path: Path, rows: int) -> None:
    """A pain.002 over all items."""
    head = StatusReportHead(
        message_id="BANK-ANSWER-1",
        created_at=datetime(2026, 11, 2, 9, tzinfo=UTC),
        original_message_id=MESSAGE_ID,
        group_status="PART",
        original_rows=rows,
        payment_id=MESSAGE_ID,
    )
    with path.open("wb") as out:
        for chunk in build_status_report(head, _status_rows(rows)):
            out.write(chunk)


def _sum(rows: int) -> int:
    return sum(int(block["amount_fen"].sum()) for block in sample.segments(rows))


def _either(failed: str | None, paid: str | None) -> pl.Expr:
    values = (pl.lit(value, dtype=pl.String) for value in (failed, paid))
    return pl.when(pl.col("item_no") % _FAILED_EVERY == 0).then(next(values)).otherwise(next(values))


def _settled() -> pl.Expr:
    return pl.when(pl.col("item_no") % _FAILED_EVERY != 0).then(pl.lit(SETTLED_ON))


def _serial() -> pl.Expr:
    return pl.format("2026110200{}", pl.col("item_no").cast(pl.String).str.zfill(9))


def _fixed_width_rows(rows: int) -> Iterator[pl.DataFrame]:
    for block in sample.segments(rows):
        yield block.select(
            "reference",
            "account",
            "amount_fen",
            status_raw=_either("2", "1"),
            reason_raw=_either("1001", "0000"),
            text_raw=_either("账号不存在", None),
            bank_reference=_serial(),
            settled_on=_settled(),
        )


def _status_rows(rows: int) -> Iterator[pl.DataFrame]:
    for block in sample.segments(rows):
        yield block.select(
            "reference",
            "amount_fen",
            "account",
            status=_either("RJCT", "ACCC"),
            reason_code=_either("AC01", None),
            reason_proprietary=pl.lit(None, dtype=pl.String),
            text=_either("账号不存在", None),
            bank_reference=_serial(),
            settled_on=_settled(),
        ).select(*STATUS_ROW_SCHEMA)
