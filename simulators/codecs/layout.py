"""The codec of every bank whose messages are a layout (报文格式): fixed width, delimited or XML records.

The layout is read by the same engine as the gateway's, with the roles turned round: instructions and inquiries
are read, everything else is written. Which raw code says what comes from the bank's code table.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Final

import polars as pl

from messages.layout.errors import LayoutError
from messages.layout.file import HeadValue, LayoutFile, ParsedFile, compiled
from messages.layout.kinds import Kind as FieldKind
from messages.layout.model import Layout, Record
from messages.layout.recognising import recognised
from messages.layout.vocabulary import MessageName
from messages.outcome import Outcome
from simulators.answers import Kind
from simulators.bank_contract import MessageInvalid, Order, Question
from simulators.codecs.layout_faults import code_of, fitting, words_of
from simulators.codecs.layout_rows import raw_rows
from simulators.codecs.layout_totals import spliced
from simulators.declaration import BankData

_CHINA: Final = timezone(timedelta(hours=8))
_NINE: Final = timedelta(hours=9)
_ITEM: Final = ("reference", "account", "name", "amount_fen")


def china_today() -> date:
    """The day in China."""
    return datetime.now(UTC).astimezone(_CHINA).date()


class LayoutCodec:
    """One bank's layout in its encoding; ``today`` dates an instruction whose format carries no date."""

    def __init__(self, data: BankData, layout: Layout, today: Callable[[], date] = china_today):
        self._data, self._layout, self._today = data, layout, today
        self._encoding = data.declaration.encoding

    def _file(self, name: MessageName) -> LayoutFile:
        return compiled(self._layout, name, self._encoding)

    def read(self, content: bytes) -> Order | Question:
        """See Codec."""
        name = MessageName.INSTRUCTION
        try:
            if MessageName.INQUIRY in self._layout.messages:
                name = recognised(self._layout, self._encoding, content, (name, MessageName.INQUIRY))
            parsed = self._file(name).parse([content])
        except LayoutError as fault:
            message = self._layout.messages[name]
            code = code_of(fault, message, self._data, self._encoding)
            raise MessageInvalid(code, self._fitted(words_of(fault, message))) from None
        return self._question(parsed) if name is MessageName.INQUIRY else self._order(parsed)

    def _order(self, parsed: ParsedFile) -> Order:
        items = pl.concat([block.select(_ITEM) for block in parsed.blocks]) if parsed.blocks else None
        if items is None or items.is_empty():
            raise MessageInvalid(code_of(None, None, self._data, self._encoding), self._fitted("没有明细"))
        created = _day(parsed.head.get("created_on")) or _day(parsed.head.get("created_at"))
        requested = _day(parsed.head.get("requested_on")) or created or self._today()
        return Order(str(parsed.head["message_id"]), requested, items, created)

    def _question(self, parsed: ParsedFile) -> Question:
        asked = [block["reference"] for block in parsed.blocks if "reference" in block.columns]
        references = tuple(pl.concat(asked).drop_nulls().to_list()) if asked else ()
        return Question(str(parsed.head["original_message_id"]), references)

    def _fitted(self, text: str) -> str:
        """The words as far as the acknowledgement has room for them."""
        message = self._layout.messages.get(MessageName.ACKNOWLEDGEMENT)
        lines = [] if message is None else [line for line in message.header if line.source == "group_text_raw"]
        return fitting(text, lines[0].octets if lines else None, self._encoding)

    def acknowledgement(self, message_id: str, day: date, code: str | None, text: str) -> bytes | None:
        """See Codec; a layout without acknowledgement refuses by a result without items, where that has a status."""
        name = MessageName.ACKNOWLEDGEMENT
        if name not in self._layout.messages:
            if code is None or not _has_status(self._layout.messages[MessageName.RESULT].header):
                return None
            name = MessageName.RESULT
        outcome = Outcome.ACCEPTED if code is None else Outcome.FAILED
        return self._whole(name, self._head(message_id, day, name, outcome, code, text))

    def absent(self, message_id: str, day: date) -> bytes:
        """See Codec."""
        name = MessageName.RESULT
        if not _has_status(self._layout.messages[name].header):
            name = MessageName.ACKNOWLEDGEMENT
        return self._whole(name, self._head(message_id, day, name, Outcome.ABSENT, None, ""))

    def result(self, order: Order, kind: Kind, number: int, rows: pl.DataFrame) -> bytes:  # noqa: ARG002
        """See Codec; the number of the part is not in the file but in its name."""
        name = self._named(kind)
        raw = raw_rows(rows, self._layout.messages[name].detail, self._data.words, order.day, self._encoding)
        head = self._head(order.message_id, order.day, name, Outcome.ACCEPTED, None, "")
        return self._whole(name, head, raw)

    def _named(self, kind: Kind) -> MessageName:
        returned = kind is Kind.RETURN and MessageName.RETURNED in self._layout.messages
        return MessageName.RETURNED if returned else MessageName.RESULT

    def _head(
        self, message_id: str, day: date, name: MessageName, outcome: Outcome, code: str | None, text: str
    ) -> dict[str, HeadValue]:
        head: dict[str, HeadValue] = {
            "original_message_id": message_id,
            "created_on": day,
            "created_at": datetime.combine(day, datetime.min.time(), _CHINA) + _NINE,
            "group_text_raw": text or None,
        }
        lines = {line.source: line for line in self._layout.messages[name].header}
        if "group_status_raw" in lines:
            said = self._data.words.file(outcome, code)
            head |= {"group_status_raw": said.status, "group_reason_raw": said.reason or None}
            if (line := lines.get("group_text_raw")) is not None and line.required and not text:
                head["group_text_raw"] = fitting(said.text, line.octets, self._encoding)
        return {"group_status_raw": None, "group_reason_raw": None, **head}

    def _whole(self, name: MessageName, head: dict[str, HeadValue], rows: pl.DataFrame | None = None) -> bytes:
        total = 0 if rows is None else int(rows["amount_fen"].sum())
        counted: dict[str, HeadValue] = {"rows": 0 if rows is None else rows.height, "total_fen": total}
        return b"".join(self._file(name).build(head | counted, [] if rows is None else [rows]))


class TotallingLayoutCodec(LayoutCodec):
    """The same for a layout whose results carry a total, which can then be wrong."""

    def wrong_total(self, order: Order, kind: Kind, number: int, rows: pl.DataFrame) -> bytes:
        """See Totalling: the frame of one result around the details of another."""
        last = pl.int_range(pl.len()) == pl.len() - 1
        more = rows.with_columns(pl.when(last).then(pl.col("amount_fen") + 1).otherwise(pl.col("amount_fen")))
        right, wrong = self.result(order, kind, number, rows), self.result(order, kind, number, more)
        return spliced(self._layout, self._named(kind), rows.height, right, wrong)


def layout_codec(data: BankData) -> LayoutCodec:
    """The codec of a bank; ValueError where its profile names no layout."""
    if data.layout is None:
        raise ValueError(f"bank {data.declaration.bank}: dialect {data.declaration.dialect} needs a layout")
    result = data.layout.messages[MessageName.RESULT]
    totalling = any(line.kind is FieldKind.TOTAL for line in (*result.header, *result.trailer))
    return (TotallingLayoutCodec if totalling else LayoutCodec)(data, data.layout)


def _has_status(header: Record) -> bool:
    return any(line.source == "group_status_raw" for line in header)


def _day(value: HeadValue) -> date | None:
    if isinstance(value, datetime):
        return value.date()
    return value if isinstance(value, date) else None
