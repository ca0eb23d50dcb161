"""The voucher inside the envelope (凭证原文): GBK XML of one field set, written from columns and read into them.

Checked on reading (document part 5): header and voucher name the same; at most 499 details; the main amount is the sum of the
details; a detail's Id stands once; in a 回单 the paid total is the sum of what was paid.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import polars as pl
from lxml import etree

from messages.bounded_xml import Malformed, checked_text, children_once, leaf_text
from messages.iso20022.amounts import fen_column, fen_of
from messages.voucher.field_sets import FieldSet
from messages.xml_columns import LONGEST_ESCAPE, Finding, TextRule, element, one_element, unfit
from messages.xml_rows import Cell, RecordForm, Records, read_records

ROOT: Final = "Voucher"
MOST_BYTES: Final = 4_000_000
_AMOUNT: Final = r"\A[0-9]{1,16}\.[0-9]{2}\z"
_DECLARATION: Final = '<?xml version="1.0" encoding="GBK"?>\n'


@dataclass(frozen=True, slots=True)
class Key:
    """What names a voucher; it stands in the envelope and in the voucher, and the envelope's is authoritative."""

    adm_div_code: str  # 行政区划代码
    st_year: str  # 业务年度
    vt_code: str  # 凭证类型编号
    voucher_no: str  # 凭证编号

    def fields(self) -> dict[str, str]:
        """As elements or attributes, in their order."""
        return {
            "AdmDivCode": self.adm_div_code,
            "StYear": self.st_year,
            "VtCode": self.vt_code,
            "VoucherNo": self.voucher_no,
        }


@dataclass(frozen=True, slots=True)
class VoucherBody:
    """One voucher: all main fields (empty text: none), and all detail fields as String columns (null: none)."""

    main: Mapping[str, str]
    details: pl.DataFrame


def unwritable(field_set: FieldSet, details: pl.DataFrame) -> list[Finding]:
    """(row index, voucher field, why) of details that cannot be carried; fields that are not there are not judged."""
    rules = {field.name: TextRule(field.longest, field.required) for field in field_set.detail}
    return unfit(details, rules, "gbk")


def rule_of(field_set: FieldSet, name: str) -> TextRule:
    """What a main field's text must be."""
    field = next(field for field in field_set.main if field.name == name)
    return TextRule(field.longest, field.required)


def write_body(field_set: FieldSet, body: VoucherBody) -> bytes:
    """The voucher's octets; fields that are not given are written empty. ValueError for one that it does not have."""
    names = {field.name for field in field_set.main}
    if strangers := body.main.keys() - names:
        raise ValueError(f"{field_set.vt_code} has no field {min(strangers)}")
    main = "".join(_one(field.name, body.main.get(field.name, "")) for field in field_set.main)
    given = set(body.details.columns)
    tags = [_column(field.name) if field.name in given else pl.lit(f"<{field.name}/>") for field in field_set.detail]
    rows = body.details.select(pl.concat_str(pl.lit("<Detail>"), *tags, pl.lit("</Detail>\n"))).to_series()
    text: str = rows.str.join("").item()
    document = f"{_DECLARATION}<{ROOT}>{main}<DetailList>\n{text}</DetailList></{ROOT}>\n"
    return document.encode("gbk")


def read_body(field_set: FieldSet, content: bytes, key: Key, *, receipt: bool) -> VoucherBody:
    """The voucher, checked against itself and its envelope; raises Malformed with line, field and clause."""
    most_tags = 3 * (len(field_set.main) + field_set.most_details * (len(field_set.detail) + 1))
    text = checked_text(content, "gbk", max_bytes=MOST_BYTES, max_tags=most_tags)
    root, records = read_records(text, _form(field_set))
    main = _main(root, field_set)
    for name, value in key.fields().items():
        if main[name] != value:
            raise Malformed("is not that of the envelope", field=name, clause="5.4")
    if records.rows.is_empty():
        raise Malformed("has no details", field="DetailList", clause="5.1")
    _check_details(records, field_set)
    _check_sum(main[field_set.total], records.rows, field_set.amount, field_set.total, "5.2")
    if receipt and field_set.paid is not None and field_set.paid_total is not None:
        _check_sum(main[field_set.paid_total] or "0.00", records.rows, field_set.paid, field_set.paid_total, "5.5")
    return VoucherBody(main, records.rows)


def longest_detail(field_set: FieldSet) -> int:
    """Octets of GBK that one detail takes at most where receipt fields are empty."""
    tags = sum(2 * len(field.name) + len("<></>") for field in field_set.detail)
    texts = sum(field.longest for field in field_set.detail if not field.name.startswith(("X", "Hold")))
    return len("<Detail></Detail>\n") + tags + texts * LONGEST_ESCAPE


def frame_bytes(field_set: FieldSet) -> int:
    """Octets of GBK that everything around the details takes at most."""
    tags = sum(2 * len(field.name) + len("<></>") for field in field_set.main)
    texts = sum(field.longest for field in field_set.main)
    return len(_DECLARATION) + len("<Voucher><DetailList>\n</DetailList></Voucher>\n") + tags + texts * LONGEST_ESCAPE


def _one(name: str, text: str) -> str:
    return one_element(name, text) if text else f"<{name}/>"


def _column(name: str) -> pl.Expr:
    given = pl.col(name).fill_null("") != ""
    return pl.when(given).then(element(name, name)).otherwise(pl.lit(f"<{name}/>"))


def _form(field_set: FieldSet) -> RecordForm:
    cells = {field.name: Cell(field.name, field.longest, field.required) for field in field_set.detail}
    return RecordForm("DetailList/Detail", "", cells, field_set.most_details, f"{field_set.clause}.2")


def _main(root: etree._Element, field_set: FieldSet) -> dict[str, str]:
    clause = f"{field_set.clause}.1"
    if root.tag != ROOT:
        raise Malformed("is no voucher", line=1, field=ROOT, clause=clause)
    found = children_once(root, {*(field.name for field in field_set.main), "DetailList"}, clause=clause)
    if "DetailList" in found:
        children_once(found["DetailList"], (), clause=clause)
    main = {}
    for field in field_set.main:
        text = leaf_text(found[field.name], longest=field.longest) if field.name in found else ""
        if field.required and not text:
            raise Malformed("is required, and missing or empty", field=field.name, clause=clause)
        main[field.name] = text
    return main


def _check_details(records: Records, field_set: FieldSet) -> None:
    records.refuse(pl.col("Id").is_duplicated(), "stands in two details", "Id")
    for name in (field_set.amount, field_set.paid):
        if name is not None:
            records.refuse(~pl.col(name).str.contains(_AMOUNT), "is no amount in yuan", name)


def _check_sum(stated: str, details: pl.DataFrame, column: str, name: str, clause: str) -> None:
    if fen_of(stated) != int(details.select(fen_column(column).sum()).item()):
        raise Malformed(f"is not the sum of {column} of the details", field=name, clause=clause)
