"""An engineer's own items for a preview (预览用明细文件): read and judged as at intake, bounded."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final, Literal

import polars as pl

from gateway.bank.places import ToolRefused
from gateway.bank.sample import MOST
from messages.batch.checking import CheckRules, check_items
from messages.batch.columns import STORED_SCHEMA
from messages.batch.content_type import ContentType, LineKind
from messages.batch.reading import read_items
from messages.batch.unreadable import UnreadableContent

_OCTETS_MAX: Final = 5_000_000
_KINDS: Final = {".ndjson": LineKind.NDJSON, ".jsonl": LineKind.NDJSON, ".csv": LineKind.CSV, ".tsv": LineKind.TSV}
_AMOUNT_LIMIT_FEN: Final = 10**15


@dataclass(frozen=True, slots=True)
class GivenItems:
    """Items that intake would take, numbered, and what it would say about the others (REJECTION_SCHEMA)."""

    items: pl.DataFrame
    findings: pl.DataFrame


def read_items_file(path: Path, day: date) -> GivenItems:
    """NDJSON, CSV or TSV in UTF-8 or GB18030, at most 1,000 items; raises ToolRefused."""
    kind = _KINDS.get(path.suffix.lower())
    if kind is None:
        raise ToolRefused(f"{path.name}: give items as .ndjson, .csv or .tsv (docs/canonical-batch.md)")
    content = _content(path)
    try:
        blocks = list(read_items([content], ContentType(kind, _charset(content)), most=MOST))
    except UnreadableContent as refused:
        raise ToolRefused(f"{path.name}: {refused}") from None
    rules = CheckRules(today=day, amount_limit_fen=_AMOUNT_LIMIT_FEN)
    judged = [check_items(block.items, rules) for block in blocks]
    if not judged:
        raise ToolRefused(f"{path.name}: there are no items in it")
    good = pl.concat([one.good for one in judged])
    numbered = good.with_columns(pl.int_range(pl.len(), dtype=pl.UInt32).alias("item_no")).select(*STORED_SCHEMA)
    return GivenItems(numbered, pl.concat([*(block.findings for block in blocks), *(one.findings for one in judged)]))


def _content(path: Path) -> bytes:
    try:
        if path.stat().st_size > _OCTETS_MAX:
            raise ToolRefused(f"{path.name}: more than {_OCTETS_MAX} octets: a preview takes at most {MOST} items")
        return path.read_bytes()
    except OSError as fault:
        raise ToolRefused(f"{path} cannot be read: {fault.strerror}") from None


def _charset(content: bytes) -> Literal["utf-8", "gb18030"]:
    try:
        content.decode("utf-8")
        return "utf-8"
    except UnicodeDecodeError:
        return "gb18030"
