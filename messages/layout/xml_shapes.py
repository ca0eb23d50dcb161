"""Rows of one and the same shape, read as columns (同构记录按列解析).

A bank's program writes every row alike: the same markup, other texts. The first row of a shape goes through the XML
parser; its markup becomes a pattern, and any other row that fits it is just as well-formed and means the same. What
a slot means is found by reading the row once more with a marker in each slot.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import polars as pl

MAX_TAGS: Final = 200

ReadOne = Callable[[str], list[str | None] | None]
"""Reads one row, without its closing tag, with the XML parser: its texts by field number; None if it is not sound."""

_TAG: Final = re.compile(
    r"""<(?P<end>/)?[^\s/<>"'=]+(?:\s+[^\s/<>"'=]+\s*=\s*(?:"[^"<>&]*"|'[^'<>&]*'))*\s*(?P<empty>/)?>"""
)
_ATTRIBUTE: Final = re.compile(r"""("[^"]*"|'[^']*')""")
_MARKER: Final = re.compile("\ue000([0-9]+)\ue001")  # private use: no bank's markup has them
_BETWEEN: Final = r"[ \t\n]*"


@dataclass(frozen=True, slots=True)
class Shape:
    """A pattern with a group a slot, and which group each field is; None: the field is not in such rows."""

    pattern: str
    groups: tuple[int | None, ...]

    def split(self, rows: pl.DataFrame, text: str) -> tuple[pl.DataFrame, pl.DataFrame]:
        """The rows whose column ``text`` has the shape, with that column as raw texts by field key; and the others."""
        found = rows.with_columns(pl.col(text).str.extract_groups(self.pattern).alias("groups"))
        fits = found.select(pl.col("groups").struct.field("1").is_not_null()).to_series()
        groups = pl.col("groups").struct
        texts = [
            (pl.lit(None, pl.String) if group is None else groups.field(str(group + 1))).alias(str(number))
            for number, group in enumerate(self.groups)
        ]
        fitting = (found if fits.all() else found.filter(fits)).select(pl.exclude(text, "groups"), *texts)
        return fitting, rows.clear() if fits.all() else rows.filter(~fits)


def learn(row: str, read_one: ReadOne) -> Shape | None:
    """The shape of one row, or None where it has none that can be trusted."""
    parts = _parts(row)
    if parts is None or "\ue000" in row or "xmlns" in row or read_one(row) is None:
        return None
    slots = sum(1 for part in parts if part is None)
    markers = iter(f"\ue000{number}\ue001" for number in range(slots))
    fields = read_one("".join(next(markers) if part is None else part for part in parts))
    if not slots or fields is None:
        return None
    found = [_MARKER.fullmatch(text) if text else None for text in fields]
    if any(text and match is None for text, match in zip(fields, found, strict=True)):
        return None
    return Shape(_pattern(parts), tuple(int(match[1]) if match else None for match in found))


def _parts(row: str) -> list[str | None] | None:
    """Markup, white space, and None for each slot; None where the row is anything else."""
    if row.count("<") > MAX_TAGS:
        return None
    parts: list[str | None] = []
    at, opened = 0, False
    for tag in _TAG.finditer(row):
        between = row[at : tag.start()]
        if opened and tag["end"]:
            parts.append(None)
        elif between.strip(" \t\n"):
            return None
        else:
            parts.append("")
        parts += _attributes(tag[0])
        at, opened = tag.end(), not tag["end"] and not tag["empty"]
    return None if opened or row[at:].strip(" \t\n") else [*parts, ""]


def _attributes(tag: str) -> Iterator[str | None]:
    for number, piece in enumerate(_ATTRIBUTE.split(tag)):
        if number % 2:
            yield from (piece[0], None, piece[0])
        else:
            yield piece


def _pattern(parts: list[str | None]) -> str:
    """Slots take what needs no parser: no markup, no reference, and nothing that an attribute would be changed in."""
    pattern = [r"\A"]
    for before, part in zip(["", *parts], parts, strict=False):
        if part is None:
            pattern.append({'"': r'([^"<>&\t\n]*)', "'": r"([^'<>&\t\n]*)"}.get(before or "", r"([^<>&]*)"))
        else:
            pattern.append(pl.escape_regex(part) if part else _BETWEEN)
    return "".join([*pattern, r"\z"])
