"""Results and findings as NDJSON lines (结果与校验明细的流): whole columns at once, no object an item."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from gateway.core.lifecycle import ItemState
from gateway.services.answer_shapes import Finding, ItemResult
from gateway.services.result_history import latest_applied
from messages.batch.numbering import item_references
from messages.batch.rejections import CATALOGUE

_STATE_NAMES: Final = np.array(["", *(state.name for state in ItemState)], dtype=object)


def results(batch_reference: str, bank: str, items: pl.DataFrame, states: bytes, said: pl.DataFrame) -> bytes:
    """One segment's results, a line of ``ItemResult`` an item, some 350 bytes each.

    ``items`` are the segment's columns, ``states`` one byte an item, ``said`` its result history.
    """
    names = pl.Series("state", _STATE_NAMES[np.frombuffer(states, dtype=np.uint8)], dtype=pl.String)
    placed = items.select("item_id", "line_no", item_references(batch_reference), "amount_fen").with_columns(
        pl.lit(bank).alias("bank"), names, pl.int_range(items.height, dtype=pl.UInt16).alias("row")
    )
    latest = latest_applied(said).drop("item_no").rename({"text_raw": "text"})
    lines = placed.join(latest, on="row", how="left", maintain_order="left")
    return lines.select(list(ItemResult.model_fields)).write_ndjson().encode()


def findings(block: pl.DataFrame) -> bytes:
    """One stored block of findings, a line of ``Finding`` each, with the catalogue's words."""
    lines = block.join(_words(), on="code", how="left", maintain_order="left")
    return lines.select(list(Finding.model_fields)).write_ndjson().encode()


def _words() -> pl.DataFrame:
    entries = list(CATALOGUE.values())
    columns = {"code": list(CATALOGUE), "zh": [e.zh for e in entries], "en": [e.en for e in entries]}
    return pl.DataFrame(columns, schema={"code": pl.String, "zh": pl.String, "en": pl.String})
