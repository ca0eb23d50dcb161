"""Composing what a client is told (状态与结果的组成): from batches, tallies, segments and result blocks.

Everything here blocks (store reads, unsealing) and runs in a thread; nothing here knows HTTP. Each
method reads one consistent snapshot, and a stream is composed segment by segment so that its memory
is one segment however large the batch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final

import polars as pl
from sqlalchemy import Connection

from crypto.contract import BlindIndexer, SegmentSealer
from gateway.core.lifecycle import ItemState
from gateway.core.opening import Opening
from gateway.core.segments import SegmentInfo
from gateway.services import item_answer, result_lines, status_answer
from gateway.services.answer_shapes import AlertLine, BatchLine, BatchStatus, ClearItem, ItemStatus
from gateway.services.frames import rejections_context, result_context, segment_context, unseal_frame
from gateway.services.result_history import history
from gateway.services.status_answer import DECIDED
from gateway.store import alerts, batches, instructions, lookup, rejection_blocks, results, segments
from gateway.store.database import Store
from gateway.store.records import Batch, InstructionState
from messages.batch.numbering import SEGMENT_STRIDE

UNSENT: Final = frozenset({InstructionState.PLANNED, InstructionState.BUILT})


@dataclass(frozen=True, slots=True)
class Answers:
    """Reads for clients; ``indexer`` finds an item by its number without a table of items."""

    store: Store
    sealer: SegmentSealer
    indexer: BlindIndexer
    opening: Callable[[str], Opening | None] = lambda _: None  # by bank: when it takes instructions
    retiring: Callable[[], Sequence[BlindIndexer]] = tuple  # under which some batches are still indexed

    def find(self, client_id: str, batch_no: str) -> Batch | None:
        """The client's own batch, or None: another client's batch does not exist for it."""
        with self.store.read() as tx:
            return batches.find(tx, client_id, batch_no)

    def now(self, batch_id: int) -> Batch:
        """The batch as it is at this moment."""
        with self.store.read() as tx:
            return batches.by_id(tx, batch_id)

    def recent(self, client_id: str, limit: int, before_id: int | None) -> list[tuple[int, BatchLine]]:
        """The client's batches, newest first, each with its place in the list."""
        with self.store.read() as tx:
            found = batches.recent(tx, client_id, limit, before_id)
        return [(batch.batch_id, status_answer.line(batch)) for batch in found]

    def status(self, batch_id: int) -> BatchStatus:
        """State, counts, money and problems of one batch."""
        with self.store.read() as tx:
            batch = batches.by_id(tx, batch_id)
            decided = batch.state in DECIDED
            by_bank = batches.tally_by_bank(tx, batch_id) if decided else {}
            infos = segments.infos(tx, batch_id) if decided else []
            unsent = sorted({made.bank for made in instructions.of_batch(tx, batch_id) if made.state in UNSENT})
        openings = {bank: found for bank in unsent if (found := self.opening(bank)) is not None}
        return status_answer.status(batch, by_bank, infos, openings)

    def results(self, batch_id: int) -> Iterator[bytes]:
        """The results of all accepted items as NDJSON (answer_shapes.ItemResult), one piece a segment.

        Each piece is its own snapshot, so that a slow reader holds no transaction open.
        """
        with self.store.read() as tx:
            batch = batches.by_id(tx, batch_id)
            infos = segments.infos(tx, batch_id) if batch.state in DECIDED else []
        for info in infos:
            with self.store.read() as tx:
                items, states, said = self._segment(tx, info)
            yield result_lines.results(batch.reference, info.bank, items, states, said)

    def rejections(self, batch_id: int) -> Iterator[bytes]:
        """The findings of a batch as NDJSON (answer_shapes.Finding), one stored block a piece."""
        for block in self._rejection_blocks(batch_id):
            yield result_lines.findings(block)

    def item(self, batch: Batch, item_id: str) -> ItemStatus | None:
        """One item with all that a bank ever said about it; None when the batch has no such item."""
        mine = [block.filter(pl.col("item_id") == item_id) for block in self._rejection_blocks(batch.batch_id)]
        found = [row for block in mine for row in block.rows(named=True)]
        with self.store.read() as tx:
            accepted_here = segments.infos(tx, batch.batch_id) if batch.state in DECIDED else []
            infos = {info.segment_no: info for info in accepted_here}
            for item_no in chain(self._indexed(tx, batch, item_id), self._scanned(tx, infos, item_id)):
                segment_no, row = divmod(item_no, SEGMENT_STRIDE)
                segment = self._segment(tx, infos[segment_no])
                accepted = self._accepted(batch, infos[segment_no].bank, row, segment, found)
                if accepted.item_id == item_id:  # a 64-bit token may, rarely, be another item's too
                    return accepted
        return item_answer.rejected(item_id, found) if found else None

    def in_clear(self, batch: Batch, item_id: str) -> ClearItem | None:
        """One accepted item with its personal data in clear: for ``clear_reading`` alone, which writes it down first."""
        with self.store.read() as tx:
            accepted_here = segments.infos(tx, batch.batch_id) if batch.state in DECIDED else []
            infos = {info.segment_no: info for info in accepted_here}
            for item_no in chain(self._indexed(tx, batch, item_id), self._scanned(tx, infos, item_id)):
                segment_no, row = divmod(item_no, SEGMENT_STRIDE)
                sealed = segments.sealed(tx, batch.batch_id, segment_no)
                items = unseal_frame(self.sealer, sealed, segment_context(batch.batch_id, segment_no))
                item = items.row(row, named=True)
                if item["item_id"] == item_id and item["name"] is not None:  # not an erased one
                    return item_answer.in_clear(item, batch.reference, infos[segment_no].bank)
        return None

    def alerts(self, limit: int) -> list[AlertLine]:
        """The newest alerts, for operators."""
        with self.store.read() as tx:
            found = alerts.recent(tx, limit)
        return [status_answer.alert(one) for one in found]

    def ping(self) -> None:
        """A sign of life of the store; raises StoreUnavailable."""
        self.store.ping()

    def _rejection_blocks(self, batch_id: int) -> Iterator[pl.DataFrame]:
        with self.store.read() as tx:
            numbers = rejection_blocks.numbers(tx, batch_id)
        for block_no in numbers:
            with self.store.read() as tx:
                sealed = rejection_blocks.sealed(tx, batch_id, block_no)
            yield unseal_frame(self.sealer, sealed, rejections_context(batch_id, block_no))

    def _segment(self, tx: Connection, info: SegmentInfo) -> tuple[pl.DataFrame, bytes, pl.DataFrame]:
        batch_id, segment_no = info.batch_id, info.segment_no
        sealed = segments.sealed(tx, batch_id, segment_no)
        items = unseal_frame(self.sealer, sealed, segment_context(batch_id, segment_no))
        states = segments.states(tx, batch_id, [segment_no])[0].states
        blocks = [
            unseal_frame(self.sealer, block.sealed, result_context(batch_id, segment_no, block.inbox_id))
            for block in results.of_segment(tx, batch_id, segment_no)
        ]
        return items, states, history(blocks)

    def _accepted(
        self,
        batch: Batch,
        bank: str,
        row: int,
        segment: tuple[pl.DataFrame, bytes, pl.DataFrame],
        found: list[dict[str, Any]],
    ) -> ItemStatus:
        items, states, said = segment
        item, state = items.row(row, named=True), ItemState(states[row])
        mine = [finding for finding in found if finding["line_no"] == item["line_no"]]
        words = said.filter(pl.col("row") == row).rows(named=True)
        return item_answer.accepted(item, batch.reference, bank, state, words, mine)

    def _indexed(self, tx: Connection, batch: Batch, item_id: str) -> Iterator[int]:
        for indexer in (self.indexer, *self.retiring()):
            token = int(indexer.tokens(pl.Series([item_id]), "item")[0])
            for _batch_id, item_no in lookup.find(tx, "item", token, batch.batch_id):
                yield int(item_no)

    def _scanned(self, tx: Connection, infos: dict[int, SegmentInfo], item_id: str) -> Iterator[int]:
        """The slow way, for the moments before the index of a new batch is there: some 5 ms a segment."""
        for info in infos.values():
            sealed = segments.sealed(tx, info.batch_id, info.segment_no)
            context = segment_context(info.batch_id, info.segment_no)
            numbers = unseal_frame(self.sealer, sealed, context, ["item_id", "item_no"])
            yield from numbers.filter(pl.col("item_id") == item_id)["item_no"]
