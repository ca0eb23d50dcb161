"""Items without their people (去标识化的明细): what is taken out of columns, and what stays so that books balance.

An erased item has no name, and nothing else has none: that is the mark. Its number, amount, kinds and bank stay.
"""

from __future__ import annotations

from typing import Final

import polars as pl

PERSONAL: Final = ("name", "id_number", "account", "mobile", "address", "remark")
"""The columns of ``STORED_SCHEMA`` that say who somebody is; a remark is free text and may."""

_RESIDENT_ID: Final = r"[1-9]\d{5}(?:18|19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx]"
_IDENTIFYING: Final = ("name", "id_number", "account", "mobile")
_REFERRING: Final = ("item_id", "reissues_item_id")


def is_erased() -> pl.Expr:
    """Whether an item of a segment was erased."""
    return pl.col("name").is_null()


def without_people(items: pl.DataFrame, chosen: pl.Expr) -> pl.DataFrame:
    """``items`` (STORED_SCHEMA) with the chosen ones erased.

    A platform that numbers its items by people gets other numbers: ``erased-`` and our own item number.
    """
    told = [_told_by(pl.col(name), _IDENTIFYING) for name in _REFERRING]
    replaced = [
        pl.when(chosen & is_told).then(pl.lit("erased-") + pl.col("item_no").cast(pl.String)).otherwise(pl.col(name))
        for name, is_told in zip(_REFERRING, told, strict=True)
    ]
    gone = [pl.when(chosen).then(None).otherwise(pl.col(name)).alias(name) for name in PERSONAL]
    return items.with_columns([*(one.alias(name) for name, one in zip(_REFERRING, replaced, strict=True)), *gone])


def without_words(said: pl.DataFrame, chosen: pl.Expr) -> pl.DataFrame:
    """Result rows with the bank's own words taken out of the chosen ones; codes and serial numbers stay."""
    return said.with_columns(pl.when(chosen).then(None).otherwise(pl.col("text_raw")).alias("text_raw"))


def without_telling_ids(findings: pl.DataFrame, number: str | None = None) -> pl.DataFrame:
    """Findings whose item ids tell no person: neither ``number`` nor, where none is given, anybody's ID number."""
    item_id = pl.col("item_id")
    tells = item_id.str.contains(number, literal=True) if number else item_id.str.contains(_RESIDENT_ID)
    hidden = pl.lit("erased-line-") + pl.col("line_no").cast(pl.String)
    return findings.with_columns(pl.when(tells).then(hidden).otherwise(item_id).alias("item_id"))


def rebuilt(frame: pl.DataFrame) -> pl.DataFrame:
    """The same frame in new memory: a null that was a value keeps it in its buffer, and the buffer is what is stored."""
    return pl.DataFrame([pl.Series(one.name, one.to_list(), dtype=one.dtype) for one in frame.iter_columns()])


def _told_by(identifier: pl.Expr, columns: tuple[str, ...]) -> pl.Expr:
    own = [identifier.str.contains(pl.col(name), literal=True).fill_null(value=False) for name in columns]
    return pl.any_horizontal(*own, identifier.str.contains(_RESIDENT_ID).fill_null(value=False))
