"""pain.002.001.11 written from columns (支付状态报告生成), for those who play the bank. Knows nothing of the reader."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import polars as pl

from messages.iso20022.amounts import CURRENCY, yuan_column
from messages.iso20022.characters import escaped, escaped_text
from messages.iso20022.schema import PAIN_001, PAIN_002, namespace

STATUS_ROW_SCHEMA: Final[dict[str, pl.DataType]] = {
    "reference": pl.String(),  # OrgnlEndToEndId
    "status": pl.String(),  # TxSts
    "reason_code": pl.String(),  # Rsn/Cd, of the external code set; null when none
    "reason_proprietary": pl.String(),  # Rsn/Prtry; null when none, and never beside a code
    "text": pl.String(),  # AddtlInf, at most 105 characters; null when none
    "bank_reference": pl.String(),  # AcctSvcrRef; null when none
    "amount_fen": pl.Int64(),  # OrgnlTxRef/Amt/InstdAmt; null when not repeated
    "settled_on": pl.Date(),  # OrgnlTxRef/IntrBkSttlmDt; null when not given
    "account": pl.String(),  # OrgnlTxRef/CdtrAcct; null when not repeated
}
"""One row per transaction reported. Null leaves its element out."""

_CHUNK_ROWS: Final = 1_000


@dataclass(frozen=True, slots=True)
class StatusReportHead:
    """What the report says as a whole; None leaves the element out."""

    message_id: str
    created_at: datetime  # written as it is, with its zone if it has one
    original_message_id: str
    group_status: str | None = None
    group_reason_code: str | None = None
    group_text: str | None = None
    original_rows: int | None = None
    payment_id: str | None = None  # None: no OrgnlPmtInfAndSts, and then no rows either
    payment_status: str | None = None
    counts: tuple[tuple[str, int], ...] = ()  # NbOfTxsPerSts of the payment information


def build_status_report(head: StatusReportHead, blocks: Iterable[pl.DataFrame] = ()) -> Iterator[bytes]:
    """The report's bytes in chunks; ``blocks`` have ``STATUS_ROW_SCHEMA``. ValueError for rows without a payment id."""
    yield _opening(head)
    for block in blocks:
        if head.payment_id is None:
            raise ValueError("rows need a payment_id: TxInfAndSts stands inside OrgnlPmtInfAndSts")
        lines = block.select(_record()).to_series()
        for start in range(0, lines.len(), _CHUNK_ROWS):
            chunk: bytes = lines.slice(start, _CHUNK_ROWS).str.join("").cast(pl.Binary).item()
            yield chunk
    yield b"</OrgnlPmtInfAndSts>" * (head.payment_id is not None) + b"</CstmrPmtStsRpt></Document>\n"


def _opening(head: StatusReportHead) -> bytes:
    created = head.created_at.replace(microsecond=0).isoformat()
    rows = None if head.original_rows is None else str(head.original_rows)
    reason = _element("Rsn", _element("Cd", head.group_reason_code)) + _element("AddtlInf", _text(head.group_text))
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<Document xmlns="{namespace(PAIN_002)}"><CstmrPmtStsRpt>'
        f"<GrpHdr>{_element('MsgId', _text(head.message_id))}<CreDtTm>{created}</CreDtTm></GrpHdr>"
        f"<OrgnlGrpInfAndSts>{_element('OrgnlMsgId', _text(head.original_message_id))}"
        f"<OrgnlMsgNmId>{PAIN_001}</OrgnlMsgNmId>{_element('OrgnlNbOfTxs', rows)}"
        f"{_element('GrpSts', _text(head.group_status))}{_element('StsRsnInf', reason)}</OrgnlGrpInfAndSts>"
        f"{_payment(head)}\n"
    ).encode()


def _payment(head: StatusReportHead) -> str:
    if head.payment_id is None:
        return ""
    counts = "".join(
        f"<NbOfTxsPerSts><DtldNbOfTxs>{number}</DtldNbOfTxs><DtldSts>{status}</DtldSts></NbOfTxsPerSts>"
        for status, number in head.counts
    )
    identity, status = (
        _element("OrgnlPmtInfId", _text(head.payment_id)),
        _element("PmtInfSts", _text(head.payment_status)),
    )
    return f"<OrgnlPmtInfAndSts>{identity}{status}{counts}"


def _text(text: str | None) -> str | None:
    return None if text is None else escaped_text(text)


def _element(name: str, content: str | None) -> str:
    return f"<{name}>{content}</{name}>" if content else ""


def _record() -> pl.Expr:
    reason = pl.concat_str(_optional("Cd", escaped("reason_code")), _optional("Prtry", escaped("reason_proprietary")))
    information = pl.concat_str(_wrapped("Rsn", reason), _optional("AddtlInf", escaped("text")))
    amount = pl.format(f'<Amt><InstdAmt Ccy="{CURRENCY}">{{}}</InstdAmt></Amt>', yuan_column("amount_fen"))
    account = pl.format("<CdtrAcct><Id><Othr><Id>{}</Id></Othr></Id></CdtrAcct>", escaped("account"))
    settled = _optional("IntrBkSttlmDt", pl.col("settled_on").dt.to_string("%Y-%m-%d"))
    given = [_if_given("amount_fen", amount), settled, _if_given("account", account)]
    return pl.format(
        "<TxInfAndSts><OrgnlEndToEndId>{}</OrgnlEndToEndId><TxSts>{}</TxSts>{}{}{}</TxInfAndSts>\n",
        escaped("reference"),
        escaped("status"),
        _wrapped("StsRsnInf", information),
        _optional("AcctSvcrRef", escaped("bank_reference")),
        _wrapped("OrgnlTxRef", pl.concat_str(given)),
    )


def _optional(name: str, value: pl.Expr) -> pl.Expr:
    return (
        pl.when(value.is_not_null() & (value != ""))
        .then(pl.format(f"<{name}>{{}}</{name}>", value))
        .otherwise(pl.lit(""))
    )


def _wrapped(name: str, content: pl.Expr) -> pl.Expr:
    return pl.when(content != "").then(pl.format(f"<{name}>{{}}</{name}>", content)).otherwise(pl.lit(""))


def _if_given(column: str, element: pl.Expr) -> pl.Expr:
    return pl.when(pl.col(column).is_not_null()).then(element).otherwise(pl.lit(""))
