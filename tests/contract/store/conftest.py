"""Every store test runs on SQLite and on a real PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from gateway.core.lifecycle import ItemState
from gateway.core.tally import Tally
from gateway.store import batches, inbox, segments
from gateway.store.batches import NewBatch
from gateway.store.database import Store
from gateway.store.records import Batch, Content, SegmentInfo


@pytest.fixture
def opened(url: str) -> Iterator[Callable[..., Store]]:
    """Opens the store again, as another process would."""
    stores: list[Store] = []

    def again(**options: Any) -> Store:
        stores.append(Store(url, **options))
        return stores[-1]

    yield again
    for store in stores:
        store.dispose()


@pytest.fixture
def store(opened: Callable[..., Store]) -> Store:
    return opened(busy_timeout_seconds=5)


@pytest.fixture
def content() -> Callable[[str], Content]:
    """A content by its text; the same text has the same digest under another vault name."""
    made = iter(range(10_000))

    def of(what: str) -> Content:
        number = next(made)
        return Content(f"{number % 256:02x}/{number:030x}", f"{what:0<64}", len(what), "application/octet-stream")

    return of


@pytest.fixture
def new_batch() -> Callable[..., NewBatch]:
    def of(batch_no: str = "B-1", header: str = "h", client: str = "platform") -> NewBatch:
        return NewBatch(client, batch_no, f"REF{client}{batch_no}", {"header": header, "数": 10**15}, header, False)

    return of


@pytest.fixture
def received(
    store: Store, new_batch: Callable[..., NewBatch], content: Callable[[str], Content]
) -> Callable[..., Batch]:
    """A batch that is being checked."""

    def of(batch_no: str = "B-1") -> Batch:
        with store.begin() as tx:
            batch, _ = batches.open_batch(tx, new_batch(batch_no), 1)
            return batches.attach_content(tx, batch.batch_id, content(batch_no), 2)[0]

    return of


@pytest.fixture
def add_segment(store: Store) -> Callable[..., SegmentInfo]:
    """Adds a segment of READY items of 100 fen each."""

    def of(batch_id: int, segment_no: int = 0, bank: str = "rural", rows: int = 3) -> SegmentInfo:
        info = SegmentInfo(batch_id, segment_no, bank, rows, rows * 100)
        states, amounts = np.full(rows, ItemState.READY, dtype=np.uint8), np.full(rows, 100, dtype=np.int64)
        with store.begin() as tx:
            segments.add(tx, info, b"sealed %d" % segment_no, "key-1")
            segments.open_states(tx, info, states.tobytes(), amounts.tobytes(), Tally.of(states, amounts))
        return info

    return of


@pytest.fixture
def inbox_id(store: Store, content: Callable[[str], Content]) -> Callable[[str], int]:
    """A message from a bank, by name."""

    def of(name: str = "answer") -> int:
        with store.begin() as tx:
            return inbox.receive(tx, "rural", name, content(name), None, 5)[0].inbox_id

    return of
