"""Columns of item texts on their way into XML of some encoding (明细文本入报文): what cannot stand there, and how the rest does.

A column's texts are looked at together: joined, they cost one search and one encoding; only where that finds
something is it looked for text by text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import polars as pl

from messages.bounded_xml import TextEncoding
from messages.iso20022.characters import escaped, escaped_text

LONGEST_ESCAPE: Final = 5
"""Octets of the longest written form of one character: ``&amp;``."""

Finding = tuple[int, str, str]
"""(row index in the block, column, why)."""

_UNCARRIED: Final = re.compile("[\x00-\x1f\x7f\ufffd-\uffff]")
_CONTROL: Final = "holds a control character or one that is none"


@dataclass(frozen=True, slots=True)
class TextRule:
    """What a column's texts must be: at most ``longest`` characters, and filled where ``required``."""

    longest: int
    required: bool = True


def unfit(block: pl.DataFrame, rules: Mapping[str, TextRule], encoding: TextEncoding) -> list[Finding]:
    """Rows whose texts cannot be carried, by row; columns that ``block`` does not have are not judged."""
    present = {name: rule for name, rule in rules.items() if name in block.columns}
    masks = [check for name, rule in present.items() for check in _masks(name, rule)]
    hits = block.select(mask.any().alias(str(number)) for number, (_, _, mask) in enumerate(masks)).row(0)
    findings: list[Finding] = []
    for (name, why, mask), hit in zip(masks, hits, strict=True):
        if hit:
            findings += [(row, name, why) for row in block.select(mask.arg_true()).to_series()]
    for name in present:
        findings += _misfits(block[name], name, encoding)
    return sorted(findings)


def why_not(text: str, rule: TextRule, encoding: TextEncoding) -> str | None:
    """The same for one text; None where it can be carried."""
    if rule.required and not text:
        return "is empty"
    if len(text) > rule.longest:
        return f"is longer than {rule.longest} characters"
    if _uncarried(text):
        return _CONTROL
    return _unencodable(encoding) if not _encodes(text, encoding) else None


def element(tag: str, column: str, *, optional: bool = False) -> pl.Expr:
    """``<tag>text</tag>`` of a column; an optional one is left out where its text is empty or null."""
    text = escaped(column)
    if not optional:
        return pl.format(f"<{tag}>{{}}</{tag}>", text)
    given = pl.col(column).fill_null("") != ""
    return pl.when(given).then(pl.format(f"<{tag}>{{}}</{tag}>", text)).otherwise(pl.lit(""))


def one_element(tag: str, text: str) -> str:
    """``<tag>text</tag>`` of one text."""
    return f"<{tag}>{escaped_text(text)}</{tag}>"


def _masks(name: str, rule: TextRule) -> list[tuple[str, str, pl.Expr]]:
    column = pl.col(name)
    # octets bound characters from above: the cheap count decides for all but long texts
    longer = (column.str.len_bytes() > rule.longest) & (column.str.len_chars() > rule.longest)
    masks = [(name, f"is longer than {rule.longest} characters", longer.fill_null(False))]
    if rule.required:
        masks.append((name, "is empty", column.fill_null("") == ""))
    return masks


def _misfits(column: pl.Series, name: str, encoding: TextEncoding) -> list[Finding]:
    joined: str = column.fill_null("").str.join("").item()
    found: list[Finding] = []
    if _uncarried(joined):
        found += _where(column, name, _CONTROL, _uncarried)
    if not _encodes(joined, encoding):
        found += _where(column, name, _unencodable(encoding), lambda text: not _encodes(text, encoding))
    return found


def _where(column: pl.Series, name: str, why: str, wrong: Callable[[str], bool]) -> list[Finding]:
    return [(row, name, why) for row, text in enumerate(column) if text and wrong(text)]


def _uncarried(text: str) -> bool:
    return _UNCARRIED.search(text) is not None


def _encodes(text: str, encoding: TextEncoding) -> bool:
    if text.isascii():
        return True
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def _unencodable(encoding: TextEncoding) -> str:
    return f"holds a character that {encoding.upper()} does not have"
