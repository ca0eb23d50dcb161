"""Records of one and the same shape, read as columns (同构记录按列解析).

A bank's program writes every record alike: the same markup, other texts. The first record of a shape goes through
the XML parser; its markup then is a template, and any other record that equals it octet by octet between the texts
is just as well-formed and means the same. What a text slot means is not decided here: the template is read once more
with markers in the slots by ``read_record``, and where a marker comes out is where the slot belongs. Whatever fits no
template (an ampersand, an empty text, another order) is left to the parser.

Sound only where no comment, CDATA section or processing instruction is, and for records without an ampersand or
``]]>``, whose meaning is the parser's: the caller sees to both.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import polars as pl

from messages.iso20022.pain002_record import RAW_FIELDS, TEXT_SEPARATOR, WHITESPACE, RawRecord

POSITION: Final = "position"
TEXT: Final = "text"

_TAG: Final = re.compile(r"""(/?)[^\s/<>"'=]+(?:\s+[^\s/<>"'=]+\s*=\s*(?:"[^"]*"|'[^']*'))*\s*(/?)>""")
_MARKER: Final = re.compile("\ue000([0-9]+)\ue001")  # private use: no bank's markup has them

ReadOne = Callable[[str], RawRecord | None]
"""Reads the text of one record with the XML parser; None where it is not exactly one sound record."""


@dataclass(frozen=True, slots=True)
class Shape:
    """The parts of a record between ``<`` and ``<``; a slot's part is its tag only."""

    parts: tuple[str, ...]
    slots: frozenset[int]
    values: tuple[pl.Expr, ...]  # one per RAW_FIELDS, over the columns of the used slots
    used: tuple[int, ...]  # the slots that these take


def learn(record: str, read_one: ReadOne) -> Shape | None:
    """The shape of one record, or None where it has none that can be trusted."""
    if "\ue000" in record or read_one(record) is None:
        return None
    parts = record.split("<")
    tags = [found[0] for part in parts[1:] if (found := _TAG.match(part))]
    if parts[0].strip(WHITESPACE) or len(tags) != len(parts) - 1:
        return None
    slots = frozenset(index for index in range(1, len(parts) - 1) if _is_slot(parts, index))
    bare = ["", *(tags[i - 1] if i in slots else parts[i] for i in range(1, len(parts)))]
    row = read_one("<".join(f"{part}\ue000{i}\ue001" if i in slots else part for i, part in enumerate(bare)))
    if row is None:
        return None
    used = tuple({int(number) for value in row if value for number in _MARKER.findall(value)})
    values = tuple(_value(text).alias(name) for name, text in zip(RAW_FIELDS, row, strict=True))
    return Shape(tuple(bare), slots, values, used)


def matching(shape: Shape, records: pl.DataFrame) -> pl.DataFrame:
    """The ``records`` that have the shape: their raw columns, and ``POSITION`` as it was.

    ``records`` have ``POSITION`` and ``TEXT``, each text from the end of one record to the end of the next.
    """
    count = len(shape.parts)
    split = records.lazy().select(POSITION, pl.col(TEXT).str.split_exact("<", count).struct.unnest())
    slots = [_slot(shape.parts, index).alias(f"slot_{index}") for index in shape.used]
    fits = [pl.col(f"field_{count}").is_null(), *(_fits(shape, index) for index in range(count))]
    given = [pl.col(f"slot_{index}") != "" for index in shape.used]
    found = split.with_columns(slots).filter(pl.all_horizontal(*fits, *given))
    return found.select(POSITION, *shape.values).collect()


def _is_slot(parts: list[str], index: int) -> bool:
    tag = _TAG.match(parts[index])
    return tag is not None and not tag[1] and not tag[2] and parts[index + 1].startswith("/")


def _fits(shape: Shape, index: int) -> pl.Expr:
    part, field = shape.parts[index], pl.col(f"field_{index}")
    if index == 0:
        return field.str.strip_chars(WHITESPACE) == ""
    if index not in shape.slots:
        return field == part
    return field.str.starts_with(part)


def _slot(parts: Sequence[str], index: int) -> pl.Expr:
    return pl.col(f"field_{index}").str.strip_prefix(parts[index]).str.strip_chars(WHITESPACE)


def _value(text: str | None) -> pl.Expr:
    if text is None:
        return pl.lit(None, dtype=pl.String)
    slots = [pl.col(f"slot_{number}") for number in _MARKER.findall(text)]
    if not slots:
        return pl.lit(text)
    return slots[0] if len(slots) == 1 else pl.concat_str(slots, separator=TEXT_SEPARATOR)
