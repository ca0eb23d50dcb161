"""Reading the messages of ``forms``: who they answer, what they say, and their details as columns (报文解析)."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

import polars as pl
from lxml import etree

from messages.bounded_xml import Malformed, checked_text, children_once, leaf_text, line_of
from messages.cnaps2.batch_credit import MOST_ROWS
from messages.cnaps2.forms import DETAIL_SCHEMA, FORMS, INFORMATION, Form
from messages.cnaps2.kinds import ROOT, MessageType, namespace, type_of
from messages.iso20022.amounts import fen_column, fen_of
from messages.xml_rows import Cell, RecordForm, Records, read_records

MOST_BYTES: Final = 8_000_000
MOST_TAGS: Final = 2 * (MOST_ROWS * 12 + 100)
_MESSAGE_ID: Final = re.compile(r"[0-9A-Za-z]{1,35}")
AMOUNT: Final = r"\A[0-9]{1,16}\.[0-9]{2}\z"
_DAY: Final = r"\A[0-9]{4}-[0-9]{2}-[0-9]{2}\z"


@dataclass(frozen=True, slots=True)
class SmallMessage:
    """One message, read and checked against its form; empty optional texts are left out of ``information``."""

    kind: MessageType
    message_id: str
    original_id: str
    original_type: str
    information: dict[str, str]
    details: pl.DataFrame  # DETAIL_SCHEMA; of an inquiry only reference


def read_message(body: bytes, *, max_bytes: int = MOST_BYTES) -> SmallMessage:
    """Any message that has a form; raises Malformed with line, field and clause."""
    kind = known_type(body, FORMS)
    form, space = FORMS[kind], namespace(kind)
    root, records = opened(body, kind, form.elements, form.clause, max_bytes)
    sections = sections_of(root, kind, ("GrpHdr", "OrgnlGrpHdr", "Inf"), form.clause)
    head = children_once(sections["GrpHdr"], {"MsgId", "CreDtTm"}, namespace=space, clause=form.clause)
    original = children_once(sections["OrgnlGrpHdr"], {"OrgnlMsgId", "OrgnlMT"}, namespace=space, clause=form.clause)
    read = SmallMessage(
        kind=kind,
        message_id=identifier(head, "MsgId", form.clause),
        original_id=identifier(original, "OrgnlMsgId", form.clause),
        original_type=leaf_text(_required(original, "OrgnlMT", form.clause), longest=20),
        information=_information(sections["Inf"], kind, form),
        details=_details(records, form),
    )
    _check_sums(read, form)
    return read


def known_type(body: bytes, allowed: Collection[MessageType]) -> MessageType:
    """The body's message type; raises Malformed for one that is not ``allowed``."""
    known = {kind.value: kind for kind in allowed}
    kind = known.get(type_of(body))
    if kind is None:
        raise Malformed("is a message type that is not expected here", line=1, field="xmlns", clause="1.3")
    return kind


def opened(
    body: bytes, kind: MessageType, cells: Mapping[str, Cell], clause: str, max_bytes: int
) -> tuple[etree._Element, Records]:
    """The one element below ``Document`` without its details, and those; raises Malformed."""
    text = checked_text(body, "utf-8", max_bytes=max_bytes, max_tags=MOST_TAGS)
    form = RecordForm(f"{ROOT[kind]}/Dtl", namespace(kind), cells, MOST_ROWS if cells else 0, clause)
    document, records = read_records(text, form)
    if document.tag != f"{form.prefix}Document":
        raise Malformed("is not a Document of its type", line=1, field="Document", clause="1.3")
    found = children_once(document, {ROOT[kind]}, namespace=form.namespace, clause="1.3")
    return _required(found, ROOT[kind], "1.3"), records


def sections_of(
    root: etree._Element, kind: MessageType, names: tuple[str, ...], clause: str
) -> dict[str, etree._Element]:
    """The parts of a message, each there once and no other; raises Malformed."""
    found = children_once(root, names, namespace=namespace(kind), clause=clause)
    return {name: _required(found, name, clause) for name in names}


def identifier(section: dict[str, etree._Element], name: str, clause: str) -> str:
    """A message id; raises Malformed."""
    element = _required(section, name, clause)
    text = leaf_text(element, longest=35)
    if not _MESSAGE_ID.fullmatch(text):
        raise Malformed("is not 1 to 35 letters and digits", line=line_of(element), field=name, clause=clause)
    return text


def text_of(element: etree._Element, name: str, longest: int) -> str:
    """An element's text; the amount of a message must be of CNY, and is the only one with an attribute."""
    if name != "TtlAmt":
        return leaf_text(element, longest=longest)
    if element.get("Ccy") != "CNY":
        raise Malformed("is not in CNY", line=line_of(element), field=name)
    return leaf_text(element, longest=longest, attributes={"Ccy"})


def _information(inf: etree._Element, kind: MessageType, form: Form) -> dict[str, str]:
    found = children_once(inf, form.required | form.optional, namespace=namespace(kind), clause=form.clause)
    texts = {name: text_of(found[name], name, longest) for name, longest in INFORMATION.items() if name in found}
    for name in sorted(form.required):
        if not texts.get(name):
            raise Malformed("is required, and missing or empty", field=name, clause=form.clause)
    return {name: text for name, text in texts.items() if text}


def _details(records: Records, form: Form) -> pl.DataFrame:
    if not form.elements:
        return pl.DataFrame(schema=DETAIL_SCHEMA)
    records.refuse(pl.col("reference").is_duplicated(), "stands in two details", "TxId")
    if form.details == "asked":
        return records.rows
    records.refuse(~pl.col("amount").str.contains(AMOUNT), "is no amount in yuan", "Amt")
    day = pl.col("settled_on").str.to_date("%Y-%m-%d", strict=False)
    no_day = pl.col("settled_on").is_not_null() & (day.is_null() | ~pl.col("settled_on").str.contains(_DAY))
    records.refuse(no_day, "is no day YYYY-MM-DD", "SttlmDt")
    typed = records.rows.with_columns(fen_column("amount").alias("amount_fen"), day)
    return typed.select(pl.col(name).cast(dtype) for name, dtype in DETAIL_SCHEMA.items())


def _check_sums(read: SmallMessage, form: Form) -> None:
    check_count(read.information.get("NbOfTxs"), read.details.height, form.clause)
    if "TtlAmt" in form.required:
        check_total(read.information.get("TtlAmt"), int(read.details["amount_fen"].sum()), form.clause)


def check_count(stated: str | None, rows: int, clause: str) -> None:
    """Raises Malformed where the number stated is not that of the details; None is not compared."""
    if stated is not None and (not (stated.isascii() and stated.isdigit()) or int(stated) != rows):
        raise Malformed("is not the number of details", field="NbOfTxs", clause=clause)


def check_total(stated: str | None, total_fen: int, clause: str) -> None:
    """Raises Malformed where the amount stated is not the details' sum; None is not compared."""
    if stated is not None and fen_of(stated) != total_fen:
        raise Malformed("is not the sum of the details", field="TtlAmt", clause=clause)


def _required(section: dict[str, etree._Element], name: str, clause: str) -> etree._Element:
    if name not in section:
        raise Malformed("is required, and missing", field=name, clause=clause)
    return section[name]
