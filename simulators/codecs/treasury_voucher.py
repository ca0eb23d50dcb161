"""The codec of a bank that takes treasury vouchers (国库凭证): 8207 and queries in; status, 回单 and 退款通知 out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

import polars as pl

from messages.bounded_xml import Malformed
from messages.iso20022.amounts import fen_column, yuan_column, yuan_text
from messages.voucher.body import Key, VoucherBody
from messages.voucher.envelope import (
    RECEIPT,
    SENT,
    Voucher,
    VoucherQuery,
    VoucherStatus,
    read_mof,
    write_status,
    write_vouchers,
)
from messages.voucher.field_sets import FIELD_SETS
from simulators.answers import Kind, Status
from simulators.bank_contract import MessageInvalid, Order, Question

UNSOUND: Final = "EVS004"
_TAKEN, _REFUSED, _SENT_ON, _UNKNOWN = "15", "16", "60", "00"
_DETAIL_VOUCHER, _RETURN_VOUCHER, _PAYMENT_VOUCHER = "8207", "2252", "5201"
_WHY: Final[Mapping[str, str]] = {"reason": "XAddWordCode", "text": "XAddWord"}
_REQUIRED: Final = ["OriVoucherNo", "PayeeAcctName", "PayeeAcctBankName"]
_ECHOED: Final = [*_REQUIRED, "Remark"]
_PAID: Final = [Status.PAID.value, Status.RETURNED.value]  # what came back later was paid first


_TRIAL: Final = VoucherBody(
    {field.name: "0" for field in FIELD_SETS[_DETAIL_VOUCHER].main if field.required},
    pl.DataFrame(schema=dict.fromkeys(["Id", *_ECHOED], pl.String)),
)
"""For an order that no voucher brought: a script's words are tried on such a one."""


@dataclass(frozen=True, slots=True)
class VoucherOrder(Order):
    """An order with the voucher that brought it, which the 回单 repeats."""

    voucher: VoucherBody = _TRIAL


@dataclass(frozen=True, slots=True)
class TreasuryVoucherCodec:
    """``simulators.bank_contract.Codec`` and ``Totalling``, for the treasury of ``adm_div_code``."""

    adm_div_code: str

    def read(self, content: bytes) -> Order | Question:
        """A voucher 8207 or a query; raises MessageInvalid."""
        try:
            mof = read_mof(content)
        except Malformed as fault:
            what = f"凭证不合规定：{fault.field or ''} {fault.clause or ''}"
            raise MessageInvalid(UNSOUND, what.strip()) from None
        if isinstance(mof, VoucherQuery):
            return Question(mof.key.voucher_no)
        if isinstance(mof, VoucherStatus) or len(mof) != 1:
            raise MessageInvalid(UNSOUND, "一次只受理一张凭证")
        return self._order(mof[0])

    def acknowledgement(self, message_id: str, day: date, code: str | None, text: str) -> bytes:
        """签收成功, or 签收失败 with ``code``; ValueError where GBK does not have the text."""
        return write_status(VoucherStatus(self._key(message_id, day), _REFUSED if code else _TAKEN, code, text or None))

    def result(self, order: Order, kind: Kind, number: int, rows: pl.DataFrame) -> bytes:
        """回单 and 退款通知; while nothing is decided about any row, the status that the voucher is on its way."""
        return self._said(order, kind, number, rows, 0)

    def wrong_total(self, order: Order, kind: Kind, number: int, rows: pl.DataFrame) -> bytes:
        """The same with a total that is one fen too much."""
        return self._said(order, kind, number, rows, 1)

    def absent(self, message_id: str, day: date) -> bytes:
        """The status of a voucher that never came."""
        return write_status(VoucherStatus(self._key(message_id, day), _UNKNOWN, None, "凭证不存在"))

    def _order(self, voucher: Voucher) -> Order:
        key, main = voucher.key, voucher.body.main
        if (key.adm_div_code, key.vt_code, voucher.flag) != (self.adm_div_code, _DETAIL_VOUCHER, SENT):
            raise MessageInvalid(UNSOUND, "行政区划、凭证类型或凭证标志不符")
        items = voucher.body.details.select(
            pl.col("Id").alias("reference"),
            pl.col("PayeeAcctNo").alias("account"),
            pl.col("PayeeAcctName").alias("name"),
            fen_column("PayAmt").alias("amount_fen"),
        )
        if items.select((pl.col("amount_fen") < 1).any()).item():
            raise MessageInvalid(UNSOUND, "支付金额为零")
        day, written = _day(main["PayEntrustDate"]), _day(main["VouDate"])
        return VoucherOrder(key.voucher_no, day, items, written, voucher.body)

    def _said(self, order: Order, kind: Kind, number: int, rows: pl.DataFrame, more: int) -> bytes:
        _require_short(rows)
        returned = rows.filter(pl.col("status") == Status.RETURNED)
        vouchers = []
        if kind is Kind.RESULT:
            if (rows["status"] == Status.PROCESSING).all():
                return write_status(VoucherStatus(self._key(order.message_id, order.requested_on), _SENT_ON))
            vouchers.append(self._receipt(order, rows, more))
        if returned.height:
            vouchers.append(self._notice(order, number, returned, more))
        return write_vouchers(vouchers)

    def _receipt(self, order: Order, rows: pl.DataFrame, more: int) -> Voucher:
        """The same voucher once more, with the receipt fields filled and the sums of the rows that it speaks of."""
        original = order.voucher if isinstance(order, VoucherOrder) else _TRIAL
        settled = pl.col("status").is_in(_PAID)
        paid = rows.filter(settled)
        key = self._key(order.message_id, order.requested_on)
        main = {
            **original.main,
            **key.fields(),
            "SumAmt": yuan_text(int(rows["amount_fen"].sum()) + more),
            "XSumAmt": yuan_text(int(paid["amount_fen"].sum())),
        }
        known = original.details.select("Id", *_ECHOED)
        details = _receipts(rows, settled).join(known, on="Id", how="left", maintain_order="left")
        return Voucher(key, RECEIPT, VoucherBody(main, details.with_columns(pl.col(_REQUIRED).fill_null("-"))))

    def _notice(self, order: Order, number: int, rows: pl.DataFrame, more: int) -> Voucher:
        details = rows.select(
            *(pl.col("reference").alias("Id"), pl.col("account").alias("PayeeAcctNo")),
            *(yuan_column("amount_fen").alias("PayAmt"), pl.col("serial").alias("AgentBusinessNo")),
            *(pl.col(ours).alias(name.removeprefix("X")) for ours, name in _WHY.items()),
        )
        own_number = f"{order.message_id}T{number:03d}"
        key = Key(self.adm_div_code, str(order.requested_on.year), _RETURN_VOUCHER, own_number)
        main = {
            "Id": own_number,
            "VouDate": f"{order.day:%Y%m%d}",
            "OriginalVtCode": _DETAIL_VOUCHER,
            "OriginalVoucherNo": order.message_id,
            "RefundType": "1",
            "PayAmt": yuan_text(int(rows["amount_fen"].sum()) + more),
            "PayDate": f"{order.day:%Y%m%d}",
            **key.fields(),
        }
        return Voucher(key, SENT, VoucherBody(main, details))

    def _key(self, message_id: str, day: date) -> Key:
        return Key(self.adm_div_code, str(day.year), _DETAIL_VOUCHER, message_id)


def _receipts(rows: pl.DataFrame, settled: pl.Expr) -> pl.DataFrame:
    failed, day = pl.col("status") == Status.FAILED, pl.col("settled_on").dt.strftime("%Y%m%d")
    return rows.select(
        *(pl.col("reference").alias("Id"), pl.col("account").alias("PayeeAcctNo")),
        yuan_column("amount_fen").alias("PayAmt"),
        pl.when(settled).then(day).alias("XPayDate"),
        pl.when(settled | failed).then(pl.col("serial")).alias("XAgentBusinessNo"),
        pl.when(settled).then(yuan_column("amount_fen")).alias("XPayAmt"),
        pl.when(settled).then(pl.col("account")).alias("XPayeeAcctNo"),
        *(pl.when(failed).then(pl.col(ours)).alias(name) for ours, name in _WHY.items()),
    )


def _require_short(rows: pl.DataFrame) -> None:
    longest = rows.select(pl.col("reason").str.len_chars().max(), pl.col("text").str.len_chars().max()).row(0)
    if (longest[0] or 0) > 10 or (longest[1] or 0) > 255:
        raise ValueError("XAddWordCode holds at most 10 characters, XAddWord 255")


def _day(text: str) -> date:
    try:
        return datetime.strptime(text, "%Y%m%d").date()  # noqa: DTZ007 - a day, no moment
    except ValueError:
        raise MessageInvalid(UNSOUND, "日期不是 YYYYMMDD") from None
