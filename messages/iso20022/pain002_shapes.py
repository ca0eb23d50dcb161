"""Records of one and the same shape, read as columns (同构记录按列解析).

A bank's program writes every record alike: the same markup, other texts. The first record of a shape goes through
the XML parser; its markup then is a template, and any other record that equals it octet by octet between the texts
is just as well-formed and means the same. What a text slot means is not decided here: the template is read once more
with markers in the slots by ``read_record``, and where a marker comes out is where the slot belongs. Whatever fits no
template (an ampersand, an empty text, another order) is left to the parser.

Sound only for text without comments, CDATA, processing instructions: the caller sees to that.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import polars as pl

from messages.iso20022.pain002_record import RAW_FIELDS, TEXT_SEPARATOR, WHITESPACE, RawRecord

MAX_SHAPES: Final = 32
_TAG: Final = re.compile(r"""(/?)[^\s/<>"'=]+(?:\s+[^\s/<>"'=]+\s*=\s*(?:"[^"]*"|'[^']*'))*\s*(/?)>""")
_MARKER: Final = re.compile("\ue000([0-9]+)\ue001")  # private use: no bank's markup has them

ReadOne = Callable[[str], RawRecord | None]
"""Reads the text of one record with the XML parser; None where it is not exactly one sound record."""


@dataclass(frozen=True, slots=True)
class Shape:
    """The parts of a record between ``<`` and ``<``; a slot's part is its tag only."""

    parts: tuple[str, ...]
    slots: frozenset[int]
    values: tuple[pl.Expr, ...]  # one per RAW_FIELDS, over the struct fields of the parts
    used: tuple[int, ...]  # the slots that these take


def learn(record: str, read_one: ReadOne) -> Shape | None:
    """The shape of one record, or None where it has none that can be trusted."""
    if read_one(record) is None:
        return None
    parts = record.split("<")
    tags = [_TAG.match(part) for part in parts[1:]]
    if parts[0].strip(WHITESPACE) or not all(tags):
        return None
    slots = frozenset(index for index in range(1, len(parts) - 1) if _is_slot(parts, index))
    heads = [tag[0] if tag else "" for tag in tags]
    bare = ["", *(heads[i - 1] if i in slots else parts[i] for i in range(1, len(parts)))]
    row = read_one("<".join(f"{part}\ue000{i}\ue001" if i in slots else part for i, part in enumerate(bare)))
    if row is None:
        return None
    used = tuple(int(number) for value in row if value for number in _MARKER.findall(value))
    lengths = {index: len(bare[index].encode()) for index in slots}
    values = tuple(_value(text, lengths).alias(name) for name, text in zip(RAW_FIELDS, row, strict=True))
    return Shape(tuple(bare), slots, values, used)


def matching(shape: Shape, records: pl.Series) -> tuple[pl.DataFrame, pl.Series]:
    """(raw columns of the records that have the shape, mask of which those are).

    ``records`` are texts from the end of one record to the end of the next.
    """
    count = len(shape.parts)
    split = records.str.splitn("<", count).struct.unnest()
    fits = [_fits(shape, index) for index in range(count)]
    given = [_slot(index, len(shape.parts[index].encode())).str.len_bytes() > 0 for index in shape.used]
    mask = split.select(pl.all_horizontal(*fits, *given).fill_null(False)).to_series()
    return split.filter(mask).select(shape.values), mask


def _is_slot(parts: list[str], index: int) -> bool:
    tag = _TAG.match(parts[index])
    return bool(tag) and not tag[1] and not tag[2] and parts[index + 1].startswith("/")


def _fits(shape: Shape, index: int) -> pl.Expr:
    part, field = shape.parts[index], pl.col(f"field_{index}")
    if index == 0:
        return field.str.strip_chars(WHITESPACE) == ""
    if index not in shape.slots:
        return field == part
    # An ampersand is a reference, "]]>" is not allowed in a text: both are for the parser.
    return field.str.starts_with(part)


def _slot(index: int, octets: int) -> pl.Expr:
    # The tag is ASCII or was compared octet by octet; what follows it is the text.
    return pl.col(f"field_{index}").str.strip_chars(WHITESPACE) if not octets else _text_after(index, octets)


def _text_after(index: int, octets: int) -> pl.Expr:
    return pl.col(f"field_{index}").str.slice(octets).str.strip_chars(WHITESPACE)


def _value(text: str | None, lengths: dict[int, int]) -> pl.Expr:
    if text is None:
        return pl.lit(None, dtype=pl.String)
    slots = [int(number) for number in _MARKER.findall(text)]
    if not slots:
        return pl.lit(text)
    taken = [_slot(index, lengths[index]) for index in slots]
    return taken[0] if len(taken) == 1 else pl.concat_str(taken, separator=TEXT_SEPARATOR)
