"""The three books at the end: the gateway's own, the banks', the SMS provider's. They must agree."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any

import polars as pl

from gateway.core.lifecycle import IN_FLIGHT, UNRESOLVED, ItemState
from gateway.core.notices import NoticeState
from gateway.core.tally import Tally
from gateway.services.context import Context
from gateway.services.frames import rejections_context, result_context, unseal_frame
from gateway.store import alerts, batches, notices, results, segments
from gateway.store.records import Batch, BatchState

GROUPS: dict[str, frozenset[ItemState] | set[ItemState]] = {
    "paid": {ItemState.PAID},
    "failed": {ItemState.FAILED},
    "returned": {ItemState.RETURNED},
    "unknown": UNRESOLVED,
    "in_flight": IN_FLIGHT,
}


@dataclass(slots=True)
class Books:
    """Everything counted, in items and in fen."""

    items: int = 0
    fen: int = 0
    rejected: int = 0
    rejected_fen: int = 0
    refused: int = 0  # items of batches refused whole
    refused_fen: int = 0
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(GROUPS, 0))
    amounts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(GROUPS, 0))
    by_bank: dict[str, dict[str, int]] = field(default_factory=dict)
    by_bank_fen: dict[str, dict[str, int]] = field(default_factory=dict)
    by_reason: Counter[str] = field(default_factory=Counter)
    by_reason_fen: Counter[str] = field(default_factory=Counter)
    notices: Counter[str] = field(default_factory=Counter)
    unfinished: list[str] = field(default_factory=list)
    alerts: list[tuple[str, str, str, int]] = field(default_factory=list)

    @property
    def balanced(self) -> bool:
        """Whether every declared item and fen is in exactly one place."""
        counted = self.rejected + self.refused + sum(self.counts.values())
        counted_fen = self.rejected_fen + self.refused_fen + sum(self.amounts.values())
        return (counted, counted_fen) == (self.items, self.fen)


def read_books(context: Context, *, reasons: bool = True) -> Books:
    """Count what the gateway's store says now."""
    books = Books()
    with context.store.read() as tx:
        for batch in batches.recent(tx, None, 10_000, None):
            _count_batch(context, tx, books, batch)
            if reasons:
                _count_reasons(context, tx, books, batch)
        books.alerts = [(a.kind, a.text_zh, a.text_en, a.count) for a in alerts.recent(tx, 50)]
    return books


def _count_batch(context: Context, tx: Any, books: Books, batch: Batch) -> None:
    if batch.state in {BatchState.OPEN, BatchState.RECEIVED}:
        books.unfinished.append(batch.batch_no)
        return
    declared, declared_fen = int(batch.header["declared_count"]), int(batch.header["declared_total_fen"])
    books.items += declared
    books.fen += declared_fen
    if batch.state is BatchState.REFUSED:
        books.refused += declared
        books.refused_fen += declared_fen
        return
    if batch.state is not BatchState.COMPLETED:
        books.unfinished.append(batch.batch_no)
    books.rejected += batch.rejected_items
    books.rejected_fen += batch.rejected_fen
    tallies = batches.tally_by_bank(tx, batch.batch_id)
    left_over = declared_fen - batch.rejected_fen - sum(sum(tally.fen) for tally in tallies.values())
    if left_over > 0 and _has_unread_amounts(context, tx, batch):
        books.rejected_fen += left_over
    for bank, tally in tallies.items():
        _count_tally(books, bank, tally)
    for state, number in notices.counts(tx, batch.batch_id).items():
        books.notices[NoticeState(state).name] += number


def _has_unread_amounts(context: Context, tx: Any, batch: Batch) -> bool:
    """Whether rejected lines have amounts that nobody can read: they are what the declared total leaves over."""
    return any(
        unseal_frame(context.sealer, sealed, rejections_context(batch.batch_id, block_no), ["severity", "amount_fen"])
        .filter((pl.col("severity") == "REJECT") & pl.col("amount_fen").is_null())
        .height
        for block_no, _, sealed in segments.rejections(tx, batch.batch_id)
    )


def _count_tally(books: Books, bank: str, tally: Tally) -> None:
    own = books.by_bank.setdefault(bank, dict.fromkeys(GROUPS, 0))
    own_fen = books.by_bank_fen.setdefault(bank, dict.fromkeys(GROUPS, 0))
    for name, states in GROUPS.items():
        items, fen = tally.in_states(states)
        books.counts[name] += items
        books.amounts[name] += fen
        own[name] += items
        own_fen[name] += fen


def _count_reasons(context: Context, tx: Any, books: Books, batch: Batch) -> None:
    """By the latest word on each item that failed or came back."""
    for info in segments.infos(tx, batch.batch_id):
        blocks = results.of_segment(tx, batch.batch_id, info.segment_no)
        if not blocks:
            continue
        (segment,) = segments.states(tx, batch.batch_id, [info.segment_no])
        columns = ["row", "reason", "disposition"]
        frames = [
            unseal_frame(context.sealer, b.sealed, result_context(b.batch_id, b.segment_no, b.inbox_id), columns)
            for b in blocks
        ]
        last = (
            pl.concat(frames).filter(pl.col("disposition") == "APPLIED").unique("row", keep="last", maintain_order=True)
        )
        states = pl.Series(bytearray(segment.states), dtype=pl.UInt8)
        amounts = pl.Series(memoryview(segment.amounts).cast("q").tolist(), dtype=pl.Int64)
        known = last.with_columns(states.gather(last["row"]).alias("state"), amounts.gather(last["row"]).alias("fen"))
        wrong = known.filter(pl.col("state").is_in([int(ItemState.FAILED), int(ItemState.RETURNED)]))
        for reason, items, fen in wrong.group_by("reason").agg(pl.len(), pl.col("fen").sum()).iter_rows():
            books.by_reason[reason or "OTHER"] += items
            books.by_reason_fen[reason or "OTHER"] += fen


def as_json(books: Books, **more: Any) -> dict[str, Any]:
    """One flat, stable JSON-ready object."""
    fen = {"items": books.fen, "rejected": books.rejected_fen, "refused": books.refused_fen, **books.amounts}
    flat = {"items": books.items, "rejected": books.rejected, "refused": books.refused, **books.counts}
    known = asdict(books)
    return {
        **flat,
        **{f"{name}_fen": value for name, value in fen.items()},
        "by_reason": dict(sorted(books.by_reason.items())),
        "by_reason_fen": dict(sorted(books.by_reason_fen.items())),
        "by_bank": known["by_bank"],
        "notices": dict(sorted(books.notices.items())),
        **more,
    }
