"""The shape that nearly all NDJSON lines of a batch share (行形状), as one regular expression.

A line that matches is an object whose members are all known, each at most once, strings being strings and
the amount an integer, without invalid escapes. For such a line every JSON parser gives the same answer, so
the fast one may be trusted with it; any other line is read alone by the exact reader. The order of members is
learned from the lines at hand: it decides about speed only, never about results.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import orjson
import polars as pl

from messages.batch.columns import ITEM_SCHEMA

AMOUNT_DIGITS: Final = 13
"""An amount of more digits is not read: it could not be summed safely and is beyond any subsidy."""

_SAMPLE: Final = 32

# polars (Rust) syntax. A lone surrogate escape (\ud800 without its pair) matches nothing here.
_CHARACTER: Final = (
    r'(?:[^"\\\x00-\x1f]|\\["\\/bfnrt]'
    r"|\\u(?:[0-9abcefABCEF][0-9a-fA-F]{3}|[dD][0-7][0-9a-fA-F]{2})"
    r"|\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})"
)
_STRING: Final = f'(?:null|"{_CHARACTER}*")'
_AMOUNT: Final = rf"(?:null|0|-?[1-9][0-9]{{0,{AMOUNT_DIGITS - 1}}})"
_SPACE: Final = r"[ \t]*"


def shape_of(text: pl.Series) -> str:
    """The pattern for lines like the first ones of ``text``."""
    return _pattern(_order(text.head(_SAMPLE)))


def _order(sample: pl.Series) -> tuple[str, ...]:
    """All item fields in the order in which the fullest line of ``sample`` names them."""
    named: list[str] = []
    for line in sample:
        try:
            value = orjson.loads(line)
        except orjson.JSONDecodeError:
            continue
        known = [name for name in value if name in ITEM_SCHEMA] if isinstance(value, dict) else []
        named = known if len(known) > len(named) else named
    return _completed(named)


def _completed(named: list[str]) -> tuple[str, ...]:
    """Put each field that is not in ``named`` behind the one that precedes it in canonical order."""
    canonical, order = list(ITEM_SCHEMA), list(named)
    for place, name in enumerate(canonical):
        if name not in order:
            before = canonical[place - 1] if place else None
            order.insert(order.index(before) + 1 if before else len(order), name)
    return tuple(order)


@lru_cache(maxsize=64)
def _pattern(order: tuple[str, ...]) -> str:
    members = [f'"{name}"{_SPACE}:{_SPACE}{_AMOUNT if name == "amount_fen" else _STRING}' for name in order]
    # the first member must be there: with it, every further one is "comma, member" and needs no alternatives
    further = "".join(f"(?:{_SPACE},{_SPACE}{member})?" for member in members[1:])
    return rf"\A{_SPACE}\{{{_SPACE}{members[0]}{further}{_SPACE}\}}{_SPACE}\z"
