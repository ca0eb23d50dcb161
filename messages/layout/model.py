"""A layout (报文格式): the bank document's own field table, line by line, as typed data.

There are no conditions and no expressions in a layout. ``form`` says how fields stand in a record; what a
field holds (``kind``, ``source``) does not depend on it. What each form asks for: ``messages.layout.form_checks``.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from messages.layout.kinds import (
    ALWAYS_THERE,
    MAX_NUMBER_OCTETS,
    NUMERIC,
    SOURCELESS,
    TEXTUAL,
    Align,
    ChecksumForm,
    DateForm,
    Kind,
    Pad,
    TimeForm,
    Unit,
)
from messages.layout.vocabulary import MessageName

__all__ = [
    "ALWAYS_THERE",
    "MAX_NUMBER_OCTETS",
    "NUMERIC",
    "SOURCELESS",
    "TEXTUAL",
    "Align",
    "ChecksumForm",
    "DateForm",
    "Delimited",
    "FieldLine",
    "Form",
    "Kind",
    "Layout",
    "Message",
    "Pad",
    "Part",
    "Record",
    "TimeForm",
    "Unit",
]

_OPTIONS: Final[dict[str, frozenset[Kind]]] = {
    "align": TEXTUAL | NUMERIC,
    "pad": NUMERIC,
    "form": frozenset({Kind.DATE, Kind.MOMENT}),
    "time_form": frozenset({Kind.TIME, Kind.MOMENT}),
    "checksum": frozenset({Kind.CHECKSUM}),
    "value": frozenset({Kind.CONSTANT}),
    "values": frozenset({Kind.CODE}),
    "unit": frozenset({Kind.TOTAL}),
}


def _pairs(value: Any) -> Any:
    return tuple(value.items()) if isinstance(value, Mapping) else value


class Part(BaseModel):
    """A frozen piece of a layout; a key that it does not know is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class FieldLine(Part):
    """One line of the document's field table (字段)."""

    name: str = Field(pattern=r"\A[a-z][a-z0-9_]{0,39}\z")
    title: str = Field(min_length=1)  # the document's own words, 中文名称
    clause: str = Field(min_length=1)
    octets: int | None = Field(default=None, gt=0, le=1000)  # fixed width: exactly; else at most, null no limit
    # record-xml: element names from the root (header, trailer) or the row, "/"-joined; the last may be @attribute
    path: str | None = None
    kind: Kind
    source: str | None = None
    required: bool = True
    align: Align | None = None
    pad: Pad | None = None
    form: DateForm | None = None
    time_form: TimeForm | None = None
    checksum: ChecksumForm | None = None
    value: str | None = None
    values: Annotated[tuple[tuple[str, str], ...], BeforeValidator(_pairs)] = ()
    unit: Unit | None = None

    @model_validator(mode="after")
    def _belongs_together(self) -> FieldLine:
        self._check_options()
        self._check_numbers()
        if self.kind in ALWAYS_THERE and not self.required:
            raise ValueError(f"kind {self.kind} is always required")
        if self.kind is Kind.CONSTANT and not self.value:
            raise ValueError("kind constant needs the value that always stands here")
        if not (self.value or "").isascii():
            raise ValueError("a constant is ASCII")
        if self.kind is Kind.CODE:
            self._check_values()
        return self

    def _check_options(self) -> None:
        for option, kinds in _OPTIONS.items():
            if getattr(self, option) and self.kind not in kinds:
                raise ValueError(f"'{option}' does not go with kind {self.kind}")
        if self.pad is Pad.ZERO and self.align is Align.LEFT:
            raise ValueError("zeros after a number would change it: align it right or pad it with blanks")
        if self.kind is Kind.CHECKSUM and self.checksum is None:
            raise ValueError("kind checksum needs 'checksum': crc32, sha256 or sm3")
        if (self.source is None) != (self.kind in SOURCELESS):
            raise ValueError(f"kind {self.kind} {'takes no' if self.source else 'needs a'} source")

    def _check_numbers(self) -> None:
        if self.octets is None:
            return
        if self.kind in NUMERIC and self.octets > MAX_NUMBER_OCTETS:
            raise ValueError(f"a number has at most {MAX_NUMBER_OCTETS} octets")
        if self.in_yuan and self.octets < len("0.00"):
            raise ValueError("an amount in yuan has at least 4 octets")

    def _check_values(self) -> None:
        raws, canonical = [raw for raw, _ in self.values], [ours for _, ours in self.values]
        if not raws:
            raise ValueError("kind code needs values: the bank's code for each of ours")
        if any(not (raw.isascii() and raw.isprintable()) for raw in raws):
            raise ValueError("every code is printable ASCII")
        if any(not raw.strip() for raw in raws):
            raise ValueError("a blank code would read as no value")
        if len(set(canonical)) != len(canonical):
            raise ValueError("two of the bank's codes stand for one of ours: keep the one that we shall write")

    @property
    def width(self) -> int:
        """Its octets in a fixed-width record; raises ValueError where the layout gives none (refused when read)."""
        if self.octets is None:
            raise ValueError(f"field {self.name} has no octets: a fixed-width record needs them")
        return self.octets

    @property
    def written(self) -> str | None:
        """What has one length only, as it is written: a constant, ``YYYYMMDD``, ``HHMMSS``; None for other kinds."""
        day, clock = self.form or DateForm.COMPACT, self.time_form or TimeForm.COMPACT
        compact = (day, clock) == (DateForm.COMPACT, TimeForm.COMPACT)
        return {
            Kind.CONSTANT: self.value,
            Kind.DATE: day.value,
            Kind.TIME: clock.value,
            Kind.MOMENT: f"{day}{'' if compact else ' '}{clock}",
        }.get(self.kind)

    @property
    def in_yuan(self) -> bool:
        """Whether the number is written in yuan with two decimals."""
        return self.kind is Kind.AMOUNT_YUAN or self.unit is Unit.YUAN


Record = tuple[FieldLine, ...]


class Message(Part):
    """One file of the interface: a header, details where it has items, a trailer where the document has one."""

    title: str
    clause: str
    header: Record = Field(min_length=1)
    detail: Record = ()
    trailer: Record = ()
    root: str | None = None  # record-xml: the document element
    rows: str | None = None  # record-xml: path from the root to the element that stands once an item


class Form(StrEnum):
    """How fields stand in a record."""

    FIXED_WIDTH = "fixed-width"  # 定长
    DELIMITED = "delimited"  # 分隔符
    RECORD_XML = "record-xml"  # XML 记录


class Delimited(Part):
    """How a delimited file separates (分隔规则)."""

    delimiter: str = Field(default="|", min_length=1, max_length=3)
    # doubled inside; null: delimiters cannot stand in text
    quote: str | None = Field(default=None, min_length=1, max_length=1)
    line_end: Literal["CRLF", "LF"] = "CRLF"
    ends_with_delimiter: bool = False  # a delimiter after the last field too


class Layout(Part):
    """All files of one bank's interface (一家银行的文件接口)."""

    layout: str = Field(pattern=r"\A[a-z][a-z0-9-]{1,39}\z")
    title: str
    document: str  # which document of the bank, which edition
    form: Form
    delimited: Delimited | None = None  # form delimited only
    # record-xml: prefix ("" default), URI
    namespaces: Annotated[tuple[tuple[str, str], ...], BeforeValidator(_pairs)] = ()
    messages: Annotated[dict[MessageName, Message], Field(min_length=1)]

    def __hash__(self) -> int:
        return hash((self.layout, self.document, *self.messages.values()))
