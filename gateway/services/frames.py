"""Columns at rest: one DataFrame as sealed Arrow bytes, bound to where it belongs."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence

import polars as pl

from crypto.contract import SegmentSealer


def seal_frame(sealer: SegmentSealer, frame: pl.DataFrame, context: str) -> bytes:
    """Arrow IPC (lz4), sealed under ``context``."""
    buffer = io.BytesIO()
    frame.write_ipc(buffer, compression="lz4")
    return sealer.seal(buffer.getvalue(), context)


def unseal_frame(
    sealer: SegmentSealer, sealed: bytes, context: str, columns: Sequence[str] | None = None
) -> pl.DataFrame:
    """The frame again, or only some of its columns; raises SealBroken."""
    plain = sealer.unseal(sealed, context)
    return pl.read_ipc(io.BytesIO(plain), columns=list(columns) if columns else None)


def segment_context(batch_id: int, segment_no: int) -> str:
    """What binds a segment to its place."""
    return f"segment/{batch_id}/{segment_no}"


def result_context(batch_id: int, segment_no: int, inbox_id: int) -> str:
    """What binds a result block to its place."""
    return f"result/{batch_id}/{segment_no}/{inbox_id}"


def rejections_context(batch_id: int, block_no: int) -> str:
    """What binds a block of rejections to its place."""
    return f"rejections/{batch_id}/{block_no}"


def unmatched_context(inbox_id: int) -> str:
    """What binds the set-aside rows of one bank message to it."""
    return f"unmatched/{inbox_id}"


def context_of(table: str, place: Mapping[str, int]) -> str:
    """What binds a sealed row of ``table`` to its place, given the row's other columns."""
    if table == "segment_sealed":
        return segment_context(place["batch_id"], place["segment_no"])
    if table == "result_block":
        return result_context(place["batch_id"], place["segment_no"], place["inbox_id"])
    if table == "rejection":
        return rejections_context(place["batch_id"], place["block_no"])
    if table == "result_unmatched":
        return unmatched_context(place["inbox_id"])
    raise ValueError(f"no sealed rows in {table}")
