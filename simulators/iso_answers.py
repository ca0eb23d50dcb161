"""pain.002.001.11 as bank ``city-iso`` writes it (支付状态报告), whole columns at a time."""

from __future__ import annotations

from datetime import date
from io import BytesIO
from typing import Final
from xml.sax.saxutils import escape

import polars as pl

from messages.iso20022.schema import PAIN_001, PAIN_002, namespace
from simulators.answers import Status

_OPENING: Final = 1
_SOUND: Final = "ACTC"
_ISO_STATUS: Final = {
    Status.PAID: "ACSC",
    Status.FAILED: "RJCT",
    Status.PROCESSING: "ACSP",
    Status.RETURNED: "RJCT",
}
_ISO_REASON: Final = r"^[A-Z]{2}[0-9A-Z]{2}$"
_RETURNED: Final = "RTRN"
_ROW: Final = (
    "<TxInfAndSts><OrgnlEndToEndId>{}</OrgnlEndToEndId><TxSts>{}</TxSts>{}{}"
    '<OrgnlTxRef><Amt><InstdAmt Ccy="CNY">{}.{}</InstdAmt></Amt>{}'
    "<CdtrAcct><Id><Othr><Id>{}</Id></Othr></Id></CdtrAcct></OrgnlTxRef></TxInfAndSts>"
)


def _escaped(column: str) -> pl.Expr:
    text = pl.col(column).fill_null("")
    return text.str.replace_all("&", "&amp;", literal=True).str.replace_all("<", "&lt;", literal=True)


def _reason() -> pl.Expr:
    code = pl.when(pl.col("status") == Status.RETURNED).then(pl.lit(_RETURNED)).otherwise(pl.col("reason"))
    own_words = pl.when(pl.col("status") == Status.RETURNED).then(
        pl.concat_str("reason", _escaped("text"), separator=" ").str.strip_chars()
    )
    text = pl.coalesce(own_words, _escaped("text"))
    external = code.str.contains(_ISO_REASON) & (code != _RETURNED)
    tagged = pl.when(external).then(pl.format("<Cd>{}</Cd>", code)).otherwise(pl.format("<Prtry>{}</Prtry>", code))
    more = pl.when(text != "").then(pl.format("<AddtlInf>{}</AddtlInf>", text)).otherwise(pl.lit(""))
    return pl.format("<StsRsnInf><Rsn>{}</Rsn>{}</StsRsnInf>", tagged, more).fill_null("")


def _rows(rows: pl.DataFrame, statuses: dict[Status, str]) -> bytes:
    settled = pl.format("<IntrBkSttlmDt>{}</IntrBkSttlmDt>", pl.col("settled_on").dt.strftime("%Y-%m-%d")).fill_null("")
    serial = pl.format("<AcctSvcrRef>{}</AcctSvcrRef>", "serial").fill_null("")
    line = pl.format(
        _ROW,
        *("reference", pl.col("status").replace_strict(statuses, return_dtype=pl.String), _reason(), serial),
        *(pl.col("amount_fen") // 100, (pl.col("amount_fen") % 100).cast(pl.String).str.zfill(2), settled),
        _escaped("account"),
    )
    written = BytesIO()
    rows.select(line).write_csv(written, include_header=False, quote_style="never")
    return written.getvalue()


def _group_status(rows: pl.DataFrame) -> str:
    said = set(rows["status"].unique().to_list())
    if said == {Status.PAID.value}:
        return "ACSC"
    return "ACSP" if Status.PROCESSING in said else "PART"


def _document(message_id: str, day: date, number: int, group: str, reason: str, payment: bytes) -> bytes:
    head = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<Document xmlns="{namespace(PAIN_002)}"><CstmrPmtStsRpt>'
        f"<GrpHdr><MsgId>{message_id}S{number:03d}</MsgId><CreDtTm>{day.isoformat()}T09:00:00+08:00</CreDtTm></GrpHdr>"
        f"<OrgnlGrpInfAndSts><OrgnlMsgId>{message_id}</OrgnlMsgId><OrgnlMsgNmId>{PAIN_001}</OrgnlMsgNmId>"
        f"<GrpSts>{group}</GrpSts>{reason}</OrgnlGrpInfAndSts>\n"
    )
    return head.encode() + payment + b"</CstmrPmtStsRpt></Document>\n"


def status_report(message_id: str, day: date, number: int, rows: pl.DataFrame) -> bytes:
    """The report over ``ANSWER_SCHEMA`` rows; ``number`` tells the reports on one order apart.

    The first is given before anything was decided: what is in process is technically sound there.
    """
    opening = number == _OPENING
    statuses = _ISO_STATUS | {Status.PROCESSING: _SOUND} if opening else _ISO_STATUS
    head = f"<OrgnlPmtInfAndSts><OrgnlPmtInfId>{message_id}</OrgnlPmtInfId>\n".encode()
    payment = head + _rows(rows, statuses) + b"</OrgnlPmtInfAndSts>"
    return _document(message_id, day, number, _SOUND if opening else _group_status(rows), "", payment)


def refusal_report(message_id: str, day: date, code: str, text: str) -> bytes:
    """The report that refuses the order as a whole."""
    words = f"<AddtlInf>{escape(text)}</AddtlInf>" if text else ""
    tag = "Cd" if len(code) == 4 and code.isalnum() and code.isupper() and not code.isdigit() else "Prtry"
    reason = f"<StsRsnInf><Rsn><{tag}>{code}</{tag}></Rsn>{words}</StsRsnInf>"
    return _document(message_id, day, 0, "RJCT", reason, b"")
