"""Where a person stands in this gateway (个人信息所在): in sealed items, indexed or not, and in raw files of no item.

Slower than finding, and complete: nothing is left out because an index is behind.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import polars as pl
from sqlalchemy import Connection

from gateway.clock import business_date
from gateway.core.retention import What
from gateway.services.context import Context
from gateway.services.frames import segment_context, unseal_frame
from gateway.store import batches, erasures, inbox, lookup, owned_files, segments
from gateway.store.records import Batch, BatchState, Content
from messages.batch.numbering import SEGMENT_STRIDE

_PAGE = 500
_LATEST_MS = 1 << 62


@dataclass(slots=True)
class Traces:
    """Places of one person; nothing here says who it is."""

    places: dict[int, set[int]] = field(default_factory=dict)  # batch id -> segment numbers
    uploads: set[int] = field(default_factory=set)  # batches whose upload names them, perhaps in a rejected line
    messages: dict[int, str] = field(default_factory=dict)  # inbox id -> file, of messages that spoke of no item
    messages_kept: list[tuple[str, str]] = field(default_factory=list)  # (bank, name) that the law wants kept

    @property
    def batches(self) -> list[int]:
        """Every batch concerned."""
        return sorted(self.places.keys() | self.uploads)


def traces_of(context: Context, id_number: str) -> Traces:
    """Search everything for the number."""
    traces = Traces()
    for batch_id, segment_no in _candidates(context, id_number):
        with context.store.read() as tx:
            if rows_of(context, tx, batch_id, segment_no, id_number):
                traces.places.setdefault(batch_id, set()).add(segment_no)
    for batch in _every_batch(context):
        if _may_hide(batch) and _names(context, batch.content, id_number):
            traces.uploads.add(batch.batch_id)
    _messages(context, traces, id_number)
    return traces


@dataclass(frozen=True, slots=True)
class Row:
    """One item of the person."""

    segment_no: int
    row: int
    account: str


def rows_of(context: Context, tx: Connection, batch_id: int, segment_no: int, id_number: str) -> list[Row]:
    """The person's items in one segment."""
    sealed = segments.sealed(tx, batch_id, segment_no)
    items = unseal_frame(context.sealer, sealed, segment_context(batch_id, segment_no), ["id_number", "account"])
    mine = items.with_row_index("row").filter(pl.col("id_number") == id_number)
    return [Row(segment_no, row, account) for row, _, account in mine.iter_rows()]


def people_tokens(context: Context, label: str, value: str) -> list[int]:
    """The tokens of one value under every key that is in use, the active one first."""
    return [int(index.tokens(pl.Series([value]), label)[0]) for index in context.data_keys().indexes.values()]


def _candidates(context: Context, id_number: str) -> Iterator[tuple[int, int]]:
    """(batch, segment) by token, and every segment of batches that are not indexed under a usable key."""
    keys = context.data_keys().indexes
    with context.store.read() as tx:
        indexed = lookup.batches_under(tx, "person", keys.keys())
        found = {
            place for token in people_tokens(context, "person", id_number) for place in lookup.find(tx, "person", token)
        }
    yield from sorted({(batch_id, item_no // SEGMENT_STRIDE) for batch_id, item_no in found})
    for batch in _every_batch(context):
        with context.store.read() as tx:
            searched = batch.batch_id in indexed or erasures.is_erased(tx, batch.batch_id, What.PERSONAL)
            infos = [] if searched else segments.infos(tx, batch.batch_id)
        yield from ((batch.batch_id, info.segment_no) for info in infos)


def _every_batch(context: Context) -> Iterator[Batch]:
    before: int | None = None
    while True:
        with context.store.read() as tx:
            page = batches.recent(tx, None, _PAGE, before)
        yield from page
        if len(page) < _PAGE:
            return
        before = page[-1].batch_id


def _may_hide(batch: Batch) -> bool:
    """Whether the upload holds lines that no segment has."""
    return batch.rejected_items > 0 or batch.state in {BatchState.REFUSED, BatchState.RECEIVED}


def _messages(context: Context, traces: Traces, id_number: str) -> None:
    after, today = 0, business_date(context.clock.now_ms())
    while True:
        with context.store.read() as tx:
            page = owned_files.messages_of_nobody(tx, _LATEST_MS, (), after, _PAGE)
            messages = [inbox.by_id(tx, inbox_id) for inbox_id in page]
        for message in messages:
            if not _names(context, message.content, id_number):
                continue
            received = business_date(message.received_at_ms)
            if context.retention.legal_keeping.over(received, today):
                traces.messages[message.inbox_id] = message.content.vault_name
            else:
                traces.messages_kept.append((message.bank, message.name))
        if len(page) < _PAGE:
            return
        after = max(page)


def _names(context: Context, content: Content | None, id_number: str) -> bool:
    """Whether a file that is still there holds the number, as platforms and banks write it."""
    if content is None:
        return False
    with context.store.read() as tx:
        if owned_files.is_removed(tx, content.vault_name):
            return False
    wanted = {id_number.upper().encode(), id_number.lower().encode()}
    before = b""
    for chunk in context.vault.open(content):
        data = before + chunk
        if any(one in data for one in wanted):
            return True
        before = data[-len(id_number) * 4 :]
    return False
