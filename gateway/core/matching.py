"""Matching what a bank said to the items it was told to pay: by reference, amount and account.

A row that does not match is set aside with the reason and never touches an item (issue of peers:
matching by reference alone). Everything works on columns; one call handles one segment.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from gateway.core.lifecycle import ItemEvent, ItemState, advance
from messages.batch.numbering import BATCH_REFERENCE_LENGTH, ITEM_REFERENCE_LENGTH, SEGMENT_STRIDE
from messages.outcome import Outcome


class Disposition(StrEnum):
    """What became of one row of a bank's message."""

    APPLIED = "APPLIED"  # it moved the item
    REPEATED = "REPEATED"  # already known, nothing moved
    CONTRADICTED = "CONTRADICTED"  # it says the opposite of what was said before: item DISPUTED
    AMOUNT_MISMATCH = "AMOUNT_MISMATCH"  # another amount than instructed: set aside
    ACCOUNT_MISMATCH = "ACCOUNT_MISMATCH"  # another account than instructed: set aside
    UNKNOWN_ITEM = "UNKNOWN_ITEM"  # no such item in the instruction it answers: set aside


SET_ASIDE: Final = frozenset({Disposition.AMOUNT_MISMATCH, Disposition.ACCOUNT_MISMATCH, Disposition.UNKNOWN_ITEM})

EVENT_OF: Final[dict[Outcome, ItemEvent]] = {
    Outcome.ACCEPTED: ItemEvent.ACCEPTED,
    Outcome.PAID: ItemEvent.PAID,
    Outcome.FAILED: ItemEvent.FAILED,
    Outcome.RETURNED: ItemEvent.RETURNED,
    Outcome.UNKNOWN: ItemEvent.UNCLEAR,
    Outcome.ABSENT: ItemEvent.ABSENT,
}


def locate(rows: pl.DataFrame, batch_ref: str) -> pl.DataFrame:
    """Add ``item_no``, ``segment_no`` and ``row`` from the reference; null where it is not of this batch."""
    reference = pl.col("reference")
    ours = (reference.str.len_bytes() == ITEM_REFERENCE_LENGTH) & reference.str.starts_with(batch_ref)
    digits = reference.str.slice(BATCH_REFERENCE_LENGTH)
    number = pl.when(ours & digits.str.contains(r"\A[0-9]{8}\z")).then(digits).cast(pl.UInt32, strict=False)
    return rows.with_columns(number.alias("item_no")).with_columns(
        (pl.col("item_no") // SEGMENT_STRIDE).alias("segment_no"),
        (pl.col("item_no") % SEGMENT_STRIDE).alias("row"),
    )


def layers(rows: pl.DataFrame) -> list[pl.DataFrame]:
    """Split rows so that no item occurs twice in a layer, keeping the bank's order between layers."""
    turn = pl.int_range(pl.len()).over("item_no").alias("_turn")
    parts = rows.with_columns(turn).partition_by("_turn", as_dict=True, maintain_order=True)
    return [parts[key].drop("_turn") for key in sorted(parts)]


def compare(rows: pl.DataFrame, accounts: pl.Series, amounts_fen: npt.NDArray[np.int64]) -> pl.DataFrame:
    """Add ``fault``: why a located row of one segment must be set aside, else null.

    A bank format that repeats no amount or no account leaves that column null, and null is not compared.
    """
    count = len(amounts_fen)
    inside = rows["row"].to_numpy() < count
    safe = np.where(inside, rows["row"].to_numpy(), 0)
    known = rows.with_columns(
        pl.Series("_inside", inside),
        pl.Series("_amount", amounts_fen[safe]),
        accounts.gather(safe).alias("_account"),
    )
    fault = (
        pl.when(~pl.col("_inside"))
        .then(pl.lit(Disposition.UNKNOWN_ITEM.value))
        .when(pl.col("amount_fen").is_not_null() & (pl.col("amount_fen") != pl.col("_amount")))
        .then(pl.lit(Disposition.AMOUNT_MISMATCH.value))
        .when(pl.col("account").is_not_null() & (pl.col("account") != pl.col("_account")))
        .then(pl.lit(Disposition.ACCOUNT_MISMATCH.value))
        .otherwise(None)
    )
    return known.with_columns(fault.alias("fault")).drop("_inside", "_amount", "_account")


@dataclass(frozen=True, slots=True)
class Step:
    """One segment moved by one layer of rows."""

    states: npt.NDArray[np.uint8]  # the whole segment, after
    dispositions: list[str]  # per row of the layer
    newly_paid: npt.NDArray[np.uint16]  # rows of the segment that became PAID now


def step(states: npt.NDArray[np.uint8], rows: npt.NDArray[np.uint32], events: npt.NDArray[np.uint8]) -> Step:
    """Let each row's event happen to its item; raises ImpossibleTransition and changes nothing."""
    before = states[rows]
    after = advance(before, events)
    moved = states.copy()
    moved[rows] = after
    disputed = (after == ItemState.DISPUTED) & (before != ItemState.DISPUTED)
    names = np.where(
        disputed, Disposition.CONTRADICTED, np.where(after == before, Disposition.REPEATED, Disposition.APPLIED)
    )
    paid = rows[(after == ItemState.PAID) & (before != ItemState.PAID)]
    return Step(moved, [str(name) for name in names], paid.astype(np.uint16))
