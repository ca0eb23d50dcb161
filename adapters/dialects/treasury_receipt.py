"""What a bank's vouchers say about our items (回单、退款通知与凭证状态的含义).

A 回单 has no status field: what became of a detail is seen from its receipt fields. The states drawn from them here are
what the code table maps; document part 5 has the table. Nothing but the full amount is payment.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import polars as pl

from adapters.contract import RESULT_SCHEMA, MessageRefused, ParsedResult, ResultKind
from adapters.profile import VoucherCodes
from messages.iso20022.amounts import fen_column
from messages.voucher.envelope import RECEIPT, SENT, Voucher, VoucherStatus

FULL: Final = "FULL"  # XPayAmt is PayAmt: paid
NONE: Final = "NONE"  # XPayAmt is nothing, and XAddWordCode says why: not paid
OPEN: Final = "OPEN"  # no receipt field is filled: nothing is said yet
DIFFERENT: Final = "DIFF"  # another amount or account than instructed, or amount and reason at once: a person must ask
CAME_BACK: Final = "RETURN"  # a detail of a 退款通知

_SUCCESS: Final = "0000"
_DAY: Final = "%Y%m%d"


def from_status(status: VoucherStatus, codes: VoucherCodes) -> ParsedResult:
    """A voucher's status as a whole; raises MessageRefused where it is not about a voucher that we sent."""
    if status.key.vt_code != codes.vt_code:
        raise MessageRefused("is about another kind of voucher than we send", field_name="VtCode", clause="6.2")
    return ParsedResult(
        kind=ResultKind.ACKNOWLEDGEMENT,
        original_message_id=status.key.voucher_no,
        group_status_raw=status.status,
        group_reason_raw=status.error_code,
        group_text_raw=status.error_text,
    )


def from_vouchers(vouchers: tuple[Voucher, ...], codes: VoucherCodes) -> ParsedResult:
    """The 回单 and 退款通知 of one voucher of ours, in their order; raises MessageRefused."""
    originals = {_original(voucher, codes) for voucher in vouchers}
    if len(originals) != 1:
        raise MessageRefused("speaks of several vouchers of ours at once", field_name="VoucherNo", clause="5.7")
    only_returns = all(voucher.key.vt_code == codes.return_vt_code for voucher in vouchers)
    return ParsedResult(
        kind=ResultKind.RETURN if only_returns else ResultKind.RESULT,
        original_message_id=originals.pop(),
        blocks=tuple(_rows(voucher, codes) for voucher in vouchers),
    )


def _original(voucher: Voucher, codes: VoucherCodes) -> str:
    """The voucher of ours that it speaks of."""
    key, main = voucher.key, voucher.body.main
    if key.adm_div_code != codes.adm_div_code:
        raise MessageRefused("is of another fiscal division", field_name="AdmDivCode", clause="5.6")
    if key.vt_code == codes.vt_code:
        if voucher.flag != RECEIPT:
            raise MessageRefused("is no 回单: VoucherFlag must be 1", field_name="VoucherFlag", clause="5.6")
        return key.voucher_no
    if key.vt_code != codes.return_vt_code:
        raise MessageRefused("is a kind of voucher that is not expected here", field_name="VtCode", clause="5.6")
    if voucher.flag != SENT:
        raise MessageRefused(
            "is a voucher of the bank's own: VoucherFlag must be 0", field_name="VoucherFlag", clause="5.6"
        )
    if main["OriginalVtCode"] != codes.vt_code:
        raise MessageRefused("does not return what we sent", field_name="OriginalVtCode", clause="4.1")
    return main["OriginalVoucherNo"]


def _rows(voucher: Voucher, codes: VoucherCodes) -> pl.DataFrame:
    details, main = voucher.body.details, voucher.body.main
    rows = _receipts(details, main) if voucher.key.vt_code == codes.vt_code else _returns(details, main)
    return rows.select(pl.col(name).cast(dtype) for name, dtype in RESULT_SCHEMA.items())


def _receipts(details: pl.DataFrame, main: Mapping[str, str]) -> pl.DataFrame:
    day = pl.coalesce("XPayDate", pl.lit(main["XPayDate"] or None, dtype=pl.String))
    _require_days(details.select(day.alias("XPayDate")), "XPayDate")
    paid, due, code = fen_column("XPayAmt").fill_null(0), fen_column("PayAmt"), pl.col("XAddWordCode")
    why = code.is_not_null() & (code != _SUCCESS)
    elsewhere = pl.col("XPayeeAcctNo").is_not_null() & (pl.col("XPayeeAcctNo") != pl.col("PayeeAcctNo"))
    silent = (paid == 0) & code.is_null()
    status = (
        pl.when((paid == due) & ~why & ~elsewhere)
        .then(pl.lit(FULL))
        .when((paid == 0) & why)
        .then(pl.lit(NONE))
        .when(silent)
        .then(pl.lit(OPEN))
        .otherwise(pl.lit(DIFFERENT))
    )
    return details.select(
        *(pl.col("Id").alias("reference"), due.alias("amount_fen"), pl.col("PayeeAcctNo").alias("account")),
        status.alias("status_raw"),
        *(pl.when(why).then(code).alias("reason_raw"), pl.col("XAddWord").alias("text_raw")),
        pl.col("XAgentBusinessNo").alias("bank_reference"),
        pl.when(paid > 0).then(day.str.to_date(_DAY)).alias("settled_on"),
    )


def _returns(details: pl.DataFrame, main: Mapping[str, str]) -> pl.DataFrame:
    day = pl.lit(main["PayDate"], dtype=pl.String)
    _require_days(pl.DataFrame({"PayDate": [main["PayDate"]]}), "PayDate")
    return details.select(
        *(pl.col("Id").alias("reference"), fen_column("PayAmt").alias("amount_fen")),
        *(pl.col("PayeeAcctNo").alias("account"), pl.lit(CAME_BACK).alias("status_raw")),
        *(pl.col("AddWordCode").alias("reason_raw"), pl.col("AddWord").alias("text_raw")),
        pl.col("AgentBusinessNo").alias("bank_reference"),
        day.str.to_date(_DAY).alias("settled_on"),
    )


def _require_days(days: pl.DataFrame, name: str) -> None:
    text = pl.col(name)
    wrong = text.is_not_null() & (~text.str.contains(r"\A[0-9]{8}\z") | text.str.to_date(_DAY, strict=False).is_null())
    if days.select(wrong.any()).item():
        raise MessageRefused("is no day YYYYMMDD", field_name=name, clause="1.4")
