"""Works ``notify`` and ``receipts``: SMS notices in the provider's lots (短信提醒), and what became of them.

CALLING is durable before the call, so that a crash between call and answer is known as such: then the
provider is asked about the lot, because it does not deduplicate. No failure here touches money.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, cast

import numpy as np
import polars as pl
from twisted.internet.defer import DeferredList, ensureDeferred
from twisted.python.failure import Failure

from gateway.clock import business_date
from gateway.core.backoff import retry_delay_ms
from gateway.core.notices import AWAITING_RECEIPT, RECEIPT_STATES, Lot, NoticeState, Template, lots, messages
from gateway.services.context import Context
from gateway.services.frames import result_context, segment_context, unseal_frame
from gateway.services.jobs import Later, finish
from gateway.store import batches, notices, results, segments
from gateway.store import work as work_store
from gateway.store.records import Batch, NoticeBlock, Work
from gateway.transports.contract import TransportFault

LOTS_AT_ONCE = 10
RECEIPT_DAYS = 3


class SmsProvider(Protocol):
    """One SMS provider (短信通道), seen as lots of messages."""

    lot_size: int

    async def call(self, lot_id: str, template: Template, batch: list[dict[str, Any]]) -> dict[str, str | None]:
        """Send one lot: id -> None when taken, else the refusal; raises TransportFault."""

    async def find(self, lot_id: str) -> dict[str, str | None] | None:
        """The answer to a lot that was called before, or None when the provider never saw it."""

    async def receipts(self, lot_id: str) -> dict[str, str]:
        """id -> status, as far as known."""


@dataclass(slots=True)
class _Block:
    stored: NoticeBlock
    batch: Batch
    items: pl.DataFrame  # item_no, mobile, account, amount_fen, paid_on; in the order of the block
    states: np.ndarray[tuple[int], np.dtype[np.uint8]]


class Notifying:
    """Calls the province's template, item by item, once."""

    def __init__(
        self,
        context: Context,
        provider: SmsProvider,
        templates: Mapping[str, Template],
        blocking: Callable[..., Awaitable[Any]],
    ):
        self._context, self._provider, self._templates, self._blocking = context, provider, templates, blocking

    async def notify(self, work: Work) -> Later | None:
        """One block of notices: lots in waves, each wave durable before and after its calls."""
        block: _Block = await self._blocking(self._load, int(work.subject["notice_id"]))
        template = self._templates[block.batch.header["project_code"]]
        open_lots = list(lots(self._prefix(block), block.states, self._provider.lot_size))
        for start in range(0, len(open_lots), LOTS_AT_ONCE):
            wave = open_lots[start : start + LOTS_AT_ONCE]
            try:
                await self._wave(block, template, wave)
            except TransportFault as fault:
                return Later(self._context.clock.now_ms() + retry_delay_ms(work.key, work.attempts), str(fault))
        await self._blocking(self._finish, work)
        return None

    async def _wave(self, block: _Block, template: Template, wave: list[Lot]) -> None:
        before = {lot.lot_id: block.states[lot.positions] for lot in wave}
        for lot in wave:
            due = block.states[lot.positions] == NoticeState.DUE
            block.states[lot.positions[due]] = NoticeState.CALLING
        await self._blocking(self._save, block)
        calls = [self._lot(block, template, lot, before[lot.lot_id]) for lot in wave]
        outcomes = await DeferredList([ensureDeferred(call) for call in calls], consumeErrors=True)
        await self._blocking(self._save, block)
        for failure in (result for worked, result in outcomes if not worked):
            cast(Failure, failure).raiseException()

    async def _lot(
        self, block: _Block, template: Template, lot: Lot, before: np.ndarray[Any, np.dtype[np.uint8]]
    ) -> None:
        called_before = bool((before == NoticeState.CALLING).any())
        answer = await self._provider.find(lot.lot_id) if called_before else None
        if answer is None:
            calling = lot.positions[block.states[lot.positions] == NoticeState.CALLING]
            sent = messages(block.items[calling], template, block.batch.header["policy_name"], block.batch.reference)
            try:
                answer = await self._provider.call(lot.lot_id, template, sent)
            except TransportFault as fault:
                if not (fault.maybe_sent or called_before):  # an earlier call may still arrive
                    block.states[calling] = NoticeState.DUE
                raise
        self._take(block, lot, answer)

    def _take(self, block: _Block, lot: Lot, answer: dict[str, str | None]) -> None:
        for position in lot.positions:
            reference = f"{block.batch.reference}{block.items['item_no'][int(position)]:08d}"
            if block.states[position] == NoticeState.CALLING and reference in answer:
                taken = answer[reference] is None
                block.states[position] = NoticeState.TAKEN if taken else NoticeState.REFUSED

    async def receipts(self, work: Work) -> Later | None:
        """Ask for delivery receipts until all are known or three days are over."""
        block: _Block = await self._blocking(self._load, int(work.subject["notice_id"]))
        for lot in self._awaiting(block):
            try:
                known = await self._provider.receipts(lot.lot_id)
            except TransportFault as fault:
                return Later(self._context.clock.now_ms() + retry_delay_ms(work.key, work.attempts), str(fault))
            for position in lot.positions:
                reference = f"{block.batch.reference}{block.items['item_no'][int(position)]:08d}"
                state = RECEIPT_STATES.get(known.get(reference, ""))
                if state is not None and block.states[position] == NoticeState.TAKEN:
                    block.states[position] = state
        await self._blocking(self._save, block)
        over = self._context.clock.now_ms() > int(work.subject["until_ms"])
        if over or not np.isin(block.states, list(AWAITING_RECEIPT)).any():
            await self._blocking(self._drop, work)
            return None
        return Later(self._next_look(work))

    def _next_look(self, work: Work) -> int:
        """Ever more seldom: a tenth of the time that has passed, from a second to an hour."""
        now, started = self._context.clock.now_ms(), int(work.subject["until_ms"]) - RECEIPT_DAYS * 86_400_000
        return now + min(max((now - started) // 10, 1000), 3_600_000)

    def _awaiting(self, block: _Block) -> list[Lot]:
        size, prefix = self._provider.lot_size, self._prefix(block)
        every = (np.arange(s, min(s + size, len(block.states))) for s in range(0, len(block.states), size))
        numbered = [Lot(f"{prefix}L{n:04d}", positions) for n, positions in enumerate(every)]
        return [lot for lot in numbered if (block.states[lot.positions] == NoticeState.TAKEN).any()]

    @staticmethod
    def _prefix(block: _Block) -> str:
        return f"{block.batch.reference}S{block.stored.segment_no:04d}N{block.stored.notice_id}"

    def _load(self, notice_id: int) -> _Block:
        with self._context.store.read() as tx:
            stored = notices.by_id(tx, notice_id)
            batch = batches.by_id(tx, stored.batch_id)
            sealed = segments.sealed(tx, stored.batch_id, stored.segment_no)
            said = [
                b for b in results.of_segment(tx, stored.batch_id, stored.segment_no) if b.inbox_id == stored.inbox_id
            ]
        place = segment_context(stored.batch_id, stored.segment_no)
        columns = ["item_no", "mobile", "account", "amount_fen"]
        rows = np.frombuffer(stored.rows, dtype="<u2")
        items = unseal_frame(self._context.sealer, sealed, place, columns)[rows.astype(np.int64)]
        place = result_context(stored.batch_id, stored.segment_no, stored.inbox_id)
        told = unseal_frame(self._context.sealer, said[0].sealed, place, ["item_no", "settled_on"])
        paid_on = told.unique("item_no", keep="last").rename({"settled_on": "paid_on"})
        today = business_date(self._context.clock.now_ms())
        items = items.join(paid_on, on="item_no", how="left", maintain_order="left")
        items = items.with_columns(pl.col("paid_on").fill_null(today))
        states = np.frombuffer(stored.states, dtype=np.uint8).copy()
        states[items["mobile"].is_null().to_numpy() & (states == NoticeState.DUE)] = NoticeState.NO_MOBILE
        return _Block(stored, batch, items, states)

    def _save(self, block: _Block) -> None:
        with self._context.store.begin() as tx:
            block.stored = notices.replace_states(tx, block.stored, block.states.tobytes())

    def _finish(self, work: Work) -> None:
        now = self._context.clock.now_ms()
        with self._context.store.begin() as tx:
            subject = {**work.subject, "until_ms": now + RECEIPT_DAYS * 86_400_000}
            work_store.put(tx, "receipts", work.key, subject, due_at_ms=now + 1000, priority=210)
            finish(tx, work)

    def _drop(self, work: Work) -> None:
        with self._context.store.begin() as tx:
            finish(tx, work)
