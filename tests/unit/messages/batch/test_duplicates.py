"""Items that come twice: the first stays, whatever the blocks."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from messages.batch.columns import ITEM_SCHEMA
from messages.batch.duplicates import DuplicateIds, RepeatedPayments
from messages.batch.seen import SeenHashes


def block_of(ids: list[str | None], first: int = 1) -> pl.DataFrame:
    block = pl.DataFrame({"item_id": pl.Series(ids, dtype=pl.String)})
    others = [pl.lit(None, dtype=kind).alias(name) for name, kind in ITEM_SCHEMA.items() if name != "item_id"]
    return block.with_columns(*others, line_no=pl.int_range(first, first + pl.len(), dtype=pl.UInt32))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.sampled_from("abcdefgh"), max_size=8), max_size=8))
def test_the_first_of_each_id_is_kept(blocks: list[list[str]]) -> None:
    duplicates, seen, line = DuplicateIds(), set[str](), 1
    for ids in blocks:
        expected = [(line + at, text in seen or text in ids[:at]) for at, text in enumerate(ids)]
        kept, found = duplicates.split(block_of(list(ids), line))
        assert kept["line_no"].to_list() == [number for number, repeated in expected if not repeated]
        assert found["line_no"].to_list() == [number for number, repeated in expected if repeated]
        seen.update(ids)
        line += len(ids)


def test_missing_ids_are_not_duplicates() -> None:
    kept, found = DuplicateIds().split(block_of([None, "a", None, "a"]))
    assert kept["line_no"].to_list() == [1, 2, 3]
    assert found.select("line_no", "item_id", "field", "code", "severity").rows() == [
        (4, "a", "item_id", "DUPLICATE_ITEM_ID", "REJECT")
    ]


def test_half_a_million_keys_stay_small_and_exact() -> None:
    seen, random = SeenHashes(), np.random.default_rng(7)
    numbers = random.permutation(500_000).astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    for part in np.array_split(numbers, 20):
        assert not seen.repeats(part).any()
    assert len(seen) == 500_000
    assert len(seen._runs) <= 10  # merged as it grows
    assert seen.repeats(numbers[:1000]).all()


def test_the_same_payment_twice_is_a_warning(item: dict[str, Any]) -> None:
    def block(*items: dict[str, Any]) -> pl.DataFrame:
        frame = pl.DataFrame(list(items), schema=ITEM_SCHEMA, orient="row")
        return frame.with_columns(line_no=pl.int_range(1, pl.len() + 1, dtype=pl.UInt32))

    repeated = RepeatedPayments()
    assert repeated.find(block(item, {**item, "amount_fen": 1})).height == 0
    found = repeated.find(block({**item, "item_id": "B"}, {**item, "account": "62179900"}))
    assert found.select("line_no", "code", "severity").rows() == [(1, "REPEATED_PAYMENT", "WARN")]
