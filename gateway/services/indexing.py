"""Job ``index``: make a batch's people and items findable without storing who they are.

Runs beside payment, never before it: nobody's money waits for a search index.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl
from sqlalchemy import Connection

from crypto.contract import BlindIndexer
from gateway.services.context import Context
from gateway.services.frames import segment_context, unseal_frame
from gateway.services.jobs import Later, finish
from gateway.store import erasures, lookup, segments
from gateway.store.records import Work

LABELS: Final = {"item": "item_id", "person": "id_number"}
AGAIN_MS: Final = 1000


@dataclass(frozen=True, slots=True)
class Runs:
    """What one batch's index says: tokens and item numbers by label, made with one key."""

    batch_id: int
    key_id: str
    erasures: tuple[tuple[int, int | None], ...]  # of the batch, when its items were read
    tokens: dict[str, npt.NDArray[np.uint64]]
    item_nos: dict[str, npt.NDArray[np.uint32]]


def index(context: Context, work: Work) -> Later | None:
    """Write one lookup run a label in place of all that the batch has; a second run writes the same."""
    runs = made_runs(context, int(work.subject["batch_id"]))
    with context.store.begin() as tx:
        if not replace(tx, runs):
            return Later(context.clock.now_ms() + AGAIN_MS)
        finish(tx, work)
    return None


def made_runs(context: Context, batch_id: int) -> Runs:
    """The index of one batch under the active key, from its sealed items as they are now."""
    keys = context.data_keys()
    with context.store.read() as tx:
        seen, infos = erasures.of_batch(tx, batch_id), segments.infos(tx, batch_id)
    columns: list[pl.DataFrame] = []
    for info in infos:
        with context.store.read() as tx:
            sealed = segments.sealed(tx, batch_id, info.segment_no)
        place = segment_context(batch_id, info.segment_no)
        items = unseal_frame(context.sealer, sealed, place, ["item_no", *LABELS.values()])
        columns.append(_tokens(keys.index, items))
    every = pl.concat(columns) if columns else pl.DataFrame(schema={"item_no": pl.UInt32})
    parts = {label: every.filter(pl.col(label) != 0) for label in LABELS if every.height}  # 0: erased, see BlindIndexer
    return Runs(
        batch_id,
        keys.index_key,
        tuple(seen),
        {label: part[label].to_numpy() for label, part in parts.items()},
        {label: part["item_no"].to_numpy() for label, part in parts.items()},
    )


def replace(tx: Connection, runs: Runs) -> bool:
    """Put the runs in place of all that the batch has; False where something of it was erased since it was read."""
    lookup.hold(tx, runs.batch_id)
    if tuple(erasures.of_batch(tx, runs.batch_id)) != runs.erasures:
        return False
    lookup.clear(tx, runs.batch_id)
    for label, tokens in runs.tokens.items():
        lookup.add_run(tx, runs.batch_id, label, tokens, runs.item_nos[label], runs.key_id)
    return True


def _tokens(index: BlindIndexer, items: pl.DataFrame) -> pl.DataFrame:
    made: list[Any] = [pl.Series(label, index.tokens(items[column], label)) for label, column in LABELS.items()]
    return items.select("item_no").with_columns(made)
