"""What statements, notifications and returns say of our items (对账单、入账通知、退汇通知): one result per instruction.

Such a message has no status per item; its nature is the status. In ``status_raw`` it is written as the two words that
the message does say: direction and booking, such as ``DBIT-BOOK`` (booked out of the payer's account) or ``CRDT-RTRN``
(came back). The bank's code table says what each means for the payee's money.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

import polars as pl

from adapters.contract import RESULT_SCHEMA, MessageRefused, ParsedResult, ResultKind
from messages.iso20022.account_report import parse_account_reports
from messages.iso20022.payment_return import parse_payment_return
from messages.iso20022.schema import CAMT_053, CAMT_054, PACS_004

RETURNED_STATUS: Final = "CRDT-RTRN"
_OURS: Final = r"^[0-9A-HJKMNP-TV-Z]{12}[0-9]{8}$"
"""The form of our item references (messages.batch.numbering)."""


def _account_report(chunks: Iterable[bytes], most: int) -> tuple[ParsedResult, ...]:
    """Entries that carry a reference of ours; fees, interest and other people's payments are not our items."""
    reports = parse_account_reports(chunks, max_bytes=most)
    entries = pl.concat([report.entries for report in reports])
    ours = pl.col("reference").str.contains(_OURS)
    kind = pl.when("is_return").then(pl.lit("RTRN")).otherwise(pl.col("status"))
    rows = entries.filter(ours).select(
        pl.col("payment_id").alias("original_message_id"),
        "reference",
        "amount_fen",
        pl.lit(None, dtype=pl.String).alias("account"),
        pl.concat_str("direction", kind, separator="-").alias("status_raw"),
        pl.col("reason").alias("reason_raw"),
        pl.col("text").alias("text_raw"),
        "bank_reference",
        pl.col("booked_on").alias("settled_on"),
    )
    return _by_instruction(rows, "Refs/PmtInfId")


def _payment_return(chunks: Iterable[bytes], most: int) -> tuple[ParsedResult, ...]:
    returns = parse_payment_return(chunks, max_bytes=most).returns
    part = (pl.col("original_fen") != pl.col("amount_fen")).any()
    if returns.select(part).item():
        raise MessageRefused("returns a part of an amount: a person must decide", field_name="RtrdIntrBkSttlmAmt")
    rows = returns.select(
        "original_message_id",
        "reference",
        "amount_fen",
        "account",
        pl.lit(RETURNED_STATUS).alias("status_raw"),
        pl.col("reason").alias("reason_raw"),
        pl.col("text").alias("text_raw"),
        "bank_reference",
        "settled_on",
    )
    return _by_instruction(rows, "OrgnlGrpInf/OrgnlMsgId")


def _by_instruction(rows: pl.DataFrame, field_name: str) -> tuple[ParsedResult, ...]:
    if rows["original_message_id"].null_count():
        raise MessageRefused("an entry with a reference of ours does not name its instruction", field_name=field_name)
    if not rows.height:
        raise MessageRefused("says nothing of any item of ours", field_name=field_name)
    return tuple(_result(part) for part in rows.partition_by("original_message_id", maintain_order=True))


def _result(rows: pl.DataFrame) -> ParsedResult:
    returned = bool((rows["status_raw"] == RETURNED_STATUS).all())
    return ParsedResult(
        kind=ResultKind.RETURN if returned else ResultKind.RESULT,
        original_message_id=rows.item(0, "original_message_id"),
        blocks=(rows.select(pl.col(name).cast(dtype) for name, dtype in RESULT_SCHEMA.items()),),
    )


ACCOUNT_MESSAGES: Final[dict[str, Callable[[Iterable[bytes], int], tuple[ParsedResult, ...]]]] = {
    CAMT_053: _account_report,
    CAMT_054: _account_report,
    PACS_004: _payment_return,
}
