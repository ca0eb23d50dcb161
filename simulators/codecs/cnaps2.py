"""The codec of a clearing centre (清算中心报文): batch credits, inquiries and return answers in; 383, 315, 318, 900 and 911 out."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Final

import polars as pl

from messages.bounded_xml import Malformed
from messages.cnaps2.batch_credit_read import read_batch_credit
from messages.cnaps2.forms import DETAIL_SCHEMA
from messages.cnaps2.kinds import MessageType, type_of
from messages.cnaps2.reading import read_message
from messages.cnaps2.writing import Heading, write_message
from messages.iso20022.amounts import yuan_text
from simulators.answers import Kind, Status
from simulators.bank_contract import Consent, MessageInvalid, Order, Question

DISCARDED: Final = "PR24"
"""This code, where others are RJ codes, says by ccms.911 that a message was not even taken."""
UNSOUND: Final = "RJ05"
AGREED: Final = "PR10"

_STATES: Final[dict[Status, str]] = {
    Status.PAID: "PR05",
    Status.FAILED: "PR09",
    Status.PROCESSING: "PR03",
    Status.RETURNED: "PR23",
}
_NINE: Final = time(9)


class Cnaps2Codec:
    """``simulators.bank_contract.Codec`` and ``Totalling``; holds nothing."""

    def read(self, content: bytes) -> Order | Question | Consent:
        """A batch credit, an inquiry or an answer to a return; raises MessageInvalid."""
        try:
            if type_of(content) == MessageType.INQUIRY:
                asked = read_message(content)
                return Question(asked.original_id, tuple(asked.details["reference"]))
            if type_of(content) == MessageType.RETURN_ANSWER:
                answer = read_message(content)
                return Consent(answer.original_id, agreed=answer.information["PrcSts"] == AGREED)
            credit = read_batch_credit(content)
        except Malformed as fault:
            code = DISCARDED if fault.field == "xmlns" else UNSOUND
            raise MessageInvalid(code, f"报文不合规定：{fault.field or ''} {fault.clause or ''}".strip()) from None
        items = credit.items.select("reference", "account", "name", "amount_fen")
        return Order(credit.message_id, credit.requested_on, items)

    def acknowledgement(self, message_id: str, day: date, code: str | None, text: str) -> bytes:
        """ccms.900: processed, or refused with an RJ code; ccms.911 where ``code`` is DISCARDED."""
        kind = MessageType.DISCARD if code == DISCARDED else MessageType.CONFIRMATION
        state = DISCARDED if code == DISCARDED else "PR09" if code else "PR07"
        reason = None if code == DISCARDED else code
        words = {"PrcSts": state, "RjctCd": reason, "RjctInf": text or None}
        return write_message(kind, _heading(message_id, "A", 0, day), words)

    def result(self, order: Order, kind: Kind, number: int, rows: pl.DataFrame) -> bytes:
        """beps.383 with the state of each detail, or ccms.318 where details come back."""
        return self._said(order, kind, number, rows, 0)

    def wrong_total(self, order: Order, kind: Kind, number: int, rows: pl.DataFrame) -> bytes:
        """The same with an amount that is one fen too much."""
        return self._said(order, kind, number, rows, 1)

    def absent(self, message_id: str, day: date) -> bytes:
        """ccms.315: no such message."""
        return write_message(MessageType.INQUIRY_ANSWER, _heading(message_id, "N", 0, day), {"QryRslt": "QR01"})

    def _said(self, order: Order, kind: Kind, number: int, rows: pl.DataFrame, more: int) -> bytes:
        details = rows.select(
            *("reference", "account", "amount_fen"),
            pl.col("status").replace_strict(_STATES, return_dtype=pl.String).alias("status_raw"),
            pl.col("reason").alias("reason_raw"),
            pl.col("text").alias("text_raw"),
            pl.col("serial").alias("bank_reference"),
            "settled_on",
        ).select(*DETAIL_SCHEMA)
        words: dict[str, str | None] = {"TtlAmt": yuan_text(int(rows["amount_fen"].sum()) + more)}
        heading = _heading(order.message_id, kind.value, number, order.day)
        if kind is Kind.RETURN:
            return write_message(MessageType.RETURN_REQUEST, heading, words, details)
        under_way = (rows["status"] == Status.PROCESSING).any()
        words["PrcSts"] = "PR03" if under_way else "PR07"
        return write_message(MessageType.BATCH_CREDIT_RESULT, heading, words, details)


def _heading(message_id: str, mark: str, number: int, day: date) -> Heading:
    return Heading(f"{message_id}{mark}{number:03d}", datetime.combine(day, _NINE), message_id)
