"""Quoted fields (引号域): taken out of a whole block of lines at once."""

from __future__ import annotations

from typing import Final

from messages.layout.model import Delimited

SPLIT: Final = "\x1f"
"""Stands between the fields of lines that were unquoted; no field has it."""


def unquoted(text: str, rule: Delimited) -> str | None:
    """Lines with SPLIT for delimiters and without quotes; None where a quote is misplaced.

    Between quotes and outside of them take turns; nothing but an empty outside between two quotes is a quote.
    """
    if rule.quote is None or rule.quote not in text:
        return text.replace(rule.delimiter, SPLIT)
    pieces = text.split(rule.quote)
    if not len(pieces) % 2:
        return None
    outside = rule.quote.join(pieces[0::2]).replace(rule.delimiter, SPLIT).split(rule.quote)
    inside = pieces[1::2]
    if "\n" in rule.quote.join(inside) or not _opens_and_closes(outside):
        return None
    marked = [piece or rule.quote for piece in outside]
    marked[0], marked[-1] = outside[0], outside[-1]
    whole = [""] * len(pieces)
    whole[0::2], whole[1::2] = marked, inside
    return "".join(whole)


def _opens_and_closes(outside: list[str]) -> bool:
    """Every outside begins behind a field and ends before one, or is a quote of a field itself (CR is before LF)."""
    before = all(not piece or piece[-1] in (SPLIT, "\n") for piece in outside[:-1])
    behind = all(not piece or piece[0] in (SPLIT, "\r", "\n") for piece in outside[1:])
    return before and behind and bool(outside[-1])
