"""Job ``index``: make a batch's people and items findable without storing who they are.

Runs beside payment, never before it: nobody's money waits for a search index.
"""

from __future__ import annotations

import numpy as np

from gateway.services.context import Context
from gateway.services.frames import segment_context, unseal_frame
from gateway.services.jobs import finish
from gateway.store import lookup, segments
from gateway.store.records import Work

LABELS = {"item": "item_id", "person": "id_number"}


def index(context: Context, work: Work) -> None:
    """Write one lookup run a label; a second run writes the same."""
    batch_id = int(work.subject["batch_id"])
    tokens: dict[str, list[np.ndarray[tuple[int], np.dtype[np.uint64]]]] = {label: [] for label in LABELS}
    numbers = []
    with context.store.read() as tx:
        infos = segments.infos(tx, batch_id)
    for info in infos:
        with context.store.read() as tx:
            sealed = segments.sealed(tx, batch_id, info.segment_no)
        place = segment_context(batch_id, info.segment_no)
        items = unseal_frame(context.sealer, sealed, place, ["item_no", *LABELS.values()])
        numbers.append(items["item_no"].to_numpy())
        for label, column in LABELS.items():
            tokens[label].append(context.index.tokens(items[column], label))
    with context.store.begin() as tx:
        for label in LABELS if infos else ():
            lookup.add_run(tx, batch_id, label, np.concatenate(tokens[label]), np.concatenate(numbers))
        finish(tx, work)
