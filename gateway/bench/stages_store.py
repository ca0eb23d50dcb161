"""The store (存储): segments and states through SQLite, against writing the same octets to a file and syncing it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import numpy as np
import polars as pl

from crypto.sealing import AesSegmentSealer
from gateway.bench import sample
from gateway.bench.rows import Row, row
from gateway.bench.timing import Contender, contest
from gateway.core.lifecycle import ItemEvent, ItemState, advance
from gateway.core.tally import Tally
from gateway.services.frames import seal_frame
from gateway.store import batches, inbox, results, segments
from gateway.store.batches import NewBatch
from gateway.store.database import Store
from gateway.store.records import Content, ResultBlock, SegmentInfo

BANK = "bench"
_NOW = 1
_RAW = "write and fsync the same octets"


@dataclass(frozen=True, slots=True)
class _Part:
    """One segment, ready to be stored."""

    rows: int
    fen: int
    sealed: bytes
    amounts: bytes
    states: bytes


class StoreBench:
    """A store in ``directory`` with as many batches as are asked for."""

    def __init__(self, directory: Path, parts: list[_Part]):
        self.store = Store(f"sqlite:///{directory / 'bench.db'}")
        self.store.migrate()
        self.parts = parts
        self._raw = directory / "raw"
        self._numbers = count(1)

    def fill(self) -> int:
        """A new batch with all segments, a transaction a segment as the check does it; its id."""
        batch_id = self._new_batch()
        for number, part in enumerate(self.parts):
            info = SegmentInfo(batch_id, number, BANK, part.rows, part.fen)
            tally = Tally.of(np.frombuffer(part.states, np.uint8), np.frombuffer(part.amounts, "<i8"))
            with self.store.begin() as tx:
                segments.add(tx, info, part.sealed)
                segments.open_states(tx, info, part.states, part.amounts, tally)
        return batch_id

    def step(self, batch_id: int, event: ItemEvent) -> None:
        """Let ``event`` happen to every item, in one transaction as the services do it."""
        with self.store.begin() as tx:
            for segment in segments.states(tx, batch_id, range(len(self.parts))):
                amounts = np.frombuffer(segment.amounts, "<i8")
                after = advance(np.frombuffer(segment.states, np.uint8), np.full(len(amounts), event, np.uint8))
                segments.replace_states(tx, segment, after.tobytes(), Tally.of(after, amounts))
            batches.require_conserved(tx, batch_id)

    def answer(self, batch_id: int) -> None:
        """Append one message's results to every segment, in one transaction."""
        with self.store.begin() as tx:
            name = f"answer-{next(self._numbers)}"
            message, _ = inbox.receive(tx, BANK, name, _content(name), None, _NOW)
            for number, part in enumerate(self.parts):
                results.append(tx, ResultBlock(batch_id, number, message.inbox_id, part.rows, part.sealed))

    def raw(self, pieces: list[bytes], *, at_once: bool) -> None:
        """The same octets into one new file, synced after each piece or once."""
        with self._raw.open("wb", buffering=0) as file:
            for piece in pieces:
                file.write(piece)
                if not at_once:
                    os.fsync(file.fileno())
            os.fsync(file.fileno())

    def _new_batch(self) -> int:
        name = f"bench-{next(self._numbers)}"
        with self.store.begin() as tx:
            batch, _ = batches.open_batch(tx, NewBatch("platform", name, name, {}, name, False), _NOW)
            batches.attach_content(tx, batch.batch_id, _content(name), _NOW)
        return batch.batch_id


def measure(items: int, directory: Path) -> Iterator[Row]:
    """Rows for storing segments, moving states, and appending results."""
    bench = StoreBench(directory, [_part(block) for block in sample.segments(items)])
    try:
        yield _storing(bench, items)
        yield _moving(bench, items)
        yield _appending(bench, items)
    finally:
        bench.store.dispose()


def _storing(bench: StoreBench, items: int) -> Row:
    pieces = [part.sealed + part.amounts + part.states for part in bench.parts]
    note = "a transaction and an fsync a segment"
    return _against(items, "store segments", bench.fill, lambda: bench.raw(pieces, at_once=False), note)


def _moving(bench: StoreBench, items: int) -> Row:
    batch_id = bench.fill()
    bench.step(batch_id, ItemEvent.BUILT)  # and again: INSTRUCTED stays so, and is written anew all the same
    pieces = [part.states for part in bench.parts]
    work = lambda: bench.step(batch_id, ItemEvent.BUILT)  # noqa: E731
    return _against(items, "replace states", work, lambda: bench.raw(pieces, at_once=True), "one transaction")


def _appending(bench: StoreBench, items: int) -> Row:
    batch_id = bench.fill()
    pieces = [part.sealed for part in bench.parts]
    work = lambda: bench.answer(batch_id)  # noqa: E731
    note = "one transaction; blocks as large as segments"
    return _against(items, "append results", work, lambda: bench.raw(pieces, at_once=True), note)


def _against(items: int, stage: str, ours: Callable[[], object], raw: Callable[[], None], note: str) -> Row:
    rates = contest([Contender("ours", items, ours), Contender(_RAW, items, raw)])
    return row(f"{stage}, SQLite", rates, ours="ours", limit=_RAW, note=note)


def _part(block: pl.DataFrame) -> _Part:
    sealer = AesSegmentSealer({"k": bytes(range(32))}, "k")
    states = np.full(block.height, ItemState.READY, dtype=np.uint8)
    sealed = seal_frame(sealer, block.drop("reference"), "bench")
    amounts = block["amount_fen"].to_numpy()
    return _Part(block.height, int(amounts.sum()), sealed, amounts.astype("<i8").tobytes(), states.tobytes())


def _content(name: str) -> Content:
    return Content(f"00/{name:0>30}", f"{name:0>64}", 1, "application/octet-stream")
