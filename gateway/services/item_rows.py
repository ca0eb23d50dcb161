"""Item rows of a bank's message, from raw columns to moved states, sealed history and notices owed.

``prepare`` does all that needs no lock (decode, match against immutable data); ``apply`` runs inside the
transaction and only moves states and appends.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from sqlalchemy import Connection

from adapters.contract import ParsedResult
from gateway.core.lifecycle import ItemEvent, ItemState
from gateway.core.matching import EVENT_OF, SET_ASIDE, Disposition, compare, layers, locate, step
from gateway.core.tally import Tally
from gateway.services.completion import COMFORT_PRIORITY
from gateway.services.context import Bank, Context
from gateway.services.frames import result_context, seal_frame, segment_context, unmatched_context, unseal_frame
from gateway.services.states import columns_of, segments_of
from gateway.store import alerts, notices, results, segments
from gateway.store import work as work_store
from gateway.store.records import Batch, InboxMessage, Instruction, ResultBlock, SegmentStates
from messages.batch.numbering import SEGMENT_STRIDE
from messages.outcome import Outcome

EVENTS = {outcome.value: int(event) for outcome, event in EVENT_OF.items()}
SAID = ("outcome", "reason", "remedy", "status_raw", "reason_raw", "text_raw", "bank_reference", "settled_on")


@dataclass(frozen=True, slots=True)
class Prepared:
    """Rows by segment, in layers without repeated items; rows of nobody; codes we could not map."""

    segments: dict[int, list[pl.DataFrame]]
    strangers: pl.DataFrame | None
    unmapped: pl.DataFrame | None


def prepare(context: Context, bank: Bank, batch: Batch, instruction: Instruction, parsed: ParsedResult) -> Prepared:
    """Decode by the bank's code table, find each row's item, compare amount and account."""
    if not parsed.blocks:
        return Prepared({}, None, None)
    rows = locate(bank.codes.apply(pl.concat(parsed.blocks)), batch.reference)
    rows = rows.with_columns(pl.col("outcome").replace_strict(EVENTS, return_dtype=pl.UInt8).alias("event"))
    with context.store.read() as tx:
        numbers = segments_of(tx, instruction)
    ours = pl.col("segment_no").is_in(numbers) & pl.col("item_no").is_not_null()
    mine, strangers = rows.filter(ours.fill_null(value=False)), rows.filter(~ours.fill_null(value=False))
    by_segment: dict[int, list[pl.DataFrame]] = {}
    for (number,), part in mine.partition_by("segment_no", as_dict=True, maintain_order=True).items():
        by_segment[int(number)] = layers(_compared(context, batch, int(number), part))
    unmapped = rows.filter(~pl.col("mapped"))
    return Prepared(by_segment, strangers if strangers.height else None, unmapped if unmapped.height else None)


def _compared(context: Context, batch: Batch, number: int, rows: pl.DataFrame) -> pl.DataFrame:
    with context.store.read() as tx:
        sealed = segments.sealed(tx, batch.batch_id, number)
    place = segment_context(batch.batch_id, number)
    known = unseal_frame(context.sealer, sealed, place, ["account", "amount_fen"])
    return compare(rows, known["account"], known["amount_fen"].to_numpy())


def apply(
    context: Context, tx: Connection, instruction: Instruction, batch: Batch, message: InboxMessage, prepared: Prepared
) -> bool:
    """Move states, append what was said, owe notices; True when any item moved."""
    moved = False
    for segment in segments.states(tx, batch.batch_id, sorted(prepared.segments)):
        rows = prepared.segments[segment.info.segment_no]
        moved |= _apply_segment(context, tx, instruction, batch, message, segment, rows)
    _set_aside(context, tx, instruction, message, prepared)
    return moved


def _apply_segment(
    context: Context,
    tx: Connection,
    instruction: Instruction,
    batch: Batch,
    message: InboxMessage,
    segment: SegmentStates,
    row_layers: list[pl.DataFrame],
) -> bool:
    states, amounts = columns_of(segment)
    before, said, paid = states, [], []
    for rows in row_layers:
        good = rows.filter(pl.col("fault").is_null())
        done = step(states, good["row"].to_numpy(), good["event"].to_numpy())
        states = done.states
        paid.append(done.newly_paid)
        said.append(good.with_columns(pl.Series("disposition", done.dispositions, dtype=pl.String)))
        said.append(rows.filter(pl.col("fault").is_not_null()).with_columns(pl.col("fault").alias("disposition")))
    if (states != before).any():
        segments.replace_states(tx, segment, states.tobytes(), Tally.of(states, amounts))
    _append(context, tx, instruction, message, segment, pl.concat(said))
    newly = np.unique(np.concatenate(paid))
    # Paid and taken back within one message: nobody is told that money came.
    _owe(context, tx, batch, message, segment, newly[states[newly] == ItemState.PAID])
    return bool((states != before).any())


def _append(
    context: Context,
    tx: Connection,
    instruction: Instruction,
    message: InboxMessage,
    segment: SegmentStates,
    said: pl.DataFrame,
) -> None:
    info = segment.info
    kept = said.filter(pl.col("disposition") != Disposition.REPEATED.value)
    for kind, rows in (
        kept.filter(pl.col("disposition") != Disposition.APPLIED.value)
        .partition_by("disposition", as_dict=True)
        .items()
    ):
        _alert_disposition(context, tx, instruction, message, str(kind[0]), rows)
    if not kept.height:
        return
    frame = kept.select(pl.col("row").cast(pl.UInt16), "item_no", "event", *SAID, "disposition")
    sealed = seal_frame(context.sealer, frame, result_context(info.batch_id, info.segment_no, message.inbox_id))
    results.append(tx, ResultBlock(info.batch_id, info.segment_no, message.inbox_id, frame.height, sealed))


def _owe(
    context: Context,
    tx: Connection,
    batch: Batch,
    message: InboxMessage,
    segment: SegmentStates,
    rows: np.ndarray[tuple[int], np.dtype[np.uint16]],
) -> None:
    if not rows.size:
        return
    now = context.clock.now_ms()
    owed = notices.owe(tx, batch.batch_id, segment.info.segment_no, message.inbox_id, rows.astype("<u2").tobytes(), now)
    work_store.put(
        tx, "notify", str(owed.notice_id), {"notice_id": owed.notice_id}, due_at_ms=now, priority=COMFORT_PRIORITY
    )


def _set_aside(
    context: Context, tx: Connection, instruction: Instruction, message: InboxMessage, prepared: Prepared
) -> None:
    if prepared.strangers is not None:
        sealed = seal_frame(context.sealer, prepared.strangers, unmatched_context(message.inbox_id))
        results.unmatched(tx, message.inbox_id, sealed, instruction.instruction_id)
        _alert_disposition(context, tx, instruction, message, Disposition.UNKNOWN_ITEM.value, prepared.strangers)
    if prepared.unmapped is not None:
        for pair in prepared.unmapped.select("status_raw", "reason_raw").unique().head(20).iter_rows():
            status, reason = pair[0] or "-", pair[1] or "-"
            alerts.raise_alert(
                tx,
                "unmapped-code",
                f"{instruction.bank}/{status}/{reason}",
                f"银行 {instruction.bank} 返回码 {status}/{reason} 不在代码表中，请补充 config/codes。",
                f"bank {instruction.bank} used code {status}/{reason}, which its code table lacks: add it to config/codes",
                context.clock.now_ms(),
            )


SET_ASIDE_WORDS = (
    "已搁置，未处理；请银行更正后重发该结果",
    "set aside, nothing moved: ask the bank for a corrected result",
)
DISPUTED_WORDS = ("结果矛盾，计入未知，请与银行核实", "in dispute and counted as unknown: clear it up with the bank")


def _alert_disposition(
    context: Context, tx: Connection, instruction: Instruction, message: InboxMessage, kind: str, rows: pl.DataFrame
) -> None:
    """Named by instruction and message: a pushed message's name tells nobody what it speaks of, and it may speak of several."""
    effect = SET_ASIDE_WORDS if kind in SET_ASIDE else DISPUTED_WORDS
    first = ", ".join(str(number) for number in rows["item_no"].drop_nulls().head(5)) or "-"
    bank, name, about = message.bank, message.name, instruction.message_id
    alerts.raise_alert(
        tx,
        f"result-{kind.lower().replace('_', '-')}",
        f"{bank}/{about}/{name}",
        f"银行 {bank} 对指令 {about} 的报文 {name} 有 {rows.height} 行 {kind}（明细序号 {first}）：{effect[0]}。",
        f"message {name} of bank {bank} about {about} has {rows.height} row(s) {kind} (item number {first}): {effect[1]}",
        context.clock.now_ms(),
    )


def fail_all(
    context: Context,
    tx: Connection,
    bank: Bank,
    instruction: Instruction,
    message: InboxMessage,
    parsed: ParsedResult,
) -> None:
    """Every item of a refused file has failed, each with the file's reason (R4)."""
    for segment in segments.states(tx, instruction.batch_id, segments_of(tx, instruction)):
        rows = np.arange(segment.info.rows, dtype=np.uint32)
        states, amounts = columns_of(segment)
        done = step(states, rows, np.full(len(rows), ItemEvent.FAILED, dtype=np.uint8))
        segments.replace_states(tx, segment, done.states.tobytes(), Tally.of(done.states, amounts))
        _append(context, tx, instruction, message, segment, _refusals(bank, segment, parsed, done.dispositions))


def _refusals(bank: Bank, segment: SegmentStates, parsed: ParsedResult, dispositions: list[str]) -> pl.DataFrame:
    reason = bank.codes.reason(parsed.group_status_raw, parsed.group_reason_raw)
    remedy = bank.codes.remedy(parsed.group_status_raw, parsed.group_reason_raw)
    row = pl.int_range(segment.info.rows, dtype=pl.UInt32, eager=True).alias("row")
    return pl.DataFrame({"row": row}).with_columns(
        (pl.col("row") + segment.info.segment_no * SEGMENT_STRIDE).cast(pl.UInt32).alias("item_no"),
        pl.lit(int(ItemEvent.FAILED), dtype=pl.UInt8).alias("event"),
        pl.lit(Outcome.FAILED.value).alias("outcome"),
        pl.lit(reason.value if reason else None, dtype=pl.String).alias("reason"),
        pl.lit(remedy.value if remedy else None, dtype=pl.String).alias("remedy"),
        pl.lit(parsed.group_status_raw, dtype=pl.String).alias("status_raw"),
        pl.lit(parsed.group_reason_raw, dtype=pl.String).alias("reason_raw"),
        pl.lit(parsed.group_text_raw, dtype=pl.String).alias("text_raw"),
        pl.lit(None, dtype=pl.String).alias("bank_reference"),
        pl.lit(None, dtype=pl.Date).alias("settled_on"),
        pl.Series("disposition", dispositions, dtype=pl.String),
    )


def tally_of(tx: Connection, instruction: Instruction) -> Tally:
    """The tally of one instruction file's segments."""
    return Tally.total(s.tally for s in segments.states(tx, instruction.batch_id, segments_of(tx, instruction)))
