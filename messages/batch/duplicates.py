"""Items that come twice in one batch (批内查重), over any number of blocks in bounded memory."""

from __future__ import annotations

from typing import Final

import polars as pl

from messages.batch.codes import Code
from messages.batch.findings import found_at
from messages.batch.seen import SeenHashes

_SEED: Final = 0x17D5


class DuplicateIds:
    """Item ids (明细编号) of one batch: the first item of an id is kept, every later one is rejected (R15)."""

    def __init__(self) -> None:
        self._seen = SeenHashes()

    def split(self, items: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
        """The items of ids not seen before, and DUPLICATE_ITEM_ID findings (REJECTION_SCHEMA) for the others.

        Blocks must come in the order of their lines, each once. An item without id is left to the checks.
        """
        given = items["item_id"].is_not_null()
        numbers = items["item_id"].filter(given).hash(_SEED).to_numpy()
        flags = given.to_numpy().copy()
        flags[flags] = self._seen.repeats(numbers)
        repeated = pl.Series(flags)
        return items.filter(~repeated), found_at(items, repeated, "item_id", Code.DUPLICATE_ITEM_ID)


class RepeatedPayments:
    """The same document, account and amount twice in one batch: a warning against 重发 (R15), never a rejection."""

    def __init__(self) -> None:
        self._seen = SeenHashes()

    def find(self, items: pl.DataFrame) -> pl.DataFrame:
        """REPEATED_PAYMENT findings (REJECTION_SCHEMA) for all but the first of each."""
        keys = items.select("id_type", "id_number", "account", "amount_fen")
        numbers = keys.hash_rows(_SEED).to_numpy()
        return found_at(items, pl.Series(self._seen.repeats(numbers)), "account", Code.REPEATED_PAYMENT)
