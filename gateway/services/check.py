"""Job ``check``: read a submitted batch, refuse what is wrong, cut the rest into sealed segments.

Nothing of a batch is dispatched before all of it was read: count, total, all-or-nothing and duplicate
ids are facts about the whole. A run that was interrupted starts over; its traces are cleared first.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl
from sqlalchemy import Connection

from adapters.routing import route
from gateway.clock import business_date
from gateway.core.lifecycle import ItemState
from gateway.core.planning import plan_files, segment_rows
from gateway.core.segments import Segmenter, SegmentInfo
from gateway.core.tally import Tally
from gateway.services import batch_acts, completion
from gateway.services.building import head_of
from gateway.services.calendars import opening_of
from gateway.services.context import Bank, Context
from gateway.services.findings import Findings
from gateway.services.frames import rejections_context, seal_frame, segment_context
from gateway.services.jobs import finish
from gateway.store import batches, instructions, segments
from gateway.store import work as work_store
from gateway.store.records import Batch, BatchState, Work
from messages.batch.ahead import one_ahead
from messages.batch.checking import CheckRules, DuplicateIds, RepeatedPayments, check_items
from messages.batch.columns import STORED_SCHEMA
from messages.batch.numbering import message_id
from messages.batch.reading import ReadBlock, parse_content_type, read_items
from messages.batch.unreadable import UnreadableContent

REJECTIONS_PER_BLOCK = 10_000


class Check:
    """One run over one batch."""

    def __init__(self, context: Context, batch: Batch):
        self._context, self._batch = context, batch
        self._today = business_date(context.clock.now_ms())
        self._rules = CheckRules(today=self._today, amount_limit_fen=context.amount_limit_fen)
        self._duplicates, self._repeated = DuplicateIds(), RepeatedPayments()
        self._banks = {name: self._edition(bank) for name, bank in context.banks.items()}
        self._rows_per_file = {n: b.dialect.rows_per_file(b.profile) for n, b in self._banks.items()}
        sizes = {name: segment_rows(rows) for name, rows in self._rows_per_file.items()}
        self._segmenter = Segmenter(batch.batch_id, sizes)
        self.findings = Findings()
        self._used: set[str] = set()

    def _edition(self, bank: Bank) -> Bank:
        """The one in force on the day on which the bank will take what is ready now."""
        today = bank.on(self._today)
        opening = opening_of(self._context, today)
        return today if opening is None else bank.on(opening.opens_at.date())

    def run(self) -> None:
        """Read all content; segments and rejections are stored as they become full."""
        assert self._batch.content is not None  # noqa: S101 - a RECEIVED batch has content
        content_type = parse_content_type(self._batch.content.media_type)
        for block in one_ahead(read_items(self._context.vault.open(self._batch.content), content_type)):
            self._store_segments(self._take(block))
            if self.findings.waiting >= REJECTIONS_PER_BLOCK:
                self._store_findings()
        self._store_segments(self._segmenter.finish())
        self._store_findings()

    def _take(self, block: ReadBlock) -> Iterator[tuple[SegmentInfo, pl.DataFrame]]:
        checked = check_items(block.items, self._rules)
        good, repeated = self._duplicates.split(checked.good)
        good, banks, unroutable = self._route(good)
        good, banks, uncarried = self._carried(good, banks)
        twice = self._repeated.find(good)
        found = [block.findings, checked.findings, repeated, unroutable, uncarried, twice]
        self.findings.add(block.lines, block.items, found)
        if good.height:
            yield from self._segmenter.add(good.select([n for n in STORED_SCHEMA if n != "item_no"]), banks)

    def _route(self, good: pl.DataFrame) -> tuple[pl.DataFrame, pl.Series, pl.DataFrame]:
        header = self._batch.header
        profiles = {name: bank.profile for name, bank in self._banks.items()}
        banks = route(profiles, header["funding_model"], header["paying_account"]["bank_code"], good["bank_code"])
        lost = Findings.frame(good.filter(banks.is_null()), "bank_code", "NO_ROUTE")
        keep = banks.is_not_null()
        return good.filter(keep), banks.filter(keep), lost

    def _carried(self, good: pl.DataFrame, banks: pl.Series) -> tuple[pl.DataFrame, pl.Series, pl.DataFrame]:
        keep = np.ones(good.height, dtype=bool)
        lost = [Findings.frame(good.clear(), "line", "NOT_CARRIED")]
        for name in banks.unique().sort():
            bank = self._banks[name]
            where = np.flatnonzero((banks == name).to_numpy())
            part = good[where]
            misfits = bank.dialect.carries(bank.profile, part)
            if misfits and bank.profile.misfit == "refuse-batch":
                self.findings.hold(name)
            for row, field, _why in misfits:
                keep[where[row]] = False
                lost.append(Findings.frame(part[row : row + 1], field, "NOT_CARRIED"))
            over = (part["amount_fen"] > bank.profile.limits.amount_fen_per_item).to_numpy()
            keep[where[over]] = False
            lost.append(Findings.frame(part.filter(pl.Series(over)), "amount_fen", "ABOVE_BANK_LIMIT"))
        return good.filter(pl.Series(keep)), banks.filter(pl.Series(keep)), pl.concat(lost)

    def _store_segments(self, made: Iterator[tuple[SegmentInfo, pl.DataFrame]]) -> None:
        for info, items in made:
            self._used.add(info.bank)
            sealed = seal_frame(self._context.sealer, items, segment_context(info.batch_id, info.segment_no))
            states = np.full(info.rows, ItemState.READY, dtype=np.uint8)
            amounts = items["amount_fen"].to_numpy()
            with self._context.store.begin() as tx:
                segments.add(tx, info, sealed)
                segments.open_states(tx, info, states.tobytes(), amounts.tobytes(), Tally.of(states, amounts))

    def _store_findings(self) -> None:
        taken = self.findings.take()
        if taken is None:
            return
        number, rows = taken
        sealed = seal_frame(self._context.sealer, rows, rejections_context(self._batch.batch_id, number))
        with self._context.store.begin() as tx:
            segments.add_rejections(tx, self._batch.batch_id, number, rows.height, sealed)

    def header_problems(self) -> list[dict[str, object]]:
        """Why no bank can pay under this header, before anything is promised."""
        header, banks = self._batch.header, self._banks
        payer = header["paying_account"]["bank_code"]
        known = {code for bank in banks.values() for code in bank.profile.bank_codes}
        if header["funding_model"] == "ZERO_BALANCE" and payer not in known:
            zh = "零余额账户开户行尚未接入网关，无法支付；请核对付款行行号，或先接入该银行。"
            en = "the zero-balance account's bank is not connected: check its code, or connect the bank first"
            return [{"code": "PAYING_BANK_UNKNOWN", "field": "paying_account.bank_code", "zh": zh, "en": en}]
        head = head_of(self._batch, message_id(self._batch.reference, 0), 0, 1, 1)
        return [
            {
                "code": "HEADER_NOT_CARRIED",
                "field": field,
                "zh": f"银行 {name} 的报文格式无法承载批次头中的 {field}，请缩短或更正。",
                "en": f"the format of bank {name} cannot carry {field}: {why}; shorten or correct it",
            }
            for name in sorted(self._used)
            for field, why in banks[name].dialect.carries_head(banks[name].profile, head)
        ]

    def plan(self, tx: Connection) -> None:
        """Decide the instruction files and put their building to work."""
        infos = segments.infos(tx, self._batch.batch_id)
        now, priority = self._context.clock.now_ms(), completion.priority(self._batch)
        for file in plan_files(infos, self._rows_per_file):
            name = message_id(self._batch.reference, file.file_no)
            made = instructions.plan(
                tx,
                self._batch.batch_id,
                file.bank,
                file.file_no,
                name,
                file.segments[0],
                len(file.segments),
                file.rows,
                file.fen,
                self._banks[file.bank].edition,
            )
            subject = {"instruction_id": made.instruction_id, "bank": file.bank}
            work_store.put(tx, "build", name, subject, due_at_ms=now, priority=priority)


def check(context: Context, work: Work) -> None:
    """Do it; the batch ends ACCEPTED with its instructions planned, or REFUSED with reasons."""
    batch_id = int(work.subject["batch_id"])
    with context.store.begin() as tx:
        batch = batches.by_id(tx, batch_id)
        if batch.state is not BatchState.RECEIVED:
            finish(tx, work)
            return
        segments.clear(tx, batch_id)
    run = Check(context, batch)
    try:
        run.run()
        problems = run.header_problems() or run.findings.problems(batch.header)
    except UnreadableContent as refused:
        problems = [{"code": refused.code, "zh": refused.zh, "en": refused.en}]
    _conclude(context, work, run, batch, problems)


def _conclude(context: Context, work: Work, run: Check, batch: Batch, problems: list[dict[str, object]]) -> None:
    rejected, now = run.findings, context.clock.now_ms()
    with context.store.begin() as tx:
        if problems:
            batches.refuse(tx, batch.batch_id, problems, rejected.rejected_items, rejected.rejected_fen, now)
        else:
            batches.accept(tx, batch.batch_id, rejected.rejected_items, rejected.rejected_fen, now)
            run.plan(tx)
            batches.require_conserved(tx, batch.batch_id)
            work_store.put(
                tx,
                "index",
                str(batch.batch_id),
                {"batch_id": batch.batch_id},
                due_at_ms=now,
                priority=completion.COMFORT_PRIORITY,
            )
        completion.tell(context, tx, batch.batch_id, "refused" if problems else "accepted")
        completion.settle(context, tx, batch.batch_id)
        finish(tx, work)
        batch_acts.decided(tx, batch.batch_id, now)
