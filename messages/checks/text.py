"""Text that every format can carry (文本字段): no control characters, no invisible ones, no stray spaces.

Refused are Unicode categories Cc and Cf (NUL, tabs, zero-width and direction marks), line and paragraph
separators, the replacement character (a sign of text decoded with the wrong character set) and U+FFFE
and U+FFFF, which XML forbids.
"""

from __future__ import annotations

import unicodedata
from typing import Final

import polars as pl

_UNWANTED: Final = r"[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\x{FFFD}-\x{FFFF}]"
_LOOSE_ENDS: Final = r"\A\s|\s\z"


def is_free_of_controls(texts: pl.Expr) -> pl.Expr:
    """True where no control, format or replacement character occurs; null stays null."""
    return ~texts.str.contains(_UNWANTED)


def is_trimmed(texts: pl.Expr) -> pl.Expr:
    """True where a text neither begins nor ends with white space, the ideographic space U+3000 included."""
    return ~texts.str.contains(_LOOSE_ENDS)


def is_within(texts: pl.Expr, characters: int) -> pl.Expr:
    """True where a text has at most ``characters`` Unicode characters."""
    return texts.str.len_chars() <= characters


def is_clean(text: str) -> bool:
    """One text: free of controls and trimmed."""
    unwanted = any(unicodedata.category(c) in {"Cc", "Cf", "Zl", "Zp", "Cs"} or c in "\ufffd\ufffe\uffff" for c in text)
    return not unwanted and text == text.strip()
