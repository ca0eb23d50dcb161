"""What stands in a built message, field by field (报文逐字段注解): place, clause, text as it stands, our value."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

import polars as pl

from adapters.contract import InstructionHead
from adapters.profile import BankProfile
from gateway.bank.raw_records import RawField, RawRecord, raw_records
from gateway.clock import CHINA
from messages.layout.model import Kind
from messages.layout.vocabulary import MessageName

_COUNTED: Final = {Kind.COUNT: "rows", Kind.TOTAL: "total_fen"}


@dataclass(frozen=True, slots=True)
class FieldView:
    """One field: ``raw`` is the text as it stands, padding included; ``value`` is ours, null where it has none."""

    place: str
    clause: str
    name: str
    title: str
    kind: str
    raw: str
    source: str | None
    value: str | None


@dataclass(frozen=True, slots=True)
class RecordView:
    """One record, field by field; ``number`` counts details from 1."""

    part: str
    number: int
    line: int
    text: str
    fields: tuple[FieldView, ...]

    def as_json(self) -> dict[str, Any]:
        """As plain JSON values."""
        return asdict(self)


def annotated(
    profile: BankProfile, head: InstructionHead, block: pl.DataFrame, content: bytes, details: int
) -> list[RecordView]:
    """The instruction's header, its first ``details`` details and its trailer."""
    layout = profile.record_layout
    if layout is None:
        return []
    message = layout.messages[MessageName.INSTRUCTION]
    values = head_values(head)
    views = []
    for record in raw_records(profile, message, content):
        if record.part == "detail" and record.number > details:
            continue
        row = block.row(record.number - 1, named=True) if record.part == "detail" else values
        views.append(view(record, {**row, "sequence": record.number}))
    return views


def view(record: RawRecord, values: dict[str, Any]) -> RecordView:
    """A record with our values beside it, by source."""
    fields = tuple(_field(field, values) for field in record.fields)
    return RecordView(record.part, record.number, record.line, record.text, fields)


def head_values(head: InstructionHead) -> dict[str, Any]:
    """What a header may carry, by source."""
    created = head.created_at.astimezone(CHINA)
    return {**asdict(head), "created_at": created, "created_on": created.date()}


def _field(field: RawField, values: dict[str, Any]) -> FieldView:
    line = field.line
    source = line.source or _COUNTED.get(line.kind) or ("sequence" if line.kind is Kind.SEQUENCE else None)
    return FieldView(
        place=field.place,
        clause=line.clause,
        name=line.name,
        title=line.title,
        kind=line.kind.value,
        raw=field.text,
        source=source,
        value=_shown(values.get(source)) if source else None,
    )


def _shown(value: object) -> str | None:
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    return None if value is None else str(value)


def uncarried(findings: list[tuple[int, str, str]], items: pl.DataFrame) -> Iterator[dict[str, object]]:
    """What a format cannot carry, by the line of the items' own file; names fields, never their contents."""
    for row, name, why in findings:
        yield {"line": int(items["line_no"][row]), "item_id": items["item_id"][row], "field": name, "why": why}
