"""Item rows of the engine as the columns that a layout's detail records are written from (明细行)."""

from __future__ import annotations

from datetime import date
from typing import Final

import polars as pl

from messages.layout.kinds import Kind
from messages.layout.model import FieldLine, Record
from simulators.answers import Status
from simulators.codecs.layout_faults import fitting
from simulators.words import Words, WordsMissing

_SCHEMA: Final = {
    "status": pl.String,
    "reason": pl.String,
    "status_raw": pl.String,
    "reason_raw": pl.String,
    "words": pl.String,
}


def raw_rows(rows: pl.DataFrame, record: Record, words: Words, day: date, encoding: str) -> pl.DataFrame:
    """``ANSWER_SCHEMA`` rows by the sources of ``record``; what the bank has no word for (in process) is left out."""
    lines = {line.source: line for line in record if line.source is not None}
    pairs = rows.select("status", "reason").unique(maintain_order=True).iter_rows()
    said = [(status, reason, *_said(words, status, reason)) for status, reason in pairs]
    table = pl.DataFrame(said, schema=_SCHEMA, orient="row").filter(pl.col("status_raw").is_not_null())
    joined = rows.join(table, on=["status", "reason"], how="inner", nulls_equal=True, maintain_order="left")
    return joined.select(
        "reference",
        "account",
        "amount_fen",
        "status_raw",
        _filled(lines.get("reason_raw"), pl.col("reason_raw"), _zeros(lines.get("reason_raw"))),
        _text(lines.get("text_raw"), encoding).alias("text_raw"),
        _serial(lines.get("bank_reference")).alias("bank_reference"),
        _filled(lines.get("settled_on"), pl.col("settled_on"), pl.lit(day)),
    )


def _said(words: Words, status: str, reason: str | None) -> tuple[str | None, str | None, str | None]:
    try:
        line = words.item(Status(status), reason)
    except WordsMissing:
        if status == Status.PROCESSING:
            return None, None, None
        raise
    own = reason if reason != line.status or line.reason else None
    return line.status, own or line.reason or None, line.text


def _filled(line: FieldLine | None, value: pl.Expr, instead: pl.Expr) -> pl.Expr:
    return pl.coalesce(value, instead) if line is not None and line.required else value


def _zeros(line: FieldLine | None) -> pl.Expr:
    return pl.lit("0" * ((line.octets if line is not None else None) or 4))


def _text(line: FieldLine | None, encoding: str) -> pl.Expr:
    if line is None or not line.required:
        return pl.col("text")
    octets = line.octets
    return pl.coalesce("text", "words").map_elements(lambda text: fitting(text, octets, encoding), pl.String)


def _serial(line: FieldLine | None) -> pl.Expr:
    """The bank's serial number as its field holds it: its last octets, digits only where the field has only those."""
    serial = pl.col("serial")
    if line is None or line.octets is None:
        return serial
    if line.kind is Kind.DIGITS:
        number = pl.col("reference").str.tail(8).str.replace_all(r"\D", "0")
        return number.str.tail(line.octets).str.pad_start(line.octets, "9")
    return serial.str.tail(line.octets)
