"""Looking up tokens: runs of every size, over one batch and over many."""

from __future__ import annotations

import numpy as np
import pytest
from sqlalchemy import func, select, text

from gateway.store import lookup, tables
from gateway.store.database import Store


def tokens_of(count: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 1 << 64, size=count, dtype=np.uint64)


@pytest.mark.parametrize("count", [1, 64, 65, 4_096, 4_097, 60_000])
def test_every_token_of_a_run_is_found(store, received, count) -> None:
    batch_id, tokens = received().batch_id, tokens_of(count)
    with store.begin() as tx:
        lookup.add_run(tx, batch_id, "item", tokens, np.arange(count, dtype=np.uint32))
    picked = {0, count - 1, int(tokens.argmin()), int(tokens.argmax()), count // 2}
    with store.read() as tx:
        for number in picked:
            assert lookup.find(tx, "item", int(tokens[number]), batch_id) == [(batch_id, number)]
            assert lookup.find(tx, "item", int(tokens[number])) == [(batch_id, number)]
        assert lookup.find(tx, "item", int(tokens[0]) ^ 1) == []
        assert lookup.find(tx, "person", int(tokens[0])) == []


@pytest.mark.parametrize(("count", "parts"), [(0, 0), (64, 1), (4_096, 16), (60_000, 256)])
def test_a_run_is_cut_by_its_size(store, received, count, parts) -> None:
    batch_id = received().batch_id
    with store.begin() as tx:
        lookup.add_run(tx, batch_id, "item", tokens_of(count), np.arange(count, dtype=np.uint32))
        assert tx.execute(select(func.count()).select_from(tables.lookup_part)).scalar_one() == parts


@pytest.mark.parametrize("token", [0, 1, (1 << 63) - 1, 1 << 63, (1 << 64) - 1])
def test_the_ends_of_the_token_range(store, received, token) -> None:
    batch_id = received().batch_id
    tokens = np.concatenate([tokens_of(5_000), np.array([token], dtype=np.uint64)])
    with store.begin() as tx:
        lookup.add_run(tx, batch_id, "item", tokens, np.arange(5_001, dtype=np.uint32))
        lookup.add_run(tx, batch_id, "few", tokens[-1:], np.array([7], dtype=np.uint32))
    with store.read() as tx:
        assert (batch_id, 5_000) in lookup.find(tx, "item", token)
        assert lookup.find(tx, "few", token) == [(batch_id, 7)]


def test_one_person_in_many_batches(store, received) -> None:
    token, expected = 0xFEDC_BA98_7654_3210, []
    for number, count in enumerate((3, 300, 9_000)):
        batch_id, tokens = received(f"B-{number}").batch_id, tokens_of(count, number)
        tokens[[0, 2]] = token
        with store.begin() as tx:
            lookup.add_run(tx, batch_id, "person", tokens, np.arange(count, dtype=np.uint32) + 10)
        expected += [(batch_id, 10), (batch_id, 12)]
    with store.read() as tx:
        assert lookup.find(tx, "person", token) == expected
        assert lookup.find(tx, "person", token, expected[2][0]) == expected[2:4]
        assert lookup.find(tx, "person", np.uint64(token)) == expected


def test_runs_of_a_batch_add_up_and_a_repeated_one_changes_nothing(store, received) -> None:
    batch_id = received().batch_id
    for item_no in (1, 2, 2):
        with store.begin() as tx:
            lookup.add_run(tx, batch_id, "item", np.array([9], dtype=np.uint64), np.array([item_no], dtype=np.uint32))
    with store.begin() as tx:
        assert lookup.find(tx, "item", 9) == [(batch_id, 1), (batch_id, 2)]
        lookup.clear(tx, batch_id)
        assert lookup.find(tx, "item", 9) == []


@pytest.mark.parametrize("one_batch", [True, False])
def test_a_find_is_an_index_search(tmp_path, one_batch) -> None:
    store = Store(f"sqlite:///{tmp_path}/plan.db")
    store.migrate()
    where = "label = 'item' AND partition IN (1, 16, 256)" + (" AND batch_id = 5" if one_batch else "")
    with store.read() as tx:
        plan = tx.execute(text(f"EXPLAIN QUERY PLAN SELECT entries FROM lookup_part WHERE {where}")).all()  # noqa: S608
    expected = "label=? AND partition=?" + (" AND batch_id=?" if one_batch else "")
    assert ["SEARCH" in row[3] and expected in row[3] for row in plan] == [True]
    store.dispose()
