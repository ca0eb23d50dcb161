"""Header and trailer values as columns of one row, and back (文件头、文件尾的取值)."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from typing import Final

import polars as pl

from messages.layout.file import Head, HeadValue

CHINA: Final = timezone(timedelta(hours=8))
_DTYPES: Final[dict[type, pl.DataType]] = {
    int: pl.Int64(),
    date: pl.Date(),
    datetime: pl.Datetime("us"),
    str: pl.String(),
}


def one_row(head: Head, sources: list[str]) -> pl.DataFrame:
    """The values of ``sources``, moments in China Standard Time; raises KeyError for what ``head`` does not have."""
    return pl.DataFrame([_single(source, head[source]) for source in sources])


def _single(name: str, value: HeadValue) -> pl.Series:
    if isinstance(value, datetime) and value.tzinfo is not None:
        value = value.astimezone(CHINA).replace(tzinfo=None)
    return pl.Series(name, [value], dtype=_DTYPES.get(type(value), pl.Null()))


def of_row(columns: pl.DataFrame) -> dict[str, HeadValue]:
    """The values of a frame of one row by source; moments have their zone."""
    return {
        name: value.replace(tzinfo=CHINA) if isinstance(value, datetime) else value
        for name, value in columns.row(0, named=True).items()
    }
