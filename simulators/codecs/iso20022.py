"""The codec of a bank that speaks ISO 20022 (报文标准): pain.001 in, pain.002 out."""

from __future__ import annotations

from datetime import date

import orjson
import polars as pl

from simulators.answers import Kind
from simulators.bank_contract import Order, Question
from simulators.iso_answers import refusal_report, status_report
from simulators.iso_records import read_pain001


class Iso20022Codec:
    """Holds nothing. A status report stands for the whole order: there is no acknowledgement but a refusal."""

    def read(self, content: bytes) -> Order | Question:
        """See Codec; this standard's inquiry is a path, not a message."""
        return read_pain001(content)

    def acknowledgement(self, message_id: str, day: date, code: str | None, text: str) -> bytes | None:
        """The report that refuses an order as a whole; null where it is taken, which the first status report says."""
        return None if code is None else refusal_report(message_id, day, code, text)

    def result(self, order: Order, kind: Kind, number: int, rows: pl.DataFrame) -> bytes:  # noqa: ARG002
        """The status report with ``number``; the first says that the order is technically sound."""
        return status_report(order.message_id, order.day, number, rows)

    def absent(self, message_id: str, day: date) -> bytes:  # noqa: ARG002
        """What goes with a 404."""
        return orjson.dumps({"message_id": message_id, "status": "NOT_FOUND"})
