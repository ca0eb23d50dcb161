"""One ``TxInfAndSts`` of a pain.002 (单笔状态), from element to raw texts, and whole columns of them to results.

Source: pain.002.001.11, ``PaymentTransaction126``. What is read depends on names and places, never on the order
of elements. Every element the schema knows there is either read or listed as passed over; any other is refused.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import polars as pl
from lxml import etree

from messages.iso20022.amounts import CURRENCY, fen_column, readable_amount
from messages.iso20022.schema import PAIN_002, namespace
from messages.iso20022.unreadable import Unreadable
from messages.xml_names import shown_name

RECORD: Final = "TxInfAndSts"
WHITESPACE: Final = " \t\r\n"
TEXT_SEPARATOR: Final = "; "

RAW_FIELDS: Final = (
    "reference",  # OrgnlEndToEndId, else OrgnlInstrId
    "status",
    "reason",
    "text",
    "amount",
    "currency",
    "account",
    "bank_reference",
    "settled",
)
RAW_SCHEMA: Final[dict[str, pl.DataType]] = {name: pl.String() for name in RAW_FIELDS}
RawRecord = tuple[str | None, ...]
"""One record's texts in the order of RAW_FIELDS, trimmed, None where empty or not given."""

RESULT_COLUMNS: Final[dict[str, pl.DataType]] = {
    "reference": pl.String(),
    "amount_fen": pl.Int64(),
    "account": pl.String(),
    "status_raw": pl.String(),  # empty where the bank gave none
    "reason_raw": pl.String(),
    "text_raw": pl.String(),
    "bank_reference": pl.String(),
    "settled_on": pl.Date(),
}

_NS: Final = f"{{{namespace(PAIN_002)}}}"
_PASSED_OVER: Final = frozenset(
    _NS + name for name in ("StsId", "OrgnlUETR", "ChrgsInf", "TrckrData", "AccptncDtTm", "ClrSysRef", "SplmtryData")
)
_SIMPLE: Final = {
    _NS + "OrgnlEndToEndId": "end_to_end",
    _NS + "OrgnlInstrId": "instruction",
    _NS + "TxSts": "status",
    _NS + "AcctSvcrRef": "bank_reference",
}
_STATUS_REASON: Final = _NS + "StsRsnInf"
_ORIGINAL: Final = _NS + "OrgnlTxRef"
_AMOUNT: Final = (f"{_NS}Amt", f"{_NS}InstdAmt")
_ACCOUNT: Final = (f"{_NS}CdtrAcct", f"{_NS}Id")
_SETTLED: Final = f"{_NS}IntrBkSttlmDt"

_LIMITS: Final = {"reference": 35, "status": 35, "reason": 35, "text": 1_000, "account": 34, "bank_reference": 35}
"""Characters. The schema's own but for two: statuses it has at 4, texts at 105 each; both only bounded here."""


def trimmed(element: etree._Element) -> str | None:
    """The element's text without outer white space; None when nothing is left. Elements inside are a fault."""
    if len(element):
        raise Unreadable("an element where a text belongs", field=shown_name(element))
    text = element.text
    return (text.strip(WHITESPACE) or None) if text else None


def read_record(record: etree._Element) -> RawRecord:
    """The raw texts of one record; raises Unreadable for what is said twice or unknown."""
    found: dict[str, str | None] = {}
    reasons: list[etree._Element] = []
    for child in record:
        tag = child.tag
        if tag in _SIMPLE:
            _once(found, _SIMPLE[tag], trimmed(child))
        elif tag == _STATUS_REASON:
            reasons.append(child)
        elif tag == _ORIGINAL:
            _read_original(child, found)
        elif tag not in _PASSED_OVER:
            raise Unreadable("an element that the schema does not have there", field=shown_name(child))
    found["reason"], found["text"] = read_reasons(reasons)
    found["reference"] = found.get("end_to_end") or found.get("instruction")
    return tuple(found.get(name) for name in RAW_FIELDS)


def _once(found: dict[str, str | None], name: str, value: str | None) -> None:
    if name in found:
        raise Unreadable("said twice in one record", field=name)
    found[name] = value


def _read_original(original: etree._Element, found: dict[str, str | None]) -> None:
    _once(found, "original", None)
    for child in original:
        if child.tag == _AMOUNT[0]:
            for amount in child.iterchildren(_AMOUNT[1]):
                _once(found, "amount", trimmed(amount))
                found["currency"] = amount.get("Ccy", "")
        elif child.tag == _ACCOUNT[0]:
            for identity in child.iterchildren(_ACCOUNT[1]):
                _read_account(identity, found)
        elif child.tag == _SETTLED:
            _once(found, "settled", trimmed(child))


def _read_account(identity: etree._Element, found: dict[str, str | None]) -> None:
    for choice in identity:
        if choice.tag == f"{_NS}IBAN":
            _once(found, "account", trimmed(choice))
        elif choice.tag == f"{_NS}Othr":
            for number in choice.iterchildren(f"{_NS}Id"):
                _once(found, "account", trimmed(number))


def read_reasons(informations: Iterable[etree._Element]) -> tuple[str | None, str | None]:
    """(first reason, all texts joined) of consecutive ``StsRsnInf``."""
    codes: list[str] = []
    texts: list[str] = []
    for information in informations:
        for child in information:
            if child.tag == f"{_NS}AddtlInf":
                texts.append(trimmed(child) or "")
            elif child.tag == f"{_NS}Rsn":
                if len(child) != 1:
                    raise Unreadable("not exactly one code in a reason", field="Rsn")
                codes.append(trimmed(child[0]) or "")
    return next(filter(None, codes), None), TEXT_SEPARATOR.join(filter(None, texts)) or None


def results(raw: pl.DataFrame) -> pl.DataFrame:
    """``RAW_SCHEMA`` columns as ``RESULT_COLUMNS``; rows for which ``faults`` is not empty come out null."""
    return raw.select(
        "reference",
        fen_column("amount").alias("amount_fen"),
        "account",
        pl.col("status").fill_null("").alias("status_raw"),
        pl.col("reason").alias("reason_raw"),
        pl.col("text").alias("text_raw"),
        "bank_reference",
        _settled().alias("settled_on"),
    )


def faults(raw: pl.DataFrame) -> list[tuple[int, str, str]]:
    """Rows that cannot be results, as (row index, field, why), in row order."""
    checks = _checks()
    hits = raw.select(mask.any().alias(str(index)) for index, (_, _, mask) in enumerate(checks)).row(0)
    found = [
        (row, field, why)
        for (field, why, mask), hit in zip(checks, hits, strict=True)
        if hit
        for row in raw.select(mask.arg_true()).to_series()
    ]
    return sorted(found, key=lambda fault: fault[0])


def _checks() -> list[tuple[str, str, pl.Expr]]:
    amount, currency, settled = pl.col("amount"), pl.col("currency"), pl.col("settled")
    return [
        *((name, f"longer than {limit} characters", _longer(name, limit)) for name, limit in _LIMITS.items()),
        ("reference", "neither OrgnlEndToEndId nor OrgnlInstrId", pl.col("reference").is_null()),
        ("amount", "not an amount in whole fen", amount.is_not_null() & ~readable_amount("amount").fill_null(False)),
        ("currency", f"another currency than {CURRENCY}", amount.is_not_null() & (currency != CURRENCY)),
        ("settled", "not a date", settled.is_not_null() & _settled().is_null()),
    ]


def _longer(name: str, limit: int) -> pl.Expr:
    return (pl.col(name).str.len_bytes() > limit) & (pl.col(name).str.len_chars() > limit)


def _settled() -> pl.Expr:
    # xs:date may carry a zone after the date; the day is the bank's own in any case.
    plain = pl.col("settled").str.strip_suffix("Z").str.replace(r"[+-][0-9]{2}:[0-9]{2}$", "")
    return plain.str.to_date("%Y-%m-%d", strict=False)
