"""pacs.004.001.10 payment return (退汇通知): money that was paid and comes back, to columns and from columns."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

import polars as pl

from messages.iso20022.amounts import CURRENCY, yuan_text
from messages.iso20022.characters import escaped_text
from messages.iso20022.finished import Node, finished
from messages.iso20022.schema import PACS_004, namespace
from messages.iso20022.unreadable import Unreadable

RETURN_SCHEMA: Final[dict[str, pl.DataType]] = {
    "original_message_id": pl.String(),
    "reference": pl.String(),  # OrgnlEndToEndId
    "amount_fen": pl.Int64(),  # RtrdIntrBkSttlmAmt
    "original_fen": pl.Int64(),  # OrgnlIntrBkSttlmAmt; null when not given
    "reason": pl.String(),
    "text": pl.String(),
    "bank_reference": pl.String(),  # RtrId
    "settled_on": pl.Date(),
    "account": pl.String(),  # OrgnlTxRef/CdtrAcct; null when not given
}


@dataclass(frozen=True, slots=True)
class PaymentReturn:
    """One pacs.004."""

    message_id: str
    returns: pl.DataFrame  # RETURN_SCHEMA


def parse_payment_return(chunks: Iterable[bytes], *, max_bytes: int) -> PaymentReturn:
    """Raises Unreadable with the line, also where the count or the total of the head is not that of the returns."""
    head: Node | None = None
    general: str | None = None  # of the message as a whole; a transaction may name its own
    rows: list[dict[str, Any]] = []
    declared: tuple[str, int | None] = ("", None)
    message_id, day = "", None
    wanted = ("PmtRtr/TxInf", "PmtRtr/GrpHdr", "PmtRtr/OrgnlGrpInf")
    for _, node in finished(chunks, messages=(PACS_004,), wanted=wanted, max_bytes=max_bytes):
        if node.name == "GrpHdr":
            head, message_id, day = node, node.required("MsgId"), node.day("IntrBkSttlmDt")
            total = node.fen("TtlRtrdIntrBkSttlmAmt") if node.all("TtlRtrdIntrBkSttlmAmt") else None
            declared = (node.required("NbOfTxs", 15), total)
        elif node.name == "OrgnlGrpInf":
            general = node.required("OrgnlMsgId")
        else:
            rows.append(_row(node, node.text("OrgnlGrpInf/OrgnlMsgId", 35) or general, day))
    if head is None:
        raise Unreadable("a part of the message that the schema requires is missing", field="GrpHdr")
    _check(declared, rows)
    return PaymentReturn(message_id, pl.DataFrame(rows, schema=RETURN_SCHEMA))


def _row(node: Node, original: str | None, day: date | None) -> dict[str, Any]:
    if original is None:
        raise Unreadable("which message it returns from is not said", line=node.line, field="OrgnlGrpInf/OrgnlMsgId")
    given = bool(node.all("OrgnlIntrBkSttlmAmt"))
    return {
        "original_message_id": original,
        "reference": node.required("OrgnlEndToEndId"),
        "amount_fen": node.fen("RtrdIntrBkSttlmAmt"),
        "original_fen": node.fen("OrgnlIntrBkSttlmAmt") if given else None,
        "reason": node.text("RtrRsnInf/Rsn/Cd", 4) or node.text("RtrRsnInf/Rsn/Prtry", 35),
        "text": node.text("RtrRsnInf/AddtlInf", 105),
        "bank_reference": node.text("RtrId", 35),
        "settled_on": node.day("IntrBkSttlmDt") or day,
        "account": node.text("OrgnlTxRef/CdtrAcct/Id/Othr/Id", 34),
    }


def _check(declared: tuple[str, int | None], rows: list[dict[str, Any]]) -> None:
    count, total = declared
    if not count.isdecimal() or int(count) != len(rows):
        raise Unreadable(f"says {count[:15]} returns and holds {len(rows)}", field="NbOfTxs")
    if total is not None and total != sum(row["amount_fen"] for row in rows):
        raise Unreadable("is not the sum of the returns", field="TtlRtrdIntrBkSttlmAmt")


def build_payment_return(message_id: str, created_at: datetime, day: date, returns: pl.DataFrame) -> bytes:
    """The message that a bank sends for ``returns`` (RETURN_SCHEMA), all of one original message."""
    total = yuan_text(int(returns["amount_fen"].sum()))
    original = returns["original_message_id"].unique().item()
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<Document xmlns="{namespace(PACS_004)}"><PmtRtr>'
        f"<GrpHdr><MsgId>{escaped_text(message_id)}</MsgId>"
        f"<CreDtTm>{created_at.replace(microsecond=0).isoformat()}</CreDtTm><NbOfTxs>{returns.height}</NbOfTxs>"
        f'<TtlRtrdIntrBkSttlmAmt Ccy="{CURRENCY}">{total}</TtlRtrdIntrBkSttlmAmt>'
        f"<IntrBkSttlmDt>{day.isoformat()}</IntrBkSttlmDt><SttlmInf><SttlmMtd>CLRG</SttlmMtd></SttlmInf></GrpHdr>"
        f"<OrgnlGrpInf><OrgnlMsgId>{escaped_text(original)}</OrgnlMsgId>"
        f"<OrgnlMsgNmId>pain.001.001.09</OrgnlMsgNmId></OrgnlGrpInf>\n"
        + "".join(_transaction(row) for row in returns.iter_rows(named=True))
        + "</PmtRtr></Document>\n"
    ).encode()


def _transaction(row: dict[str, Any]) -> str:
    reason, text = row["reason"], row["text"]
    kind = "Cd" if reason and len(reason) <= 4 else "Prtry"
    said = f"<Rsn><{kind}>{escaped_text(reason)}</{kind}></Rsn>" if reason else ""
    said += f"<AddtlInf>{escaped_text(text)}</AddtlInf>" if text else ""
    identity = f"<RtrId>{escaped_text(row['bank_reference'])}</RtrId>" if row["bank_reference"] else ""
    account = escaped_text(row["account"]) if row["account"] else ""
    amount = yuan_text(row["amount_fen"])
    return (
        f"<TxInf>{identity}<OrgnlEndToEndId>{escaped_text(row['reference'])}</OrgnlEndToEndId>"
        f'<RtrdIntrBkSttlmAmt Ccy="{CURRENCY}">{amount}</RtrdIntrBkSttlmAmt>'
        + (f"<RtrRsnInf>{said}</RtrRsnInf>" if said else "")
        + (f"<OrgnlTxRef><CdtrAcct><Id><Othr><Id>{account}</Id></Othr></Id></CdtrAcct></OrgnlTxRef>" if account else "")
        + "</TxInf>\n"
    )
