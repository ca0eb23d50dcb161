"""The repeated records of a bounded XML document as columns (报文明细成列读取).

Two readers share the work. The quick one takes records that are written plainly, in the order of their
declaration, all at once by one pattern; the thorough one reads any legal form through the tree. Both give the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import polars as pl
from lxml import etree

from messages.bounded_xml import Malformed, children_once, leaf_text, line_of, tree_of

_TEXT: Final = "[^<\\r]*"
_FOREIGN: Final = re.compile("&(?!(?:amp|lt|gt|quot|apos);)")
_ENTITIES: Final = {"&amp;": "&", "&lt;": "<", "&gt;": ">", "&quot;": '"', "&apos;": "'"}
_LONGEST_TEXT: Final = 100_000


@dataclass(frozen=True, slots=True)
class Cell:
    """One element of a record: its column, how long its text may be, whether it must be filled, its one attribute."""

    column: str
    longest: int
    required: bool = True
    attribute: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class RecordForm:
    """Where the records stand below the root, and what they hold, in the document's order."""

    path: str  # of the record elements, from the root, steps without namespace, such as "Body/Dtl"
    namespace: str  # of all elements; empty: none
    cells: Mapping[str, Cell]
    most: int
    clause: str

    @property
    def name(self) -> str:
        """The record element."""
        return self.path.rsplit("/", 1)[-1]

    @property
    def prefix(self) -> str:
        """What lxml puts before each name."""
        return f"{{{self.namespace}}}" if self.namespace else ""


@dataclass(frozen=True, slots=True)
class Records:
    """The records' texts, trimmed, null where empty, by column; ``line`` tells where a row stands."""

    rows: pl.DataFrame
    line: Callable[[int], int]
    clause: str

    def refuse(self, wrong: pl.Expr, what: str, field: str) -> None:
        """Raises Malformed for the first row where ``wrong`` is true."""
        hits = self.rows.select(wrong.fill_null(False).arg_true()).to_series()
        if hits.len():
            raise Malformed(what, line=self.line(int(hits[0])), field=field, clause=self.clause)


def read_records(text: str, form: RecordForm) -> tuple[etree._Element, Records]:
    """The root without its records, and those; ``text`` is checked (``bounded_xml``). Raises Malformed."""
    root, records = _quickly(text, form) or _thoroughly(text, form)
    if records.rows.is_empty():
        return root, records
    checks = [check for name, cell in form.cells.items() for check in _checks(name, cell)]
    hits = records.rows.select(wrong.any().alias(str(at)) for at, (wrong, _, _) in enumerate(checks)).row(0)
    for (wrong, what, name), hit in zip(checks, hits, strict=True):
        if hit:
            records.refuse(wrong, what, name)
    return root, records


def _checks(name: str, cell: Cell) -> list[tuple[pl.Expr, str, str]]:
    column = pl.col(cell.column)
    checks = [(column.str.len_chars() > cell.longest, f"has more than {cell.longest} characters", name)]
    if cell.required:
        checks.append((column.is_null(), "is required, and missing or empty", name))
    return checks


def _quickly(text: str, form: RecordForm) -> tuple[etree._Element, Records] | None:
    """None where the document is written in any other than the plainest way."""
    opening, closing = f"<{form.name}>", f"</{form.name}>"
    start, end = text.find(opening), text.rfind(closing)
    if start < 0 or end < start or "<![CDATA[" in text or _FOREIGN.search(text):
        return None
    pieces = text[start:end].split(closing)
    groups = pl.Series(pieces).str.extract_groups(_pattern(form.name, tuple(form.cells.items())))
    if len(pieces) > form.most or groups.struct.field("whole").null_count():
        return None
    found = _found(tree_of(f"{text[:start]}{opening}{closing}{text[end + len(closing) :]}"), form)
    if found is None or len(found[1]) != 1:
        return None
    root, marker = found
    _forget(marker)
    escapes = "&" in text
    rows = groups.struct.unnest().select(_plain(cell.column, escapes) for cell in form.cells.values())
    return root, Records(rows, _line_in(text[:start], pieces), form.clause)


def _thoroughly(text: str, form: RecordForm) -> tuple[etree._Element, Records]:
    root = tree_of(text)
    found = _found(root, form)
    records = found[1] if found is not None else []
    if len(records) > form.most:
        line = line_of(records[form.most])
        raise Malformed(f"has more than {form.most} records", line=line, field=form.name, clause=form.clause)
    columns: dict[str, list[str | None]] = {cell.column: [] for cell in form.cells.values()}
    lines = [line_of(record) for record in records]
    for record in records:
        texts = children_once(record, form.cells, namespace=form.namespace, clause=form.clause)
        for name, cell in form.cells.items():
            columns[cell.column].append(_cell_text(texts[name], name, cell) if name in texts else None)
    _forget(records)
    rows = pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String()))
    return root, Records(rows, lambda row: lines[row], form.clause)


def _found(root: etree._Element, form: RecordForm) -> tuple[etree._Element, list[etree._Element]] | None:
    records = root.findall("/".join(form.prefix + step for step in form.path.split("/")))
    return (root, records) if records else None


def _forget(records: list[etree._Element]) -> None:
    for record in records:
        parent = record.getparent()
        if (record.tail or "").strip():
            raise Malformed("is followed by loose text", line=line_of(record))
        if parent is not None:
            parent.remove(record)


def _cell_text(element: etree._Element, name: str, cell: Cell) -> str | None:
    if cell.attribute is None:
        return leaf_text(element, longest=_LONGEST_TEXT) or None
    attribute, value = cell.attribute
    if element.get(attribute) != value:
        raise Malformed(f"has not the attribute {attribute}={value}", line=line_of(element), field=name)
    return leaf_text(element, longest=_LONGEST_TEXT, attributes={attribute}) or None


@lru_cache(maxsize=64)
def _pattern(record: str, cells: tuple[tuple[str, Cell], ...]) -> str:
    """One record without its closing tag: each element at most once, in order; ``whole`` is there only if all fits."""
    parts = []
    for name, cell in cells:
        attribute = f' {cell.attribute[0]}="{re.escape(cell.attribute[1])}"' if cell.attribute else ""
        parts.append(f"(?:<{name}{attribute}(?:/>|>(?P<{cell.column}>{_TEXT})</{name}>)[ \\n\\r\\t]*)?")
    return f"\\A(?P<whole>[ \\n\\r\\t]*<{record}>[ \\n\\r\\t]*{''.join(parts)})\\z"


def _plain(column: str, escapes: bool) -> pl.Expr:
    text = pl.col(column)
    if escapes:
        text = text.str.replace_many(list(_ENTITIES), list(_ENTITIES.values()))
    text = text.str.strip_chars()
    return pl.when(text != "").then(text).alias(column)


def _line_in(before: str, pieces: list[str]) -> Callable[[int], int]:
    def line(row: int) -> int:
        piece = pieces[row]
        leading = piece[: len(piece) - len(piece.lstrip())]
        passed = sum(one.count("\n") for one in pieces[:row])
        return 1 + before.count("\n") + passed + leading.count("\n")

    return line
