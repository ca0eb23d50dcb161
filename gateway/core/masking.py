"""Personal data as it may be seen (脱敏展示): one rule a field, as columns, and by role whether it is seen at all.

Nobody sees personal data in clear in any view, also not the platform that sent them: what is asked for in clear is an
act of its own, with a purpose (``gateway.services.clear_reading``). Of each field so little is left that somebody who
has the person before them can compare, and nobody else can tell who it is.

===========  ==========================================================================================
姓名 name    the first character, and a star for each further one, three at most: 张*, 张**, 欧***. The dot of
             minority names is a character like others: neither it nor the length tells whose name it is.
             A name of one character: ``*``
单位 name    of an organisation: a quarter of its characters, four at most, and ``****``
证件 id      the first three and the last two of 15 and more; the last two of 8 and more; else nothing
账号 account the last four of more than eight; else nothing
手机 mobile  the last four of more than eight; else nothing
地址 address the first three of more than eight (the province); else nothing
===========  ==========================================================================================
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any, Final

import polars as pl

from gateway.core.authority import Role
from messages.batch.columns import PayeeKind

STARS: Final = "****"
FIELDS: Final = ("name", "id_number", "account", "mobile", "address")
"""The personal fields of an item, in the order of the schema."""


class Sight(StrEnum):
    """How much of the personal fields a view shows."""

    NOTHING = "NOTHING"
    MASKED = "MASKED"


_MASKED_FOR: Final = frozenset({Role.PLATFORM, Role.OPERATOR, Role.AUDITOR, Role.PRIVACY_OFFICER})


def sight(roles: Iterable[Role]) -> Sight:
    """What a view shows to somebody with these roles; key custodians and banks have no business with persons."""
    return Sight.MASKED if _MASKED_FOR.intersection(roles) else Sight.NOTHING


def masked_columns(seen: Sight = Sight.MASKED) -> list[pl.Expr]:
    """The personal fields of items (ITEM_SCHEMA, with ``payee_kind``) as they may be shown; null stays null."""
    if seen is Sight.NOTHING:
        return [pl.lit(None, dtype=pl.String).alias(name) for name in FIELDS]
    name, kind = pl.col("name"), pl.col("payee_kind")
    return [
        pl.when(kind == PayeeKind.ORGANISATION.value).then(organisation(name)).otherwise(person(name)).alias("name"),
        document(pl.col("id_number")).alias("id_number"),
        tail(pl.col("account")).alias("account"),
        tail(pl.col("mobile")).alias("mobile"),
        head(pl.col("address"), 3).alias("address"),
    ]


def masked(item: Mapping[str, Any], seen: Sight = Sight.MASKED) -> dict[str, str | None]:
    """The personal fields of one item, the same way."""
    known = {"payee_kind": item.get("payee_kind"), **{name: item.get(name) for name in FIELDS}}
    frame = pl.DataFrame([known], schema=dict.fromkeys(known, pl.String))
    return frame.select(masked_columns(seen)).row(0, named=True)


def person(name: pl.Expr) -> pl.Expr:
    """A person's name."""
    length = name.str.len_chars()
    shown = pl.when(length > 1).then(name.str.head(1)).otherwise(pl.lit(""))
    stars = pl.when(length >= 4).then(pl.lit("***")).when(length == 3).then(pl.lit("**")).otherwise(pl.lit("*"))
    return _kept_null(name, shown + stars)


def organisation(name: pl.Expr) -> pl.Expr:
    """An organisation's name; of a small one, which may be called after its owner, a character or none."""
    shown = (name.str.len_chars() // 4).clip(0, 4)
    return _kept_null(name, name.str.slice(0, shown) + STARS)


def document(number: pl.Expr) -> pl.Expr:
    """The number of an identity document."""
    length = number.str.len_chars()
    first = pl.when(length >= 15).then(number.str.head(3)).otherwise(pl.lit(""))
    last = pl.when(length >= 8).then(number.str.tail(2)).otherwise(pl.lit(""))
    return _kept_null(number, first + STARS + last)


def tail(number: pl.Expr, shown: int = 4) -> pl.Expr:
    """The last characters of a number that has more than twice as many."""
    last = pl.when(number.str.len_chars() > 2 * shown).then(number.str.tail(shown)).otherwise(pl.lit(""))
    return _kept_null(number, STARS + last)


def head(text: pl.Expr, shown: int) -> pl.Expr:
    """The first characters of a text of more than eight."""
    first = pl.when(text.str.len_chars() > 8).then(text.str.head(shown)).otherwise(pl.lit(""))
    return _kept_null(text, first + STARS)


def _kept_null(given: pl.Expr, mask: pl.Expr) -> pl.Expr:
    return pl.when(given.is_null()).then(pl.lit(None, dtype=pl.String)).otherwise(mask)
