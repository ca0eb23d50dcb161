"""Items as JSON lines (NDJSON 明细行): the fast reader for lines of known shape, the exact reader for all others."""

from __future__ import annotations

import json
from typing import Any, Final

import orjson
import polars as pl

from messages.batch.codes import Code
from messages.batch.columns import ITEM_SCHEMA
from messages.batch.findings import Finding, is_item_id
from messages.batch.line_reader import ItemRow
from messages.batch.ndjson_shape import AMOUNT_DIGITS, shape_of

_AMOUNT_BOUND: Final = 10**AMOUNT_DIGITS
_TEXT_FIELDS: Final = [name for name in ITEM_SCHEMA if name != "amount_fen"]


class NdjsonLines:
    """One JSON object a line with the names of ``ITEM_SCHEMA``; absent, null and "" all mean "not given"."""

    def fitting(self, text: pl.Series) -> pl.Series:
        """Lines that the fast reader may be given."""
        shape = pl.col(text.name).str.contains(shape_of(text))
        half = text.to_frame().lazy().slice(0, len(text) // 2), text.to_frame().lazy().slice(len(text) // 2)
        # the pattern is the costliest step of all, and one expression runs on one thread only
        return pl.concat([part.to_series() for part in pl.collect_all([part.select(shape) for part in half])])

    def parse(self, body: bytes) -> pl.DataFrame:
        """All lines of ``body``, which all are fitting, at once."""
        return pl.read_ndjson(body, schema=ITEM_SCHEMA)

    def parse_one(self, line_no: int, line: str) -> ItemRow | list[Finding]:
        """One line exactly: its values in the order of ``ITEM_SCHEMA``, or everything that is wrong with it."""
        if "\0" in line:
            return [Finding(line_no, Code.LINE_NUL)]
        try:
            value = orjson.loads(line)
            repeated = _repeats_a_member(line)
        except (ValueError, RecursionError):
            return [Finding(line_no, Code.LINE_NOT_JSON)]
        if not isinstance(value, dict):
            return [Finding(line_no, Code.LINE_NOT_OBJECT)]
        findings = _faults(line_no, value, repeated)
        return findings or tuple(value.get(name) for name in ITEM_SCHEMA)

    def items(self, rows: list[ItemRow]) -> pl.DataFrame:
        """What ``parse_one`` gave, as the frame that ``parse`` gives."""
        return pl.DataFrame(rows, schema=ITEM_SCHEMA, orient="row")

    def finished(self, items: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame | None]:
        """``items`` with empty texts as null."""
        return items.with_columns(pl.when(pl.col(name) != "").then(pl.col(name)) for name in _TEXT_FIELDS), None


def _repeats_a_member(line: str) -> bool:
    # the hook runs innermost first, so what loads() returns is the outermost object's answer
    repeats = json.loads(
        line,
        object_pairs_hook=lambda pairs: len({name for name, _ in pairs}) != len(pairs),
        parse_int=str,
        parse_float=str,
    )
    return repeats is True


def _faults(line_no: int, value: dict[str, Any], repeated: bool) -> list[Finding]:
    amount, item_id = value.get("amount_fen"), value.get("item_id")
    readable = type(amount) is int and abs(amount) < _AMOUNT_BOUND
    faults = [(Code.DUPLICATE_FIELD, "line")] if repeated else []
    if any(name not in ITEM_SCHEMA for name in value):
        faults.append((Code.UNKNOWN_FIELD, "line"))
    if amount is not None and not readable:
        faults.append((Code.AMOUNT_FORMAT, "amount_fen"))
    faults += [(Code.FIELD_TYPE, name) for name in _TEXT_FIELDS if not isinstance(value.get(name), str | None)]
    # a repeated id or amount is not known, whatever the parser kept
    known_id = item_id if not repeated and is_item_id(item_id) else None
    known_amount = amount if not repeated and readable else None
    return [Finding(line_no, code, name, known_id, known_amount) for code, name in faults]
