"""What XML 1.0 can carry of a text, and how it is written (可扩展标记语言字符集与转义).

Source: XML 1.0 (Fifth Edition), productions [2] Char, [14] CharData and section 2.11 (line ends).
"""

from __future__ import annotations

from typing import Final
from xml.sax.saxutils import escape

import polars as pl

ESCAPES: Final[dict[str, str]] = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"}
"""Carriage return as a reference: a reader turns a literal one into a line feed (section 2.11)."""

LONGEST_ESCAPE: Final = 5
"""Octets of the longest written form of one character: ``&amp;``; any other takes at most 4 in UTF-8."""

_CONTROLS: Final = [chr(code) for code in range(0x20) if chr(code) not in "\t\n\r"]
ILLEGAL: Final[tuple[str, ...]] = (*_CONTROLS, "\ufffe", "\uffff")
"""Characters outside production [2] that a column of valid Unicode can hold; nothing can escape them."""


def marked(block: pl.DataFrame, columns: tuple[str, ...]) -> frozenset[str]:
    """The columns of ``block`` that hold at least one character to be escaped or refused.

    One pass that usually finds nothing, so that the other columns need neither step.
    """
    wanted = [*ESCAPES, *ILLEGAL]
    found = block.select(pl.col(name).str.contains_any(wanted).any() for name in columns)
    return frozenset(name for name, hit in found.row(0, named=True).items() if hit)


def is_illegal(column: str) -> pl.Expr:
    """True where the text holds a character that XML cannot carry; null where the text is null."""
    return pl.col(column).str.contains_any(list(ILLEGAL))


def text_is_legal(text: str) -> bool:
    """Whether one single text can be carried, surrogates included."""
    return not any(char in ILLEGAL or "\ud800" <= char <= "\udfff" for char in text)


def escaped(column: str) -> pl.Expr:
    """The column as element content."""
    return pl.col(column).str.replace_many(list(ESCAPES), list(ESCAPES.values()))


def escaped_text(text: str) -> str:
    """One single text as element content; the same rules as ``escaped``."""
    return escape(text, {"\r": ESCAPES["\r"]})
