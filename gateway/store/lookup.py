"""Finding an item or a person by token (盲索引查找): sorted runs, cut into parts by the token's leading bits.

A row an item would cost more than the item itself. A run is sorted and cut so that a part holds some dozens to
some thousands of entries; its number says how it was cut, so that one equality query over (label, partition)
meets every run, however large, in every batch.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection, delete, func, insert, or_, select

from gateway.store import locks, tables

_ENTRY: Final = np.dtype([("token", "<u8"), ("item_no", "<u4")])
_CUTS: Final = ((64, 0), (4_096, 4), (1 << 63, 8))  # runs of at most so many entries are cut by so many leading bits
_t = tables.lookup_part


def add_run(
    tx: Connection,
    batch_id: int,
    label: str,
    tokens: npt.NDArray[np.uint64],
    item_nos: npt.NDArray[np.uint32],
    key_id: str = "",
) -> None:
    """Add tokens and their item numbers under ``label``; several runs of one batch add up.

    ``key_id`` names the blind index that made the tokens: under another one they say nothing.
    """
    entries = np.empty(len(tokens), dtype=_ENTRY)
    order = np.argsort(tokens, kind="stable")
    entries["token"], entries["item_no"] = tokens[order], item_nos[order]
    if not len(entries):
        return
    mine = (_t.c.batch_id == batch_id) & (_t.c.label == label)
    run_no = int(tx.execute(select(func.coalesce(func.max(_t.c.run_no), -1)).where(mine)).scalar_one()) + 1
    key = {"label": label, "batch_id": batch_id, "run_no": run_no, "key_id": key_id}
    tx.execute(insert(_t), [{**key, **part} for part in _parts(entries)])


def find(tx: Connection, label: str, token: int, batch_id: int | None = None) -> list[tuple[int, int]]:
    """(batch id, item number) wherever ``token`` stands under ``label``, in order; of one batch or of all.

    Two items may, rarely, share a token: the caller compares what it finds.
    """
    wanted = int(token)
    query = select(_t.c.batch_id, _t.c.entries).where(
        _t.c.label == label, _t.c.partition.in_([_partition(wanted, bits) for _, bits in _CUTS])
    )
    if batch_id is not None:
        query = query.where(_t.c.batch_id == batch_id)
    found = {(row.batch_id, item_no) for row in tx.execute(query) for item_no in _matches(row.entries, wanted)}
    return sorted(found)


def clear(tx: Connection, batch_id: int) -> None:
    """Drop all runs of a batch, so that an interrupted indexing can start over."""
    tx.execute(delete(_t).where(_t.c.batch_id == batch_id))


def hold(tx: Connection, batch_id: int) -> None:
    """Let only one transaction at a time make or drop the runs of a batch; until ``tx`` ends."""
    locks.serialize(tx, "lookup", str(batch_id))


def counted(tx: Connection) -> dict[str, int]:
    """Parts of runs by the key id that they were made with; "" for runs made before keys were recorded."""
    return {key_id: int(n) for key_id, n in tx.execute(select(_t.c.key_id, func.count()).group_by(_t.c.key_id))}


def batch_not_under(tx: Connection, key_id: str, after: int = 0) -> int | None:
    """The next batch above ``after`` that has a run made with another key, or None."""
    others = or_(_t.c.key_id < key_id, _t.c.key_id > key_id) & (_t.c.batch_id > after)
    found = tx.execute(select(func.min(_t.c.batch_id)).where(others)).scalar_one()
    return None if found is None else int(found)


def batches_under(tx: Connection, label: str, key_ids: Collection[str]) -> set[int]:
    """The batches that can be searched under ``label`` with these keys, as far as they are indexed at all."""
    query = select(_t.c.batch_id).where(_t.c.label == label, _t.c.key_id.in_(list(key_ids))).distinct()
    return set(tx.execute(query).scalars())


def _parts(entries: npt.NDArray[Any]) -> list[dict[str, Any]]:
    bits = next(bits for most, bits in _CUTS if len(entries) <= most)
    bounds = [number << (64 - bits) for number in range(1, 1 << bits)]
    starts = np.searchsorted(entries["token"], np.array(bounds, dtype=np.uint64)).tolist()
    slices = zip([0, *starts], [*starts, len(entries)], strict=True)
    return [
        {"partition": (1 << bits) + number, "entries": entries[start:end].tobytes()}
        for number, (start, end) in enumerate(slices)
        if end > start
    ]


def _partition(token: int, bits: int) -> int:
    """The cut and the leading bits in one number: 1, then the bits."""
    return (1 << bits) + (token >> (64 - bits))


def _matches(blob: bytes, token: int) -> list[int]:
    entries = np.frombuffer(blob, dtype=_ENTRY)
    low, high = (np.searchsorted(entries["token"], np.uint64(token), side) for side in ("left", "right"))
    return [int(item_no) for item_no in entries["item_no"][low:high]]
